"""`python -m triglot.health [RUN_DIR]`: exit code 0 while the service of a run directory is alive, else 1 and why.

This is what a container's health check runs every few seconds, so it imports little. RUN_DIR is TRIGLOT_RUN_DIR
unless it is said.
"""

import http.client
import json
import os
import sys
import urllib.parse
from pathlib import Path

from triglot.supervision.status import address, told, troubles

TIMEOUT_S = 4.0


def main(run_dir: Path) -> str | None:
    """Return why the service is not well, or None."""
    if known := troubles(run_dir):
        return told(known)
    try:
        status, body = _ask(address(run_dir))
    except FileNotFoundError:
        return f"no service has been started in {str(run_dir)!r}"
    except (OSError, http.client.HTTPException) as error:
        return f"the front end does not answer: {error}"
    return None if status == 200 else f"/alive answers {status}: {_reason(body)}"


def _ask(base: str) -> tuple[int, bytes]:
    found = urllib.parse.urlsplit(base)
    connection = http.client.HTTPConnection(found.hostname or "", found.port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/alive")
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _reason(body: bytes) -> str:
    """Return what is missing, where the answer says it."""
    try:
        missing = [name for name, value in json.loads(body).items() if value == "N/A"]
    except (ValueError, AttributeError):
        missing = []
    return f"required and missing: {', '.join(missing)}" if missing else "something required is missing"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("TRIGLOT_RUN_DIR", "run"))))
