"""The tests of Palladium's last release, unedited, against our `palladium`: those that are said to run as they are."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.helpers import PATIENCE_S
from tests.palladium.environments import suite
from tests.palladium.promises import AS_IT_IS, told, written

ROOT = Path(__file__).parents[2]


def test_what_is_said_to_run_as_it_is_does() -> None:
    tests = suite()
    wanted = [str(tests / test.node) for test, here in told() if here == AS_IT_IS]
    assert len(wanted) > 70
    # pytest would have Palladium's own package of tests be the one that is imported
    environ = {**os.environ, "PY_IGNORE_IMPORTMISMATCH": "1", "PALLADIUM_SUITE": str(tests), "PYTHONPATH": str(ROOT)}
    options = ["-q", "-c", os.devnull, f"--rootdir={tests}", "-p", "no:cacheprovider", "-p", "palladium", "--runslow"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-p", "tests.palladium.host", *wanted],
        cwd=tests,
        env=environ,
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE_S,
    )
    assert done.returncode == 0, done.stdout[-4_000:]
    assert re.search(r"^\d+ passed(, \d+ warnings?)? in ", done.stdout, re.MULTILINE), done.stdout[-400:]


def test_every_test_of_the_release_is_told_of_once() -> None:
    assert sorted(test for test, _ in told()) == sorted(written(suite()))
