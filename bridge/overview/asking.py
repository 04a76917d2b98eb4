"""The overview of a service that runs, as its front end on this host answers it."""

import http.client
import json
import urllib.parse
from pathlib import Path
from typing import Final, cast

from triglot.errors import ConfigError
from triglot.overview.value import Overview
from triglot.supervision.status import address

TIMEOUT_S: Final = 5.0
KEY_VARIABLE: Final = "TRIGLOT_KEY"
_REFUSED = (401, 403)


def asked(run_dir: Path, key: str = "", timeout_s: float = TIMEOUT_S) -> tuple[str, Overview]:
    """Return where the service of a run directory is, and how; raises `ConfigError`, with what to do, where none says.

    key: a key or token that is sent as a bearer's; empty for none.
    """
    try:
        base = address(run_dir)
    except OSError:
        raise _none(run_dir, "none was started there") from None
    found = urllib.parse.urlsplit(base)
    connection = http.client.HTTPConnection(found.hostname or "", found.port, timeout=timeout_s)
    try:
        connection.request("GET", "/overview", headers={"Authorization": f"Bearer {key}"} if key else {})
        answer = connection.getresponse()
        status, body = answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise _none(run_dir, f"{base} does not answer: {getattr(error, 'strerror', None) or error}") from None
    finally:
        connection.close()
    if status in _REFUSED:
        raise ConfigError(
            f"the service at {base} refuses to tell ({status}): put a key or token with the scope 'read' into the "
            f"environment variable {KEY_VARIABLE}"
        )
    try:
        overview = json.loads(body)
        if status == 200 and "condition" in overview:
            return base, cast(Overview, overview)
    except (ValueError, TypeError):
        pass
    raise ConfigError(f"what answers at {base} is no service that tells how it is (status {status} of /overview)")


def _none(run_dir: Path, why: str) -> ConfigError:
    return ConfigError(f"no service runs in {str(run_dir)!r} ({why}); start one: triglot serve")
