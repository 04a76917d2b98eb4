"""The log of a whole service: one shape whoever writes, nothing that scares, and the copy that `triglot logs` shows."""

import contextlib
import http.client
import json
from collections.abc import Iterator

import pytest

from tests.functional.conftest import installed
from tests.functional.running import Running, folder
from tests.helpers import until
from triglot.supervision.kept_log import records

REQUEST = "the-one-asked-for"


@pytest.fixture(scope="module")
def over() -> Iterator[Running]:
    """Hold a service that was started, asked and stopped, and had every language that there is."""
    with folder() as place:
        workers = {language: 1 for language in installed()}
        config = place / "triglot-config.py"
        config.write_text(repr({"workers": workers, "log": {"format": "json", "access": "whole"}}))
        made = Running(place, config)
        try:
            until(lambda: "no active model yet" in made.said())
            until(lambda: made.said().count('"message": "ready: ') == len(workers))
            made.get("/alive?token=secret")
            idle = http.client.HTTPConnection("127.0.0.1", made.port)  # as callers keep one for their next request
            idle.request("GET", "/models/no/predict?token=secret", headers={"X-Request-Id": REQUEST})
            idle.getresponse().read()
            until(lambda: REQUEST in made.said())
        finally:
            made.close()
            with contextlib.suppress(UnboundLocalError):
                idle.close()
        yield made


def test_every_line_is_an_object_whoever_wrote_it(over: Running) -> None:
    lines = [json.loads(line) for line in over.said().splitlines()]
    assert all(line.keys() >= {"time", "level", "program", "message"} for line in lines)
    programs = {line["program"] for line in lines}
    assert programs >= {"web", "supervisor", *(f"{language}-0" for language in installed())}


def test_a_normal_start_and_end_say_nothing_that_scares(over: Running) -> None:
    lines = [json.loads(line) for line in over.said().splitlines()]
    assert [line for line in lines if line["level"] not in ("DEBUG", "INFO")] == []
    assert "Killing" not in over.said()
    assert "cffi" not in over.said()


def test_each_answer_has_a_line_without_what_its_address_held(over: Running) -> None:
    lines = [json.loads(line) for line in over.said().splitlines()]
    (told,) = [line for line in lines if line.get("request_id") == REQUEST]
    assert told.pop("latency_ms") > 0
    del told["time"]
    assert told == {
        "level": "INFO",
        "program": "web",
        "logger": "triglot.requests",
        "request_id": REQUEST,
        "message": "answered",
        "method": "GET",
        "route": "/models/<name>/predict",
        "status": 404,
        "code": "model-not-found",
    }
    assert "secret" not in over.said()


def test_the_copy_has_all_lines_but_the_greeting(over: Running) -> None:
    said = [line for line in over.said().splitlines() if "no active model yet" not in line]
    assert sorted(records(over.folder / "run")) == sorted(said)
