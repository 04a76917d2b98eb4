"""`python -m tests.spark.environments`: each release of Spark that is tested with, in a folder under build/spark.

They hold Spark and what it alone needs. A driver and its executors run with this checkout's own Python, which finds
Spark by its path, so what else they import is what is tested everywhere: but for pandas, of which one release has
that of today and the other the last that it was made for.
"""

import os
import shutil
import sys
from pathlib import Path

import pytest

import tests.checkout  # noqa: F401  # the benchmarks are found by it
from benchmarks.private import Environments

_HERE = Path(__file__).parent
RELEASES = ("spark-3.5", "spark-4")
_ALL = Environments(
    _HERE / "requirements",
    _HERE.parents[1] / "build" / "spark",
    "not installed: run make setup-test",
    ("--no-deps", "--no-compile"),
)
# the newest Python that a release runs on
_NEWEST_PYTHON = {"spark-3.5": (3, 12)}


def packages_of(release: str) -> Path:
    """Return the folder that has a release of Spark; skip where it is not, and fail where it was promised."""
    reason = _too_new(release) or _ALL.absent(release)
    if reason is None and shutil.which("java") is None:
        reason = "there is no Java: run make setup-test"
    if reason is None:
        (packages,) = _ALL.python(release).parents[1].glob("lib/python3*/site-packages")
        return packages
    if "spark" in os.environ.get("TRIGLOT_REQUIRE", "").split() and not _too_new(release):
        pytest.fail(f"{release} is required here: {reason}")
    pytest.skip(f"{release}: {reason}")


def _too_new(release: str) -> str | None:
    newest = _NEWEST_PYTHON.get(release, sys.version_info[:2])
    if sys.version_info[:2] <= newest:
        return None
    return f"it does not run on Python {sys.version_info[0]}.{sys.version_info[1]}"


def main() -> int:
    """Install, unless TRIGLOT_WITHOUT names spark; return 0 whatever is absent, since tests do without."""
    left_out = "spark" in os.environ.get("TRIGLOT_WITHOUT", "").split()
    for release in () if left_out else RELEASES:
        if not _too_new(release) and _ALL.absent(release) and (reason := _ALL.install(release)):
            print(f"{release}: absent: {reason}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
