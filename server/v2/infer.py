"""`/v2/models/NAME/infer`: a request in, its answer out, through Flask or without it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from flask import Response, g, request

from triglot.dispatch.asynchronous import Lane
from triglot.errors import BadRequest, TriglotError
from triglot.scope_names import SCOPE
from triglot.server.context import Options
from triglot.server.encoding import accepted, packed
from triglot.server.exchange import MOST_AT_ONCE, Heard, Lengthy, Told
from triglot.server.v2.answer import written
from triglot.server.v2.inference import Inference, answering
from triglot.server.v2.outputs import PREDICT, Output
from triglot.server.v2.request import HEADER_LENGTH, InferRequest, parsed
from triglot.serving.served import Served
from triglot.serving.service import Service


class _Head(NamedTuple):
    """What matters of a request's head: how long its JSON is, and which codings the answer may have."""

    header_length: str | None
    accept_encoding: str | None


class Infer:
    """Answers requests to infer by the models of one service."""

    def __init__(self, service: Service, options: Options) -> None:
        self._service = service
        self._options = options

    def view(self, name: str, version: str | None = None) -> Response:
        """Return the answer to Flask's request."""
        served = None if self._service.family(name) else answering(self._service, name, version)
        g.told = None if served is None else Told(served, PREDICT)
        body = request.get_data(cache=False)
        request.stream.read(1)  # a body of untold length is cut off at the limit in silence; reading on raises the 413
        head = _Head(request.headers.get(HEADER_LENGTH), request.headers.get("Accept-Encoding"))
        heard, asked = Heard(head, body, g.request_id), parsed(body, head.header_length)
        if served is None:
            served = answering(self._service, name, version, request.args.get(SCOPE, asked.scope))
            g.told = Told(served, PREDICT)
        g.told = told = self._told(heard, asked, served)
        return told.response()

    def head(self, environ: Mapping[str, Any]) -> _Head | None:
        """Return what matters of an ordinary request's head: it has a body, which nobody has compressed."""
        if environ["REQUEST_METHOD"] != "POST" or environ.get("HTTP_CONTENT_ENCODING") or environ.get("QUERY_STRING"):
            return None
        return _Head(environ.get("HTTP_INFERENCE_HEADER_CONTENT_LENGTH"), environ.get("HTTP_ACCEPT_ENCODING"))

    def about(self, model: str | None = None) -> Told | None:
        """Return what is known of who would answer, or None; for an error that is to be told of."""
        try:
            return Told(answering(self._service, model or ""), PREDICT)
        except TriglotError:
            return None

    def told(self, heard: Heard, model: str | None = None) -> Told:
        """Return the answer."""
        served = None if self._service.family(model or "") else answering(self._service, model or "")
        asked = parsed(heard.body or b"", heard.head.header_length)
        return self._told(heard, asked, served or answering(self._service, model or "", None, asked.scope))

    async def told_soon(self, lane: Lane, heard: Heard, model: str | None = None) -> Told:
        """Return the same as `told`, by the lane of the event loop that awaits it."""
        try:
            served = answering(self._service, model or "")
        except BadRequest:  # the request says itself which of scopes' models it asks, which may have to be looked up
            raise Lengthy from None
        asked = parsed(heard.body or b"", heard.head.header_length)
        inference = Inference.of(served, asked, self._options, heard.request_id)
        if inference.values > MOST_AT_ONCE:
            raise Lengthy
        return _shown(heard, asked, inference, await inference.ask_soon(self._service, lane))

    def _told(self, heard: Heard, asked: InferRequest, served: Served) -> Told:
        inference = Inference.of(served, asked, self._options, heard.request_id)
        return _shown(heard, asked, inference, inference.ask(self._service))


def _shown(heard: Heard, asked: InferRequest, inference: Inference, outputs: list[Output]) -> Told:
    body, headers = written(inference.served, asked.id, outputs, inference.wanted)
    coding = accepted(heard.head.accept_encoding)
    headers = (*headers, ("Vary", "Accept-Encoding"), *((("Content-Encoding", coding),) if coding else ()))
    return Told(inference.served, inference.wanted[0].name, inference.table.rows, packed(body, coding), headers)
