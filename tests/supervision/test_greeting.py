"""The last line of a start: a command that a shell and a service understand, whatever the row holds."""

import json
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from triglot.manifest import UnverifiedManifest
from triglot.persister import VersionInfo
from triglot.supervision import greeting
from triglot.supervision.status import note_address

BASE = "http://127.0.0.1:8000"


def version(schema: list[dict[str, Any]], *rows: list[Any], model: str = "iris") -> VersionInfo:
    """Return a version with these columns and golden rows."""
    golden = {"op": "predict", "rows": list(rows), "answers": [[0.0]] * len(rows)} if rows else None
    card = UnverifiedManifest({"schema": schema, "golden": golden})
    created = datetime(2026, 1, 1, tzinfo=UTC)
    return VersionInfo(model, 7, "r", "classification", created, 1, "", card, {}, {}, ("active",))


def columns(**kinds: str) -> list[dict[str, Any]]:
    return [{"name": name, "kind": kind} for name, kind in kinds.items()]


def noted(folder: Path, *infos: VersionInfo, guarded: bool = False) -> list[str]:
    """Return the lines that are written down for these versions."""
    note_address(folder, "127.0.0.1", 8000)
    greeting.note(folder, infos, guarded=guarded)
    lines: list[str] = json.loads((folder / "greeting.json").read_text("utf-8"))["lines"]
    return lines


def test_a_line_names_model_version_language_and_address_and_ends_with_the_command(tmp_path: Path) -> None:
    (line,) = noted(tmp_path, version(columns(length="float64"), [5.1]))

    assert line == (
        "iris version 7 (r) answers on http://127.0.0.1:8000; ask it: "
        "curl 'http://127.0.0.1:8000/models/iris/predict?length=5.1'"
    )


def test_a_row_is_quoted_for_the_address_and_for_the_shell(tmp_path: Path) -> None:
    info = version([*columns(**{"it's": "string", "{a} & [b]": "bool"})], ['$(rm) "x" 50%', True], model="a rose/is't")

    curl, url = shlex.split(greeting.command(info, BASE, tmp_path))

    assert curl == "curl"
    assert url == (f"{BASE}/models/a%20rose%2Fis%27t/predict?it%27s=%24%28rm%29+%22x%22+50%25&%7Ba%7D+%26+%5Bb%5D=true")


def test_a_row_without_a_hole_is_preferred_and_one_with_holes_is_a_body(tmp_path: Path) -> None:
    schema = columns(a="float64", b="string")

    assert "a=2.0&b=x" in greeting.command(version(schema, [None, "y"], [2.0, "x"]), BASE, tmp_path)
    words = shlex.split(greeting.command(version(schema, [None, "it's"]), BASE, tmp_path))
    assert words[:4] == ["curl", "-H", "Content-Type: application/json", f"{BASE}/models/iris/predict"]
    assert (words[4], json.loads(words[5])) == ("--data", [{"a": None, "b": "it's"}])


def test_a_long_row_is_read_from_a_file_that_its_owner_alone_can_read(tmp_path: Path) -> None:
    info = version(columns(**{f"column {number}": "float64" for number in range(500)}), [0.5] * 500)

    word = shlex.split(greeting.command(info, BASE, tmp_path))[-1]

    file = Path(word.removeprefix("@"))
    assert file.parent == tmp_path
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(json.loads(file.read_text("utf-8"))[0]) == 500


def test_without_golden_rows_the_row_is_one_that_the_schema_allows(tmp_path: Path) -> None:
    schema = [*columns(a="int64", b="bool", c="date"), {"name": "d", "kind": "category", "levels": ["low", "high"]}]

    assert greeting.command(version(schema), BASE, tmp_path).endswith("?a=1&b=true&c=2026-01-31&d=low'")


def test_of_many_models_the_first_are_told_and_the_others_counted(tmp_path: Path) -> None:
    lines = noted(tmp_path, *(version(columns(a="float64"), [1.0], model=f"m{number}") for number in range(8)))

    assert [line.split()[0] for line in lines] == ["m0", "m1", "m2", "m3", "m4", "and"]
    assert lines[-1] == "and 3 more models; all of them: curl http://127.0.0.1:8000/list"


def test_where_decorators_decide_who_may_ask_the_line_says_so(tmp_path: Path) -> None:
    (line,) = noted(tmp_path, version(columns(a="float64"), [1.0]), guarded=True)

    assert "; ask it (the configuration decides who may): curl " in line


def test_without_a_model_the_line_says_what_makes_one(tmp_path: Path) -> None:
    assert noted(tmp_path) == [
        "http://127.0.0.1:8000 is up and has no active model yet; triglot fit makes one, and is seen within a second"
    ]


def test_what_cannot_be_answered_in_time_is_said_with_where_to_look(tmp_path: Path) -> None:
    note_address(tmp_path, "127.0.0.1", 1)
    greeting.note(tmp_path, [version(columns(a="float64"), [1.0])], guarded=False)

    said = greeting.main(tmp_path, patience_s=0.0)

    assert said == "not every model can be answered after 0 s; which ones, says: curl http://127.0.0.1:1/ready"
