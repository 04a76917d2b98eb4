"""The overview of a service, as programs and its page get it, and what restarts a program of it."""

from flask import Response

from triglot.errors import ProgramNotFound
from triglot.server.context import here
from triglot.server.payload import json_response


def overview() -> Response:
    """Return how the service is now: models, workers, programs, jobs, the store, and what is wrong, with its remedy."""
    return json_response(here().lookout.overview())


def restart(program: str) -> Response:
    """Have a supervised program stop in its own time and start again; raises `ProgramNotFound`.

    The answer does not wait for it. Requests find its siblings, or wait for it; a restart of the front end ends
    connections that are still busy after ten seconds.
    """
    service = here().service
    known = service.programs()
    if program not in known:
        names = ", ".join(sorted(known)) or "none, as nobody supervises this service"
        raise ProgramNotFound(f"no program {program[:60]!r} is supervised here; there are {names}")
    service.restart(program)
    return json_response({"program": program, "restarts": known[program]["starts"]})
