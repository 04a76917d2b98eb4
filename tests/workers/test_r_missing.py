"""A row for which an R model has no class fails alone, by its number, whatever else is answered by the same call."""

import os
from pathlib import Path

import pandas as pd
import pytest

from tests.helpers import raw, require, until
from triglot.estimators import RClassifier
from triglot.protocol import wire
from triglot.protocol.messages import Fault, Op, Reply, Request
from triglot.tables.frames import to_table
from triglot.training.fit_worker import bench
from triglot.transport.discovery import scan

UNSURE = """
fit <- function(x, y) structure(list(levels = levels(y)), class = "unsure")
predict.unsure <- function(object, newdata, type = "class", ...) {
  cat(nrow(newdata), "\\n", file = "CALLS", append = TRUE)
  while (newdata$size[[1]] == 0 && !file.exists("GATE")) Sys.sleep(0.1)
  found <- ifelse(newdata$size > 9, NA, 1 + (newdata$size > 2))
  if (type == "class") object$levels[found] else diag(2)[found, , drop = FALSE]
}
"""


def asking(op: Op, number: int, sha256: str, sizes: list[float]) -> Request:
    tables = (to_table(pd.DataFrame({"size": sizes})),)
    return Request(op=op, id=f"r{number}", model="unsure", version=1, sha256=sha256, tables=tables)


@pytest.mark.parametrize("op", ["predict", "predict_proba"])
def test_only_the_request_with_the_row_fails(tmp_path: Path, op: Op) -> None:
    require("r")
    script = tmp_path / "unsure.R"
    calls, gate = tmp_path / "calls", tmp_path / "gate"
    script.write_text(UNSURE.replace("CALLS", str(calls)).replace("GATE", str(gate)))
    with bench("r", os.environ) as worker:
        X = pd.DataFrame({"size": [1.0, 3.0, 2.0, 4.0, 1.5, 2.5]})
        artefact = worker.fit("unsure", RClassifier(script=str(script)), X, ["a", "b", "a", "b", "a", "b"]).artefact
        worker.predict("unsure", artefact, X)
        calls.unlink()
        (endpoint,) = scan(worker._client.run_dir).values()
        sizes = [[0.0], [1.0, 3.0], [3.0, 1.0, 10.0], [4.0], [2.0]]
        with raw(endpoint.address) as socket:
            for number, each in enumerate(sizes):  # the first waits for the gate, the others for the first
                socket.send_multipart(wire.encode_request(asking(op, number, artefact.sha256, each)))
                if number == 0:
                    until(calls.exists)
            gate.touch()
            by_id = {reply.id: reply for reply in (wire.decode_reply(socket.recv_multipart()) for _ in sizes)}
    failed = by_id["r2"]
    assert isinstance(failed, Fault)
    assert f"{op} gave NA for rows 3; check these rows" in failed.message
    for number in (0, 1, 3, 4):
        reply = by_id[f"r{number}"]
        assert isinstance(reply, Reply)
        answer = reply.tables[0].matrix()
        codes = answer[:, 0] if op == "predict" else answer[:, 1]
        assert codes.tolist() == [float(size > 2) for size in sizes[number]]
    together = max(map(int, calls.read_text().split()))
    assert together > max(map(len, sizes))
