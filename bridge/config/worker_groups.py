"""Which models have workers apart: the entry `worker` of a model, `'own'` or the name of a group."""

from collections.abc import Mapping
from typing import Any

from triglot.errors import ConfigError
from triglot.languages.known import LANGUAGES
from triglot.languages.pools import OWN_GROUP, RULE, is_group


def groups_of(raw: Mapping[str, Any], default_name: str) -> dict[str, str]:
    """Return the group of each model that has one, by the model's name; the only model may be called as by default.

    What a model does not say, the top level says. Raises `ConfigError` for what is no group, and for one that is shared
    though a model has it for itself.
    """
    models = raw.get("models", {str(raw.get("model_name", default_name)): {}})
    said = {str(name): entries.get("worker", raw.get("worker")) for name, entries in models.items()}
    found = {name: _group(name, value) for name, value in said.items() if value is not None}
    for name, group in found.items():
        if said[name] != OWN_GROUP and said.get(group) == OWN_GROUP:
            raise ConfigError(
                f"model {name!r}: worker: {group!r}: model {group!r} has that group for itself ('worker': 'own'); "
                "choose another name, or write it there, too"
            )
    return found


def check_counts(where: str, counts: Mapping[str, Any], groups: Mapping[str, str]) -> dict[str, int]:
    """Return counts of workers; raises `ConfigError` where one is none, or no language's and no group's."""
    known = (*LANGUAGES, *sorted(set(groups.values())))
    for name, count in counts.items():
        if name not in known or not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise ConfigError(f"{where}: {name!r}: {count!r}; write a count for one of {', '.join(known)}")
    return dict(counts)


def _group(model: str, said: Any) -> str:
    if said == OWN_GROUP and is_group(model):
        return model
    if said == OWN_GROUP:
        raise ConfigError(
            f"model {model!r}: worker: 'own': no group can be called as this model ({RULE}); write a name for one"
        )
    if not is_group(said):
        raise ConfigError(f"model {model!r}: worker: {said!r}; write 'own', or the name of a group: {RULE}")
    return str(said)


def check_groups(of_workers: Mapping[str, str], groups: Mapping[str, str]) -> None:
    """Raise `ConfigError` for a worker elsewhere, by name, whose group no model has."""
    for name, group in of_workers.items():
        if group and group not in groups.values():
            raise ConfigError(f"remote_workers: {name!r}: group {group!r}: no model has it as its 'worker'")
