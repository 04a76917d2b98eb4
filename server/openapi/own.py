"""What is said of the service's own routes that do not predict."""

from collections.abc import Mapping

from triglot.server.openapi.described import (
    HEADERS,
    HTML,
    JSON,
    OF_A_MODEL,
    Described,
    Operations,
    Schema,
    argument,
    list_of,
    operation,
    record,
    schema,
    text,
)

_WHOLE = {"type": "integer"}
_SWITCH = {"type": "boolean"}
_ANY = {"type": "object"}
STANDING: Schema = {
    **record(version={"type": ["integer", "null"]}, language=text(), workers=_WHOLE),
    "description": "How a model stands; `not_loadable` is there where its active version does not load, `quarantined` "
    "where it is not asked because it ends workers.",
}
MODEL: Schema = record(
    name=text(),
    version={**_WHOLE, "description": "the one that answers"},
    language=text(),
    task=text(enum=["classification", "regression"]),
    created=text(format="date-time"),
    classes={
        "type": ["array", "null"],
        "items": {},
        "description": "in the order of probabilities; null where it answers numbers",
    },
    scores=_ANY,
    fields=list_of(record(name=text(), type=text(), nullable=_SWITCH)),
)
LISTING: Schema = record(models=list_of({"type": "object", "required": ["model", "version"]}), properties=_ANY)
_JOB = {
    **record(id=text(), func=text(), status=text()),
    "properties": {
        **{name: text() for name in ("id", "func", "status", "info")},
        "progress": {**_ANY, "description": "of a run: the step at work, its number, and the rows that it has done"},
        "result": {**_ANY, "description": "what there is to be fetched: type, rows, bytes, url; a small one as data"},
    },
}
_PIPELINE = record(name=text(), parameters=_ANY, rows=_SWITCH)
SCHEMAS: Mapping[str, Schema] = {
    "Standing": STANDING,
    "Model": MODEL,
    "Listing": LISTING,
    "Job": _JOB,
    "Pipeline": _PIPELINE,
}

_UNWELL = {"description": "Not at the moment.", "headers": HEADERS, "content": {JSON: {"schema": _ANY}}}


def _health(summary: str, answer: Schema, *errors: int) -> Operations:
    shown = operation(summary, answer, errors=errors)
    return {"get": {**shown, "responses": {**shown["responses"], "503": _UNWELL}}}


def _change(summary: str, answer: Schema, *arguments: Schema, errors: tuple[int, ...]) -> Described:
    shown = operation(summary, answer, tag="administration", parameters=arguments, errors=errors)
    return Described({"post": shown})


def _get(
    summary: str, answer: Schema, tag: str = "service", errors: tuple[int, ...] = (), answer_type: str = JSON
) -> Operations:
    return {"get": operation(summary, answer, tag=tag, errors=errors, answer_type=answer_type)}


def _scraped(summary: str) -> Operations:
    shown = operation(summary, text(), answer_type="text/plain")
    shown["responses"]["200"]["content"]["application/openmetrics-text"] = {"schema": text()}
    return {"get": shown}


ALIVE = Described(_health("whether the service is well", _ANY))
READY = Described(_health("whether each model is loaded", record(ready=_SWITCH, models=_ANY)))
READY_OF = Described(_health("whether one model can be asked", record(name=text(), ready=_SWITCH), *OF_A_MODEL))
LIST = Described(_get("every stored version", schema("Listing"), errors=(503,)))
METRICS = Described(_scraped("what the service counts and how it is, for Prometheus"))
OVERVIEW = Described(
    _get(
        "how the service is, as its page shows it",
        record(
            at=text(format="date-time"),
            condition=text(enum=["well", "degraded", "unwell"]),
            **{name: list_of(_ANY) for name in ("models", "families", "workers", "programs", "troubles")},
            jobs=_ANY,
            store=text(enum=["ok", "away"]),
        ),
    )
)
MODELS = Described(_get("the models, their fields and classes", record(models=list_of(schema("Model"))), "models"))
MODEL_OF = Described(_get("one model, with levels and an example row", schema("Model"), "models", OF_A_MODEL))
_SCOPE = record(scope=text(), version=_WHOLE)
SCOPES_OF = Described(
    {
        "get": operation(
            "the scopes of a model that has one for each, a page at a time",
            record(
                name=text(), scopes=list_of(record(scope=text(), version=_WHOLE)), after={"type": ["string", "null"]}
            ),
            tag="models",
            errors=(400, *OF_A_MODEL),
            parameters=[
                argument("limit", {"type": "integer", "minimum": 1, "maximum": 1000}),
                argument("after", text(), description="the last scope of the page before"),
            ],
        )
    }
)
OPENAPI = Described(_get("this document", _ANY, "documents"))
OPENAPI_OF = Described(_get("this document for one model", _ANY, "documents", OF_A_MODEL))
PAGE = Described(_get("a page that shows the models and asks them", text(), "documents", answer_type=HTML))


PART = Described(_get("a part of the pages", text(), "documents", (404,), answer_type="text/javascript"))


_KEY = argument("Idempotency-Key", text(), "header", description="the same key is the same job")
FIT = _change(
    "start a fit as a job",
    record(job_id=text()),
    argument("model", list_of(text()), description="several times for several; default: all"),
    *(argument(name, _SWITCH) for name in ("persist", "activate", "evaluate", "proof")),
    argument("persist_if_better_than", {"type": "number"}),
    _KEY,
    errors=(400, 404, 413, 503),
)
ACTIVATE = _change(
    "make a version the active one",
    schema("Listing"),
    argument("model_version", _WHOLE, required=True),
    argument("model", text(), description="needed where there are several"),
    errors=(400, 404, 413, 503),
)
RELEASE = _change(
    "have versions in quarantine asked again",
    record(released=list_of(record(model=text(), version=_WHOLE))),
    argument("model", text(), description="default: all that are in quarantine"),
    argument("model_version", _WHOLE, description="one version of it; default: all"),
    errors=(400, 404, 413),
)
REFRESH = _change("look into the store now", record(job_id=text()), errors=(503,))
RESTART = _change("restart a supervised program", record(program=text(), restarts=_WHOLE), errors=(404,))
JOBS = Described(_get("the newest jobs", record(jobs=list_of(schema("Job"))), "administration", (503,)))
_OF_A_JOB = operation("one job, with what came of it", schema("Job"), tag="administration", errors=(404, 503))
JOB = Described({"get": _OF_A_JOB, "delete": {**_OF_A_JOB, "summary": "end a job"}})
RESULT = Described(
    {
        "get": operation(
            "what came of a job", {}, tag="administration", answer_type="application/octet-stream", errors=(404, 503)
        )
    }
)
PIPELINES = Described(
    _get("the declared pipelines", record(pipelines=list_of(schema("Pipeline"))), "administration", (503,))
)
_BODY = {"type": "object", "properties": {"parameters": _ANY, "rows": list_of(_ANY)}, "additionalProperties": False}
_STARTED = operation(
    "start a run of a pipeline as a job",
    schema("Job"),
    tag="administration",
    parameters=(_KEY,),
    errors=(400, 404, 413, 415, 503),
    body={JSON: {"schema": _BODY}},
)
_ACCEPTED = {name: answer for name, answer in _STARTED["responses"].items() if name != "200"}
PIPELINE = Described(
    {
        "post": {
            **_STARTED,
            "requestBody": {"required": False, "content": {JSON: {"schema": _BODY}}},
            "responses": {"202": {**_STARTED["responses"]["200"], "description": "The job."}, **_ACCEPTED},
        }
    }
)
