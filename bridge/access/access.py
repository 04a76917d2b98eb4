"""Access as one value, for the application: the gate, what it says to browsers, and which route wants what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from triglot.access.cors import Cors
from triglot.access.gate import Gate, JudgesTokens
from triglot.access.settings import settings_of
from triglot.access.token_terms import TokenTerms
from triglot.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Access:
    """Who may do what at one application; routes: the scope of each that the configuration names."""

    gate: Gate
    cors: Cors | None = None
    routes: Mapping[str, str] = field(default_factory=dict)


def access_of(said: Any, directory: Path, environ: Mapping[str, str], admin_token: str) -> Access:
    """Return what an entry `access` comes to; raises `ConfigError`."""
    settings = settings_of(said, directory, environ)
    tokens = None if settings.oidc is None else _tokens(settings.oidc)
    return Access(Gate(settings, admin_token, tokens), settings.cors, settings.routes)


def _tokens(terms: TokenTerms) -> JudgesTokens:
    try:  # cryptography comes with it, which a service without tokens need not have
        from triglot.access.issuer import IssuerKeys
        from triglot.access.tokens import Tokens
    except ModuleNotFoundError:
        raise ConfigError("access: oidc needs Authlib; run: pip install 'triglot[auth]'") from None
    return Tokens(terms, IssuerKeys(terms))
