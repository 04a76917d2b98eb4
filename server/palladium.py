"""`palladium.server`, for modules that were written for Palladium."""

from collections.abc import Callable
from typing import Any

from flask import Response, request

from triglot.errors import ConfigError
from triglot.palladium.commands import command
from triglot.server.admin import activate, fit, update_model_cache
from triglot.server.context import here
from triglot.server.health import alive
from triglot.server.models import list_models as list
from triglot.server.payload import json_response
from triglot.server.predict import PredictService
from triglot.server.route import Route
from triglot.server.rules import add_url_rule

__all__ = [
    "PredictService",
    "activate",
    "add_url_rule",
    "alive",
    "create_predict_function",
    "devserver_cmd",
    "fit",
    "list",
    "make_ujson_response",
    "predict",
    "stream_cmd",
    "update_model_cache",
]

devserver_cmd, stream_cmd = command("devserver"), command("stream")


def make_ujson_response(obj: Any, status_code: int = 200) -> Response:
    """Return a JSON response."""
    return json_response(obj, status_code)


def predict(model_persister: Any, predict_service: PredictService) -> Response:
    """Return a service's answer to the request at hand; `model_persister` is of no account, the application has one."""
    context = here()
    return Route(context.service, context.options, predict_service).answer(request)


def create_predict_function(
    route: str, predict_service: Any, decorator_list_name: str, config: Any
) -> Callable[[], Response]:
    """Return the view of a predict service, which the application will have at `route`, too, when it is made."""
    if not isinstance(predict_service, PredictService):
        raise ConfigError(
            f"route {route!r}: {type(predict_service).__name__} is no predict service; derive it from "
            "palladium.server.PredictService"
        )
    predict_service.add_route(route, decorator_list_name)
    return lambda: predict(None, predict_service)


def __getattr__(name: str) -> Any:
    if name == "app":  # modules may import it before it is made of the configuration that names them
        from triglot.server.wsgi import early

        return early()
    if name == "PredictStream":  # it brings what fits and predicts beside a server
        from triglot.palladium.stream import PredictStream

        return PredictStream
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
