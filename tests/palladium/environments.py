"""`python -m tests.palladium.environments`: Palladium as its authors published it, in a folder under build/palladium.

It is never imported: its suite is run against our `palladium`, and needs two packages beside it.
"""

import os
import sys
from pathlib import Path

import pytest

import tests.checkout  # noqa: F401  # the benchmarks are found by it
from benchmarks.private import Environments

_NAME = "palladium"
_HERE = Path(__file__).parent
_ALL = Environments(
    _HERE / "requirements",
    _HERE.parents[1] / "build" / "palladium",
    "not installed: run make setup-test",
    ("--no-deps", "--only-binary", ":all:", "--no-compile"),
)


def suite() -> Path:
    """Return the folder of Palladium's tests; skip where it could not be had, and fail where it was promised."""
    reason = _ALL.absent(_NAME)
    if reason is None:
        (tests,) = _ALL.python(_NAME).parents[1].glob("lib/python3*/site-packages/palladium/tests")
        return tests
    if _NAME in os.environ.get("TRIGLOT_REQUIRE", "").split():
        pytest.fail(f"Palladium's own tests are required here: {reason}")
    pytest.skip(f"Palladium's own tests: {reason}")


def main() -> int:
    """Install, unless TRIGLOT_WITHOUT names palladium; return 0 though it is absent, since tests do without."""
    left_out = _NAME in os.environ.get("TRIGLOT_WITHOUT", "").split()
    if not left_out and _ALL.absent(_NAME) and (reason := _ALL.install(_NAME)):
        print(f"{_NAME}: absent: {reason}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
