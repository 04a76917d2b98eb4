"""The gate: who sent a request, by what it says of itself, and whether that one may do it now."""

import hashlib
import hmac
import secrets
import threading
import time
from base64 import b64decode
from collections.abc import Callable
from typing import Final, Protocol

from triglot.access import passwords
from triglot.access.callers import Caller, Register
from triglot.access.rates import Buckets, Rate
from triglot.access.refusals import NotAuthenticated, RateLimited, ScopeMissing
from triglot.access.scopes import ALL
from triglot.access.settings import Settings
from triglot.errors import Overloaded

REMEMBERED_S: Final = 60.0
MOST_REMEMBERED: Final = 10_000
WRONG_PASSWORDS: Final = Rate(10, 60.0)
MOST_WAITING: Final = 4  # passwords, as each that waits for its judgement holds a thread
_BEARERS: Final = ("bearer", "key")  # the second is how Posit Connect's users send one
_WHO: Final = "say who you are, by X-API-Key or Authorization"
HOLDER: Final = Caller("admin token", "", ALL)  # of the admin token, who may do everything


class JudgesTokens(Protocol):
    def caller(self, token: str) -> Caller: ...


class Gate:
    """Knows callers by what they send: `Authorization` and `X-API-Key`, and for those who send neither the address.

    admin_token: empty where there is none. now: the Unix clock. clock: one that is never set back.
    """

    def __init__(
        self,
        settings: Settings,
        admin_token: str = "",
        tokens: JudgesTokens | None = None,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self._admin_token = admin_token.encode()
        self._tokens = tokens
        self._now = now
        self._clock = clock
        self._asked = Buckets(clock)
        self._wrong = Buckets(clock)
        self._slowly = threading.Lock()
        self._waiting = threading.BoundedSemaphore(MOST_WAITING)
        self._pepper = secrets.token_bytes(32)
        self._remembered: dict[bytes, tuple[Caller, float, Register]] = {}

    @property
    def schemes(self) -> tuple[str, ...]:
        """By which schemes of HTTP a caller can say who it is."""
        return ("Bearer", "Basic") if self.settings.callers().people else ("Bearer",)

    def known(self, authorization: str, api_key: str, address: str) -> Caller | None:
        """Return who sent this, as far as it can be told in some microseconds, asking nobody."""
        if api_key:
            return self._valid(self.settings.callers().by_key(api_key))
        if not authorization:
            return Caller("anonymous", address, self.settings.anonymous)
        scheme, _, sent = authorization.partition(" ")
        if scheme.lower() in _BEARERS:
            caller = self.settings.callers().by_key(sent.strip()) or self._admin(sent.strip())
            if caller is not None:
                return self._valid(caller)
        return self._recalled(authorization)

    def caller(self, authorization: str, api_key: str, address: str) -> Caller:
        """Return who sent this; raises `NotAuthenticated`, `RateLimited` for too many wrong passwords, and
        `IssuerUnavailable`.

        May take as long as a slow hash, or an issuer's answer.
        """
        caller = self.known(authorization, api_key, address)
        if caller is not None:
            return caller
        if (refusal := self.stranger(authorization, api_key, address)) is not None:
            raise refusal
        scheme, _, sent = authorization.partition(" ")
        if scheme.lower() == "basic":
            return self._remember(authorization, self._by_password(sent, address))
        assert self._tokens is not None
        return self._remember(authorization, self._tokens.caller(sent.strip()))

    def stranger(self, authorization: str, api_key: str, address: str) -> NotAuthenticated | None:
        """Return why somebody is refused whatever is asked for, if that can be told in some microseconds."""
        caller = self.known(authorization, api_key, address)
        if caller is not None:
            return None if caller.scopes else NotAuthenticated(_WHO, wrong=caller.kind != "anonymous")
        scheme, _, sent = authorization.partition(" ")
        if not api_key and scheme.lower() == "basic" and self.settings.callers().people:
            return None
        if not api_key and scheme.lower() == "bearer" and self._tokens is not None and sent.count(".") == 2:
            return None
        return NotAuthenticated("what was sent is no credential of this service, or not any more")

    def may(self, caller: Caller, scope: str) -> bool:
        """Whether a caller may do this now; nothing is counted."""
        return scope in caller.scopes and not self._wait_s(caller, scope)

    def count(self, caller: Caller, scope: str) -> None:
        """Count a request of a caller's."""
        rate = self._rate(caller, scope)
        if rate is not None:
            self._asked.count(_bucket(caller, scope), rate)

    def admit(self, caller: Caller, scope: str) -> None:
        """Count a request that a caller may make.

        Raises `NotAuthenticated` where nobody has said who it is and would have to, else `ScopeMissing`, `RateLimited`.
        """
        if scope not in caller.scopes:
            if caller.kind == "anonymous":
                raise NotAuthenticated(f"{_WHO}: this wants a caller with the scope {scope!r}", wrong=False)
            raise ScopeMissing(f"{caller.kind} {caller.name!r} has not the scope {scope!r}", scope=scope)
        wait_s = self._wait_s(caller, scope)
        if wait_s:
            rate = self._rate(caller, scope)
            raise RateLimited(f"more than {rate} requests; try again in {wait_s:.1f} s", retry_after_s=wait_s)
        self.count(caller, scope)

    def _rate(self, caller: Caller, scope: str) -> Rate | None:
        return caller.rates.get(scope) or self.settings.rates.get(scope)

    def _wait_s(self, caller: Caller, scope: str) -> float:
        rate = self._rate(caller, scope)
        return 0.0 if rate is None else self._asked.wait_s(_bucket(caller, scope), rate)

    def _admin(self, sent: str) -> Caller | None:
        """Return the holder of the admin token; the comparison takes as long for any text of one length."""
        same = hmac.compare_digest(sent.encode("latin-1", "replace"), self._admin_token)
        return HOLDER if same and self._admin_token else None

    def _valid(self, caller: Caller | None) -> Caller | None:
        return caller if caller is not None and self._now() < caller.until else None

    def _by_password(self, sent: str, address: str) -> Caller:
        """Return whose password this is; one is judged at a time, as each judgement is as dear as many predictions.

        Raises `Overloaded` where many others wait for theirs: strangers who guess would take all threads.
        """
        name, password = _name_and_password(sent)
        stored, caller = self.settings.callers().people.get(name, (passwords.NOBODY, None))
        trier = f"{address} {name}"
        wait_s = self._wrong.wait_s(trier, WRONG_PASSWORDS)
        if wait_s:
            raise RateLimited("too many wrong passwords; wait, and try again", retry_after_s=wait_s)
        if not self._waiting.acquire(blocking=False):
            raise Overloaded("many passwords are being judged; try again later")
        try:
            with self._slowly:
                good = passwords.fits(password, stored)
        finally:
            self._waiting.release()
        if not good or self._valid(caller) is None:
            self._wrong.count(trier, WRONG_PASSWORDS)
            raise NotAuthenticated("name or password is wrong")
        assert caller is not None
        return caller

    def _recalled(self, authorization: str) -> Caller | None:
        """Return whose credential this is, if that was found out a short while ago and nobody was struck off since."""
        found = self._remembered.get(self._trace(authorization))
        if found is None or self._clock() > found[1] or self.settings.callers() is not found[2]:
            return None
        return self._valid(found[0])

    def _remember(self, authorization: str, caller: Caller) -> Caller:
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.clear()
        entry = caller, self._clock() + REMEMBERED_S, self.settings.callers()
        self._remembered[self._trace(authorization)] = entry
        return caller

    def _trace(self, authorization: str) -> bytes:
        """Return what is kept of a credential: nothing from which it, or a guess of it, could be told."""
        return hashlib.blake2b(authorization.encode("utf-8", "replace"), key=self._pepper, digest_size=32).digest()


def _bucket(caller: Caller, scope: str) -> str:
    return f"{scope} {caller.kind} {caller.name}"


def _name_and_password(sent: str) -> tuple[str, str]:
    """Return what HTTP basic says (RFC 7617), in UTF-8; raises `NotAuthenticated` for what is none."""
    try:
        name, colon, password = b64decode(sent.strip(), validate=True).decode().partition(":")
    except ValueError:
        raise NotAuthenticated("this is not how a name and a password are sent") from None
    if not colon:
        raise NotAuthenticated("this is not how a name and a password are sent")
    return name, password
