"""`Client` and `AsyncClient`: the same calls, for threads and for an event loop."""

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Mapping
from typing import Any, Self, TypeVar
from uuid import uuid4

from triglot.client import calls
from triglot.client.attempts import Broken, Got, Pause, Step, Told, Try
from triglot.errors import ConfigError

try:
    import httpx
except ImportError:
    raise ImportError("triglot.client needs httpx; run: pip install 'triglot[client]'") from None

Result = TypeVar("Result")

TIMEOUT_S = 60.0
CONNECT_S = 5.0  # after which the next try begins


class _Caller:
    """What both clients know: whom they ask, as whom, and for how long."""

    def __init__(
        self,
        url: str,
        model: str | None = None,
        *,
        auth: tuple[str, str] | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT_S,
        verify: bool | ssl.SSLContext = True,
    ) -> None:
        self.url = _checked(url)
        self.model = model
        self.timeout = timeout
        token = {"Authorization": f"Bearer {auth}"} if isinstance(auth, str) else {}
        self._settings: dict[str, Any] = {
            "base_url": self.url,
            "headers": {**token, **(headers or {})},
            "auth": None if isinstance(auth, str) else auth,
            "verify": verify,
        }

    def __repr__(self) -> str:
        named = "" if self.model is None else f", model={self.model!r}"
        return f"{type(self).__name__}({self.url!r}{named})"

    def _predicted(
        self, data: Any, model: str | None, timeout: float | None, request_id: str | None, *, proba: bool
    ) -> calls.Call[Any]:
        timeout_s = self.timeout if timeout is None else timeout
        return calls.predicted(model or self.model, data, timeout_s, request_id or _new_id(), proba=proba)

    def _models(self) -> calls.Call[dict[str, Any]]:
        return calls.models(self.timeout, _new_id())

    def _ready(self, model: str | None) -> calls.Call[bool]:
        return calls.ready(model or self.model, self.timeout, _new_id())


class Client(_Caller):
    """A service, and perhaps one model of it, for one thread or many.

    Args:
        url: The service's address, such as `http://127.0.0.1:8000`, with the path that a proxy has before its routes.
        model: Who is asked where a call names none; by default the only model that is active.
        auth: A name and a password, or a bearer token.
        headers: What every request carries besides, such as a key.
        timeout: Seconds for a call with all its tries.
        verify: Whether the service's certificate must be good, or an `ssl.SSLContext` that says which ones are.

    Raises:
        ConfigError: the address is none of HTTP.

    Examples:
        >>> with Client("http://127.0.0.1:8000", model="iris-r", auth=("ann", "secret")) as client:
        ...     client
        Client('http://127.0.0.1:8000', model='iris-r')
    """

    def __init__(
        self,
        url: str,
        model: str | None = None,
        *,
        auth: tuple[str, str] | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT_S,
        verify: bool | ssl.SSLContext = True,
    ) -> None:
        super().__init__(url, model, auth=auth, headers=headers, timeout=timeout, verify=verify)
        self._http = httpx.Client(**self._settings)

    def predict(
        self, data: Any, model: str | None = None, *, timeout: float | None = None, request_id: str | None = None
    ) -> Any:
        """Return the classes or numbers that a model answers, one a row, as the kind of table that the rows are.

        A data frame of pandas is answered by a series with its index, one of polars by a series, an Arrow table by a
        table with the column `prediction`, a list by a list. Of a model with several outputs it is a frame, or a list
        of dictionaries.

        Args:
            data: The rows: a data frame of pandas or polars, an Arrow table, or a list of dictionaries, one a row.
            model: Who is asked.
            timeout: Seconds for this call with all its tries.
            request_id: The name of this call in the service's log; by default a new one.

        Raises:
            TypeError: nothing here reads such data.
            BadRequest: a value cannot be sent; or there are several models, and none is named.
            RequestRefused: the service does not take the request; `problems` says why, column by column.
            ServiceFailed: the model failed, or there was no worker for it in time.
            Unreachable: nobody answered in time.
        """
        return self._run(self._predicted(data, model, timeout, request_id, proba=False))

    def predict_proba(
        self, data: Any, model: str | None = None, *, timeout: float | None = None, request_id: str | None = None
    ) -> Any:
        """Return the probabilities that a classifier answers, a column a class; of a list a dictionary a row.

        Arguments and errors are those of `predict`.
        """
        return self._run(self._predicted(data, model, timeout, request_id, proba=True))

    def models(self) -> dict[str, Any]:
        """Return the active models by name: the version that answers, its language, how many workers have loaded it."""
        return self._run(self._models())

    def ready(self, model: str | None = None) -> bool:
        """Return whether a model can be asked now, by default the client's own or else all; False if nobody answers."""
        return self._run(self._ready(model))

    def close(self) -> None:
        """Close the connections that are kept."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, steps: calls.Call[Result]) -> Result:
        """Take the steps of a call; return what it comes to."""
        try:
            step = next(steps)
            while True:
                step = steps.send(self._take(step))
        except StopIteration as done:
            result: Result = done.value
            return result

    def _take(self, step: Step) -> Told:
        if isinstance(step, Pause):
            time.sleep(step.seconds)
            return step
        try:
            return _got(self._http.request(**_arguments(step)))
        except httpx.TransportError as error:
            return _broken(error)


class AsyncClient(_Caller):
    """The same for an event loop: `predict`, `predict_proba`, `models`, `ready` and `aclose` are awaited.

    Arguments, answers and errors are those of `Client`.

    Examples:
        >>> AsyncClient("http://127.0.0.1:8000", auth="a token")
        AsyncClient('http://127.0.0.1:8000')
    """

    def __init__(
        self,
        url: str,
        model: str | None = None,
        *,
        auth: tuple[str, str] | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT_S,
        verify: bool | ssl.SSLContext = True,
    ) -> None:
        super().__init__(url, model, auth=auth, headers=headers, timeout=timeout, verify=verify)
        self._http = httpx.AsyncClient(**self._settings)

    async def predict(
        self, data: Any, model: str | None = None, *, timeout: float | None = None, request_id: str | None = None
    ) -> Any:
        """Return what `Client.predict` does."""
        return await self._run(self._predicted(data, model, timeout, request_id, proba=False))

    async def predict_proba(
        self, data: Any, model: str | None = None, *, timeout: float | None = None, request_id: str | None = None
    ) -> Any:
        """Return what `Client.predict_proba` does."""
        return await self._run(self._predicted(data, model, timeout, request_id, proba=True))

    async def models(self) -> dict[str, Any]:
        """Return what `Client.models` does."""
        return await self._run(self._models())

    async def ready(self, model: str | None = None) -> bool:
        """Return what `Client.ready` does."""
        return await self._run(self._ready(model))

    async def aclose(self) -> None:
        """Close the connections that are kept."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _run(self, steps: calls.Call[Result]) -> Result:
        """Take the steps of a call; return what it comes to."""
        try:
            step = next(steps)
            while True:
                step = steps.send(await self._take(step))
        except StopIteration as done:
            result: Result = done.value
            return result

    async def _take(self, step: Step) -> Told:
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
            return step
        try:
            return _got(await self._http.request(**_arguments(step)))
        except httpx.TransportError as error:
            return _broken(error)


def _checked(url: str) -> str:
    with contextlib.suppress(httpx.InvalidURL):
        parts = httpx.URL(url)
        if parts.scheme in ("http", "https") and parts.host:
            return url.rstrip("/")
    raise ConfigError(f"url must be an address such as http://127.0.0.1:8000, not {url!r}")


def _new_id() -> str:
    return uuid4().hex


def _arguments(step: Try) -> dict[str, Any]:
    """Return what httpx is asked for; it bounds each wait, and a service sends its answer when that is whole."""
    sent, left_s = step.sent, step.at_most_s
    timeout = httpx.Timeout(left_s, connect=min(left_s, CONNECT_S))
    return {
        "method": sent.method,
        "url": sent.path,
        "content": sent.content,
        "headers": dict(sent.headers),
        "timeout": timeout,
    }


def _got(response: httpx.Response) -> Got:
    return Got(
        response.status_code, {name.lower(): value for name, value in response.headers.items()}, response.content
    )


def _broken(error: httpx.TransportError) -> Broken:
    """Return why no answer came: a connection that was refused or lost may be there the next time."""
    lost = isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError | httpx.ConnectTimeout)
    reason = "none within the time" if isinstance(error, httpx.TimeoutException) else str(error) or type(error).__name__
    return Broken(reason, lost and not _lasting(error))


def _lasting(error: BaseException | None) -> bool:
    """Return whether a certificate is not trusted or no host has the name, which waiting does not mend."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError | socket.gaierror):
            return True
        error = error.__cause__ or error.__context__
    return False
