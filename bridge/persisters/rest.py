"""Models on an HTTP server that takes GET, HEAD, PUT and DELETE: Artifactory, nginx with WebDAV, and the like."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit, urlunsplit

from triglot.errors import ConfigError, StoreError
from triglot.persisters.filelike import FileLike
from triglot.persisters.files import ABSENT, Changed, Found

if TYPE_CHECKING:
    from requests import Response

TIMEOUT_S: Final = (10.0, 120.0)  # to connect, and between two pieces of an answer
_HINTS: Final = {
    401: "check the user and the password in auth",
    403: "check that this user may read and write there",
    405: "the server must take GET, HEAD, PUT and DELETE",
    409: "make the folder; this server does not make it by itself",
    413: "have the server take larger bodies",
}


class Rest(FileLike):
    """Versions on an HTTP server, in Palladium's layout.

    Args:
        url: A URL with `{version}` in it.
        auth: What the library requests takes, such as ('user', 'password').
        model: Whose files the bare ones are; by default the configuration's `model_name`.
    """

    def __init__(self, url: str, auth: Any = None, model: str | None = None) -> None:
        super().__init__(url, HttpFiles(auth), model)

    @property
    def location(self) -> str:
        """The URL, with `{version}` in it and without a password."""
        return _without_password(self._layout.template)


class HttpFiles:
    """Files by HTTP. Each call is a connection of its own, so that nothing crosses a fork or grows stale.

    Writers find each other by If-Match and If-None-Match. A server that ignores them leaves the look before and the
    look after a write, between which another writer can be lost: there, let one process write at a time.
    """

    exclusive = False

    def __init__(self, auth: Any = None) -> None:
        self._auth = tuple(auth) if isinstance(auth, list) else auth

    def get(self, path: str) -> Found | None:
        """Return a file with its strong ETag, or None where there is none."""
        response = self._ask("GET", path)
        if response.status_code in (404, 410):
            return None
        self._expect(response, "GET", path)
        tag = response.headers.get("ETag")
        return Found(response.content, None if tag is None or tag.startswith("W/") else tag)

    def put(self, path: str, data: bytes, expected: str | None) -> None:
        """Write a file; raises `Changed` where the server finds another state than the expected one."""
        headers = {"Content-Type": "application/octet-stream"}
        if expected == ABSENT:
            if self._ask("HEAD", path).status_code == 200:
                raise Changed
            headers["If-None-Match"] = "*"
        elif expected is not None:
            headers["If-Match"] = expected
        response = self._ask("PUT", path, data, headers)
        if response.status_code == 412:
            raise Changed
        self._expect(response, "PUT", path)

    def delete(self, path: str) -> None:
        """Remove a file; one that is not there is no error."""
        response = self._ask("DELETE", path)
        if response.status_code not in (404, 410):
            self._expect(response, "DELETE", path)

    @contextlib.contextmanager
    def locked(self, path: str) -> Iterator[None]:
        """Hold nothing: HTTP has no locks."""
        yield

    def _ask(
        self, method: str, path: str, data: bytes | None = None, headers: dict[str, str] | None = None
    ) -> "Response":
        try:
            import requests
        except ModuleNotFoundError:
            raise ConfigError("the Rest persister needs requests; run: pip install 'triglot[rest]'") from None
        try:
            return requests.request(
                method,
                path,
                data=data,
                # a compressed answer would come with a weak ETag, which is no condition for a write
                headers={"Accept-Encoding": "identity", **(headers or {})},
                auth=self._auth,
                timeout=TIMEOUT_S,
                # a redirected PUT would come out as a GET, and pass for one that was carried out
                allow_redirects=method in ("GET", "HEAD"),
            )
        except requests.RequestException as error:
            reason = type(error).__name__
            raise StoreError(
                f"{method} {_without_password(path)} failed ({reason}); check the URL and that the server runs"
            ) from None

    @staticmethod
    def _expect(response: "Response", method: str, path: str) -> None:
        status = response.status_code
        if not 200 <= status < 300:
            hint = _HINTS.get(status, "look into the server's log")
            raise StoreError(f"{method} {_without_password(path)} was answered {status} {response.reason}; {hint}")


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
