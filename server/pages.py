"""The pages for people: the overview at `/`, the models at `/docs`, and the files that both are made of.

They hold no data and say nothing of their own, so that whoever has a token has a place to enter it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from flask import Response, request
from werkzeug.exceptions import NotFound

from triglot.access.scopes import OPEN
from triglot.server.offers import Offer
from triglot.server.openapi import own

_FOLDER = Path(__file__).parent / "page"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html"}
_FILES: Final = {
    path.name: (_TYPES[path.suffix], path.read_bytes()) for path in _FOLDER.iterdir() if path.suffix in _TYPES
}
_ROOT = b"{root}"  # in a page: where the service begins, seen from the page
_NOWHERE_ELSE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors "
)
_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"}


def routes() -> Iterator[Offer]:
    """Yield the routes of the pages, but for the one at `/`, which others look for, too."""
    yield Offer("/docs", "/docs", docs, scope=OPEN, described=own.PAGE)
    yield Offer("/page/<part>", "/page/<part>", part_of, scope=OPEN, described=own.PART)


def docs() -> Response:
    """Return the page of the models; its links hold with and without a slash at the end of its address."""
    return _page("docs.html", "'self'")


def overview() -> Response:
    """Return the page of the whole service, which nobody frames: it has buttons that change something."""
    return _page("overview.html", "'none'")


def part_of(part: str) -> Response:
    """Return a file of the pages; raises `NotFound` for what is none."""
    kind, content = _FILES.get(part, ("text/html", b""))
    if kind == "text/html":
        raise NotFound(f"the pages have no part {part[:60]!r}")
    return _held(Response(content, headers=_HEADERS, content_type=f"{kind}; charset=utf-8"))


def _page(name: str, framed_by: str) -> Response:
    root = b"../" if request.path.endswith("/") and request.path != "/" else b"./"
    headers = {**_HEADERS, "Content-Security-Policy": _NOWHERE_ELSE + framed_by}
    content = _FILES[name][1].replace(_ROOT, root)
    return _held(Response(content, headers=headers, content_type="text/html; charset=utf-8"))


def _held(response: Response) -> Response:
    """Return an answer, or that it is the one that the browser holds."""
    response.add_etag()
    response.make_conditional(request)
    return response
