"""docs/reference/names.md lists each entry, code and option that there is, and the page behind each says more of it."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest

from triglot import errors, estimators
from triglot.access.cors import CORS_KEYS
from triglot.access.settings import ACCESS_KEYS
from triglot.access.token_terms import OIDC_KEYS
from triglot.bodies import media
from triglot.bodies.telling import PREDICT_ERROR, STATUS
from triglot.cli.main import main
from triglot.config import KNOWN_KEYS
from triglot.config.log_entries import LOG_KEYS
from triglot.config.server_entries import SERVER_KEYS
from triglot.deploy import description
from triglot.drift.terms import DriftTerms
from triglot.former_parameters import former_names
from triglot.pipelines.declared import PARAMETER_KEYS, PIPELINE_KEYS
from triglot.pipelines.timetable import SCHEDULE_KEYS, SCORE_KEYS
from triglot.protocol import batching
from triglot.server import arrivals
from triglot.server.media import NotAcceptable
from triglot.supervision.crash_loops import CrashLoop
from triglot.tally.quarantine import Quarantine
from triglot.training.terms import MODEL_KEYS
from triglot.transport.discovery import Endpoint

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "reference" / "names.md"
KEYS = {
    "server": set(SERVER_KEYS),
    "log": set(LOG_KEYS),
    "access": set(ACCESS_KEYS),
    "oidc": set(OIDC_KEYS),
    "cors": set(CORS_KEYS),
    "crash_loop": {field.name for field in fields(CrashLoop)},
    "drift": {field.name for field in fields(DriftTerms)},
    "profile": {"without"},
    "quarantine": {field.name for field in fields(Quarantine)},
    "remote_workers": {field.name for field in fields(Endpoint)} - {"incarnation"},  # it is asked for
    "batch": set(batching._UNITS),
    "deploy": set(description._READERS),
    "pipelines": set(PIPELINE_KEYS),
    "parameters": set(PARAMETER_KEYS),
    "schedules": set(SCHEDULE_KEYS),
    "score": set(SCORE_KEYS),
}
# How the code asks for an entry of the configuration.
READ = re.compile(
    r"""raw(?:\.get\(|\[)"(\w+)"|"(\w+)" in self\._raw|"""
    r"""\.persister\("(\w+)"\)|\.part\(name, "(\w+)"\)|"(\w+_decorators)\""""
)


def rows(title: str) -> list[list[str]]:
    """Return the cells of a section's table, without its head."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found, f"{PAGE} has no section {title!r}"
    return [line.strip("| ").split(" | ") for line in found[1].splitlines() if line.startswith("| `")]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def behind(cell: str) -> str:
    """Return the text of the page that a cell leads to."""
    found = re.search(r"\]\(([\w./-]+)", cell)
    assert found, cell
    return (PAGE.parent / found[1]).read_text("utf-8")


def lacking(text: str, wanted: list[str]) -> list[str]:
    """Return the names that a text does not have as words of their own."""
    return [name for name in wanted if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)]


def commands(command: click.Command = main, path: str = "triglot") -> Iterator[tuple[str, set[str]]]:
    """Yield each command with the options that it shows."""
    options = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
    if options:
        yield path, {name for option in options for name in option.opts}
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from commands(inner, f"{path} {name}")


def codes(kind: type[errors.TriglotError]) -> set[str]:
    return {kind.code}.union(*(codes(child) for child in kind.__subclasses__()))


def test_every_entry_that_the_code_reads_is_known_so_that_a_slip_in_it_is_told() -> None:
    sources = [path.read_text("utf-8") for room in ("bridge", "server") for path in (ROOT / room).rglob("*.py")]
    read = {name for text in sources for groups in READ.findall(text) for name in groups if name}
    assert {"crash_loop", "scoring", "grid_search", "model_persister_export", "fit_decorators"} <= read
    assert read - {"greeting_decorators"} <= KNOWN_KEYS  # which is an example
    assert set(MODEL_KEYS) <= KNOWN_KEYS


def test_every_entry_of_a_configuration_is_listed_and_its_page_names_it() -> None:
    listed = [name for entry, *_ in rows("Entries of the configuration") for name in names(entry)]
    assert sorted(listed) == sorted(KNOWN_KEYS)
    for entry, _, page in rows("Entries of the configuration"):
        assert lacking(behind(page), names(entry)) == []


@pytest.mark.parametrize("entry", KEYS)
def test_every_key_within_an_entry_is_listed_and_its_page_names_it(entry: str) -> None:
    (found,) = (row for row in rows("Keys within an entry") if names(row[0]) == [entry])
    assert set(names(found[1])) == KEYS[entry]
    assert lacking(behind(found[2]), names(found[1])) == []


def test_every_code_is_listed_with_its_status_and_its_page_names_it() -> None:
    listed = {code: int(row[1]) for row in rows("Codes of errors") for code in names(row[0])}
    assert {arrivals.BodyTooSlow.code, media.UnsupportedMediaType.code, NotAcceptable.code} <= listed.keys()
    assert listed.keys() == codes(errors.TriglotError)
    assert listed == STATUS
    for row in rows("Codes of errors"):
        assert lacking(behind(row[3]), names(row[0])) == []
    assert f"`{PREDICT_ERROR}` (500)" in PAGE.read_text("utf-8")


def test_every_former_name_is_listed_for_all_that_take_it_and_its_page_has_the_name_of_today() -> None:
    listed: dict[str, dict[str, str]] = {}
    for former, today, owners, page in rows("Former names"):
        for owner in names(owners):
            listed.setdefault(owner, {}).update(zip(names(former), names(today), strict=True))
        assert lacking(behind(page), names(today)) == []
    kinds = [getattr(estimators, name) for name in estimators.__all__]
    assert listed == {kind.__name__: former_names(kind) for kind in kinds if hasattr(kind, "task")}


def test_every_option_of_every_command_is_listed_and_its_page_names_it() -> None:
    listed = {names(row[0])[0]: set(names(row[1])) for row in rows("Options of the commands")}
    assert listed == dict(commands())
    for command, options, page in rows("Options of the commands"):
        long = [name for name in names(options) if name.startswith("--")]
        assert (command, lacking(behind(page), long)) == (command, [])
