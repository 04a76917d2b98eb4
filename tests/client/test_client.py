"""The client of Python against a real service: what goes in comes out of the same kind, and exactly."""

import asyncio
import math
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from tests.client.conftest import CONFIG
from tests.functional.running import Running, free_port
from tests.helpers import PATIENCE_S, author_module
from triglot.client import AsyncClient, Client, RequestRefused, ServiceFailed, Unreachable
from triglot.errors import BadRequest, ConfigError

MANY = 5_000  # rows, which go as Arrow
BERLIN = ZoneInfo("Europe/Berlin")
ORDERS: pd.DataFrame = author_module(CONFIG.parent, "orders").frame()
ROWS = [
    {
        "amount": 1 / 3,
        "count": 2**53 + 1,
        "size": "large",
        "paid": True,
        "note": "grün",
        "day": date(2026, 1, 31),
        "at": datetime(2026, 7, 1, 12, 30, 0, 250_000, BERLIN),
        "seconds": 0.0,
    },
    dict.fromkeys(ORDERS),
]
SEEN = [[1 / 3, 2**23, 1, 2, 1, 4, 20_484, 1_782_901_800.25], [math.nan] * 8]


def frame(rows: int = 2) -> pd.DataFrame:
    """Return the rows above, again and again, with an index of their own."""
    kinds = {"count": "Int64", "size": "category", "paid": "boolean", "at": "datetime64[us, Europe/Berlin]"}
    columns = {name: pd.Series([row[name] for row in ROWS], dtype=kinds.get(name)) for name in ORDERS}
    made = pd.concat([pd.DataFrame(columns)] * (rows // 2))
    return made.set_axis([f"order {number}" for number in range(rows)])


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    with Client(url, timeout=PATIENCE_S) as made:
        yield made


@pytest.mark.parametrize("rows", [2, MANY])
def test_every_kind_of_value_reaches_the_model_as_the_data_frame_has_it(client: Client, rows: int) -> None:
    given = frame(rows)

    found = client.predict(given, "seen")

    assert list(found.columns) == [f"prediction_{place}" for place in range(8)]
    assert found.index.equals(given.index)
    np.testing.assert_array_equal(found.to_numpy(), SEEN * (rows // 2))


@pytest.mark.parametrize("rows", [2, MANY])
def test_classes_are_a_series_with_the_index_of_the_frame_and_probabilities_a_frame(client: Client, rows: int) -> None:
    given = frame(rows)

    classes = client.predict(given, "judge")
    sure = client.predict_proba(given, "judge")

    pd.testing.assert_series_equal(classes, pd.Series(["yes", "no"] * (rows // 2), given.index, name="prediction"))
    assert list(sure.columns) == ["no", "perhaps", "yes"]
    assert sure.index.equals(given.index)
    assert sure.iloc[1].tolist() == [1 / 3] * 3


@pytest.mark.parametrize("rows", [2, MANY])
def test_numbers_are_the_same_to_the_last_bit(client: Client, rows: int) -> None:
    amounts = [1 / 3, 1e-300, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, -0.0] * (rows // 2)
    given = pd.DataFrame([ROWS[0]] * len(amounts)).assign(amount=amounts)

    found = client.predict(given, "echo")

    assert [value.hex() for value in found] == [value.hex() for value in amounts]


@pytest.mark.parametrize("rows", [2, MANY])
def test_frames_of_polars_are_answered_with_polars(client: Client, rows: int) -> None:
    given = pl.from_arrow(pa.Table.from_pandas(frame(rows), preserve_index=False))

    classes, sure, seen = (
        client.predict(given, "judge"),
        client.predict_proba(given, "judge"),
        client.predict(given, "seen"),
    )

    assert classes.equals(pl.Series("prediction", ["yes", "no"] * (rows // 2)))
    assert sure.columns == ["no", "perhaps", "yes"]
    assert isinstance(sure, pl.DataFrame)
    assert seen.row(0) == tuple(SEEN[0])
    assert seen.row(1) == (None,) * 8


@pytest.mark.parametrize("rows", [2, MANY])
def test_tables_of_arrow_are_answered_with_tables(client: Client, rows: int) -> None:
    given = pa.Table.from_pandas(frame(rows), preserve_index=False)

    classes = client.predict(given, "judge")

    assert classes.to_pydict() == {"prediction": ["yes", "no"] * (rows // 2)}
    assert classes.schema.field("prediction").type == pa.string()
    assert client.predict(given.to_batches()[0].slice(0, 2), "judge").to_pylist() == [
        {"prediction": "yes"},
        {"prediction": "no"},
    ]


def test_a_list_of_dictionaries_is_answered_with_a_list(client: Client) -> None:
    assert client.predict(ROWS, "judge") == ["yes", "no"]
    assert client.predict_proba(ROWS, "judge")[0] == {"no": 0.1, "perhaps": 0.2, "yes": 0.7}
    assert list(client.predict(ROWS, "seen")[0].values()) == SEEN[0]
    assert client.predict([], "judge") == []


@pytest.mark.parametrize("rows", [2, MANY])
def test_answers_of_any_kind_come_as_they_are_whatever_carried_them(client: Client, rows: int) -> None:
    large = {"size": "large", "letters": list("large"), "none": None}

    assert client.predict(frame(rows), "tells").tolist() == [large, "no size"] * (rows // 2)
    assert client.predict(ROWS, "tells") == [large, "no size"]
    assert client.predict([], "tells") == []


def test_a_frame_without_rows_is_answered_with_one_without_rows(client: Client) -> None:
    none = frame(2).iloc[:0]

    assert client.predict(none, "judge").tolist() == []
    assert client.predict_proba(none, "judge").shape == (0, 3)


def test_fields_of_one_row_may_be_of_numpy_and_pandas(client: Client) -> None:
    row = {**ROWS[0], "amount": np.float64(0.1), "count": np.int64(3), "paid": np.bool_(True), "note": pd.NA}
    row |= {"at": pd.Timestamp("2026-07-01 12:30", tz="Europe/Berlin"), "day": pd.NaT}

    (found,) = client.predict([row], "seen")

    assert list(found.values()) == [0.1, 0, 3, 2, 1, None, None, 1_782_901_800.0]


def test_problems_are_named_as_the_service_names_them(client: Client) -> None:
    wrong = frame(2).assign(paid="perhaps").rename(columns={"note": "notes"})

    with pytest.raises(RequestRefused) as caught:
        client.predict(wrong, "seen", request_id="of-this-test")

    assert (caught.value.status, caught.value.code, caught.value.request_id) == (400, "bad-request", "of-this-test")
    named = {problem.field for problem in caught.value.problems}
    assert named == {"paid", "note", "notes"}
    assert "field 'note': is missing" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": math.inf}, "amount"),
        ({"note": b"bytes"}, "note"),
        ({"seconds": [1.0, "a"]}, "seconds"),
        ({"at": pd.Timestamp("2026-07-01 12:30:00.000000001", tz="Europe/Berlin")}, "at"),
    ],
)
def test_what_cannot_be_sent_is_named_before_it_is_sent(client: Client, change: dict[str, Any], field: str) -> None:
    wrong = frame(2).assign(**change)

    with pytest.raises(BadRequest) as caught:
        client.predict(wrong, "seen")

    assert [problem.field for problem in caught.value.problems] == [field]


def test_values_of_rows_that_cannot_be_sent_are_all_named(client: Client) -> None:
    with pytest.raises(BadRequest) as caught:
        client.predict([{"amount": math.inf}, {"note": b"bytes", "day": object}], "seen")

    assert [(problem.row, problem.field) for problem in caught.value.problems] == [
        (0, "amount"),
        (1, "note"),
        (1, "day"),
    ]


@pytest.mark.parametrize("data", [{"amount": [1.0]}, "rows", [[1.0]], 5])
def test_what_is_no_table_is_refused_with_what_is_one(client: Client, data: Any) -> None:
    with pytest.raises(TypeError, match="dictionar"):
        client.predict(data, "seen")


def test_models_are_told_and_whether_they_can_be_asked(client: Client) -> None:
    found = client.models()

    assert found.keys() == {"echo", "judge", "seen", "tells"}
    assert (found["echo"]["version"], found["echo"]["language"]) == (1, "python")
    assert client.ready()
    assert client.ready("echo")
    with pytest.raises(RequestRefused, match="no-such"):
        client.ready("no-such")
    with Client(f"http://127.0.0.1:{free_port()}") as nobody:
        assert not nobody.ready()


def test_of_several_models_one_must_be_named(client: Client, url: str) -> None:
    with pytest.raises(BadRequest, match="echo, judge, seen"):
        client.predict(ROWS)
    with Client(url, "judge") as judge:
        assert judge.predict(ROWS) == ["yes", "no"]


def test_nobody_answers_and_a_call_ends_with_its_time() -> None:
    with Client(f"http://127.0.0.1:{free_port()}") as nobody, pytest.raises(Unreachable, match="refused"):
        nobody.predict(ROWS, "judge", timeout=0.5)


def test_an_answer_that_takes_too_long_is_not_waited_for(client: Client) -> None:
    with pytest.raises(Unreachable, match="within the time"):
        client.predict([{**ROWS[0], "seconds": 2.0}], "echo", timeout=0.5)


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://host", "http://", "http://host:port", ""])
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ConfigError, match="url must be"):
        Client(url)


def test_a_service_that_is_only_coming_up_is_waited_for(start: Callable[[], Running]) -> None:
    coming = start()

    with Client(f"http://127.0.0.1:{coming.port}", "judge", timeout=PATIENCE_S) as client:
        assert client.predict(ROWS) == ["yes", "no"]
    coming.close()


def test_a_503_is_asked_again_until_the_workers_are_back(service: Running, client: Client) -> None:
    workers = ["workers-python:python-0", "workers-python:python-1"]
    service.ctl("stop", *workers)
    try:
        with pytest.raises(ServiceFailed) as caught:
            client.predict(ROWS, "judge", timeout=1.5)
        assert (caught.value.status, caught.value.code) == (503, "worker-unavailable")
        with ThreadPoolExecutor(1) as pool:
            later = pool.submit(client.predict, ROWS, "judge")
            service.ctl("start", *workers)
            assert later.result() == ["yes", "no"]
    finally:
        service.ctl("start", *workers)


def test_workers_that_are_killed_cost_no_answer_of_fifty_at_once(service: Running, url: str) -> None:
    slow = [{**ROWS[0], "amount": 0.5, "seconds": 0.05}]

    async def all_of_them() -> list[Any]:
        async with AsyncClient(url, "echo", timeout=PATIENCE_S) as client:
            assert await client.ready()
            asked = [asyncio.create_task(client.predict(slow)) for _ in range(50)]
            await asyncio.sleep(0.1)
            os.kill(service.pid("workers-python:python-0"), signal.SIGKILL)
            return await asyncio.gather(*asked)

    assert asyncio.run(all_of_them()) == [[0.5]] * 50
    service.wait_until_ready()


def test_an_event_loop_gets_what_a_thread_gets(url: str) -> None:
    async def all_of_it() -> None:
        async with AsyncClient(url, "judge", timeout=PATIENCE_S) as client:
            small, large = await asyncio.gather(client.predict(frame(2)), client.predict(frame(MANY)))
            assert small.tolist() == large.tolist()[:2] == ["yes", "no"]
            assert (await client.predict_proba(pl.DataFrame(ROWS))).columns == ["no", "perhaps", "yes"]
            assert (await client.models()).keys() == {"echo", "judge", "seen", "tells"}
            with pytest.raises(RequestRefused):
                await client.predict([{}])

    asyncio.run(all_of_it())


def test_threads_share_a_client(client: Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: client.predict([{**ROWS[0], "amount": number / 7}], "echo"), range(50)))

    assert found == [[number / 7] for number in range(50)]
