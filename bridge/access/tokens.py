"""Bearer tokens of an issuer (JWT, as OpenID Connect and RFC 9068 have them), judged by the issuer's public keys."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import (
    BadSignatureError,
    ExpiredTokenError,
    InvalidClaimError,
    InvalidKeyIdError,
    JoseError,
    MissingClaimError,
)
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from triglot.access.callers import Caller
from triglot.access.refusals import NotAuthenticated
from triglot.access.scopes import ALL, held
from triglot.access.token_terms import TokenTerms

SHOWN: Final = 128


class Tokens:
    """Judges tokens.

    keys: gives the issuer's keys, at once where it has some; with True after it has asked for newer ones, if it has
    not done so just now.
    """

    def __init__(self, terms: TokenTerms, keys: Callable[[bool], KeySet], now: Callable[[], float] = time.time) -> None:
        self._terms = terms
        self._keys = keys
        self._now = now
        # other parameters of the header than JOSE's own are the issuer's business, critical ones excepted
        self._registry = JWSRegistry(algorithms=list(terms.algorithms), strict_check_header=False)

    def caller(self, token: str) -> Caller:
        """Return whose token this is; raises `NotAuthenticated`, saying what is wrong, and `IssuerUnavailable`."""
        try:
            read = self._read(token)
            self._check(read.claims)
        except ExpiredTokenError:
            raise NotAuthenticated("the token has expired; fetch a new one") from None
        except (InvalidClaimError, MissingClaimError) as error:
            raise NotAuthenticated(f"the token is not for this service: {_claims_of(error)}") from None
        except BadSignatureError:
            raise NotAuthenticated("the token's signature is not its issuer's") from None
        except InvalidKeyIdError:
            raise NotAuthenticated("the token is signed by a key that its issuer does not have") from None
        except (JoseError, ValueError, TypeError, KeyError):
            raise NotAuthenticated("this is no token that can be read here") from None
        if self._terms.typ and str(read.header.get("typ", "")).lower().removeprefix("application/") != self._terms.typ:
            raise NotAuthenticated(f"the token is not of the type {self._terms.typ}")
        return self._known(read.claims)

    def _read(self, token: str) -> jwt.Token:
        """Return a token whose signature is good, by the keys that are here or else by newer ones."""
        try:
            return jwt.decode(token, self._keys(False), registry=self._registry)
        except (InvalidKeyIdError, BadSignatureError):
            return jwt.decode(token, self._keys(True), registry=self._registry)

    def _check(self, claims: Mapping[str, Any]) -> None:
        wanted: dict[str, Any] = {
            "iss": {"essential": True, "value": self._terms.issuer},
            "aud": {"essential": True, "values": list(self._terms.audience)},
            "exp": {"essential": True},
            self._terms.name_claim: {"essential": True},
        }
        leeway_s = int(self._terms.leeway_s)
        jwt.JWTClaimsRegistry(now=int(self._now()), leeway=leeway_s, **wanted).validate(dict(claims))

    def _known(self, claims: Mapping[str, Any]) -> Caller:
        words = _words(_at(claims, self._terms.scope_claim))
        scopes = held(frozenset(self._terms.scopes.get(word, word) for word in words) & ALL)
        name = str(claims[self._terms.name_claim])[:SHOWN]
        return Caller("token", name, scopes, until=float(claims["exp"]) + self._terms.leeway_s)


def _claims_of(error: InvalidClaimError | MissingClaimError) -> str:
    """Return which claims are wrong, without what they are."""
    kind = "lacks" if isinstance(error, MissingClaimError) else "has another"
    return f"it {kind} {error.claim if isinstance(error, InvalidClaimError) else 'a claim'}"


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """Return a claim, by its name or by a way of names through objects, such as realm_access.roles."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _words(said: Any) -> Sequence[str]:
    if isinstance(said, str):
        return said.split()
    return [word for word in said if isinstance(word, str)] if isinstance(said, list) else []
