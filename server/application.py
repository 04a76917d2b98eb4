"""The Flask application of a process, which is there before it is made of the configuration.

A module that the configuration names may import it, put routes and hooks into it, and only then be used to make it.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask import Flask
from werkzeug.routing import UnicodeConverter

from triglot.server.wsgi_threads import named

Hooks = Mapping[str, list[Any]]
_KINDS = ("before_request_funcs", "after_request_funcs")


class _Name(UnicodeConverter):
    """A name in a path, which may have a slash."""

    def to_python(self, value: str) -> str:
        return named(value)


class Application(Flask):
    """An application of Flask's with our way of reading paths; with `make`, its first request makes it.

    It takes routes and hooks after its first request, too: each request looks them up anew.
    """

    def __init__(self, make: Callable[[], object] | None = None) -> None:
        super().__init__("triglot", static_folder=None)
        self.is_being_made = False
        self._make = make
        self.url_map.strict_slashes = False
        self.url_map.merge_slashes = False  # else a page of HTML sends the caller to wherever its Host header says
        self.url_map.converters["default"] = _Name

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if self._make is not None and "triglot" not in self.extensions:
            self._make()
        answered: Iterable[bytes] = super().__call__(environ, start_response)
        return answered

    def _check_setup_finished(self, f_name: str) -> None:
        """Refuse nothing."""

    def take_hooks(self) -> Hooks:
        """Return what others have put around requests, and have it here no more."""
        return {kind: getattr(self, kind).pop(None, []) for kind in _KINDS}

    def put_hooks(self, hooks: Hooks) -> None:
        """Put back around requests what was taken, inside of what is there now."""
        for kind, functions in hooks.items():
            getattr(self, kind)[None].extend(functions)
