"""What a token must be to be taken: the configuration's `access: oidc`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from triglot.access.scopes import ALL, SCOPES
from triglot.errors import ConfigError

# Signed by a key that the issuer alone has; with the others whoever can check a token could make one.
ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "Ed25519",
    "EdDSA",
)
LEEWAY_S: Final = 60.0
MOST_LEEWAY_S: Final = 300.0
_LOOPBACK: Final = {"127.0.0.1", "::1", "localhost"}
OIDC_KEYS: Final = frozenset(
    {"issuer", "audience", "jwks_uri", "scope_claim", "scopes", "name_claim", "leeway_s", "algorithms", "typ"}
)


@dataclass(frozen=True, slots=True)
class TokenTerms:
    """What a token must be.

    audience: one of these it must be for. scope_claim: where its scopes stand. scopes: what the issuer's words mean
    here. name_claim: who it is, for logs and rates. typ: of what type, if that matters, such as 'at+jwt'.
    """

    issuer: str
    audience: tuple[str, ...]
    jwks_uri: str | None = None
    scope_claim: str = "scope"
    scopes: Mapping[str, str] = field(default_factory=dict)
    name_claim: str = "sub"
    leeway_s: float = LEEWAY_S
    algorithms: tuple[str, ...] = ALGORITHMS
    typ: str = ""


def terms_of(said: Any) -> TokenTerms:
    """Return what `access: oidc` says; raises `ConfigError`, naming the entry, for what is wrong."""
    if not isinstance(said, Mapping) or said.keys() - OIDC_KEYS or not {"issuer", "audience"} <= said.keys():
        raise ConfigError(f"access: oidc: write 'issuer' and 'audience', and some of {', '.join(sorted(OIDC_KEYS))}")
    return TokenTerms(
        issuer=_url(said["issuer"], "issuer"),
        audience=_texts(said["audience"], "audience"),
        jwks_uri=_url(said["jwks_uri"], "jwks_uri") if "jwks_uri" in said else None,
        scope_claim=_text(said.get("scope_claim", "scope"), "scope_claim"),
        scopes=_scopes(said.get("scopes", {})),
        name_claim=_text(said.get("name_claim", "sub"), "name_claim"),
        leeway_s=_leeway(said.get("leeway_s", LEEWAY_S)),
        algorithms=_algorithms(said.get("algorithms", ALGORITHMS)),
        typ=_text(said["typ"], "typ").lower() if "typ" in said else "",
    )


def is_safe(url: Any) -> bool:
    """Whether what comes from this URL comes from whom it names: by TLS, or from this very host."""
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK))


def _url(said: Any, key: str) -> str:
    if not is_safe(said):
        raise ConfigError(f"access: oidc: {key}: {said!r}; write an https URL")
    return str(said)


def _text(said: Any, key: str) -> str:
    if not isinstance(said, str) or not said:
        raise ConfigError(f"access: oidc: {key}: {said!r}; write a text")
    return said


def _texts(said: Any, key: str) -> tuple[str, ...]:
    several = [said] if isinstance(said, str) else said
    if not isinstance(several, Sequence) or not several:
        raise ConfigError(f"access: oidc: {key}: {said!r}; write a text, or a list of some")
    return tuple(_text(each, key) for each in several)


def _scopes(said: Any) -> dict[str, str]:
    if not isinstance(said, Mapping) or not all(isinstance(word, str) for word in said) or set(said.values()) - ALL:
        raise ConfigError(
            f"access: oidc: scopes: {said!r}; write a dict of the issuer's words, each with one of {', '.join(SCOPES)}"
        )
    return dict(said)


def _leeway(said: Any) -> float:
    good = isinstance(said, int | float) and not isinstance(said, bool) and math.isfinite(said)
    if not good or not 0 <= said <= MOST_LEEWAY_S:
        raise ConfigError(f"access: oidc: leeway_s: {said!r}; write how many seconds clocks may differ, at most 300")
    return float(said)


def _algorithms(said: Any) -> tuple[str, ...]:
    found = _texts(said, "algorithms")
    if odd := sorted(set(found) - set(ALGORITHMS)):
        raise ConfigError(f"access: oidc: algorithms: {', '.join(odd)}; take some of {', '.join(ALGORITHMS)}")
    return found
