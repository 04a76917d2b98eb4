"""Python itself and the packages that Triglot cannot do without; a worker of it starts."""

import importlib
import importlib.metadata
import platform
import sys
from collections.abc import Iterator, Mapping

from triglot import __version__
from triglot.doctor.asking import start
from triglot.doctor.finding import Finding
from triglot.errors import TriglotError
from triglot.languages.remedy import numbers, pip_install

OLDEST = (3, 11)


def look(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what there is of Python."""
    here = f"{platform.python_version()} in {sys.prefix}, triglot {__version__}"
    if sys.version_info < OLDEST:
        yield Finding("Python", "fail", here, advice=f"Triglot needs Python {OLDEST[0]}.{OLDEST[1]} or newer")
        return
    yield Finding("Python", "ok", here)
    yield from _incomplete()
    try:
        yield Finding("Python worker", "ok", f"ready after {start('python', environ):.1f} s")
    except TriglotError as error:
        yield Finding("Python worker", "fail", str(error))


def _incomplete() -> Iterator[Finding]:
    """Yield what Triglot requires and is not there, or older than it may be."""
    importlib.invalidate_caches()
    wanting = [line for line in importlib.metadata.requires("triglot") or () if "extra ==" not in line]
    if lacking := [need for need in map(str.strip, wanting) if not is_met(need)]:
        found = f"not as Triglot needs them: {', '.join(lacking)}"
        yield Finding("packages", "fail", found, pip_install(*lacking))


def is_met(requirement: str) -> bool:
    """Whether a requirement of the form `name>=version` is met."""
    name, _, least = requirement.partition(">=")
    try:
        return numbers(importlib.metadata.version(name.strip())) >= numbers(least)
    except importlib.metadata.PackageNotFoundError:
        return False
