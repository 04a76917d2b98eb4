"""`python -m tests.clients.environments`: an environment under build/clients for clients that others wrote.

All of them share one, which is the quickest to make. Their own demands contradict each other in what none of them
needs to ask a server, so its requirements name all that is imported, and pip takes them as they are.
"""

import os
import sys
from pathlib import Path

import pytest

import tests.checkout  # noqa: F401  # the benchmarks are found by it
from benchmarks.private import Environments

_HERE = Path(__file__).parent
_OPTIONS = ("--no-deps", "--only-binary", ":all:", "--no-compile")
_ALL = Environments(
    _HERE / "requirements", _HERE.parents[1] / "build" / "clients", "not installed: run make setup-test", _OPTIONS
)


def python_of(client: str) -> Path:
    """Return the Python that has a client; skip where it could not be installed, and fail where it was promised."""
    name = next(name for name in _ALL.names() if _ALL.version(name, client))
    reason = _ALL.absent(name)
    if reason is None:
        return _ALL.python(name)
    if "clients" in os.environ.get("TRIGLOT_REQUIRE", "").split():
        pytest.fail(f"{client} is required here: {reason}")
    pytest.skip(f"{client}: {reason}")


def main() -> int:
    """Install, unless TRIGLOT_WITHOUT names clients; return 0 whatever is absent, since tests do without."""
    left_out = "clients" in os.environ.get("TRIGLOT_WITHOUT", "").split()
    for name in [] if left_out else _ALL.names():
        if _ALL.absent(name) and (reason := _ALL.install(name)):
            print(f"{name}: absent: {reason}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
