"""`/metrics`: what the service counts and how it is, for Prometheus."""

from flask import Response, request

from triglot.server.context import here


def metrics() -> Response:
    """Return the metrics of all processes of the service, in the text format or as OpenMetrics."""
    # The library reads its folder for many processes once, when it is imported, and that folder is for hooks to say.
    from triglot.metrics.exposition import exposed

    context = here()
    body, content_type = exposed(
        context.service, {} if context.recent is None else context.recent.counts(), request.headers.get("Accept", "")
    )
    return Response(body, content_type=content_type)
