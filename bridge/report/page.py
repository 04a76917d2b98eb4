"""A page of HTML that stands alone: no script, nothing loaded from elsewhere, readable on paper as well."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TypeAlias

from triglot.errors import ConfigError

STYLE = (Path(__file__).parent / "style.css").read_text("utf-8")


@dataclass(frozen=True, slots=True)
class Facts:
    """Figures that are seen first: pairs of what it is and how much."""

    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Rows:
    """A table; columns whose places are in `numbers` are set as numbers are. `best` marks cells by row and column."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    numbers: frozenset[int] = frozenset()
    best: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True, slots=True)
class Plot:
    """One drawing, with the sentence that says how to read it."""

    title: str
    svg: str
    caption: str


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str


Block: TypeAlias = Facts | Rows | Plot | Text


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it; plots that follow each other share a row where there is room."""

    title: str
    blocks: Sequence[Block]
    lead: str = ""


def page(title: str, lead: str, sections: Sequence[Section], foot: str) -> str:
    """Return the whole document."""
    body = "\n".join(_section(section) for section in sections)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{escape(title)}</h1>\n<p>{escape(lead)}</p>\n</header>\n"
        f"<main>\n{body}\n</main>\n<footer>{escape(foot)}</footer>\n</body>\n</html>\n"
    )


def write(path: Path, text: str) -> None:
    """Write a page, or what stands for it, to its file; raises `ConfigError` where that cannot be."""
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise ConfigError(f"the report {str(path)!r} cannot be written: {error.strerror}") from None


def _section(section: Section) -> str:
    lead = f"<p>{escape(section.lead)}</p>\n" if section.lead else ""
    parts: list[str] = []
    plots: list[str] = []
    for block in section.blocks:
        if isinstance(block, Plot):
            plots.append(_plot(block))
            continue
        parts += _grid(plots)
        plots = []
        parts.append(_block(block))
    parts += _grid(plots)
    return f"<section>\n<h2>{escape(section.title)}</h2>\n{lead}{''.join(parts)}</section>"


def _grid(plots: list[str]) -> list[str]:
    return [f'<div class="plots">\n{"".join(plots)}</div>\n'] if plots else []


def _plot(plot: Plot) -> str:
    return (
        f'<figure role="img" aria-label="{escape(plot.title)}">\n<h3>{escape(plot.title)}</h3>\n{plot.svg}\n'
        f"<figcaption>{escape(plot.caption)}</figcaption>\n</figure>\n"
    )


def _block(block: Facts | Rows | Text) -> str:
    if isinstance(block, Text):
        return f"<p>{escape(block.text)}</p>\n"
    if isinstance(block, Facts):
        pairs = "".join(f"<div><dt>{escape(what)}</dt><dd>{escape(much)}</dd></div>" for what, much in block.pairs)
        return f"<dl>{pairs}</dl>\n"
    head = "".join(_cell("th", text, number in block.numbers, False) for number, text in enumerate(block.head))
    rows = "".join(
        "<tr>"
        + "".join(_cell("td", text, j in block.numbers, (i, j) in block.best) for j, text in enumerate(row))
        + "</tr>\n"
        for i, row in enumerate(block.rows)
    )
    caption = f"<caption>{escape(block.caption)}</caption>\n" if block.caption else ""
    return (
        f'<div class="wide"><table>\n{caption}<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n'
    )


def _cell(tag: str, text: str, number: bool, best: bool) -> str:
    kinds = " ".join(kind for kind, on in (("number", number), ("best", best)) if on)
    given = f' class="{kinds}"' if kinds else ""
    return f"<{tag}{given}>{escape(text)}</{tag}>"
