"""Pools without workers: told once they have been so for long, and when one is there again."""

import logging

import pytest

from triglot.dispatch.absences import Absences


def test_an_absence_is_told_once_it_lasts_and_so_is_its_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "triglot.monitor")
    absences = Absences()
    for now in (0.0, 1.0):  # started again before anybody needs to know
        absences.look({"python"}, {"r"}, now)
    absences.look({"python", "r"}, set(), 1.5)
    for now in range(10, 20):
        absences.look({"python"}, {"r"}, float(now))
    absences.look({"python", "r"}, set(), 20.0)
    assert [record.getMessage() for record in caplog.records] == [
        "no worker of r has answered for 2 s",
        "workers of r are there again, after 10.0 s",
    ]


def test_a_pool_that_is_given_up_in_order_is_not_said_to_be_there_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "triglot.monitor")
    absences = Absences()
    for now in (0.0, 2.0):
        absences.look(set(), {"r"}, now)
    absences.look(set(), set(), 3.0)
    assert [record.getMessage() for record in caplog.records] == ["no worker of r has answered for 2 s"]
