"""The `spec` of a fit, read whole before anything is fitted: a wrong key costs its sender nothing but the answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast, get_args

from triglot.errors import ConfigError, ProtocolError
from triglot.protocol.batching import Batch, Limits
from triglot.protocol.runtime import Unprofiled, unprofiled_of
from triglot.tables.labels import AnswersWanted, Labels, Task


@dataclass(frozen=True, slots=True)
class FitSpec:
    """What is to be fitted, as docs/protocol.md has it; `author` is the inner `spec`, whose keys are the language's."""

    task: Task
    labels: Labels | None
    author: dict[str, Any]
    sources: dict[str, str]
    unseen_levels: Any
    batch: Batch
    limits: Limits
    answers: AnswersWanted = "typed"
    unprofiled: Unprofiled = ()

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "FitSpec":
        """Return the spec that a request says.

        Raises `ProtocolError`, naming the key, for one that is missing or of a wrong type, and `BadRequest` for classes
        that no model can have.
        """
        task = said.get("task")
        if task not in get_args(Task):
            raise ProtocolError(f"'task' must be {' or '.join(get_args(Task))}, not {task!r}")
        classes = said.get("classes")
        if classes is not None and not isinstance(classes, list | tuple):
            raise ProtocolError(f"'classes' must be a list or null, not {classes!r}")
        unseen = said.get("unseen_levels", "error")
        if not isinstance(unseen, str):
            raise ProtocolError(f"'unseen_levels' must be text, not {unseen!r}")
        sources = mapping(said, "sources")
        if not all(isinstance(text, str) for item in sources.items() for text in item):
            raise ProtocolError("'sources' must be a map of names to the text of files")
        answers = said.get("answers", "typed")
        if answers not in get_args(AnswersWanted):
            raise ProtocolError(f"'answers' must be one of {', '.join(get_args(AnswersWanted))}, not {answers!r}")
        batch = said.get("batch", True)
        return cls(
            task=cast("Task", task),
            labels=None if classes is None else Labels(tuple(classes)),
            author=mapping(said, "spec"),
            sources=sources,
            unseen_levels=unseen,
            batch=batch,
            limits=_limits(batch),
            answers=cast("AnswersWanted", answers),
            unprofiled=_unprofiled(said.get("profile", True)),
        )


def mapping(said: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the map under a key, an empty one where there is no such key; raises `ProtocolError` for anything else."""
    value = said.get(key, {})
    if not isinstance(value, dict):
        raise ProtocolError(f"{key!r} must be a map, not {value!r}")
    return value


def _unprofiled(profile: Any) -> Unprofiled:
    try:
        return unprofiled_of(profile)
    except ValueError:
        told = f"'profile' must be true, false or a map with a list of names 'without', not {profile!r}"
        raise ProtocolError(told) from None


def _limits(batch: Any) -> Limits:
    try:
        return Limits.of(batch)
    except ConfigError as error:  # the code of what a user wrote, which no worker has seen
        raise ProtocolError(str(error)) from None
