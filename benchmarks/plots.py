"""The results of a run as plots (SVG), the same bytes for the same results."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from benchmarks.figures import Figures, Spread
from benchmarks.report import figures_of
from benchmarks.systems import OURS

OURS_COLOUR, OTHER_COLOUR, TAIL_COLOUR = "#1b6ca8", "#9aa5b1", "#d9822b"
STYLE = {"svg.hashsalt": "triglot", "svg.fonttype": "none", "font.size": 9, "axes.spines.top": False}
STYLE |= {"axes.spines.right": False}


def write(found: dict[str, Any], folder: Path) -> None:
    """Write throughput.svg, tails.svg and memory.svg into a folder."""
    figures, titles = figures_of(found), found["titles"]
    with matplotlib.rc_context(STYLE):
        _throughput(figures, titles, folder / "throughput.svg")
        _tails(figures, titles, folder / "tails.svg")
        _memory(figures, titles, folder / "memory.svg")


def _throughput(figures: Figures, titles: dict[str, str], path: Path) -> None:
    models = [model for model in ("logistic", "forest", "r-forest") if figures.systems(model)]
    heights = [max(2, len(figures.systems(model))) for model in models] or [2]
    figure = Figure(figsize=(8, 0.3 * sum(heights) + 0.9 * len(heights)))
    axes = figure.subplots(len(heights), 1, height_ratios=heights, squeeze=False)
    for axis, model in zip(axes[:, 0], models, strict=False):
        names = figures.systems(model)
        spreads = [figures.load(name, model, "closed 64", "requests_per_s") for name in names]
        _bars(axis, names, titles, spreads)
        axis.set_title(f"{model}: answers a second, 64 connections", loc="left")
    _save(figure, path)


def _tails(figures: Figures, titles: dict[str, str], path: Path) -> None:
    names = figures.systems("logistic")
    load = next((load for load in figures.loads("logistic") if load.startswith("open")), "")
    figure = Figure(figsize=(8, 0.3 * max(2, len(names)) + 0.9))
    axis = figure.subplots()
    for column, colour in (("p99_ms", TAIL_COLOUR), ("p50_ms", OURS_COLOUR)):
        found = {name: spread.median for name in names if (spread := figures.load(name, "logistic", load, column))}
        axis.plot(list(found.values()), [names.index(name) for name in found], "o", color=colour, label=column[:3])
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter("{x:g}")
    axis.set_yticks(range(len(names)), [titles[name] for name in names])
    axis.invert_yaxis()
    axis.grid(axis="x", alpha=0.3)
    _title(figure, f"logistic: milliseconds at {load.partition(' ')[2]} requests a second, from when each was due")
    axis.legend(frameon=False)
    _save(figure, path)


def _memory(figures: Figures, titles: dict[str, str], path: Path) -> None:
    names = [name for name in titles if figures.presence(name, "memory_mb")]
    figure = Figure(figsize=(8, 0.3 * max(2, len(names)) + 0.9))
    axis = figure.subplots()
    _bars(axis, names, titles, [figures.presence(name, "memory_mb") for name in names])
    _title(figure, "MB of memory (PSS) of all processes, after the loads")
    _save(figure, path)


def _bars(axis: Any, names: Sequence[str], titles: dict[str, str], spreads: Sequence[Spread | None]) -> None:
    """Draw a bar a system, with the range of its rounds."""
    known = [spread or Spread(0, 0, 0) for spread in spreads]
    values = [spread.median for spread in known]
    ranges = [[s.median - s.low for s in known], [s.high - s.median for s in known]]
    colours = [OURS_COLOUR if name == OURS else OTHER_COLOUR for name in names]
    axis.barh(range(len(names)), values, xerr=ranges, color=colours, ecolor="#444444", capsize=2)
    axis.set_yticks(range(len(names)), [titles[name] for name in names])
    axis.invert_yaxis()


def _title(figure: Figure, text: str) -> None:
    figure.suptitle(text, x=0.01, horizontalalignment="left", fontsize="large")


def _save(figure: Any, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, format="svg", metadata={"Date": None})
