"""The entries of `server` in a configuration, and what each of them may be."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from triglot.config.shapes import refuse_unknown
from triglot.errors import ConfigError

# a key -> the least and the most that its whole number may be
WHOLE = {
    "port": (0, 65_535),
    "grpc_port": (1, 65_535),
    "processes": (1, 1_024),
    "threads": (1, 4_096),
    "bodies": (1, 1_000_000),
    "body_least_rate": (1, 2**40),
}
# a key -> what its seconds are, in words
SECONDS = {
    "timeout_s": "an answer may take",
    "patience_s": "requests wait for a worker",
    "body_quiet_s": "a caller may send nothing of a body",
    "body_timeout_s": "a body may take",
}
SERVER_KEYS = {
    *("host", "max_body_bytes", "max_bulk_bytes", "max_bulk_rows", "mlflow_model", "debug", "examples"),
    *("admin_token_file", "page", "tracing"),
    *WHOLE,
    *SECONDS,
}


def checked_server(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the configuration says of the front end; raises `ConfigError` for an entry that is not known."""
    server = dict(said)
    refuse_unknown("server", server, sorted(SERVER_KEYS))
    for key, what in SECONDS.items():
        if key in server and not _is_time(server[key], least=0 if key == "patience_s" else None):
            raise ConfigError(f"server: {key}: {server[key]!r}; write how many seconds {what}")
    for key in ("page", "tracing"):
        if not isinstance(server.get(key, False), bool):
            raise ConfigError(f"server: {key}: {server[key]!r}; write True or False")
    for key in ("bodies", "body_least_rate"):
        if key in server:
            server[key] = _whole(key, server[key])
    return server


def front_end_entries(server: Mapping[str, Any]) -> dict[str, Any]:
    """Return host, ports, processes and threads as far as `server` says them; raises `ConfigError` for other values."""
    found: dict[str, Any] = {}
    if "host" in server:
        if not isinstance(server["host"], str):
            raise ConfigError(f"server: host: {server['host']!r}; write a name or an address as text")
        found["host"] = server["host"]
    for key in ("port", "grpc_port", "processes", "threads"):
        if key in server:
            found[key] = _whole(key, server[key])
    return found


def token_of(server: Mapping[str, Any], directory: Path, environ: Mapping[str, str]) -> str:
    """Return the token of the views that change something: that of a file, else of the environment, empty for none.

    Raises `ConfigError` for a file that cannot be read or is empty.
    """
    path = server.get("admin_token_file")
    if path is None:
        return environ.get("TRIGLOT_ADMIN_TOKEN", "").strip()
    try:
        token = (directory / str(path)).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"server: admin_token_file: {error}; make the file, or leave the entry out") from None
    if not token:
        raise ConfigError(f"server: admin_token_file: {str(path)!r} is empty; write a long random token into it")
    return token


def _whole(key: str, said: Any) -> int:
    (least, most), text = WHOLE[key], str(said)
    if isinstance(said, bool) or not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise ConfigError(f"server: {key}: {said!r}; write a whole number from {least} to {most}")
    return int(text)


def _is_time(value: Any, least: float | None) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and value < math.inf and (value > 0 if least is None else value >= least)
