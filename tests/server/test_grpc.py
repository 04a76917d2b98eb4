"""The protocol by gRPC: the same tensors, answers and errors as by HTTP, in the form that gRPC has for them."""

import asyncio
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from tests.helpers import PATIENCE_S, until
from tests.server.v2.conftest import COLUMNS, ROWS
from triglot.access.access import access_of
from triglot.access.callers import digest, new_key
from triglot.hooks import Answered, Hook, Hooks
from triglot.server.context import Options
from triglot.server.grpc.__main__ import bound
from triglot.server.grpc.calls import Calls
from triglot.server.grpc.guard import address_of
from triglot.server.grpc.messages import CLASSES, METHODS, SERVICE
from triglot.serving.service import Service

CODE = grpc.StatusCode
CLASSES_OF_IRIS = ["Iris-setosa", "Iris-versicolor"]
TOKEN = "a token of the tests"


class Caller:
    """Somebody who makes calls over a real connection."""

    def __init__(self, port: int) -> None:
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")

    def __call__(self, name: str, request: Any = None, **how: Any) -> Any:
        """Return the answer to one call; `how` has a `timeout` or `metadata`."""
        return self.whole(name, request, **how)[0]

    def whole(self, name: str, request: Any = None, **how: Any) -> tuple[Any, Any]:
        """Return an answer, and what is known of the call that it ended."""
        method = METHODS[name]
        call = self._channel.unary_unary(
            f"/{SERVICE}/{name}",
            request_serializer=method.asked.SerializeToString,
            response_deserializer=method.answer.FromString,
        )
        answer, state = call.with_call(method.asked() if request is None else request, **{"timeout": PATIENCE_S} | how)
        return answer, state

    def refused(self, name: str, request: Any = None, **how: Any) -> tuple[grpc.StatusCode, str]:
        """Return how a call ended that has no answer."""
        with pytest.raises(grpc.RpcError) as caught:
            self(name, request, **how)
        return caught.value.code(), caught.value.details()

    def raw(self, name: str, message: bytes = b"") -> tuple[grpc.StatusCode, str]:
        """Return how a call ended that is none of ours, or whose message is none."""
        call = self._channel.unary_unary(f"/{SERVICE}/{name}", request_serializer=bytes, response_deserializer=bytes)
        with pytest.raises(grpc.RpcError) as caught:
            call(message, timeout=PATIENCE_S)
        return caught.value.code(), caught.value.details()

    def close(self) -> None:
        self._channel.close()


class Serving:
    """A server of gRPC in a thread with an event loop of its own."""

    def __init__(self, service: Service, options: Options, tell: Callable[[], object]) -> None:
        self.port = 0
        self._there, self._loop = threading.Event(), asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._run(service, options, tell)))
        self._thread.start()
        assert self._there.wait(PATIENCE_S)

    async def _run(self, service: Service, options: Options, tell: Callable[[], object]) -> None:
        with ThreadPoolExecutor(2) as pool:
            calls = Calls(service, options, pool, tell)
            server, self.port = bound(calls, options, "127.0.0.1:0")
            await server.start()
            self._there.set()
            await self._over.wait()
            await server.stop(0)
            calls.close()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(PATIENCE_S)
        self._loop.close()


Open = Callable[..., Caller]


@pytest.fixture
def serve(service: Service) -> Iterator[Open]:
    """Give the function that returns a caller of a server with these options."""
    made: list[Any] = []

    def opened(**options: Any) -> Caller:
        server = Serving(service, replace(Options(timeout_s=PATIENCE_S), **options), lambda: None)
        caller = Caller(server.port)
        made.extend([server, caller])
        return caller

    yield opened
    for each in reversed(made):
        each.close()


@pytest.fixture
def call(serve: Open) -> Caller:
    """Hold a caller of a server as it is by default."""
    return serve()


def request(model: str = "iris", raw: Sequence[bytes] = (), **members: Any) -> Any:
    return CLASSES["ModelInferRequest"](model_name=model, raw_input_contents=list(raw), **members)


def contents(name: str, datatype: str, shape: Sequence[int], **values: Any) -> dict[str, Any]:
    """Return an input with its values in a field of its contents."""
    return {"name": name, "datatype": datatype, "shape": list(shape), "contents": values}


MATRIX = contents("x", "FP64", [2, 4], fp64_contents=ROWS)
BARE = {"name": "x", "datatype": "FP64", "shape": [2, 4]}
RAW = [struct.pack("<8d", *ROWS)]


def test_health_and_metadata_are_those_of_http(call: Caller) -> None:
    assert call("ServerLive").live
    until(lambda: call("ServerReady").ready)  # once the worker has loaded what the store has
    assert call("ModelReady", CLASSES["ModelReadyRequest"](name="iris")).ready
    server = call("ServerMetadata")
    assert (server.name, "statistics" in server.extensions) == ("triglot", True)
    model = call("ModelMetadata", CLASSES["ModelMetadataRequest"](name="iris", version="1"))
    assert [(each.name, each.datatype, list(each.shape)) for each in model.inputs] == [
        (name, "FP64", [-1, 1]) for name in COLUMNS
    ]
    assert [(each.name, list(each.shape)) for each in model.outputs] == [
        ("predict", [-1, 1]),
        ("predict_proba", [-1, 3]),
    ]
    assert (model.name, list(model.versions), model.platform) == ("iris", ["1"], "triglot_python")


def test_values_in_contents_are_answered_in_contents(call: Caller) -> None:
    answer = call("ModelInfer", request(id="42", inputs=[MATRIX]))

    assert (answer.model_name, answer.model_version, answer.id) == ("iris", "1", "42")
    labels, shares = answer.outputs
    assert [text.decode() for text in labels.contents.bytes_contents] == CLASSES_OF_IRIS
    assert (labels.name, labels.datatype, list(labels.shape)) == ("predict", "BYTES", [2, 1])
    assert sum(shares.contents.fp64_contents) == pytest.approx(2)
    assert not answer.raw_output_contents


def test_raw_values_are_answered_raw(call: Caller) -> None:
    answer = call("ModelInfer", request(raw=RAW, inputs=[BARE], outputs=[{"name": "predict_proba"}]))

    (raw,) = answer.raw_output_contents
    plain = call("ModelInfer", request(inputs=[MATRIX], outputs=[{"name": "predict_proba"}]))
    assert np.frombuffer(raw, "<f8").tolist() == list(plain.outputs[0].contents.fp64_contents)
    assert not answer.outputs[0].HasField("contents")


def test_a_long_request_is_answered_as_a_short_one(call: Caller) -> None:
    raw = RAW[0] * 5_000
    answer = call(
        "ModelInfer", request(raw=[raw], inputs=[{**BARE, "shape": [10_000, 4]}], outputs=[{"name": "predict"}])
    )
    (labels,) = answer.raw_output_contents
    one = b"".join(struct.pack("<I", len(text)) + text.encode() for text in CLASSES_OF_IRIS)
    assert labels == one * 5_000


def test_columns_come_by_their_names_in_any_order_and_of_any_datatype(call: Caller) -> None:
    columns = dict(zip(COLUMNS, zip(*(ROWS[:4], ROWS[4:]), strict=True), strict=True))
    inputs = [contents(name, "FP32", [2, 1], fp32_contents=values) for name, values in reversed(columns.items())]
    answer = call("ModelInfer", request(inputs=inputs, outputs=[{"name": "predict"}]))
    assert [text.decode() for text in answer.outputs[0].contents.bytes_contents] == CLASSES_OF_IRIS


@pytest.mark.parametrize(
    ("datatype", "field"),
    [
        *[(f"INT{bits}", "int_contents") for bits in (8, 16, 32)],
        *[(f"UINT{bits}", "uint_contents") for bits in (8, 16, 32)],
        ("INT64", "int64_contents"),
        ("UINT64", "uint64_contents"),
        ("FP32", "fp32_contents"),
        ("FP64", "fp64_contents"),
    ],
)
def test_each_datatype_of_numbers_has_its_field(call: Caller, datatype: str, field: str) -> None:
    inputs = [contents("mood", datatype, [1], **{field: [0]}), contents("more", datatype, [1], **{field: [7]})]
    code, message = call.refused("ModelInfer", request("moody", inputs=inputs))
    assert (code, "'more'" in message) == (CODE.INVALID_ARGUMENT, True)
    answer = call("ModelInfer", request("moody", inputs=inputs[:1]))
    assert len(answer.outputs[0].contents.fp64_contents) == 1


def test_text_booleans_and_numbers_of_sixteen_bits_come_raw(call: Caller) -> None:
    text = b"Birne"
    inputs = [
        {"name": "фрукт", "datatype": "BYTES", "shape": [1]},
        {"name": "größe", "datatype": "FP16", "shape": [1]},
        {"name": "whole", "datatype": "INT64", "shape": [1]},
        {"name": "ripe", "datatype": "BOOL", "shape": [1]},
    ]
    raw = [struct.pack("<I", len(text)) + text, struct.pack("<e", 1.5), struct.pack("<q", 2), b"\1"]
    answer = call("ModelInfer", request("fruit", raw=raw, inputs=inputs))
    assert len(answer.raw_output_contents) == 1


def test_text_and_booleans_come_in_contents(call: Caller) -> None:
    inputs = [
        contents("фрукт", "BYTES", [1], bytes_contents=["яблоко".encode()]),
        contents("größe", "FP64", [1], fp64_contents=[1.5]),
        contents("whole", "INT64", [1], int64_contents=[2]),
        contents("ripe", "BOOL", [1], bool_contents=[True]),
    ]
    assert len(call("ModelInfer", request("fruit", inputs=inputs)).outputs) == 1


def test_the_best_classes_are_told_on_request(call: Caller) -> None:
    output = {"name": "predict_proba", "parameters": {"classification": {"int64_param": 2}}}
    (best,) = call("ModelInfer", request(inputs=[MATRIX], outputs=[output])).outputs
    assert (best.datatype, list(best.shape)) == ("BYTES", [2, 2])
    assert best.contents.bytes_contents[0].decode().endswith(":0:Iris-setosa")


WRONG = {
    "an unknown model": (request("rose", inputs=[MATRIX]), CODE.NOT_FOUND, "no model 'rose' is active"),
    "an unknown version": (request(model_version="9", inputs=[MATRIX]), CODE.NOT_FOUND, "version '9'"),
    "an unknown output": (request(inputs=[MATRIX], outputs=[{"name": "no"}]), CODE.INVALID_ARGUMENT, "field 'no'"),
    "an unknown datatype": (
        request(inputs=[{**BARE, "datatype": "FP8"}]),
        CODE.INVALID_ARGUMENT,
        "must be one of BOOL",
    ),
    "no inputs": (request(), CODE.INVALID_ARGUMENT, "sepal length"),
    "bytes for some inputs": (
        request(raw=RAW, inputs=[BARE, BARE]),
        CODE.INVALID_ARGUMENT,
        "'raw_input_contents' has 1 entries for 2 inputs",
    ),
    "bytes and contents": (request(raw=RAW, inputs=[MATRIX]), CODE.INVALID_ARGUMENT, "has 'fp64_contents' besides"),
    "too few bytes": (request(raw=[RAW[0][:-1]], inputs=[BARE]), CODE.INVALID_ARGUMENT, "has 63 bytes"),
    "values in another's field": (
        request(inputs=[contents("x", "FP64", [2, 4], fp32_contents=ROWS)]),
        CODE.INVALID_ARGUMENT,
        "those of FP64 go into 'fp64_contents'",
    ),
    "too few values": (
        request(inputs=[contents("x", "FP64", [2, 4], fp64_contents=ROWS[:7])]),
        CODE.INVALID_ARGUMENT,
        "has 7 values where its shape [2, 4] has 8",
    ),
    "sixteen bits in contents": (
        request(inputs=[contents("x", "FP16", [2, 4], fp32_contents=ROWS)]),
        CODE.INVALID_ARGUMENT,
        "FP16 has no contents",
    ),
    "a negative shape": (
        request(inputs=[{**MATRIX, "shape": [-1, 4]}]),
        CODE.INVALID_ARGUMENT,
        "'shape' must be a list of whole numbers",
    ),
    "a number that is none": (
        request("moody", inputs=[contents("mood", "FP64", [1], fp64_contents=[float("inf")])]),
        CODE.INVALID_ARGUMENT,
        "field 'mood': must be a finite number",
    ),
    "text that is none": (
        request("fruit", inputs=[contents("фрукт", "BYTES", [1], bytes_contents=[b"\xff"])]),
        CODE.INVALID_ARGUMENT,
        "must be UTF-8",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_with_a_request_is_told_as_a_status(call: Caller, what: str) -> None:
    asked, code, text = WRONG[what]
    told, message = call.refused("ModelInfer", asked)
    assert told == code
    assert text in message


def test_a_model_that_fails_is_an_internal_error_without_its_secrets(call: Caller) -> None:
    failing = request("moody", inputs=[contents("mood", "FP64", [1], fp64_contents=[1.0])])
    code, message = call.refused("ModelInfer", failing)
    assert code == CODE.INTERNAL
    assert message.startswith("the model failed (")
    assert "Traceback" not in message


def test_a_caller_s_own_deadline_ends_the_call(call: Caller) -> None:
    code, _ = call.refused("ModelInfer", request(inputs=[MATRIX]), timeout=1e-9)
    assert code == CODE.DEADLINE_EXCEEDED
    hasty = request(inputs=[MATRIX], parameters={"timeout": {"int64_param": 1}})
    assert call.refused("ModelInfer", hasty)[0] == CODE.DEADLINE_EXCEEDED


def test_a_message_beyond_the_limit_is_refused_and_the_connection_lives_on(serve: Open) -> None:
    call = serve(max_body_bytes=1_000)
    code, _ = call.refused("ModelInfer", request(raw=[RAW[0] * 100], inputs=[{**BARE, "shape": [200, 4]}]))
    assert code == CODE.RESOURCE_EXHAUSTED
    assert call("ModelInfer", request(raw=RAW, inputs=[BARE])).model_name == "iris"


def test_more_rows_than_are_taken_at_a_time_are_refused(serve: Open) -> None:
    code, message = serve(max_bulk_rows=1).refused("ModelInfer", request(inputs=[MATRIX]))
    assert (code, "may have 1 rows, not 2" in message) == (CODE.RESOURCE_EXHAUSTED, True)


def test_a_request_s_id_comes_back_and_an_error_s_code_with_it(call: Caller) -> None:
    _, state = call.whole("ServerLive", metadata=(("x-request-id", "mine"),))
    assert dict(state.trailing_metadata())["x-request-id"] == "mine"
    with pytest.raises(grpc.RpcError) as caught:
        call("ModelInfer", request("rose"), metadata=(("x-request-id", "mine"),))
    trailing = dict(caught.value.trailing_metadata())
    assert (trailing["x-request-id"], trailing["x-error-code"]) == ("mine", "model-not-found")


def test_a_message_that_is_none_is_told_and_a_stranger_s_is_not_read(serve: Open) -> None:
    guarded = access_of({"callers": []}, Path(), {}, "")
    for message in (b"\xff" * 100, b"\xff" * 300_000):
        code, told = serve().raw("ModelInfer", message)
        assert (code, told) == (CODE.INVALID_ARGUMENT, "the message is no ModelInferRequest of the protocol")
        assert serve(access=guarded).raw("ModelInfer", message)[0] == CODE.UNAUTHENTICATED


def test_a_call_that_is_not_offered_says_which_are(call: Caller) -> None:
    for name in ("ModelStreamInfer", "ModelConfig", "RepositoryModelLoad"):
        code, message = call.raw(name)
        assert (code, "ModelInfer" in message, "RepositoryModelLoad" in message) == (CODE.UNIMPLEMENTED, True, False)


def test_whoever_changes_something_must_have_the_token(serve: Open) -> None:
    call = serve(admin_token=TOKEN)
    load = CLASSES["RepositoryModelLoadRequest"](model_name="rose")
    assert "model_repository" in call("ServerMetadata").extensions
    for metadata in ((), (("authorization", "Bearer wrong"),), (("authorization", TOKEN),)):
        code, message = call.refused("RepositoryModelLoad", load, metadata=metadata)
        assert (code, "authorization: Bearer TOKEN" in message) == (CODE.UNAUTHENTICATED, True)
    held = (("authorization", f"Bearer {TOKEN}"),)
    assert call.refused("RepositoryModelLoad", load, metadata=held)[0] == CODE.NOT_FOUND
    files = CLASSES["RepositoryModelLoadRequest"](model_name="iris", parameters={"config": {"string_param": "{}"}})
    assert call.refused("RepositoryModelLoad", files, metadata=held)[0] == CODE.INVALID_ARGUMENT


def test_statistics_and_index_are_those_of_http(call: Caller) -> None:
    asked = CLASSES["ModelStatisticsRequest"](name="iris")

    def rows() -> int:
        (stats,) = call("ModelStatistics", asked).model_stats
        return int(stats.inference_count)

    before = rows()
    call("ModelInfer", request(inputs=[MATRIX]))
    assert rows() == before + 2
    index = call("RepositoryIndex", CLASSES["RepositoryIndexRequest"](ready=True)).models
    assert ("iris", "1", "READY") in [(each.name, each.version, each.state) for each in index]


def test_hooks_are_told_of_calls_as_of_requests(service: Service, serve: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Answered] = []

    class Listening(Hook):
        def request_answered(self, answered: Answered) -> None:
            told.append(answered)

    monkeypatch.setattr(service, "hooks", Hooks([Listening()]))
    call = serve()
    call("ModelInfer", request(inputs=[MATRIX]))
    call.refused("ModelInfer", request("rose"))

    good, bad = told
    assert (good.op, good.model, good.rows, good.status, good.path) == (
        *("predict", "iris", 2, 200),
        f"/{SERVICE}/ModelInfer",
    )
    assert (bad.code, bad.status, bad.rows) == ("model-not-found", 404, 0)


@pytest.mark.parametrize(
    ("peer", "address"),
    [("ipv4:10.0.0.7:40000", "10.0.0.7"), ("ipv6:%5B::1%5D:40000", "::1"), ("unix:", "")],
)
def test_a_caller_s_address_is_told_as_over_http(peer: str, address: str) -> None:
    assert address_of(peer) == address


def test_whoever_must_say_who_it_is_does_so_in_metadata(serve: Open) -> None:
    keys = {scope: new_key() for scope in ("predict", "read")}
    lines = [{"name": f"who-{scope}", "key": digest(key), "scopes": [scope]} for scope, key in keys.items()]
    access = access_of({"callers": lines}, Path(), {}, TOKEN)
    call = serve(access=access, admin_token=TOKEN)

    def held(key: str) -> tuple[tuple[str, str], ...]:
        return (("x-api-key", key),)

    infer = request(inputs=[MATRIX])
    assert call("ServerLive").live
    assert call.refused("ModelInfer", infer)[0] == CODE.UNAUTHENTICATED
    assert call.refused("ModelInfer", infer, metadata=held("wrong"))[0] == CODE.UNAUTHENTICATED
    assert call.refused("ModelInfer", infer, metadata=held(keys["read"]))[0] == CODE.PERMISSION_DENIED
    assert call("ModelInfer", infer, metadata=held(keys["predict"])).model_name == "iris"
    assert call("ModelInfer", infer, metadata=(("authorization", f"Bearer {keys['predict']}"),)).model_name == "iris"
    assert call("RepositoryIndex", metadata=held(keys["read"])).models
    load = CLASSES["RepositoryModelLoadRequest"](model_name="rose")
    assert call.refused("RepositoryModelLoad", load, metadata=held(keys["predict"]))[0] == CODE.PERMISSION_DENIED
    token = (("authorization", f"Bearer {TOKEN}"),)
    assert call.refused("RepositoryModelLoad", load, metadata=token)[0] == CODE.NOT_FOUND
