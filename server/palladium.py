"""`palladium.server`, for modules that were written for Palladium."""

from typing import Any

from flask import Response

from triglot.server.admin import activate, fit, update_model_cache
from triglot.server.payload import json_response
from triglot.server.predict import PredictService
from triglot.server.rules import add_url_rule

__all__ = ["PredictService", "activate", "add_url_rule", "fit", "make_ujson_response", "update_model_cache"]


def make_ujson_response(obj: Any, status_code: int = 200) -> Response:
    """Return a JSON response."""
    return json_response(obj, status_code)


def __getattr__(name: str) -> Any:
    if name == "app":  # made of the configuration, so only when it is asked for
        from triglot.server.wsgi import app

        return app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
