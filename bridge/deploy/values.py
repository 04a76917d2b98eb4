"""Single values of a deployment's description: each function returns the value as it is used, or refuses it.

What is refused raises `ConfigError` with the place (`deploy -> name`), the value and what to write instead. The
patterns are so strict because values end up in files of many syntaxes: none can break out of its place in any of them.
"""

import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from triglot.config.directives import nearest
from triglot.errors import ConfigError
from triglot.languages.launch import size_of

MEBIBYTE: Final = 2**20
_LABEL: Final = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_NAME: Final = re.compile(r"[a-z](?:[-a-z0-9]{0,51}[a-z0-9])?")
_SECRET: Final = re.compile(rf"({_LABEL})/([A-Za-z0-9_-][A-Za-z0-9._-]{{0,252}})")
_IMAGE: Final = re.compile(
    rf"(?:{_LABEL}(?:\.{_LABEL})*(?::\d{{1,5}})?/)?"  # registry
    r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)
_HOST: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_VARIABLE: Final = re.compile(r"[A-Z_][A-Z0-9_]*")
_WORD: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_FOLDER: Final = re.compile(r"/(?:[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*/?)?")  # each text by one way only
_PREFIX: Final = re.compile(r"/(?:[A-Za-z0-9_.~-]+/)*")
_SHARE: Final = re.compile(r"(100|[1-9]?\d)%")
_RELEASE: Final = re.compile(r"(\d{1,4})\.(\d{1,4})(?:\.\d{1,4})?")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_CREDENTIALS: Final = re.compile(r"://[^/\s:@]*:[^/\s@]+@")
_SECRETIVE: Final = re.compile(r"PASSW|SECRET|TOKEN|CREDENTIAL|(?:^|_)KEY$")


def refuse(where: str, value: object, remedy: str) -> NoReturn:
    """Raise the `ConfigError` of one value."""
    raise ConfigError(f"{where}: {value!r}; {remedy}")


def matching(pattern: re.Pattern[str], remedy: str) -> Callable[[str, Any], str]:
    """Return the check of a text that must be of one pattern, and must not climb by `..`."""

    def check(where: str, value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value) or ".." in value:
            refuse(where, value, remedy)
        return value

    return check


name = matching(_NAME, "write lower-case letters, digits and '-', a letter first, at most 53")
image = matching(
    _IMAGE,
    "write an image's name, such as 'registry.example.org:5000/team/iris-predict:1.2': lower-case letters, digits "
    "and separators, then a tag or a digest",
)
host = matching(_HOST, "write the name of a host, such as 'iris.example.org', or leave the entry out")
variable = matching(_VARIABLE, "write the name of a variable: A to Z, 0 to 9 and '_'")
word = matching(_WORD, "write letters, digits, '.', '_' and '-', at most 63")
folder = matching(_FOLDER, "write an absolute path of letters, digits, '.', '_' and '-', without '..'")
prefix = matching(_PREFIX, "write a path that begins and ends with '/', such as '/iris/'")


def secret(where: str, value: Any) -> tuple[str, str]:
    """Return the two parts of a secret's name, `'iris/database'`: the secret, and the key in it."""
    match = _SECRET.fullmatch(value) if isinstance(value, str) else None
    if match is None or ".." in value:  # what was written may be the secret itself, so it is not repeated
        raise ConfigError(
            f"{where}: write where the secret is kept, never its value: 'NAME/KEY', such as 'iris/database-url'"
        )
    return match[1], match[2]


def plain(where: str, value: Any) -> str:
    """Return the text of a variable that anybody may read; refuses line breaks and what looks like a password."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        refuse(where, value, "write a text or a number")
    text = str(value)
    if _CONTROL.search(text):
        raise ConfigError(f"{where}: leave out line breaks and other control characters")
    if _SECRETIVE.search(where.rpartition(" ")[2]) or _CREDENTIALS.search(text):
        raise ConfigError(f"{where} looks like a secret; name it under 'secrets' instead, as NAME/KEY")
    return text


def address(where: str, value: Any) -> str:
    """Return an IP address or a host's name that a server can listen on."""
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        return host(where, value)


def count(least: int, most: int) -> Callable[[str, Any], int]:
    """Return the check of a whole number within bounds."""

    def check(where: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            refuse(where, value, f"write a whole number from {least} to {most:,}")
        return value

    return check


def part(where: str, value: Any) -> int | float:
    """Return a number of instances, or of a text such as `'50%'` the share, from 0 to 1."""
    if isinstance(value, str) and (match := _SHARE.fullmatch(value)):
        return int(match[1]) / 100
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10_000:
        refuse(where, value, "write a whole number from 0 to 10,000, or a share such as '50%'")
    return value


def release(where: str, value: Any) -> tuple[int, int]:
    """Return the first two numbers of a release such as `'1.4'` or `'1.4.13'`."""
    match = _RELEASE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        refuse(where, value, "write a release as text, such as '1.4'")
    return int(match[1]), int(match[2])


def cpus(where: str, value: Any) -> float:
    """Return a number of processors, of which a thousandth is the smallest part."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        refuse(where, value, "write a number of processors, such as 2 or 0.5")
    if not 0.01 <= value <= 1024:
        refuse(where, value, "write a number from 0.01 to 1024")
    return round(float(value), 3)


def mebibytes(where: str, value: Any) -> int:
    """Return the whole MiB of a size such as `'2G'`, rounded up."""
    found = size_of(value) if isinstance(value, str) else None
    if not found:
        refuse(where, value, "write a size such as '2G' or '512M'")
    return math.ceil(found / MEBIBYTE)


def section(where: str, value: Any, known: tuple[str, ...], needed: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return a dict with some of the known keys and all of the needed ones."""
    if not isinstance(value, Mapping):
        refuse(where, value, f"write a dict with {', '.join(map(repr, known))}")
    for key in value:
        if key not in known:
            raise ConfigError(f"{where}: {key!r} is unknown. {nearest(str(key), list(known))}")
    for key in needed:
        if key not in value:
            raise ConfigError(f"{where}: {key!r} is missing; add it")
    return dict(value)


def table(where: str, value: Any) -> dict[Any, Any]:
    """Return a dict with any keys."""
    if not isinstance(value, Mapping):
        refuse(where, value, "write a dict")
    return dict(value)


def items(where: str, value: Any) -> list[Any]:
    """Return a list."""
    if not isinstance(value, list | tuple):
        refuse(where, value, "write a list")
    return list(value)
