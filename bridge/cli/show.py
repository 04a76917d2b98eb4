"""`show` and `diff`: what a stored version is, and what tells two of them apart."""

import json
from pathlib import Path

import click
from rich.text import Text

from triglot.artefact import load_key
from triglot.cli.tables import line, show, table_of
from triglot.errors import BadRequest
from triglot.persisters.decorated import read_model
from triglot.progress import notice
from triglot.project import Project
from triglot.report.card import TITLES, Card, card_of, changed_files, differences, disagreements
from triglot.report.card_pages import LEAD, markdown, sections
from triglot.report.page import page, write
from triglot.versions import named

_LONGEST = 200  # characters of a value in a terminal
_ENDINGS = (".html", ".md", ".json")


@click.command(name="show")
@click.argument("version", metavar="MODEL[@VERSION]")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False), metavar="[FILE]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def show_(project: Project, version: str, file: Path | None, as_json: bool) -> None:
    """Show what a version is, the active one by default: columns, parameters, scores, packages, files.

    Its signature is looked at first. FILE, which ends with .html, .md or .json, becomes a model card.

    Example: triglot show iris-r@3, or triglot show iris-r card.html
    """
    card = _card(project, version)
    if file is not None:
        _write(file, card)
    elif as_json:
        click.echo(json.dumps(card.to_json(), ensure_ascii=False))
    else:
        for name, part in card.parts.items():
            table = table_of((f"{TITLES[name]}:", ""), wide=("",))
            for what, text in part.items():
                table.add_row(what, line(text, _LONGEST))
            show(table, "")


@click.command()
@click.argument("one", metavar="MODEL@VERSION")
@click.argument("other", metavar="MODEL[@VERSION]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def diff(project: Project, one: str, other: str, as_json: bool) -> None:
    """Show what tells two versions apart: columns, parameters, scores, packages, the author's files, answers.

    Answers are those to the rows that prove each version; no model is asked.

    Example: triglot diff iris-r@2 iris-r@3
    """
    mine, theirs = _card(project, one), _card(project, other)
    found, files, rows = differences(mine, theirs), changed_files(mine, theirs), disagreements(mine, theirs)
    if as_json:
        parts: dict[str, dict[str, list[str | None]]] = {}
        for each in found:
            parts.setdefault(each.part, {})[each.name] = [each.one, each.other]
        answers = None if rows is None else {"differ": rows[0], "of": rows[1]}
        said = {"versions": [mine.name, theirs.name], "differences": parts, "files": files, "answers": answers}
        click.echo(json.dumps(said, ensure_ascii=False))
        return
    if found:
        table = table_of(("", "what", mine.name, theirs.name), wide=(mine.name, theirs.name))
        for each in found:
            sides = [line(text or "", _LONGEST) for text in (each.one, each.other)]
            table.add_row(TITLES[each.part], each.name, *sides)
        show(table, "")
    show(*(Text(text) for text in files))
    if rows is not None:
        click.echo(f"Their answers differ in {rows[0]} of {rows[1]} rows that prove both.")
    if not found and not files:
        notice(f"{mine.name} and {theirs.name} say the same of themselves.")


def _card(project: Project, said: str) -> Card:
    name, number = named(said)
    stored = read_model(project.store, name, number)
    manifest = stored.artefact.verified(load_key(project.key_file, project.environ))
    return card_of(name, stored.version, manifest, len(stored.artefact.blob), stored.metrics, stored.metadata)


def _write(file: Path, card: Card) -> None:
    if file.suffix not in _ENDINGS:
        raise BadRequest(f"{str(file)!r}: a card is one of {', '.join(_ENDINGS)}; name it so")
    if file.suffix == ".html":
        text = page(card.name, LEAD, sections(card), "Made by triglot show.")
    elif file.suffix == ".md":
        text = markdown(card)
    else:
        text = json.dumps(card.to_json(), ensure_ascii=False, indent=1) + "\n"
    write(file, text)
