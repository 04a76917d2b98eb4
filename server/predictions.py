"""The routes that predict: those of a configuration's predict services, and those of every model."""

from collections.abc import Iterator

from flask import Response, request

from triglot.access.scopes import PREDICT
from triglot.errors import ConfigError
from triglot.server.context import Options
from triglot.server.offers import PREDICT_DECORATORS, Offer
from triglot.server.openapi.predictions import described
from triglot.server.predict import PredictService
from triglot.server.route import Route
from triglot.serving.service import Service

_ANY = "/predict"


def routes(service: Service, options: Options) -> Iterator[Offer]:
    """Yield what predicts; raises `ConfigError` where two predict services want one route."""
    rules = [rule for predict in options.services for rule, _ in predict.routes]
    if len(set(rules)) != len(rules):
        raise ConfigError(f"two predict services share an entry_point: {', '.join(sorted(rules))}")
    for predict in options.services:
        for rule, decorators in predict.routes:
            yield _offer(service, options, predict, rule, rule, decorators)
    if _ANY not in rules:
        yield _offer(service, options, PredictService(), _ANY, _ANY)
    for what, endpoint, proba in (("predict", "predict_of", False), ("predict_proba", "proba_of", True)):
        yield _offer(service, options, PredictService(predict_proba=proba), f"/models/<name>/{what}", endpoint)


def _offer(
    service: Service,
    options: Options,
    predict: PredictService,
    rule: str,
    endpoint: str,
    decorators: str = PREDICT_DECORATORS,
) -> Offer:
    route = Route(service, options, predict)

    def view(name: str | None = None) -> Response:
        return route.answer(request, name)

    view.__name__ = endpoint
    quick = not (predict.overridden or options.decorators.get("get_metadata_decorators"))
    return Offer(
        rule,
        endpoint,
        view,
        ("GET", "POST"),
        decorators,
        quick=route if quick else None,
        described=described(predict),
        scope=PREDICT,
        firm=True,
    )
