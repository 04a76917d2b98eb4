"""`create_app`: the Flask application, made of what it is handed; it reads no environment and no file."""

import logging
import time
from collections.abc import Callable

from flask import Flask, Response, g, request

from triglot.errors import ConfigError
from triglot.server import admin, errors, health, models
from triglot.server.answered import of_response
from triglot.server.context import Context, Decorator, Options, View
from triglot.server.fast_path import EXPRESS, Express, Shortcut, request_id_of
from triglot.server.predict import PredictService
from triglot.server.route import Route
from triglot.serving.service import Service
from triglot.store.jobs import JobStore, RecentJobs

logger = logging.getLogger("triglot.server")

__all__ = ["Decorator", "Options", "create_app"]


def create_app(service: Service, options: Options | None = None, jobs: JobStore | None = None) -> Flask:
    """Return the application that answers for this service; with an admin token or rules it can change things, too."""
    options = options or Options()
    app = Flask("triglot", static_folder=None)
    app.debug = options.debug
    app.extensions["triglot"] = Context(service, options, jobs, RecentJobs(jobs) if jobs else None)
    app.config["MAX_CONTENT_LENGTH"] = options.max_body_bytes
    app.url_map.strict_slashes = False
    errors.register(app)

    def decorated(name: str, view: View) -> View:
        # The first of a list is innermost, as configuration files expect it.
        for decorator in options.decorators.get(name, ()):
            view = decorator(view)
        return view

    def add(predict: PredictService, rule: str, endpoint: str, decorators: str) -> Shortcut | None:
        route = Route(service, options, predict)

        def view(name: str | None = None) -> Response:
            return route.answer(request, name)

        view.__name__ = endpoint
        app.add_url_rule(rule, endpoint, decorated(decorators, view), methods=["GET", "POST"])
        plain = not (predict.overridden or options.debug or options.decorators.get("get_metadata_decorators"))
        return Shortcut(endpoint, view, route) if plain else None

    rules = [rule for predict in options.services for rule, _ in predict.routes]
    if len(set(rules)) != len(rules):
        raise ConfigError(f"two predict services share an entry_point: {', '.join(sorted(rules))}")
    predicts = "predict_decorators"
    fixed = {rule: add(predict, rule, rule, key) for predict in options.services for rule, key in predict.routes}
    if "/predict" not in rules:
        fixed["/predict"] = add(PredictService(), "/predict", "/predict", predicts)
    named = {
        what: add(PredictService(predict_proba=proba), f"/models/<name>/{what}", endpoint, predicts)
        for what, endpoint, proba in (("predict", "predict_of", False), ("predict_proba", "proba_of", True))
    }

    @app.before_request
    def identify() -> None:
        g.request_id = request_id_of(request.environ)
        g.begun = time.perf_counter()

    @app.after_request
    def name_the_request(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.request_id
        if service.hooks.hears("request_answered"):
            service.hooks.request_answered(of_response(response))
        return response

    app.add_url_rule("/alive", "alive", decorated("alive_decorators", health.alive))
    app.add_url_rule("/ready", "ready", health.ready)
    app.add_url_rule("/models/<name>/ready", "ready_of", health.ready_of)
    app.add_url_rule("/list", "list", decorated("list_decorators", models.list_models))
    _add_admin(app, options, decorated)
    express = app.extensions[EXPRESS] = Express(app, service, options, fixed, named)
    app.wsgi_app = express  # type: ignore[method-assign]
    return app


def _add_admin(app: Flask, options: Options, decorated: Callable[[str, View], View]) -> None:
    """Add the views that change something: at fixed routes behind the token, and where the configuration puts them."""
    reading = {health.alive: "alive_decorators", models.list_models: "list_decorators"}
    lists = {
        admin.fit: "server_fit_decorators",
        admin.activate: "activate_decorators",
        admin.update_model_cache: "update_model_cache_decorators",
    }
    own = {rule.rule for rule in app.url_map.iter_rules()}
    taken: set[str] = set()
    for number, rule in enumerate(options.rules):
        if rule.rule in own:
            raise ConfigError(f"flask_add_url_rules: {rule.rule!r} is a route of the service itself; choose another")
        taken.add(rule.rule)
        view = rule.view_func
        if view in lists:
            view = _guarded(rule.rule, options, lists[view], decorated(lists[view], view))
        elif view in reading:
            view = decorated(reading[view], view)
        app.add_url_rule(rule.rule, rule.endpoint or f"rule {number} {rule.rule}", view, **rule.options)
    if options.admin_token:
        for path, view in (("/fit", admin.fit), ("/activate", admin.activate), ("/refresh", admin.update_model_cache)):
            if path not in taken:
                app.add_url_rule(path, path, admin.behind_token(decorated(lists[view], view)), methods=["POST"])
        for path, view, methods in (("/jobs", admin.jobs, ["GET"]), ("/jobs/<job_id>", admin.job, ["GET", "DELETE"])):
            if path not in taken:
                app.add_url_rule(path, path, admin.behind_token(view), methods=methods)


def _guarded(route: str, options: Options, decorators: str, view: View) -> View:
    """Return a view of ours at a route of the configuration's: behind its decorators, else behind the token."""
    if options.decorators.get(decorators):
        return view
    if options.admin_token:
        return admin.behind_token(view)
    logger.warning("whoever reaches %s may use it: set an admin token, or guard it by %s", route, decorators)
    return view
