"""Sends an app definition to Marathon, and waits until what it says is so."""

import base64
import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from triglot.errors import ConfigError, TriglotError

TOKEN_VARIABLE: Final = "MARATHON_TOKEN"
USER_VARIABLE: Final = "MARATHON_USER"
PASSWORD_VARIABLE: Final = "MARATHON_PASSWORD"
ANSWER_S: Final = 30.0
LOOK_S: Final = 0.5
LOOPBACK: Final = {"localhost", "127.0.0.1", "::1"}
_SHOWN: Final = 500


class PostFailed(TriglotError):
    """Marathon did not take the definition, or did not carry it out; the message says what it said."""


@dataclass(frozen=True, slots=True)
class Marathon:
    """A Marathon's address and the header that lets one in."""

    url: str
    authorization: str = ""

    @classmethod
    def at(cls, url: str, environ: Mapping[str, str]) -> "Marathon":
        """Return the Marathon at a URL, with the token or the user and password of the environment."""
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(f"--post {url!r}: write the URL of Marathon, such as https://marathon.example.org:8443")
        if parts.username or parts.password:
            raise ConfigError(
                f"--post: leave user and password out of the URL; set {USER_VARIABLE} and {PASSWORD_VARIABLE}"
            )
        made = cls(url.rstrip("/"), _authorization(environ))
        if made.authorization and parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise ConfigError("--post: a password or a token is not sent over http; give the https URL of Marathon")
        return made

    def put(self, definition: Mapping[str, Any], *, force: bool = False) -> tuple[str, str]:
        """Send the definition; return the id of the deployment and the version of the app that come of it.

        `force` stops a deployment of the same app that goes on. Raises `PostFailed` where Marathon refuses.
        """
        # without partialUpdate=false, what this definition leaves out would stay as an older one had it
        path = f"/v2/apps{definition['id']}?partialUpdate=false" + ("&force=true" if force else "")
        said = self._ask("PUT", path, json.dumps(definition).encode())
        try:
            return str(said["deploymentId"]), str(said["version"])
        except (KeyError, TypeError):
            raise PostFailed(f"{self.url}: the answer names no deployment; is this Marathon?") from None

    def wait(self, app: str, deployment: str, version: str, wait_s: float, tell: Callable[[str], None]) -> None:
        """Return once the deployment is done; tell how it stands. Raises `PostFailed` where it does not get done."""
        deadline = time.monotonic() + wait_s
        told = ""
        while True:
            going = self._ask("GET", "/v2/deployments")
            found = self._ask("GET", f"/v2/apps{app}?embed=app.counts&embed=app.lastTaskFailure").get("app", {})
            if deployment not in {each.get("id") for each in going}:
                break
            if (line := _standing(found)) != told:
                told = line
                tell(line)
            if time.monotonic() > deadline:
                raise PostFailed(
                    f"{app} is not deployed after {wait_s:g} s: {_standing(found)}{_last_failure(found)}. The "
                    f"deployment {deployment} goes on; see the tasks' logs, or send one that works with --force"
                )
            time.sleep(LOOK_S)
        if found.get("version") != version:
            raise PostFailed(
                f"{app}: somebody else has changed or stopped this deployment; Marathon has another version"
            )
        tell(_standing(found))

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Any:
        headers = {"Accept": "application/json", **({"Content-Type": "application/json"} if body else {})}
        if self.authorization:
            headers["Authorization"] = self.authorization
        request = urllib.request.Request(f"{self.url}{path}", body, headers, method=method)
        opener = urllib.request.build_opener(_NoRedirects)
        try:
            with opener.open(request, timeout=ANSWER_S) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                raise PostFailed(f"{method} {self.url}{path}: {_refusal(error)}") from None
        except ValueError:
            raise PostFailed(f"{method} {self.url}{path}: the answer is no JSON; is this Marathon?") from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise PostFailed(f"cannot reach Marathon at {self.url}: {reason}; is the URL right?") from None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows nothing: what is sent may be a secret, and a PUT would become a GET."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _authorization(environ: Mapping[str, str]) -> str:
    if token := environ.get(TOKEN_VARIABLE):
        return f"token={token}"
    user, password = environ.get(USER_VARIABLE, ""), environ.get(PASSWORD_VARIABLE, "")
    if bool(user) != bool(password):
        raise ConfigError(f"set both {USER_VARIABLE} and {PASSWORD_VARIABLE}, or neither")
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode() if user else ""


def _refusal(error: urllib.error.HTTPError) -> str:
    """Return what Marathon says of a request that it does not take, and what to do."""
    try:
        said = json.loads(error.read())
        text = " ".join(filter(None, [str(said.get("message", "")), _details(said.get("details"))]))
    except (ValueError, AttributeError, OSError):
        text = ""
    remedy = {
        401: f"set {TOKEN_VARIABLE}, or {USER_VARIABLE} and {PASSWORD_VARIABLE}",
        403: "this user may not change the app",
        404: "there is no such path; is this the URL of Marathon?",
        409: "another deployment of it goes on: wait for it, or use --force",
        503: "Marathon has no leader at the moment; try again",
    }.get(error.code, "")
    if error.code in (301, 302, 303, 307, 308):
        remedy = f"it sends one on to {error.headers.get('Location', '')!r}: give that URL"
    return "; ".join(filter(None, [f"{error.code} {text or error.reason}"[:_SHOWN], remedy]))


def _details(said: Any) -> str:
    """Return Marathon's list of what is wrong where."""
    if not isinstance(said, list):
        return ""
    found = (f"{each.get('path', '')}: {', '.join(map(str, each.get('errors', ())))}" for each in said)
    return "; ".join(found)


def _standing(app: Mapping[str, Any]) -> str:
    wanted, running, healthy = (int(app.get(key) or 0) for key in ("instances", "tasksRunning", "tasksHealthy"))
    return f"{running} of {wanted} instances run, {healthy} are healthy"


def _last_failure(app: Mapping[str, Any]) -> str:
    failure = app.get("lastTaskFailure") or {}
    return f"; the last one that failed: {failure.get('state', '')} {failure.get('message', '')}" if failure else ""
