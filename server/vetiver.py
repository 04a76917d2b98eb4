"""The routes of vetiver's servers below `/vetiver/NAME`, for the clients of its packages in R and Python.

Answers are objects of lists under the names that tidymodels gives predictions. Both clients show why a request was
refused where the status is 422 and the reason stands in `message`.
"""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask import Response, request

from triglot.access.scopes import OPEN, READ
from triglot.bodies import shapes
from triglot.bodies.payload import for_everybody
from triglot.errors import BadRequest
from triglot.server import prototype
from triglot.server.asking import Asking
from triglot.server.context import Options
from triglot.server.offers import Offer
from triglot.server.openapi import faces
from triglot.server.payload import json_response
from triglot.serving.scoped import Part
from triglot.serving.service import Prediction, Service
from triglot.tables.field import Field

GAP = "NA"  # as R's client writes what is missing, in columns of every type


def routes(service: Service, options: Options) -> Iterator[Offer]:
    """Yield what vetiver's clients ask for."""
    face = _Face(Asking(service, options))
    for what, endpoint, view in (
        ("predict", "vetiver_predict", face.predict),
        ("predict_proba", "vetiver_proba", face.predict_proba),
    ):
        yield Offer(
            f"/vetiver/<name>/{what}",
            endpoint,
            view,
            ("POST",),
            "predict_decorators",
            errors=told,
            described=faces.VETIVER_PREDICT,
        )
    for what, endpoint, view, scope, decorators, described in (
        ("ping", "vetiver_ping", face.ping, OPEN, "", faces.VETIVER_PING),
        ("metadata", "vetiver_metadata", face.metadata, READ, "list_decorators", faces.VETIVER_METADATA),
        ("prototype", "vetiver_prototype", face.prototype, READ, "list_decorators", faces.VETIVER_PROTOTYPE),
    ):
        yield Offer(f"/vetiver/<name>/{what}", endpoint, view, decorators=decorators, scope=scope, described=described)


def told(body: Mapping[str, Any], status: int) -> tuple[Mapping[str, Any], int]:
    """Return an error with the status that makes vetiver's client in Python show its text."""
    return body, 422 if status == 400 else status


class _Face:
    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def predict(self, name: str) -> Response:
        """Answer labels as `.pred_class`, numbers as `.pred`."""
        parts = self._parts(name)
        values = self._asking.values(parts, {})
        if parts[0].served.labels is not None:
            return json_response({".pred_class": values})
        if values and isinstance(values[0], list):
            return json_response({f".pred_{number}": each for number, each in enumerate(_turned(values), 1)})
        return json_response({".pred": values})

    def predict_proba(self, name: str) -> Response:
        """Answer the probabilities of each class as `.pred_CLASS`."""
        part, *others = self._parts(name, proba=True)
        if others:
            raise BadRequest("each scope has classes of its own; ask for the probabilities of one, by ?scope=")
        served, content = part.served, part.content
        assert content is not None
        X = shapes.table(served.schema, content, allow_extra=True)
        prediction = self._asking.answer(served, X, self._asking.params(served, {}), proba=True)
        return json_response(_by_class(prediction))

    def ping(self, name: str) -> Response:
        """Answer that the front end is there, in the words of both servers; raises `ModelNotFound`."""
        if self._asking.service.family(name) is None:
            self._asking.service.standing(name)
        now = datetime.datetime.now(datetime.UTC)
        return json_response({"ping": "pong", "status": "online", "time": f"{now:%Y-%m-%d %H:%M:%S}"})

    def metadata(self, name: str) -> Response:
        """Answer what is known of the version that answers."""
        served = self._asking.about(name)
        user = for_everybody({**served.info.metrics, **served.info.metadata})
        body: dict[str, Any] = {"user": user, "version": str(served.version), "url": None, "required_pkgs": []}
        return json_response({**body, "language": served.language})

    def prototype(self, name: str) -> Response:
        """Answer the model's columns, as a JSON schema or with `?format=cereal` as R's cereal writes them."""
        fields = self._asking.about(name).schema.fields
        wanted = request.args.get("format", "json-schema")
        if wanted not in ("json-schema", "cereal"):
            raise BadRequest(f"format must be json-schema or cereal, not {wanted[:60]!r}")
        return json_response(prototype.cereal(fields) if wanted == "cereal" else prototype.json_schema(fields))

    def _parts(self, name: str, *, proba: bool = False) -> list[Part]:
        """Return which models are asked what, without R's word for what is missing."""

        def rows(fields: Sequence[str]) -> shapes.Rows | shapes.Columns:
            return shapes.instances(shapes.loads(self._asking.body(), with_words=True), fields, "the body")

        parts = self._asking.parts(name, rows, proba=proba)
        if any(part.served.any_answers for part in parts):
            raise BadRequest(
                f"model {name!r} answers any JSON, for which vetiver's data frames have no columns; ask "
                f"/models/{name}/predict"
            )
        return [_gapped(part) for part in parts]


def _gapped(part: Part) -> Part:
    if not isinstance(part.content, list):
        return part
    gaps = [field.name for field in part.served.schema.fields if _may_be_gap(field)]
    return part._replace(content=[_without_gaps(row, gaps) for row in part.content])


def _may_be_gap(field: Field) -> bool:
    """Whether the text NA cannot be a value of the column."""
    return field.kind != "string" and GAP not in field.levels


def _without_gaps(row: Any, fields: list[str]) -> Any:
    if not isinstance(row, dict) or GAP not in row.values():
        return row
    return row | {name: None for name in fields if row.get(name) == GAP}


def _turned(rows: list[Any]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _by_class(prediction: Prediction) -> dict[str, list[Any]]:
    """Return probabilities by tidymodels' names of their classes."""
    classes = prediction.classes or []
    columns = _turned(prediction.values) if prediction.values else [[] for _ in classes]
    return {f".pred_{label}": column for label, column in zip(classes, columns, strict=True)}
