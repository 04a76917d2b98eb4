"""An error that comes before the application has seen the request, answered as the application answers errors."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, g

from triglot.server.fast_path import request_id_of
from triglot.server.wsgi_threads import Environ, WSGIApp


def refusing(app: Flask, error: Exception) -> WSGIApp:
    """Return the WSGI application that answers this error, and then has the connection closed."""

    def answer(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        with app.request_context(environ):
            g.request_id, g.begun = request_id_of(environ), time.perf_counter()
            response = app.make_response(app.handle_user_exception(error))
            response.headers["Connection"] = "close"  # what the caller still sends belongs to nothing
            return app.process_response(response)(environ, start_response)

    return answer
