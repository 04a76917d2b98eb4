"""`create_app`: the Flask application, made of what it is handed; it reads no environment and no file."""

import sys
import time
from collections.abc import Sequence
from itertools import chain

from flask import Flask, Response, g, request

from triglot.overview.making import Lookout
from triglot.server import encoding, errors, mlflow, own, pages, predictions, v1, vetiver
from triglot.server.access.door import Door
from triglot.server.answered import counted, of_response
from triglot.server.application import Application
from triglot.server.context import Context, Decorator, Options
from triglot.server.documents import Documents
from triglot.server.fast_path import EXPRESS, Express, request_id_of
from triglot.server.offers import Routes
from triglot.server.site import Site
from triglot.server.v2 import face as v2
from triglot.serving.service import Service
from triglot.store.jobs import JobStore
from triglot.store.recent_jobs import RecentJobs

__all__ = ["Decorator", "Options", "create_app"]

# the routes under which clients of other servers look for the same models
FACES: Sequence[Routes] = (v2.routes, v1.routes, mlflow.routes, vetiver.routes)


def create_app(
    service: Service, options: Options | None = None, jobs: JobStore | None = None, app: Application | None = None
) -> Flask:
    """Return the application that answers for this service; with an admin token or rules it can change things, too.

    app: is made to be that application, with what others have put into it by then.
    """
    options = options or Options()
    app = app or Application()
    theirs = app.take_hooks()
    app.debug = options.debug
    recent = RecentJobs(jobs) if jobs else None
    lookout = Lookout(service, recent, runner=options.runner, changeable=options.may_change)
    app.extensions["triglot"] = Context(service, options, lookout, jobs, recent)
    app.config["MAX_CONTENT_LENGTH"] = options.max_body_bytes
    errors.register(app)
    site = Site(app, options)
    _around_requests(app, service, options)
    Door(options.access, site.scopes).stand_before(app)
    for offer in (*predictions.routes(service, options), *own.READING):
        site.add(offer)
    site.add_rules(options.rules, own.BY_VIEW)
    documents = Documents(app, service, options, site.notes)
    for offer in chain(own.CHANGING, documents.routes(), pages.routes(), *(face(service, options) for face in FACES)):
        site.add(offer)
    app.put_hooks(theirs)
    shortcuts = ({}, {}) if options.debug or any(theirs.values()) else (site.fixed, site.named)
    express = app.extensions[EXPRESS] = Express(app, service, options, *shortcuts)
    app.wsgi_app = express  # type: ignore[method-assign]
    return app


def _around_requests(app: Flask, service: Service, options: Options) -> None:
    """Have each request named, its body inflated and its answer completed."""
    limits = options.limits

    @app.before_request
    def identify() -> None:
        g.request_id = request_id_of(request.environ)
        g.begun = time.perf_counter()
        if encoding.inflate(request.environ, limits):
            request.max_content_length = sys.maxsize  # the body itself says where it is too long

    @app.after_request
    def complete(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.request_id
        if response.status_code == 503 and "Retry-After" not in response.headers:
            response.headers["Retry-After"] = str(errors.RETRY_AFTER_S)
        rule = "" if request.url_rule is None else request.url_rule.rule
        counted(service, rule, response.status_code, g.get("code", ""), g.begun)
        if service.hooks.hears("request_answered"):
            service.hooks.request_answered(of_response(response))
        encoding.pack(response, request.environ)
        return response
