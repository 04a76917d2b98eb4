"""The entry `messages` of a configuration: which brokers bring requests, how they are reached, what is taken there."""

import math
import re
import ssl
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import SplitResult, unquote, urlsplit

from triglot.config.shapes import refuse_unknown
from triglot.errors import ConfigError

Protocol: TypeAlias = Literal["amqp", "mqtt", "kafka"]

PREFETCH = 256
RETRY_S = 300.0
PREFIX = "triglot"
_SCHEMES: Final[Mapping[str, tuple[Protocol, bool, int]]] = {
    "amqp": ("amqp", False, 5672),
    "amqps": ("amqp", True, 5671),
    "mqtt": ("mqtt", False, 1883),
    "mqtts": ("mqtt", True, 8883),
    "kafka": ("kafka", False, 9092),
    "kafkas": ("kafka", True, 9093),
}
# a protocol -> the module of its client, and the extra of ours that brings it
CLIENTS: Final[Mapping[Protocol, tuple[str, str]]] = {
    "amqp": ("kombu", "messages"),
    "mqtt": ("paho", "messages"),
    "kafka": ("confluent_kafka", "kafka"),
}
_REACHED = ("url", "password_env", "password_file", "ca_file", "cert_file", "key_file")
_OF_ONE: Final[Mapping[str, Protocol]] = {"client_id": "mqtt", "options": "kafka"}
_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_PREFIX = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")  # what is none may be the password itself, and is not shown
_EXAMPLE: Final = "write a mapping such as {'orders': {'url': 'amqp://host'}}"
_ENCODED: Final = "write '#', '?' and '/' of a user or a password as %23, %3F and %2F"

_TEXT = "a text that is not empty"
# a key -> whether a value will do, and what to write otherwise
_CHECKS: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "prefix": (
        lambda value: bool(_is_text(value) and _PREFIX.fullmatch(value)),
        "up to 100 letters, digits, '_', '.' or '-'",
    ),
    "model": (lambda value: _is_text(value), _TEXT),
    "group": (lambda value: _is_text(value) and "/" not in value, "a text without '/'"),
    "client_id": (lambda value: _is_text(value), _TEXT),
    "prefetch": (lambda value: type(value) is int and 1 <= value <= 10_000, "a whole number from 1 to 10,000"),
    "retry_s": (lambda value: type(value) in (int, float) and 0 <= value < math.inf, "how many seconds, 0 for none"),
    "once": (lambda value: type(value) is bool, "True or False"),
    "options": (
        lambda value: isinstance(value, Mapping) and all(map(_is_text, value)),
        "a mapping of librdkafka's properties",
    ),
}
BROKER_KEYS: Final = (*_REACHED, *_CHECKS)


@dataclass(frozen=True, slots=True)
class Broker:
    """One broker, and how its requests are taken; see docs/messages.md.

    hosts: where it is, a name and a port each. prefetch: how many requests are taken and not yet answered at a time.
    prefix: what the names of its queues and topics begin with. model: the one that is asked whatever a request says.
    once: whether a request that comes again gets the answer that was kept. retry_s: how long a request is tried again
    that cannot be answered now.
    """

    name: str
    protocol: Protocol
    hosts: tuple[tuple[str, int], ...]
    tls: bool = False
    user: str = ""
    password: str = field(default="", repr=False)
    path: str = ""
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    prefix: str = PREFIX
    model: str = ""
    group: str = PREFIX
    client_id: str = ""
    prefetch: int = PREFETCH
    retry_s: float = RETRY_S
    once: bool = False
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def address(self) -> str:
        """Where it is, for people: no user and no password."""
        hosts = ",".join(f"{f'[{host}]' if ':' in host else host}:{port}" for host, port in self.hosts)
        return f"{self.protocol}{'s' if self.tls else ''}://{hosts}"

    def __str__(self) -> str:
        return f"broker {self.name!r} ({self.address})"


def missing_client(broker: Broker) -> str:
    """Return the command that installs a broker's client, nothing where it is there."""
    module, extra = CLIENTS[broker.protocol]
    # one of them, once imported, is a module that nobody is told the origin of
    there = module in sys.modules or find_spec(module) is not None
    return "" if there else f"pip install 'triglot[{extra}]'"


def brokers_of(said: Any, directory: Path, environ: Mapping[str, str]) -> tuple[Broker, ...]:
    """Return the brokers of the entry `messages`; raises `ConfigError` naming an entry that is wrong."""
    if not isinstance(said, Mapping):
        raise ConfigError(f"messages: it is of type {type(said).__name__}; {_EXAMPLE}")
    return tuple(_broker(name, entries, directory, environ) for name, entries in said.items())


def _broker(name: Any, entries: Any, directory: Path, environ: Mapping[str, str]) -> Broker:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        shown = "a url is no name" if ":" in str(name) else repr(name)
        raise ConfigError(f"messages: {shown}; a broker's name has up to 40 letters, digits, '_' or '-'; {_EXAMPLE}")
    where = f"messages: {name}"
    if not isinstance(entries, Mapping) or not isinstance(entries.get("url"), str):
        raise ConfigError(f"{where}: write a mapping with 'url', such as {{'url': 'amqp://user@host/vhost'}}")
    refuse_unknown(where, entries, sorted(BROKER_KEYS))
    for key in _REACHED:
        if key in entries and not _is_text(entries[key]):
            raise ConfigError(f"{where}: {key} must be {_TEXT}")
    url, (protocol, tls, port) = _read(where, entries["url"])
    if misplaced := [key for key, only in _OF_ONE.items() if key in entries and only != protocol]:
        raise ConfigError(f"{where}: {misplaced[0]} is for {_OF_ONE[misplaced[0]]} alone; leave it out")
    return Broker(
        name,
        protocol,
        _hosts(where, url, port),
        tls,
        unquote(url.username or ""),
        _password(where, url, protocol, entries, directory, environ),
        unquote(url.path.removeprefix("/")),
        **_files(where, entries, directory, tls=tls) | _taken(where, entries),
    )


def _read(where: str, text: str) -> tuple[SplitResult, tuple[Protocol, bool, int]]:
    try:
        url = urlsplit(text)
        kind = _SCHEMES[url.scheme]
    except (ValueError, KeyError):  # whose texts may hold the password
        raise ConfigError(
            f"{where}: url: write one that begins with {', '.join(f'{s}://' for s in _SCHEMES)}"
        ) from None
    if not text.isprintable() or text != text.strip() or "?" in text or "#" in text:
        raise ConfigError(f"{where}: url: nothing is read behind '?' or '#', and no blank; {_ENCODED}")
    if kind[0] != "amqp" and url.path.strip("/"):
        raise ConfigError(f"{where}: url: only amqp has a path, the virtual host; {_ENCODED}")
    if "@" in url.path:
        raise ConfigError(f"{where}: url: a virtual host has no '@', write %40; {_ENCODED}")
    return url, kind


def _hosts(where: str, url: SplitResult, port: int) -> tuple[tuple[str, int], ...]:
    try:
        found = [urlsplit(f"//{part}") for part in url.netloc.rpartition("@")[2].split(",")]
        hosts = tuple((each.hostname or "", port if each.port is None else each.port) for each in found)
    except ValueError:
        hosts = ()
    if (
        not hosts
        or not all(host and at for host, at in hosts)
        or (len(hosts) > 1 and not url.scheme.startswith("kafka"))
    ):
        several = ", or several behind commas" if url.scheme.startswith("kafka") else ""
        raise ConfigError(f"{where}: url: write a host, and a port where it is not {port}{several}")
    return hosts


def _password(
    where: str,
    url: SplitResult,
    protocol: Protocol,
    entries: Mapping[str, Any],
    directory: Path,
    environ: Mapping[str, str],
) -> str:
    """Return the password, empty where none is said; what is said must be one, and somebody's."""
    said = [key for key in ("password_env", "password_file") if key in entries]
    if len(said) + (url.password is not None) > 1:
        raise ConfigError(f"{where}: say the password once: by password_env, by password_file or in the url")
    if not url.username and protocol != "amqp" and (said or url.password is not None):
        raise ConfigError(f"{where}: a password is said and no user; write {url.scheme}://USER@host")
    if "password_env" in entries:
        name = str(entries["password_env"])
        if not environ.get(name):
            shown = repr(name) if _VARIABLE.fullmatch(name) else "a variable of this name"
            raise ConfigError(f"{where}: password_env: {shown} is not set; export it, or leave the entry out")
        return str(environ[name])
    if "password_file" in entries:
        return _password_of(f"{where}: password_file", directory / str(entries["password_file"]))
    return unquote(url.password or "")


def _password_of(where: str, path: Path) -> str:
    try:
        password = path.read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        why = f"{error.strerror}: {str(path)!r}" if isinstance(error, OSError) else f"{str(path)!r} is not UTF-8"
        raise ConfigError(f"{where}: {why}; make the file, or leave the entry out") from None
    if not password:
        raise ConfigError(f"{where}: {str(path)!r} is empty; write the password into it, or leave the entry out")
    return password


def _files(where: str, entries: Mapping[str, Any], directory: Path, *, tls: bool) -> dict[str, Any]:
    """Return the files of certificates and keys; each must be there, and be of use."""
    files = {key: directory / entries[key] for key in ("ca_file", "cert_file", "key_file") if key in entries}
    if files and not tls:
        raise ConfigError(f"{where}: {next(iter(files))} needs TLS; begin the url with amqps, mqtts or kafkas")
    if ("cert_file" in files) != ("key_file" in files):
        raise ConfigError(f"{where}: cert_file and key_file belong together; name both, or none")
    for key, path in files.items():
        if not path.is_file():
            raise ConfigError(f"{where}: {key}: {str(path)!r} is no file; name one in PEM")
    _try_files(where, files)
    return files


def _try_files(where: str, files: Mapping[str, Path]) -> None:
    """Raise for certificates and keys that cannot be read: clients of brokers find out late, and some ask for words."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if "ca_file" in files:
            context.load_verify_locations(files["ca_file"])
    except OSError:
        raise ConfigError(f"{where}: ca_file: no certificate can be read in it; name one in PEM") from None
    try:
        if "cert_file" in files:
            context.load_cert_chain(files["cert_file"], files["key_file"], password="")
    except OSError:
        raise ConfigError(
            f"{where}: cert_file and key_file are no certificate and its key; name two in PEM that belong together, "
            "and a key without a password"
        ) from None


def _taken(where: str, entries: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is taken, and how much at a time, as far as it is said."""
    found = {key: entries[key] for key in _CHECKS if key in entries}
    for key, value in found.items():
        fits, wanted = _CHECKS[key]
        if not fits(value):
            shown = "" if key == "options" else f": {value!r}"  # which may hold a password
            raise ConfigError(f"{where}: {key}{shown}; write {wanted}")
    return found


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
