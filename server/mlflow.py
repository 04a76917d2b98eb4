"""The routes of MLflow's model server, for `ScoringServerClient` and whoever posts to `/invocations`.

`/invocations` asks the only model, or the one that the configuration names; the others have routes of their own.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from flask import Response, g, request

from triglot import __version__
from triglot.access.scopes import OPEN, READ
from triglot.bodies import media, shapes
from triglot.bodies.media import JSON, UnsupportedMediaType
from triglot.bodies.payload import BARE_JSON
from triglot.errors import BadRequest
from triglot.scope_names import SCOPE
from triglot.server.asking import Asking
from triglot.server.context import Options
from triglot.server.offers import Offer
from triglot.server.openapi import faces
from triglot.server.payload import json_response
from triglot.serving.served import Served
from triglot.serving.service import Service

BODIES = ("dataframe_split", "dataframe_records", "instances", "inputs")
_ONE = f"exactly one of {', '.join(BODIES)}"
_UTF8 = ("utf-8", "utf8")
_CODE = {
    404: "RESOURCE_DOES_NOT_EXIST",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    429: "REQUEST_LIMIT_EXCEEDED",
    503: "TEMPORARILY_UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def routes(service: Service, options: Options) -> Iterator[Offer]:
    """Yield what MLflow's clients ask for."""
    face = _Face(Asking(service, options), options.mlflow_model)
    yield Offer("/ping", "mlflow_ping", ping, scope=OPEN, described=faces.MLFLOW_PING)
    yield Offer("/health", "mlflow_health", ping, scope=OPEN, described=faces.MLFLOW_PING)
    yield Offer("/version", "mlflow_version", version, scope=READ, described=faces.MLFLOW_VERSION)
    for rule, endpoint in (("/invocations", "mlflow"), ("/models/<name>/invocations", "mlflow_of")):
        yield Offer(
            rule,
            endpoint,
            face.invocations,
            ("POST",),
            "predict_decorators",
            errors=told,
            described=faces.INVOCATIONS,
        )


def ping() -> Response:
    """Answer that the front end is there; whether models can be asked is told by `/ready`."""
    return Response("\n", content_type=BARE_JSON)


def version() -> Response:
    """Answer the version of what serves here, as bare text."""
    return Response(__version__, content_type="text/plain; charset=utf-8")


def told(body: Mapping[str, Any], status: int) -> tuple[Mapping[str, Any], int]:
    """Return the body of an error with MLflow's code beside ours."""
    code = "INVALID_PARAMETER_VALUE" if "problems" in body else "BAD_REQUEST"
    if status != 400:
        code = _CODE.get(status, "BAD_REQUEST" if status < 500 else "INTERNAL_ERROR")
    return {"error_code": code, **body}, status


class _Face:
    def __init__(self, asking: Asking, model: str) -> None:
        self._asking = asking
        self._model = model

    def invocations(self, name: str | None = None) -> Response:
        """Answer the predictions for the rows of one body."""
        model = name or self._named()
        family = self._asking.service.family(model)
        served = None if family is not None else self._asking.served(model)
        kind = _kind()
        if kind == JSON:
            values = self._of_json(model)
        elif family is None or SCOPE in request.args:
            values = self._of_table(served or self._asking.served(model), kind)
        else:
            values = self._asking.values(self._asking.parts_of_a_body(family, kind), {})
        return json_response({"predictions": values}, content_type=BARE_JSON)

    def _of_json(self, model: str) -> list[Any]:
        loads = partial(shapes.loads, wanted=f"object with {_ONE}", with_words=True)
        content = shapes.must_be_object(loads(self._asking.body()), _ONE)
        params = content.get("params") or {}
        if not isinstance(params, dict):
            raise BadRequest("params must be an object of arguments, or null")
        return self._asking.values(self._asking.parts(model, partial(rows_of, content)), params)

    def _of_table(self, served: Served, kind: str) -> list[Any]:
        from triglot.server import bulk  # pyarrow comes with both, which many a service never needs
        from triglot.serving.bulk import Call

        options = self._asking.options
        question = self._asking.question(served, self._asking.params(served, {}))
        values = bulk.values_of_body(Call(self._asking.service, (question,), options.limits), request, kind)
        g.told = g.told._replace(rows=len(values))
        return values

    def _named(self) -> str:
        """Return the model that `/invocations` asks."""
        if self._model:
            return self._model
        models = self._asking.service.names()
        if len(models) > 1:
            known = ", ".join(f"/models/{name}/invocations" for name in models)
            raise BadRequest(
                f"this server has several models; ask one of them: {known}, or have the configuration name one as "
                "mlflow_model of server"
            )
        return next(iter(models), "default")


def _kind() -> str:
    """Return the type of the body, JSON where nothing is said; as in MLflow no parameter is read but a charset."""
    kind, parameters = request.mimetype or JSON, request.mimetype_params
    if kind not in media.BODIES:
        raise UnsupportedMediaType(f"send Content-Type: {' or '.join(media.BODIES)}, not {kind[:60]!r}")
    if parameters.keys() - {"charset"} or parameters.get("charset", "utf-8").lower() not in _UTF8:
        raise UnsupportedMediaType(f"{kind} may have no parameter here but charset=utf-8")
    return kind


def rows_of(content: Mapping[str, Any], fields: Sequence[str]) -> shapes.Rows | shapes.Columns:
    """Return the rows of a body, of whichever of MLflow's four shapes."""
    keys = [key for key in BODIES if key in content]
    if len(keys) != 1:
        raise BadRequest(f"the body must have {_ONE}, not {' and '.join(keys) or 'none of them'}")
    value = content[keys[0]]
    if keys[0] in shapes.WRAPPERS:
        return shapes.WRAPPERS[keys[0]](value)
    if keys[0] == "inputs" and isinstance(value, dict):
        return value if any(isinstance(each, list) for each in value.values()) else [value]
    return shapes.instances(value, fields, keys[0])
