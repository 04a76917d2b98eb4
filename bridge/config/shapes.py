"""What the entries of a configuration that are read here must look like; everything else is a component's business."""

from collections.abc import Mapping
from typing import Any

from triglot.errors import ConfigError

_NUMBERS = {"port": (0, 65_535), "processes": (1, 1_024), "threads": (1, 4_096)}


def check_shapes(raw: Mapping[str, Any]) -> None:
    """Raise `ConfigError` where `models`, `workers` or `server` is no mapping, or a model's entries are none."""
    for key, example in (("models", "{'name': {'model': ...}}"), ("workers", "{'r': 2}"), ("server", "{'port': 8000}")):
        if not isinstance(raw.get(key, {}), Mapping):
            raise ConfigError(f"{key}: {raw[key]!r}; write a mapping such as {example}")
    for name, entries in raw.get("models", {}).items():
        if not isinstance(entries, Mapping):
            raise ConfigError(f"models: {name!r}: {entries!r}; write a mapping such as {{'model': ...}}")


def front_end_entries(server: Mapping[str, Any]) -> dict[str, Any]:
    """Return host, port, processes and threads as far as `server` says them; raises `ConfigError` for other values."""
    found: dict[str, Any] = {}
    if "host" in server:
        if not isinstance(server["host"], str):
            raise ConfigError(f"server: host: {server['host']!r}; write a name or an address as text")
        found["host"] = server["host"]
    for key, (least, most) in _NUMBERS.items():
        if key in server:
            found[key] = _number(key, server[key], least, most)
    return found


def _number(key: str, said: Any, least: int, most: int) -> int:
    text = str(said)
    if isinstance(said, bool) or not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise ConfigError(f"server: {key}: {said!r}; write a whole number from {least} to {most}")
    return int(text)
