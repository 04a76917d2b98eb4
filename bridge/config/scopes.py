"""What a configuration says of scopes: which model answers for one that has none."""

from collections.abc import Mapping
from typing import Any

from triglot.errors import ConfigError
from triglot.scope_names import BETWEEN

OTHERWISE = "otherwise"


def otherwise_of(raw: Mapping[str, Any], default_name: str) -> dict[str, str]:
    """Return of each family the model that answers for scopes that have none; raises `ConfigError` for a slip."""
    models = raw.get("models", {str(raw.get("model_name", default_name)): {}})
    said = {str(name): entries.get("scopes", raw.get("scopes")) for name, entries in models.items()}
    return {name: _otherwise(name, scopes) for name, scopes in said.items() if scopes is not None}


def _otherwise(model: str, said: Any) -> str:
    if not isinstance(said, Mapping) or said.keys() != {OTHERWISE} or not isinstance(said[OTHERWISE], str):
        raise ConfigError(
            f"model {model!r}: scopes: {said!r}; write {{'otherwise': 'NAME'}} with the model that answers for a scope "
            "that has none"
        )
    if said[OTHERWISE] == model or BETWEEN in model:
        raise ConfigError(f"model {model!r}: scopes: otherwise: {said[OTHERWISE]!r}; name another model, without a '/'")
    return str(said[OTHERWISE])
