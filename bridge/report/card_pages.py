"""A version's card for people: as sections of a page, and as Markdown."""

from collections.abc import Iterator

from triglot.report.card import TITLES, Card
from triglot.report.page import Rows, Section

LEAD = "What was signed when the version was fitted, and what the store says of it."
_HEAD = ("what", "is")


def sections(card: Card) -> list[Section]:
    """Return the sections of a page: a table for each part."""
    return [
        Section(TITLES[name], [Rows(_HEAD, [list(item) for item in part.items()])]) for name, part in card.parts.items()
    ]


def markdown(card: Card) -> str:
    """Return the card as Markdown, the author's files whole."""
    return "\n".join(_markdown(card)) + "\n"


def _markdown(card: Card) -> Iterator[str]:
    yield from (f"# {card.name}", "", LEAD)
    for name, part in card.parts.items():
        yield from ("", f"## {TITLES[name]}", "", f"| {_HEAD[0]} | {_HEAD[1]} |", "|---|---|")
        yield from (f"| {_cell(what)} | {_cell(text)} |" for what, text in part.items())
    for name, text in card.files.items():
        fence = "`" * (1 + max(3, _longest_run(text)))
        yield from ("", f"### {name}", "", fence, text.rstrip("\n"), fence)


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def _longest_run(text: str) -> int:
    longest = run = 0
    for character in text:
        run = run + 1 if character == "`" else 0
        longest = max(longest, run)
    return longest
