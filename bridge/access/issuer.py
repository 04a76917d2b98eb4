"""The public keys of an issuer of tokens, fetched from it and kept."""

import contextlib
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any, Final
from urllib.error import URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet

from triglot.access.refusals import IssuerUnavailable
from triglot.access.token_terms import TokenTerms, is_safe
from triglot.logs import Troubles

logger = logging.getLogger("triglot.access")

TIMEOUT_S: Final = 5.0
AGE_S: Final = 600.0
PAUSE_S: Final = 10.0
WAIT_S: Final = 1.0
_MOST_BYTES: Final = 1_000_000
_DISCOVERY: Final = "/.well-known/openid-configuration"


class IssuerKeys:
    """Gives the keys of an issuer.

    They are fetched when they are first needed; anew, beside the requests, when they are ten minutes old; and at once
    where a token names another key, but not twice within ten seconds, whatever strangers send. Where the issuer cannot
    be reached the keys that are there go on.
    """

    def __init__(self, terms: TokenTerms, clock: Callable[[], float] = time.monotonic) -> None:
        self._terms = terms
        self._clock = clock
        self._keys: KeySet | None = None
        self._tried = -PAUSE_S
        self._fetching = threading.Lock()
        self._troubles = Troubles(logger)

    def __call__(self, newer: bool = False) -> KeySet:
        """Return the keys; raises `IssuerUnavailable` where there have never been any."""
        keys, age_s = self._keys, self._clock() - self._tried
        if keys is None or (newer and age_s >= PAUSE_S):
            return self._fetched(keys)
        if age_s >= AGE_S and not self._fetching.locked():
            threading.Thread(target=self._fetched, args=(keys,), name="triglot-issuer", daemon=True).start()
        return keys

    def _fetched(self, had: KeySet | None) -> KeySet:
        """Return the keys after they were fetched, by this thread or by another one meanwhile."""
        if self._fetching.acquire(timeout=WAIT_S):  # an issuer that hangs must not hold every thread
            try:
                if self._keys is had and self._clock() - self._tried >= PAUSE_S:
                    self._tried = self._clock()
                    self._fetch()
            finally:
                self._fetching.release()
        if self._keys is None:
            raise IssuerUnavailable("tokens cannot be judged now: their issuer does not answer; try again")
        return self._keys

    def _fetch(self) -> None:
        try:
            keys = _public(_get(self._terms.jwks_uri or self._discovered()))
            if not keys:
                raise ValueError("it has no key that is of use here")
            self._keys = KeySet(keys)
            self._troubles.over("keys", f"the keys of {self._terms.issuer} can be fetched again")
        except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
            said = f"the keys of {self._terms.issuer} cannot be fetched: {_reason(error)}"
            self._troubles.tell("keys", logging.WARNING, said)

    def _discovered(self) -> str:
        """Return where the issuer says that its keys are; raises `ValueError` where it says so of another one."""
        said = _get(self._terms.issuer.rstrip("/") + _DISCOVERY)
        if said["issuer"] != self._terms.issuer:
            raise ValueError("it says that it is another issuer")
        uri = said["jwks_uri"]
        if not is_safe(uri):
            raise ValueError("its jwks_uri is no https URL")
        return str(uri)


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Follow nobody elsewhere: an answer must come from where the configuration says."""
        return None


_opener = build_opener(_NoRedirect)


def _get(url: str) -> Any:
    with _opener.open(Request(url, headers={"Accept": "application/json"}), timeout=TIMEOUT_S) as answer:
        said = answer.read(_MOST_BYTES + 1)
    if len(said) > _MOST_BYTES:
        raise ValueError("the answer is too long")
    return json.loads(said)


def _public(said: Mapping[str, Any]) -> list[Key]:
    """Return the keys that sign; others, of kinds that are not known here, say, do not spoil them.

    Symmetric ones are left out: who can check by one can sign by it.
    """
    keys: list[Key] = []
    for key in said["keys"]:
        if key.get("kty") != "oct" and key.get("use", "sig") == "sig":
            with contextlib.suppress(JoseError, ValueError, KeyError):
                keys.append(JWKRegistry.import_key(key))
    return keys


def _reason(error: Exception) -> str:
    return str(error.reason) if isinstance(error, URLError) else f"{type(error).__name__}: {error}"
