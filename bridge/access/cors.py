"""Which pages of other origins a browser may let ask (CORS, by the Fetch standard); headers as pairs."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from triglot.errors import ConfigError

Headers = list[tuple[str, str]]

ALLOWED: Final = (
    *("Accept", "Authorization", "Content-Encoding", "Content-Type", "Idempotency-Key"),
    *("Inference-Header-Content-Length", "X-API-Key", "X-Request-Id"),
)
EXPOSED: Final = (
    "Retry-After",
    "WWW-Authenticate",
    "X-Model-Version",
    "X-Request-Id",
    "Inference-Header-Content-Length",
)
CORS_KEYS: Final = frozenset({"origins", "max_age_s", "credentials", "headers"})
ANY: Final = "*"
_ORIGIN: Final = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Cors:
    """Who may ask from a browser, and with what.

    origins: as browsers send them, or '*' alone, which is anybody. credentials: whether a browser may send a password
    that it knows by itself; scripts may send `Authorization` in any case.
    """

    origins: frozenset[str]
    max_age_s: int = 600
    credentials: bool = False
    headers: tuple[str, ...] = ALLOWED

    def answer(self, origin: str | None) -> Headers:
        """Return the headers of an answer to a request of this origin."""
        if ANY in self.origins:
            return [("Access-Control-Allow-Origin", ANY), ("Access-Control-Expose-Headers", ", ".join(EXPOSED))]
        vary = [("Vary", "Origin")]
        if origin not in self.origins:
            return vary
        found = [("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", ", ".join(EXPOSED))]
        return vary + found + ([("Access-Control-Allow-Credentials", "true")] if self.credentials else [])

    def preflight(self, origin: str | None, methods: Sequence[str]) -> Headers:
        """Return what the answer to a preflight request says beside: nothing, where the origin may not ask."""
        if not origin or not self.origins & {origin, ANY}:
            return []
        return [
            ("Access-Control-Allow-Methods", ", ".join(methods)),
            ("Access-Control-Allow-Headers", ", ".join(self.headers)),
            ("Access-Control-Max-Age", str(self.max_age_s)),
        ]


def cors_of(said: Any) -> Cors:
    """Return what `access: cors` says; raises `ConfigError`, naming the entry, for what is wrong."""
    if not isinstance(said, Mapping) or said.keys() - CORS_KEYS or not said.get("origins"):
        raise ConfigError(f"access: cors: {said!r}; write 'origins', and perhaps {', '.join(sorted(CORS_KEYS))}")
    origins, credentials, max_age_s = said["origins"], said.get("credentials", False), said.get("max_age_s", 600)
    if isinstance(origins, str) or not isinstance(origins, Sequence) or not all(map(_is_origin, origins)):
        raise ConfigError(f"access: cors: origins: {origins!r}; write a list such as ['https://app.example.com']")
    if not isinstance(credentials, bool) or (credentials and ANY in origins):
        raise ConfigError("access: cors: credentials: name the origins that may send them; '*' may not")
    if type(max_age_s) is not int or not 0 <= max_age_s <= 86_400:
        raise ConfigError(f"access: cors: max_age_s: {max_age_s!r}; write seconds, at most 86400")
    return Cors(frozenset(origins), max_age_s, credentials, (*ALLOWED, *_headers(said.get("headers", ()))))


def _is_origin(said: Any) -> bool:
    return isinstance(said, str) and (said == ANY or bool(_ORIGIN.fullmatch(said)))


def _headers(said: Any) -> tuple[str, ...]:
    good = not isinstance(said, str) and isinstance(said, Sequence)
    if not good or not all(isinstance(name, str) and re.fullmatch(r"[A-Za-z0-9-]+", name) for name in said):
        raise ConfigError(f"access: cors: headers: {said!r}; write a list of names of headers")
    return tuple(said)
