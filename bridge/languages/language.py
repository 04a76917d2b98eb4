"""What is known of a language outside its workers, as one record."""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field

Environ = Mapping[str, str]


def _never(environ: Environ) -> str | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language: all that whoever starts, names or looks for it needs to know.

    Args:
        key: How artefacts, configurations and commands call it, in small letters.
        name: How sentences call it.
        runtime: MODULE:CLASS of its `triglot.protocol.runtime.Runtime`, which `python -m triglot.workers` runs.
        command: A worker of its own instead, as words; `--name NAME --run-dir FOLDER [--key-file FILE]` follow.
        estimators: How the dotted names of its estimators begin, so that configurations tell it without an import.
        suffixes: Which of an author's files travel with a version, beside the script itself.
        environment: Variables of its workers, where whoever starts them has set none of that name.
        imposed: Variables of its workers, whatever whoever starts them has set.
        missing: Returns why it cannot be served here, or None where it seems to be installed.
    """

    key: str
    name: str
    runtime: str = ""
    command: tuple[str, ...] = ()
    estimators: str = ""
    suffixes: Set[str] = frozenset()
    environment: Mapping[str, str] = field(default_factory=dict)
    imposed: Mapping[str, str] = field(default_factory=dict)
    missing: Callable[[Environ], str | None] = _never
