"""Callers: who is known, and the file that says so, a line of JSON for each.

    {"name": "dashboard", "key": "sha256:9f86...", "scopes": ["predict", "read"], "rates": {"predict": "50/s"}}
    {"name": "ada", "password": "scrypt:32768:8:1$...$...", "scopes": ["read"], "expires": "2027-01-31"}

No secret is in it: of a key, which is drawn by a machine and cannot be guessed, there is the SHA-256, and of a
password a slow hash.
"""

import datetime
import hashlib
import json
import math
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from triglot.access.passwords import checked
from triglot.access.rates import Rate, rates_of
from triglot.access.scopes import scopes_of
from triglot.errors import ConfigError

PREFIX: Final = "trgl_"  # by which programs that look for secrets in files know one
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_KNOWN: Final = frozenset({"name", "key", "password", "scopes", "rates", "expires"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who is known, or the anonymous of one address.

    kind: how that is known. rates: its own, by scope, before those of all. until: when it is over, in seconds of
    the Unix clock.
    """

    kind: str
    name: str
    scopes: frozenset[str]
    rates: Mapping[str, Rate] = field(default_factory=dict)
    until: float = math.inf


@dataclass(frozen=True, slots=True)
class Register:
    """Those who are known: callers by the SHA-256 of their key; by name those with a password, and its hash."""

    keys: Mapping[bytes, Caller] = field(default_factory=dict)
    people: Mapping[str, tuple[str, Caller]] = field(default_factory=dict)

    def by_key(self, key: str) -> Caller | None:
        """Return whose key this is.

        It is looked up by its digest, of which nobody can choose a beginning, so that the time tells nothing.
        """
        return self.keys.get(hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest())


def new_key() -> str:
    """Return a key that nobody can guess."""
    return PREFIX + secrets.token_urlsafe(32)


def digest(key: str) -> str:
    """Return what is stored of a key."""
    return f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def line(name: str, scopes: Iterable[str], expires: datetime.date | None = None, **secret: str) -> str:
    """Return the line of a caller; raises `ConfigError` for what could not be read again."""
    record = {"name": name, **secret, "scopes": sorted(scopes)}
    record |= {} if expires is None else {"expires": expires.isoformat()}
    register_of([record], "the new caller")
    return json.dumps(record)


def records_in(text: str, where: str) -> list[Any]:
    """Return what the lines of a file say; empty ones, and comments (`#`), say nothing."""
    found = []
    for number, said in enumerate(text.splitlines(), 1):
        if said.strip() and not said.lstrip().startswith("#"):
            try:
                found.append(json.loads(said))
            except ValueError:
                raise ConfigError(f"{where}: line {number} is not JSON; write one object a line") from None
    return found


def register_of(records: Iterable[Any], where: str) -> Register:
    """Return those whom the records name; raises `ConfigError`, naming which and what, for a bad one."""
    keys: dict[bytes, Caller] = {}
    people: dict[str, tuple[str, Caller]] = {}
    seen: set[tuple[str, str]] = set()
    for number, record in enumerate(records, 1):
        caller = _caller(record, f"{where}: caller {number}")
        here = f"{where}: {caller.name!r}"
        if (caller.kind, caller.name) in seen:
            raise ConfigError(f"{here} has a {caller.kind} twice; give each a name of its own")
        seen.add((caller.kind, caller.name))
        if caller.kind == "key":
            keys[_digest(record["key"], f"{here}: key")] = caller
        else:
            people[caller.name] = checked(record["password"], f"{here}: password"), caller
    return Register(keys, people)


def _caller(record: Any, where: str) -> Caller:
    if not isinstance(record, Mapping) or record.keys() - _KNOWN or len({"key", "password"} & record.keys()) != 1:
        raise ConfigError(f"{where}: write a name, a key or a password, scopes, and perhaps rates and expires")
    name = record.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ConfigError(f"{where}: name: {name!r}; write at most 64 letters, digits and . _ @ -")
    where = f"{where} ({name})"
    return Caller(
        "key" if "key" in record else "password",
        name,
        scopes_of(record.get("scopes"), f"{where}: scopes"),
        rates_of(record.get("rates", {}), f"{where}: rates"),
        _end(record.get("expires"), f"{where}: expires"),
    )


def _digest(said: Any, where: str) -> bytes:
    if not isinstance(said, str) or not _DIGEST.fullmatch(said):
        raise ConfigError(f"{where}: no digest of a key; write what `triglot access new-key` prints")
    return bytes.fromhex(said.removeprefix("sha256:"))


def _end(said: Any, where: str) -> float:
    """Return when a date begins, in UTC."""
    if said is None:
        return math.inf
    try:
        day = datetime.date.fromisoformat(said)
    except (TypeError, ValueError):
        raise ConfigError(f"{where}: {said!r}; write the first day on which it is over, as '2027-01-31'") from None
    return datetime.datetime.combine(day, datetime.time(), datetime.UTC).timestamp()
