"""The condition of a service as its supervisor knows it: small files in the run directory.

`unhealthy.json` names the programs that are down for good or crash again and again, each with its reason; it is absent
while all is well. `programs.json` has every program: its process, how often it was started, and how it ended. `address`
is where the front end is reached on this host.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NotRequired, TypedDict

SUPERVISOR = "supervisor"  # what supervisord is called in the log
_TROUBLES = "unhealthy.json"
_PROGRAMS = "programs.json"
_ADDRESS = "address"


class End(TypedDict):
    """How a process of a program ended, and when, in seconds since 1970."""

    how: str
    at: float


class Program(TypedDict):
    """A supervised program: its process, 0 while it has none, how often it was started, and ended in which way.

    `crash` is the last end that nobody had asked for.
    """

    pid: int
    starts: int
    exits: dict[str, int]
    crash: NotRequired[End]


def troubles(run_dir: Path) -> dict[str, str]:
    """Return the reasons by the names of the programs, as supervisorctl has them; nothing where all is well."""
    try:
        found = json.loads((run_dir / _TROUBLES).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(reason) for name, reason in found.items()}


def note_troubles(run_dir: Path, found: Mapping[str, str]) -> None:
    """Make this the condition of the service, at once and whole."""
    path = run_dir / _TROUBLES
    if not found:
        path.unlink(missing_ok=True)
        return
    _write(path, found)


def programs(run_dir: Path) -> dict[str, Program]:
    """Return the supervised programs by their names, as supervisorctl has them; nothing where nobody supervises any."""
    try:
        found: dict[str, Program] = json.loads((run_dir / _PROGRAMS).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def note_programs(run_dir: Path, found: Mapping[str, Program]) -> None:
    """Make this what is known of the programs, at once and whole."""
    _write(run_dir / _PROGRAMS, found)


def _write(path: Path, found: Mapping[str, object]) -> None:
    half = path.with_suffix(".new")
    half.write_text(json.dumps(dict(found)), "utf-8")
    half.replace(path)


def told(found: Mapping[str, str]) -> str:
    """Return troubles as one line for people."""
    return "unhealthy: " + "; ".join(f"{name} {reason}" for name, reason in found.items())


def address(run_dir: Path) -> str:
    """Return the address of the front end; raises `OSError` where none was noted."""
    return (run_dir / _ADDRESS).read_text("utf-8").strip()


def note_address(run_dir: Path, host: str, port: int) -> None:
    """Note where a front end that listens on this host's name or address, or on all of them, is reached."""
    own = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    (run_dir / _ADDRESS).write_text(f"http://{f'[{own}]' if ':' in own else own}:{port}\n", "utf-8")
