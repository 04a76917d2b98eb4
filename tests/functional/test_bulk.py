"""Large requests through a real front end to workers in three languages: answers of small ones, in bounded memory."""

import http.client
import io
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

from tests.functional.running import Answer, Running, descendants
from tests.functional.test_serving import CLASSES, FIELDS, IRIS, flowers
from tests.helpers import PATIENCE_S, require
from triglot.bodies.media import ARROW, CSV

MANY = 1_000_000
MB = 2**20


@pytest.fixture(params=IRIS)
def model(request: pytest.FixtureRequest) -> str:
    """Give each iris model in turn."""
    require(request.param.removeprefix("iris-"))
    return str(request.param)


def table(rows: int) -> Any:
    """Return so many flowers that nobody has seen."""
    chance = np.random.default_rng(5)
    return pa.table({name: chance.uniform(0.1, 7.9, rows) for name in FIELDS})


def arrow_pieces(flowers: Any, chunk: int = 50_000) -> Iterator[bytes]:
    """Yield an Arrow stream batch by batch, as who makes it on the way."""
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, flowers.schema) as stream:
        for batch in flowers.to_batches(max_chunksize=chunk):
            stream.write_batch(batch)
            yield sink.getvalue()
            sink.seek(0)
            sink.truncate()
    yield sink.getvalue()


def send(service: Running, path: str, body: Any, kind: str, accept: str) -> tuple[int, bytes]:
    """Return status and content of the answer; a body of pieces is sent chunked, all of it before anything is read."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=PATIENCE_S)
    try:
        connection.request("POST", path, body, {"Content-Type": kind, "Accept": accept})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def arrow(answer: tuple[int, bytes]) -> Any:
    """Return the table of a good answer."""
    status, content = answer
    assert status == 200, content[:500]
    return pa.ipc.open_stream(content).read_all()


def test_every_language_answers_csv_and_arrow_as_it_answers_rows(service: Running, model: str) -> None:
    rows = flowers(50)
    few = pa.Table.from_pylist(rows)
    text = io.BytesIO()
    pyarrow.csv.write_csv(few, text)
    for what in ("predict", "predict_proba"):
        path = f"/models/{model}/{what}"
        expected = service.post(path, rows).result
        for body, kind in ((text.getvalue(), CSV), (b"".join(arrow_pieces(few)), ARROW)):
            found = arrow(send(service, path, body, kind, ARROW))
            if what == "predict":
                assert found.to_pydict() == {"prediction": expected}
            else:
                assert found.column_names == CLASSES
                np.testing.assert_array_equal(np.column_stack(found.columns), expected)


def test_a_single_row_is_answered_as_csv_where_that_is_asked_for(service: Running, model: str) -> None:
    (row,) = flowers(1)

    answer = service.get(f"/models/{model}/predict", headers={"Accept": CSV}, **row)

    assert answer.body == b'"prediction"\n"Iris-setosa"\n'
    assert answer.headers["x-model-version"] == "1"
    assert service.get(f"/models/{model}/predict", headers={"Accept": "image/png"}, **row).status == 406


def test_categories_reach_r_from_csv_as_they_do_from_json(service: Running) -> None:
    require("r")
    rows = [{"supp": supp, "dose": dose} for supp in ("VC", "OJ") for dose in (0.5, 1.0, 2.0)]
    body = "supp,dose\n" + "".join(f"{row['supp']},{row['dose']}\n" for row in rows)

    status, content = send(service, "/models/tooth-r/predict", body.encode(), CSV, CSV)

    assert status == 200
    found = pyarrow.csv.read_csv(io.BytesIO(content)).column("prediction").to_pylist()
    assert found == service.post("/models/tooth-r/predict", rows).result


def web_memory(service: Running) -> dict[int, int]:
    """Return the resident memory of each process of the front end, in bytes."""
    found = {}
    for pid in descendants(service.pid("web")):
        status = Path(f"/proc/{pid}/status").read_text()
        found[pid] = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) * 1024
    return found


def forget_peaks(service: Running) -> None:
    """Have the kernel measure the highest memory of each process anew."""
    for pid in descendants(service.pid("web")):
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def test_a_million_rows_are_one_request_in_bounded_memory(service: Running) -> None:
    require("python")
    many = table(MANY)
    path = "/models/iris-python/predict"
    arrow(send(service, path, b"".join(arrow_pieces(many.slice(0, 1000))), ARROW, ARROW))  # what stays is loaded
    forget_peaks(service)
    before = web_memory(service)

    whole = arrow(send(service, path, arrow_pieces(many), ARROW, ARROW))
    text = io.BytesIO()
    pyarrow.csv.write_csv(many, text)
    again = pyarrow.csv.read_csv(io.BytesIO(send(service, path, text.getvalue(), CSV, CSV)[1]))

    after = web_memory(service)
    assert max(after[pid] - before[pid] for pid in before) < 150 * MB, (before, after)
    assert whole.num_rows == again.num_rows == MANY
    assert whole.column(0).chunk(0).dictionary.to_pylist() == CLASSES
    assert again.column(0).to_pylist() == whole.column(0).to_pylist()
    for start in (0, 8_192, MANY - 500):
        some = many.slice(start, 500).to_pylist()
        assert service.post(path, some).result == whole.column(0).slice(start, 500).to_pylist()


def test_others_are_answered_while_many_rows_are(service: Running) -> None:
    require("python")
    path, row = "/models/iris-python/predict", flowers(1)[0]
    body = b"".join(arrow_pieces(table(MANY // 2)))
    done: list[tuple[int, bytes]] = []
    bulk = threading.Thread(target=lambda: done.append(send(service, path, body, ARROW, ARROW)))
    bulk.start()
    small: list[Answer] = []
    while bulk.is_alive() or not small:
        small.append(service.get(path, **row))
    bulk.join()

    assert arrow(done[0]).num_rows == MANY // 2
    assert {answer.result for answer in small} == {"Iris-setosa"}


def test_a_worker_that_is_killed_in_the_middle_costs_no_answer(service: Running) -> None:
    require("python")
    many = table(MANY // 2)
    done: list[tuple[int, bytes]] = []
    path, body = "/models/iris-python/predict", b"".join(arrow_pieces(many, 10_000))
    bulk = threading.Thread(target=lambda: done.append(send(service, path, body, ARROW, ARROW)))
    worker = service.pid("workers-python:python-0")
    bulk.start()
    time.sleep(0.15)
    os.kill(worker, signal.SIGKILL)
    bulk.join()

    assert arrow(done[0]).num_rows == MANY // 2
    service.wait_until_ready()


def test_a_bad_row_at_the_end_is_a_400_and_not_half_an_answer(service: Running) -> None:
    require("python")
    body = b"sl,sw,pl,pw\n" + b"5.2,3.5,1.5,0.2\n" * 300_000 + b"5.2,3.5,wide,0.2\n"

    status, content = send(service, "/predict", body, CSV, CSV)

    assert status == 400
    assert b'{"field":"pl","message":"must be a number, not the text \'wide\'","row":300000}' in content
    assert send(service, "/predict", body[: body.rindex(b"5.2")], CSV, CSV)[0] == 200


def test_whoever_goes_away_in_the_middle_leaves_the_service_well(service: Running) -> None:
    require("python")
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=PATIENCE_S)
    connection.putrequest("POST", "/models/iris-python/predict")
    connection.putheader("Content-Type", ARROW)
    connection.putheader("Content-Length", str(10**8))
    connection.endheaders()
    connection.send(next(arrow_pieces(table(100_000))))
    connection.close()

    for _ in range(5):  # more than there are places
        few = b"".join(arrow_pieces(table(10)))
        assert arrow(send(service, "/models/iris-python/predict", few, ARROW, ARROW)).num_rows == 10
