"""`python -m tests.accessibility.environments`: axe-core below build/accessibility, which finds what keeps people out.

It comes in a package for another driver of browsers, of which nothing else is used.
"""

import os
import sys
from pathlib import Path

import pytest

import tests.checkout  # noqa: F401  # the benchmarks are found by it
from benchmarks.private import Environments
from tests.browser import Tab

_HERE = Path(__file__).parent
_ALL = Environments(
    _HERE / "requirements",
    _HERE.parents[1] / "build" / "accessibility",
    "not installed: run make setup-test",
    ("--no-deps", "--only-binary", ":all:", "--no-compile"),
)
_NAME = "axe"


def violations(tab: Tab) -> list[str]:
    """Return what axe-core says is wrong with a page as it is now; skip where it is not installed."""
    reason = _ALL.absent(_NAME)
    if reason is not None:
        pytest.skip(f"axe-core: {reason}")
    (script,) = _ALL.python(_NAME).parents[1].glob("lib/python*/site-packages/axe_playwright_python/axe.min.js")
    tab.run(f"{script.read_text('utf-8')}; 0")
    found = tab.run("axe.run().then(({ violations }) => violations)")
    return [f"{each['id']}: {node['html']} {node['failureSummary']}" for each in found for node in each["nodes"]]


def main() -> int:
    """Install, unless TRIGLOT_WITHOUT names browsers; return 0 whatever is absent, since tests do without."""
    left_out = "browser" in os.environ.get("TRIGLOT_WITHOUT", "").split()
    if not left_out and _ALL.absent(_NAME) and (reason := _ALL.install(_NAME)):
        print(f"{_NAME}: absent: {reason}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
