"""Passwords of people, as a slow hash: what is stored has the form that Werkzeug's `generate_password_hash` writes."""

import hashlib
import hmac
import re
import secrets
from typing import Final

from triglot.errors import ConfigError

SHORTEST: Final = 12
_N: Final = 2**15
_SCRYPT: Final = re.compile(r"scrypt:(\d{1,7}):(\d{1,2}):(\d{1,2})\$([^$]+)\$([0-9a-f]{128})")
_PBKDF2: Final = re.compile(r"pbkdf2:(sha256|sha512):(\d{1,8})\$([^$]+)\$([0-9a-f]+)")


def hashed(password: str) -> str:
    """Return what is stored of a password; raises `ConfigError` for a short one."""
    if len(password) < SHORTEST:
        raise ConfigError(f"the password has {len(password)} characters; take one of at least {SHORTEST}")
    salt = secrets.token_urlsafe(16)
    return f"scrypt:{_N}:8:1${salt}${_scrypt(password, salt, _N, 8, 1)}"


def checked(stored: object, where: str) -> str:
    """Return what is stored; raises `ConfigError`, naming the place, for what no password could ever fit."""
    if isinstance(stored, str) and (_PBKDF2.fullmatch(stored) or _is_scrypt(stored)):
        return stored
    raise ConfigError(f"{where}: no hash of a password; write what `triglot access new-password` prints")


def fits(password: str, stored: str) -> bool:
    """Whether a password is the one of which this was stored; takes some hundredths of a second, on purpose."""
    if found := _SCRYPT.fullmatch(stored):
        n, r, p, salt, digest = found.groups()
        return hmac.compare_digest(_scrypt(password, salt, int(n), int(r), int(p)), digest)
    found = _PBKDF2.fullmatch(stored)
    assert found, "what is stored was checked"
    name, rounds, salt, digest = found.groups()
    made = hashlib.pbkdf2_hmac(name, password.encode(), salt.encode(), int(rounds)).hex()
    return hmac.compare_digest(made, digest)


def _is_scrypt(stored: str) -> bool:
    """Whether this is a hash of scrypt's that a machine can make: n is a power of two, and memory is bounded."""
    found = _SCRYPT.fullmatch(stored)
    if found is None:
        return False
    n, r, p = (int(found[number]) for number in (1, 2, 3))
    return n > 1 and n & (n - 1) == 0 and r > 0 and p > 0 and n * r * p <= 2**22


def _scrypt(password: str, salt: str, n: int, r: int, p: int) -> str:
    return hashlib.scrypt(password.encode(), salt=salt.encode(), n=n, r=r, p=p, maxmem=132 * n * r * p).hex()


# Who has no password takes as long as who has.
NOBODY: Final = f"scrypt:{_N}:8:1$nobody${'0' * 128}"
