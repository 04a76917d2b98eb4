"""The log's own time, in a process of its own because a time zone is the whole process's."""

import os
import subprocess
import sys

import pytest

from tests.helpers import PATIENCE_S

PROGRAM = """
import logging, os, sys, time
from pathlib import Path
from triglot.logs import keep_time_zone

keep_time_zone(os.environ, Path(sys.argv[1]))
told = logging.Formatter("%(asctime)s")
record = logging.makeLogRecord({"created": 0.0, "msecs": 0.0})
print(told.format(record))
os.environ["TZ"] = "Asia/Tokyo"
time.tzset()
print(told.format(record))
"""


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("America/New_York", ["1969-12-31 19:00:00,000"] * 2),
        (":UTC", ["1970-01-01 00:00:00,000"] * 2),
        # a slim image says nothing of where it is
        (None, ["1970-01-01 00:00:00,000"] * 2),
        # what no file of zones says goes as it always went
        ("EST5EDT,M3.2.0,M11.1.0", ["1969-12-31 19:00:00,000", "1970-01-01 09:00:00,000"]),
    ],
)
def test_the_log_goes_on_in_the_zone_that_the_process_started_with(zone: str | None, expected: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "/etc/no/such/zone"],
        env={name: value for name, value in {**os.environ, "TZ": zone}.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    assert done.stdout.splitlines() == expected
