"""The last line of a start: which model answers where, and a command that asks it, with a row of its own training data.

`triglot serve` writes it down (`note`) before supervisord takes over. `python -m triglot.supervision.greeting
RUN_DIR FORMAT`, which supervisord's extension starts and which ends with it, tells it once every model that it names
has a worker.
"""

import json
import os
import shlex
import sys
import time
import urllib.parse
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from triglot.logs.lines import Line
from triglot.supervision.readiness import sentence, standings
from triglot.supervision.status import SUPERVISOR, address

if TYPE_CHECKING:
    from triglot.persister import VersionInfo

SHOWN = 5
PATIENCE_S = 120.0
_PAUSE_S = 0.2
_LONGEST = 1_500  # characters of a row in a command; a longer one is read from a file
_FILE = "greeting.json"
# What a column without a row to show gets, by its kind; numbers get a 1.
_PLAIN = {"bool": True, "string": "text", "date": "2026-01-31", "datetime": "2026-01-31T12:00:00"}


def note(
    run_dir: Path,
    infos: Sequence["VersionInfo"],
    *,
    guarded: bool,
    families: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """Write down what shall be told of the active versions that local workers answer for.

    Raises `FileNotFoundError` where no address was noted. `guarded` says that the configuration decides who may call.
    `families` names those of scopes' models, with how many there are.
    """
    base = address(run_dir)
    lines = [_line(info, base, run_dir, guarded) for info in infos[:SHOWN]]
    if len(infos) > SHOWN:
        lines.append(f"and {len(infos) - SHOWN} more models; all of them: curl {base}/list")
    lines += [f"{name} has {count} scopes: {base}/models/{name}/predict?scope=..." for name, count in families.items()]
    if not lines:
        lines.append(f"{base} is up and has no active model yet; triglot fit makes one, and is seen within a second")
    content = json.dumps({"models": [info.model for info in infos], "lines": lines}, ensure_ascii=False)
    _private(run_dir / _FILE, content)


def forget(run_dir: Path) -> None:
    """Have nothing told."""
    (run_dir / _FILE).unlink(missing_ok=True)


def is_noted(run_dir: Path) -> bool:
    """Whether there is something to tell."""
    return (run_dir / _FILE).exists()


def main(run_dir: Path, patience_s: float = PATIENCE_S) -> str:
    """Return what is to be told, once it is true or cannot be waited for any longer; nothing where the parent ended."""
    noted = json.loads((run_dir / _FILE).read_text("utf-8"))
    base, parent, deadline = address(run_dir), os.getppid(), time.monotonic() + patience_s
    while os.getppid() == parent:
        models = standings(base)
        if models is not None and all(_is_clear(models.get(model)) for model in noted["models"]):
            troubles = [sentence(model, models[model]) for model in noted["models"]]
            return "\n".join(_told(noted["lines"], troubles))
        if time.monotonic() > deadline:
            return f"not every model can be answered after {patience_s:g} s; which ones, says: curl {base}/ready"
        time.sleep(_PAUSE_S)
    return ""


def _is_clear(model: Mapping[str, Any] | None) -> bool:
    """Return whether it is known of a model that it can be answered, or why its version does not load."""
    return model is not None and bool(model["workers"] or model.get("not_loadable"))


def _told(lines: Sequence[str], troubles: Sequence[str]) -> list[str]:
    """Return the lines, the troubles of models in the place of theirs; those of further models come last."""
    told = [trouble or line for trouble, line in zip(troubles, lines, strict=False)]
    return [*told, *lines[len(told) :], *filter(None, troubles[len(lines) :])]


def command(info: "VersionInfo", base: str, run_dir: Path) -> str:
    """Return a command for a shell that asks for the answer to one row.

    A row that fits is a query string, any other a body, which is in a file of the run directory where it is long.
    """
    url = f"{base}/models/{urllib.parse.quote(info.model, safe='')}/predict"
    row = _row(info.card)
    if None not in row.values():
        query = f"{url}?{urllib.parse.urlencode({name: _spelt(value) for name, value in row.items()})}"
        if len(query) <= _LONGEST:
            return f"curl {shlex.quote(query)}"
    body = json.dumps([row], ensure_ascii=False)
    if len(body) > _LONGEST:
        file = run_dir / f"row-of-{urllib.parse.quote(info.model, safe='')}.json"
        _private(file, body)
        body = f"@{file}"
    return f"curl -H 'Content-Type: application/json' {shlex.quote(url)} --data {shlex.quote(body)}"


def _line(info: "VersionInfo", base: str, run_dir: Path, guarded: bool) -> str:
    rider = " (the configuration decides who may)" if guarded else ""
    told = f"{info.model} version {info.version} ({info.language}) answers on {base}; ask it{rider}: "
    return told + command(info, base, run_dir)


def _row(card: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row by the names of its columns: a golden row without a hole, else one that the schema allows."""
    fields = card.get("schema") or []
    golden: Iterable[Sequence[Any]] = (card.get("golden") or {}).get("rows", ())
    rows = sorted(golden, key=lambda row: sum(value is None for value in row))
    values = rows[0] if rows else [_allowed(field) for field in fields]
    return {field["name"]: value for field, value in zip(fields, values, strict=True)}


def _allowed(field: Mapping[str, Any]) -> Any:
    return field["levels"][0] if field.get("levels") else _PLAIN.get(field["kind"], 1)


def _spelt(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool | int | float) else str(value)


def _private(path: Path, text: str) -> None:
    """Write a file that its owner alone can read: it holds rows of the training data."""
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    for told in main(Path(sys.argv[1])).splitlines():
        print(Line(datetime.now(UTC), "INFO", SUPERVISOR, told).written(sys.argv[2]), flush=True)
