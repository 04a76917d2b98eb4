"""What schemathesis finds: whatever is sent to whichever route, no 500 and no answer that the document does not name.

It makes requests of the document, good and bad ones, and holds each answer to it. HYPOTHESIS_PROFILE=thorough sends
forty times as many.
"""

import itertools
from collections import Counter
from typing import Any

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from tests.server.conftest import TIMEOUT_S
from triglot.server.app import Options, create_app
from triglot.server.predict import PredictService
from triglot.serving.service import Service
from triglot.store import ModelStore

TOKEN = "a token of the tests"
MAPPED = PredictService(
    mapping=[("sl", "float"), ("sw", "float"), ("pl", "float"), ("pw", "float")], entry_point="/mapped", model="iris"
)
SHARE = 5  # of the examples that hypothesis tries of one property, for each of the many operations
CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
# The author of the one raises; the other, behind the document's relative address, is asked for as "/./", another path.
LEFT_OUT = ("/models/moody/predict", "/")


def sent(operation: Any, mode: GenerationMode, headers: dict[str, str], checks: Any) -> Counter[int]:
    """Return the statuses that an operation answers with; raises what is wrong with an answer."""
    seen: Counter[int] = Counter()
    many = max(1, settings.get_profile(settings.get_current_profile_name()).max_examples // SHARE)

    @settings(
        max_examples=many,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        answer = case.call(headers=headers)
        seen[answer.status_code] += 1
        case.validate_response(answer, checks=checks)

    try:
        send()
    except Unsatisfiable:  # nothing about this one can be wrong, or not this much
        assert mode == GenerationMode.NEGATIVE
    return seen


def answered(app: Flask) -> dict[str, Counter[int]]:
    """Return the statuses that each operation of an application answers with, after holding each answer to it."""
    load_all_checks()
    checks = CHECKS.get_by_names(list(CHECKED))
    found = schemathesis.openapi.from_wsgi("/openapi.json", app)
    seen: dict[str, Counter[int]] = {}
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    for operation, mode in itertools.product([result.ok() for result in found.get_all_operations()], modes):
        if operation.path not in LEFT_OUT:
            headers = {"Authorization": f"Bearer {TOKEN}"} if "admin" in str(operation.tags) else {}
            headers["Accept-Encoding"] = "identity"
            seen.setdefault(operation.label, Counter()).update(sent(operation, mode, headers, checks))
    return seen


def test_no_request_gets_a_500_or_an_answer_that_the_document_does_not_name(
    service: Service, models: ModelStore
) -> None:
    options = Options(services=(MAPPED,), timeout_s=TIMEOUT_S, admin_token=TOKEN)

    seen = answered(create_app(service, options, models.jobs))

    assert seen.keys() >= {"POST /models/iris/predict", "POST /mapped", "POST /fit", "GET /docs", "GET /models/{name}"}
    unmet = [label for label, statuses in seen.items() if not statuses.keys() & {200, 404}]
    # of several models one has to be named; and nobody has a token here who could unload what other tests ask
    changing = [f"POST /v2/repository/models/{{name}}/{what}" for what in ("load", "unload")]
    assert set(unmet) == {"GET /predict", "POST /predict", "POST /invocations", *changing}, seen


def test_the_same_holds_of_days_times_texts_and_small_numbers(calendar: Service) -> None:
    seen = answered(create_app(calendar, Options(timeout_s=TIMEOUT_S)))

    assert seen["POST /predict"][200] > 0
    assert seen["GET /models/calendar/predict"][200] > 0
