"""The service's own routes that do not predict: how it is, what it has, and what changes it."""

from collections.abc import Iterator

from triglot.access.scopes import OPEN, READ, RUN
from triglot.server import admin, health, metrics, models, overview, pipelines
from triglot.server.offers import Offer
from triglot.server.openapi import own

READING = (
    Offer("/alive", "alive", health.alive, decorators="alive_decorators", scope=OPEN, described=own.ALIVE, firm=True),
    Offer("/ready", "ready", health.ready, scope=OPEN, described=own.READY, firm=True),
    Offer("/models/<name>/ready", "ready_of", health.ready_of, scope=OPEN, described=own.READY_OF, firm=True),
    Offer("/list", "list", models.list_models, decorators="list_decorators", scope=READ, described=own.LIST, firm=True),
    Offer("/metrics", "metrics", metrics.metrics, decorators="list_decorators", scope=READ, described=own.METRICS),
    Offer("/overview", "overview", overview.overview, decorators="list_decorators", scope=READ, described=own.OVERVIEW),
)


def _changing() -> Iterator[Offer]:
    for rule, view, decorators, described in (
        ("/fit", admin.fit, "server_fit_decorators", own.FIT),
        ("/activate", admin.activate, "activate_decorators", own.ACTIVATE),
        ("/release", admin.release, "", own.RELEASE),
        ("/refresh", admin.update_model_cache, "update_model_cache_decorators", own.REFRESH),
    ):
        yield Offer(rule, rule, view, ("POST",), decorators, admin=True, described=described)
    rule = "/programs/<program>/restart"
    yield Offer(rule, rule, overview.restart, ("POST",), admin=True, described=own.RESTART)
    yield Offer("/jobs", "/jobs", admin.jobs, admin=True, described=own.JOBS)
    for rule, ours, methods, told in (
        ("/jobs/<job_id>", admin.job, ("GET", "DELETE"), own.JOB),
        ("/jobs/<job_id>/result", admin.result, ("GET",), own.RESULT),
        ("/pipelines", pipelines.listing, ("GET",), own.PIPELINES),
        ("/pipelines/<pipeline>", pipelines.start, ("POST",), own.PIPELINE),
    ):
        yield Offer(rule, rule, ours, methods, admin=True, scope=RUN, described=told)


CHANGING = tuple(_changing())
# what a configuration may put at routes of its own, as Palladium's could
BY_VIEW = {offer.view: offer for offer in (*READING, *CHANGING) if offer.decorators}
