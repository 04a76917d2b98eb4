"""`palladium.server`, for modules that were written for Palladium."""

from typing import Any

from flask import Response

from triglot.server.payload import json_response
from triglot.server.predict import PredictService

__all__ = ["PredictService", "make_ujson_response"]


def make_ujson_response(obj: Any, status_code: int = 200) -> Response:
    """Return a JSON response."""
    return json_response(obj, status_code)


def __getattr__(name: str) -> Any:
    if name == "app":  # made of the configuration, so only when it is asked for
        from triglot.server.wsgi import app

        return app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
