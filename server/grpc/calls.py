"""The calls of the protocol: what each answers, and how each ends."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from functools import partial
from typing import Any, Final, TypeAlias

import grpc
from google.protobuf.message import DecodeError

from triglot.access.scopes import ADMIN, OPEN, PREDICT, READ
from triglot.errors import BadRequest
from triglot.hooks import Answered
from triglot.scope_names import BETWEEN
from triglot.server import health
from triglot.server.context import Options
from triglot.server.exchange import MOST_AT_ONCE
from triglot.server.fast_path import request_id_of
from triglot.server.grpc import tensors
from triglot.server.grpc.guard import Guard
from triglot.server.grpc.messages import CLASSES, METHODS, SERVICE
from triglot.server.grpc.statuses import Status, status_of
from triglot.server.v2 import metadata, repository, statistics
from triglot.server.v2.inference import Inference, answering
from triglot.server.wsgi_threads import SHORT_BYTES
from triglot.serving.service import Service

Tell: TypeAlias = Callable[[], object]
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

_SCOPES: Final = {
    **dict.fromkeys(("ServerLive", "ServerReady", "ModelReady"), OPEN),
    **dict.fromkeys(("ServerMetadata", "ModelMetadata", "ModelStatistics", "RepositoryIndex"), READ),
    "ModelInfer": PREDICT,
    **dict.fromkeys(("RepositoryModelLoad", "RepositoryModelUnload"), ADMIN),
}


class Call:
    """One call while it is answered: its id, what is known of who answers, and how long its caller waits."""

    def __init__(self, context: Context) -> None:
        self.said: Mapping[str, str] = {str(key): str(value) for key, value in context.invocation_metadata() or ()}
        self.peer = context.peer()
        self.request_id = request_id_of({"HTTP_X_REQUEST_ID": self.said.get("x-request-id")})
        self.begun = time.perf_counter()
        self.left_s = context.time_remaining()
        self.inference: Inference | None = None


class Calls(grpc.GenericRpcHandler):
    """Answers the calls of one event loop; `pool` has the threads for what would hold it up."""

    def __init__(self, service: Service, options: Options, pool: Executor, tell: Tell) -> None:
        self._service = service
        self._options = options
        self._pool = pool
        self._tell = tell
        self._guard = Guard(options, pool)
        self._lane = service.lane(pool)
        offered = {name: method for name, method in METHODS.items() if self._is_offered(name)}
        self._handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            f"/{SERVICE}/{name}": grpc.unary_unary_rpc_method_handler(
                partial(self._answer, name), None, method.answer.SerializeToString
            )
            for name, method in offered.items()
        }
        self._refusing: grpc.RpcMethodHandler[Any, Any] = grpc.stream_stream_rpc_method_handler(self._refuse)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """Return what answers a call: one that is not offered is told so."""
        method = handler_call_details.method
        return self._handlers.get(method, self._refusing if method.startswith(f"/{SERVICE}/") else None)

    def close(self) -> None:
        """Close the lane; nothing may be under way any more."""
        self._lane.close()

    def _is_offered(self, name: str) -> bool:
        return self._guard.may_change or _SCOPES[name] != ADMIN

    async def _refuse(self, requests: Any, context: Context) -> None:
        offered = ", ".join(path.rpartition("/")[2] for path in self._handlers)
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, f"this call is not offered here; offered are {offered}")

    async def _answer(self, name: str, message: bytes, context: Context) -> Any:
        call = Call(context)
        try:
            await self._guard.admit(call.said, call.peer, _SCOPES[name])
            answer = await _METHODS[name](self, await self._read(name, message), call)
        except Exception as error:
            status = status_of(error, call.request_id, debug=self._options.debug)
        else:
            self._told(name, call, None)
            context.set_trailing_metadata((("x-request-id", call.request_id),))
            return answer
        self._told(name, call, status)
        await context.abort(status.code, status.message, _trailing(call, status))

    async def _read(self, name: str, message: bytes) -> Any:
        """Return the message of a caller who may make the call; of strangers none is read. Raises `BadRequest`."""
        read = METHODS[name].asked.FromString
        try:
            return read(message) if len(message) <= SHORT_BYTES else await self._in_a_thread(read, message)
        except DecodeError:
            raise BadRequest(f"the message is no {METHODS[name].asked.DESCRIPTOR.name} of the protocol") from None

    def _told(self, name: str, call: Call, status: Status | None) -> None:
        """Tell the hooks of an answer, with the number that it would have over HTTP."""
        if not self._service.hooks.hears("request_answered"):
            return
        seconds, inference = time.perf_counter() - call.begun, call.inference
        op, model, version, rows = "", "", 0, 0
        if inference is not None:
            op, model, version = inference.wanted[0].name, inference.served.model, inference.served.version
            rows = 0 if status else inference.table.rows
        code, http = (status.error, status.http) if status else ("", 200)
        path = f"/{SERVICE}/{name}"
        self._service.hooks.request_answered(
            Answered(call.request_id, op, model, version, rows, code, seconds, path, http, route=path)
        )

    async def _in_a_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._pool, partial(function, *arguments))

    async def _live(self, request: Any, call: Call) -> Any:
        return CLASSES["ServerLiveResponse"](live=True)

    async def _ready(self, request: Any, call: Call) -> Any:
        return CLASSES["ServerReadyResponse"](ready=health.is_ready(self._service))

    async def _model_ready(self, request: Any, call: Call) -> Any:
        if request.version:
            answering(self._service, request.name, request.version)
        return CLASSES["ModelReadyResponse"](ready=self._service.is_ready(request.name))

    async def _metadata(self, request: Any, call: Call) -> Any:
        return CLASSES["ServerMetadataResponse"](**metadata.of_server(repository=self._guard.may_change))

    async def _model_metadata(self, request: Any, call: Call) -> Any:
        told = metadata.of_model(answering(self._service, request.name, request.version))
        for tensor in (*told["inputs"], *told["outputs"]):
            tensor.pop("parameters", None)  # for which this form has no place
        return CLASSES["ModelMetadataResponse"](**told)

    async def _infer(self, request: Any, call: Call) -> Any:
        name = request.model_name  # a scope's model may have to be looked up
        if request.ByteSize() > SHORT_BYTES or BETWEEN in name or self._service.family(name):
            return await self._in_a_thread(self._infer_long, request, call)
        inference, answer = self._inference(request, call)
        if inference.values > MOST_AT_ONCE:
            return await self._in_a_thread(lambda: answer(inference.ask(self._service)))
        return answer(await inference.ask_soon(self._service, self._lane))

    def _infer_long(self, request: Any, call: Call) -> Any:
        inference, answer = self._inference(request, call)
        return answer(inference.ask(self._service))

    def _inference(self, request: Any, call: Call) -> tuple[Inference, Callable[..., Any]]:
        """Return what a request asks, and what makes a message of the outputs."""
        name, version = request.model_name, request.model_version
        served = None if self._service.family(name) else answering(self._service, name, version)
        asked = tensors.asked(request)
        served = served or answering(self._service, name, version, asked.scope)
        inference = Inference.of(served, asked, self._options, call.request_id)
        if call.left_s is not None:
            inference = inference._replace(timeout_s=min(inference.timeout_s, call.left_s))
        call.inference = inference
        return inference, partial(tensors.answer, served, asked.id, raw=tensors.is_raw(request))

    async def _statistics(self, request: Any, call: Call) -> Any:
        found = await self._in_a_thread(statistics.told, self._service, request.name, request.version)
        for stats in found["model_stats"]:
            del stats["response_stats"], stats["memory_usage"]
        return CLASSES["ModelStatisticsResponse"](**found)

    async def _index(self, request: Any, call: Call) -> Any:
        models = await self._in_a_thread(partial(repository.index, self._service, ready=request.ready))
        return CLASSES["RepositoryIndexResponse"](models=models)

    async def _load(self, request: Any, call: Call) -> Any:
        parameters, timeout_s = tensors.parameters_of(request.parameters), self._options.timeout_s
        await self._in_a_thread(repository.load, self._service, request.model_name, parameters, timeout_s, self._tell)
        return CLASSES["RepositoryModelLoadResponse"]()

    async def _unload(self, request: Any, call: Call) -> Any:
        await self._in_a_thread(repository.unload, self._service, request.model_name, self._tell)
        return CLASSES["RepositoryModelUnloadResponse"]()


_METHODS: Final[Mapping[str, Callable[[Calls, Any, Call], Awaitable[Any]]]] = {
    "ServerLive": Calls._live,
    "ServerReady": Calls._ready,
    "ModelReady": Calls._model_ready,
    "ServerMetadata": Calls._metadata,
    "ModelMetadata": Calls._model_metadata,
    "ModelInfer": Calls._infer,
    "ModelStatistics": Calls._statistics,
    "RepositoryIndex": Calls._index,
    "RepositoryModelLoad": Calls._load,
    "RepositoryModelUnload": Calls._unload,
}


def _trailing(call: Call, status: Status) -> tuple[tuple[str, str], ...]:
    """Return what goes with the end of a call that has no answer."""
    found = {"x-request-id": call.request_id, "x-error-code": status.error}
    if status.retry_after_s:
        found["retry-after"] = str(status.retry_after_s)
    return tuple(found.items())
