"""Plots as SVG text. matplotlib is imported when the first one is drawn, and its absence is told with its remedy."""

import importlib.util
import io
import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from triglot.errors import ConfigError
from triglot.tables.table import Array

# of Okabe and Ito, which people with any colour vision can tell apart
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D1F", "#444444")
INK, SOFT, LINE = "#1d2433", "#5b6475", "#e3e7ee"
LIBRARY = "matplotlib"
MOST_POINTS = 4_000
NAMED_CELLS = 12
WIDTH, HEIGHT = 4.6, 4.0  # inches, which the page scales to its columns

_count = itertools.count()


def check_installed() -> None:
    """Return if plots can be drawn; raises `ConfigError` with the remedy, before hours were spent on what to draw."""
    if importlib.util.find_spec(LIBRARY) is None:
        raise ConfigError("a report needs matplotlib: pip install 'triglot[report]'")


def confusion(classes: Sequence[str], counts: Array) -> str:
    """Draw counts of shape (truth, prediction), coloured by their share of the truth's row."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = _start(square=True)
    places, edges = np.arange(len(classes)), np.arange(len(classes) + 1) - 0.5
    axes.pcolormesh(edges, edges, shares, cmap="Blues", vmin=0, vmax=1.15, edgecolor="white", linewidth=1)
    axes.invert_yaxis()
    if len(classes) <= 2 * NAMED_CELLS:
        names = [_short(name) for name in classes]
        tilted = {"rotation": 35, "ha": "right"} if max(map(len, names)) > 6 and len(names) > 2 else {}
        axes.set_xticks(places, names, **tilted)
        axes.set_yticks(places, names)
    if len(classes) <= NAMED_CELLS:
        for i, j in itertools.product(places, places):
            ink = "white" if shares[i, j] > 0.6 else (INK if counts[i, j] else "#b7bfcc")
            axes.text(j, i, f"{int(counts[i, j])}", ha="center", va="center", color=ink, fontsize=12)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.grid(False)
    return _svg(figure)


def roc(curves: Mapping[str, tuple[Array, Array, float]]) -> str:
    """Draw a ROC curve a name: false and true positive rates, and the area below."""
    figure, axes = _start(square=True)
    axes.plot([0, 1], [0, 1], color=SOFT, linewidth=1, linestyle=(0, (3, 3)))
    for colour, (name, (false, true, area)) in zip(COLOURS, curves.items(), strict=False):
        axes.plot(false, true, color=colour, linewidth=2, label=f"{_short(name)}  (area {area:.3f})")
    axes.set_xlim(-0.015, 1.015)
    axes.set_ylim(-0.015, 1.015)
    axes.set_xlabel("false positive rate")
    axes.set_ylabel("true positive rate")
    axes.legend(loc="lower right")
    return _svg(figure)


def calibration(curves: Mapping[str, tuple[Array, Array, Array]]) -> str:
    """Draw how often what was called probable came true: mean probability, share and number of rows a bin."""
    figure, axes = _start(square=True)
    axes.plot([0, 1], [0, 1], color=SOFT, linewidth=1, linestyle=(0, (3, 3)))
    most = max((counts.max() for _, _, counts in curves.values()), default=1)
    for colour, (name, (said, came, counts)) in zip(COLOURS, curves.items(), strict=False):
        axes.plot(said, came, color=colour, linewidth=1.5, label=_short(name))
        axes.scatter(said, came, s=18 + 90 * counts / most, color=colour, edgecolor="white", linewidth=0.8, zorder=3)
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("predicted probability")
    axes.set_ylabel("share that came true")
    axes.legend(loc="upper left")
    return _svg(figure)


def against_truth(y: Array, predicted: Array) -> str:
    """Draw predictions over the truth, with the line where both are the same."""
    y, predicted = _sample(y, predicted)
    figure, axes = _start(square=True)
    low, high = float(min(y.min(), predicted.min())), float(max(y.max(), predicted.max()))
    edge = 0.04 * ((high - low) or 1.0)
    axes.plot([low - edge, high + edge], [low - edge, high + edge], color=SOFT, linewidth=1, linestyle=(0, (3, 3)))
    axes.scatter(y, predicted, s=22, color=COLOURS[0], alpha=_alpha(len(y)), linewidth=0)
    axes.set_xlim(low - edge, high + edge)
    axes.set_ylim(low - edge, high + edge)
    axes.set_xlabel("true")
    axes.set_ylabel("predicted")
    return _svg(figure)


def residuals(y: Array, predicted: Array) -> str:
    """Draw truth minus prediction over the prediction, and beside it how often which size occurs."""
    rest = y - predicted
    figure = _figure()
    axes, side = figure.subplots(1, 2, sharey=True, width_ratios=(4, 1))
    for each in (axes, side):
        _dress(each)
        each.axhline(0, color=SOFT, linewidth=1, linestyle=(0, (3, 3)))
    shown, at = _sample(rest, predicted)
    axes.scatter(at, shown, s=22, color=COLOURS[0], alpha=_alpha(len(shown)), linewidth=0)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true minus predicted")
    side.hist(rest, bins=min(40, max(8, len(rest) // 10)), orientation="horizontal", color=COLOURS[0], alpha=0.75)
    side.set_xticks([])
    side.spines["bottom"].set_visible(False)
    side.set_xlabel("how often")
    return _svg(figure)


def points(names: Sequence[str], values: Sequence[Sequence[float]], what: str) -> str:
    """Draw the values of each name as points on a line of its own, with their mean as a bar."""
    figure = _figure(height=0.75 + 0.62 * len(names))
    axes = figure.subplots()
    _dress(axes)
    for place, (colour, mine) in enumerate(zip(itertools.cycle(COLOURS), values, strict=False)):
        axes.scatter(mine, np.full(len(mine), place), s=46, color=colour, alpha=0.55, linewidth=0, zorder=3)
        axes.plot([np.mean(mine)] * 2, [place - 0.28, place + 0.28], color=colour, linewidth=3, zorder=4)
        if place == len(names) - 1:
            break
    axes.set_yticks(range(len(names)), [_short(name) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel(what)
    axes.margins(x=0.08)
    return _svg(figure)


def bars(names: Sequence[str], values: Sequence[float], texts: Sequence[str]) -> str:
    """Draw one value a name as a bar with its text, on a scale of powers of ten where they are far apart."""
    figure = _figure(height=0.4 + 0.62 * len(names))
    axes = figure.subplots()
    _dress(axes)
    seen = [value for value in values if value > 0]
    wide = bool(seen) and max(seen) / min(seen) > 30
    axes.barh(range(len(names)), values, height=0.5, color=[COLOURS[j % len(COLOURS)] for j in range(len(names))])
    if wide:
        axes.set_xscale("log")
        axes.set_xlim(min(seen) / 3, max(seen) * 6)
    else:
        axes.set_xlim(0, (max(seen, default=1.0)) * 1.25)
    for place, (value, text) in enumerate(zip(values, texts, strict=True)):
        axes.annotate(text, (value, place), xytext=(6, 0), textcoords="offset points", va="center", color=INK)
    axes.set_yticks(range(len(names)), [_short(name) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.grid(False)
    return _svg(figure)


def _start(*, square: bool) -> tuple[Any, Any]:
    figure = _figure(height=4.4 if square else HEIGHT)
    axes = figure.subplots()
    _dress(axes)
    if square:
        axes.set_box_aspect(1)
    return figure, axes


def _figure(height: float = HEIGHT) -> Any:
    check_installed()
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH, height), layout="constrained")


def _dress(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#aab2c0")
    axes.tick_params(colors=SOFT, labelsize=10, length=3)
    axes.xaxis.label.set(color=INK, fontsize=11)
    axes.yaxis.label.set(color=INK, fontsize=11)
    axes.grid(True, color=LINE, linewidth=0.8)
    axes.set_axisbelow(True)


def _svg(figure: Any) -> str:
    """Return a drawing as an element of HTML; its ids are its own, because one page holds many."""
    import matplotlib

    for axes in figure.axes:
        for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
            label.set_color(SOFT)
        if legend := axes.get_legend():
            legend.set_frame_on(False)
            for text in legend.get_texts():
                text.set(color=INK, fontsize=10)
    out = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": f"triglot-{next(_count)}", "svg.fonttype": "path"}):
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    text = text[text.index("<svg") :].strip()
    number = next(_count)
    text = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>p{number}-", text)
    return re.sub(r' (width|height)="[\d.]+pt"', "", text, count=2)


def _sample(*arrays: Array) -> tuple[Array, ...]:
    """Return as many evenly spaced points as an eye can use."""
    if len(arrays[0]) <= MOST_POINTS:
        return arrays
    places = np.linspace(0, len(arrays[0]) - 1, MOST_POINTS).astype(int)
    return tuple(array[places] for array in arrays)


def _alpha(points: int) -> float:
    return 0.8 if points < 200 else 0.45 if points < 1_000 else 0.2


def _short(name: str) -> str:
    return name if len(name) <= 22 else f"{name[:21]}…"
