"""The ways of the Open Inference Protocol: the service reads what is sent, and what h2load says is understood."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import h2load
from benchmarks.data import ONE
from benchmarks.load import Load, Request
from benchmarks.protocol import HEADER_LENGTH, MODEL, WAYS, Json, binary, texts, ways
from benchmarks.systems import OURS, SYSTEMS, Place
from triglot.server.v2.request import parsed

ROWS = [ONE, [5.0, 3.0, 1.4, 0.2]]
H2LOAD = """starting benchmark...
spawning thread #0: 64 total client(s). Timing-based test with 0s of warm-up time and 1s of main duration.
Warm-up started for thread #0.
progress: 33% of clients started
Main benchmark duration is started for thread #0.
Stopped all clients for thread #0

finished in 1.01s, 4000.00 req/s, 1.03MB/s
requests: 4000 total, 4064 started, 4000 done, 3990 succeeded, 10 failed, 10 errored, 0 timeout
status codes: 3990 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 1.03MB (1080000) total, 39.06KB (40000) headers (space savings 96.10%), 781.25KB (318400) data
                     min         max         mean         sd        +/- sd
time for request:     1.23ms     99.00ms     15.00ms      5.00ms    70.00%
"""
LOG = "".join(f"1795919839251000\t200\t{1000 * took}\n" for took in range(1, 101))


def test_the_bytes_behind_json_are_the_rows_as_the_service_reads_them() -> None:
    asked = binary(8000, ROWS)
    assert asked.body is not None
    read = parsed(asked.body, dict(asked.headers)[HEADER_LENGTH])
    (matrix,), (wanted,) = read.tensors, read.wanted
    assert (matrix.name, tuple(matrix.shape), matrix.datatype.name) == ("x", (2, 4), "FP64")
    assert np.frombuffer(matrix.data, "<f8").tolist() == [value for row in ROWS for value in row]
    assert (wanted.name, wanted.is_binary) == ("predict", True)


def test_texts_are_read_by_the_lengths_in_front_of_them() -> None:
    assert texts(b"\x01\0\0\0a\x05\0\0\0K\xc3\xb6ln\0\0\0\0") == ["a", "Köln", ""]


def test_the_report_of_h2load_is_read_and_answers_without_a_message_are_errors() -> None:
    assert h2load.said(H2LOAD, LOG, 80) == Load(4000.0, 50.0, 99.0, 20)
    assert h2load.said(H2LOAD, "", 79).p50_ms is None
    with pytest.raises(RuntimeError, match="nothing of requests"):
        h2load.said("could not connect", LOG, 80)


def test_a_machine_without_h2load_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert h2load.missing() == "h2load is not installed: Debian has it in nghttp2-client"
    asked = {system.name: ways(system, Place(8000, tmp_path, tmp_path, 8001)) for system in SYSTEMS}
    assert [type(way) for way in asked[OURS]] == [WAYS["v2"], WAYS["v2-binary"]]
    assert not asked["mlserver"]


def test_every_way_has_loads_of_names_of_its_own(tmp_path: Path) -> None:
    place = Place(8000, tmp_path, tmp_path, 8001)
    names = [load for way in WAYS.values() for load, _, _ in way(place).loads(3)]
    assert names == ["v2 1", "v2 64", "v2-rows 1000", "v2-binary 1000", "grpc 1", "grpc 64"]


def test_json_is_the_same_for_us_as_for_the_other_server() -> None:
    mlserver = next(system for system in SYSTEMS if system.name == "mlserver")
    path, body = mlserver.speech.request(MODEL, [ONE])
    assert Json(Place(8000, Path(), Path())).request([ONE]) == Request(8000, path, body)
