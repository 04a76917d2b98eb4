"""What goes on for long: told once, then counted, then over."""

import logging
from collections.abc import Callable

import pytest

from tests.helpers import until
from triglot.logs import Troubles

logger = logging.getLogger("triglot.test")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.INFO, "triglot.test")

    def taken() -> list[str]:
        lines = [f"{record.levelname} {record.getMessage()}" for record in caplog.records]
        caplog.clear()
        return lines

    return taken


def test_a_trouble_is_told_at_its_begin_counted_ever_more_rarely_and_told_at_its_end(
    told: Callable[[], list[str]],
) -> None:
    clock = Clock()
    troubles = Troubles(logger, clock=clock)
    for second in range(500):
        clock.now = second / 2
        troubles.tell("store", logging.ERROR, f"no answer at {second}")
    assert told() == [
        "ERROR no answer at 0",
        "ERROR no answer at 120 (again: 120 times in the last 60 s)",
        "ERROR no answer at 360 (again: 240 times in the last 120 s)",
    ]
    clock.now = 250.0
    troubles.over("store", "it answers again")
    troubles.over("store", "it answers again")
    assert told() == ["INFO it answers again; it went on for 250.0 s, and came 500 times"]
    troubles.tell("store", logging.ERROR, "no answer at 501")
    assert told() == ["ERROR no answer at 501"]


def test_another_reason_is_told_at_once_and_another_number_in_it_is_not(told: Callable[[], list[str]]) -> None:
    troubles = Troubles(logger, clock=Clock())
    for said in ("no route to 10.0.0.1", "refused", "no route to 10.0.0.2", "refused"):
        troubles.tell("store", logging.ERROR, said)
    troubles.tell("jobs", logging.ERROR, "refused")
    assert told() == ["ERROR no route to 10.0.0.1", "ERROR refused", "ERROR refused"]
    troubles.over("store", "")  # who knows more has told
    assert told() == []


def test_one_that_fades_tells_its_count_by_itself_and_is_forgotten_then(told: Callable[[], list[str]]) -> None:
    troubles, lines = Troubles(logger, fading=True, remind_s=0.05), []
    for _ in range(3):
        troubles.tell("worker-unavailable iris", logging.ERROR, "there is no worker")

    def heard() -> int:
        lines.extend(told())
        return len(lines)

    until(lambda: heard() >= 2)
    assert lines[0] == "ERROR there is no worker"
    assert lines[1].startswith("ERROR there is no worker (again: 2 times in the last ")
    until(lambda: "worker-unavailable iris" not in troubles._all)
    troubles.tell("worker-unavailable iris", logging.ERROR, "there is no worker")
    assert "ERROR there is no worker" in told()
