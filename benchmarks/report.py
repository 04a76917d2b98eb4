"""The results of a run as a page of the documentation."""

from collections.abc import Callable
from typing import Any

from benchmarks.figures import PROTOCOL, Figures, Measurement, Presence, Spread
from benchmarks.goals import Goal, goals, others, ratio

MODELS = {
    "logistic": "scikit-learn, logistic regression",
    "forest": "scikit-learn, forest of 100 trees",
    "r-forest": "R, randomForest of 500 trees",
    "julia": "Julia, nearest neighbours",
}
WAYS = {
    "v2": "V2 JSON, {} connection{}",
    "v2-rows": "V2 JSON, {} row{} a request",
    "v2-binary": "V2 binary, {} row{} a request",
    "grpc": "gRPC, {} connection{}",
}
BESIDE = ("closed 1", "closed 64", "rows 1000")  # a system's own loads that stand beside those of the protocol
NONE = "-"
BUSY = "\n\n**The machine was busy with other work: these figures say little, their ratios not much more.**"

Cell = Callable[[str], str]  # what stands in a column for a system


def figures_of(found: dict[str, Any]) -> Figures:
    """Return what a results.json holds, ready to be looked up."""
    measurements = [Measurement(**one) for one in found["measurements"]]
    return Figures(measurements, [Presence(**one) for one in found["presences"]])


def markdown(found: dict[str, Any]) -> str:
    """Return the page of one run."""
    figures, machine = figures_of(found), found["machine"]
    parts = [
        "# Results\n\nWritten by `make bench`; [benchmarks.md](../benchmarks.md) says how it measures and what the "
        "columns mean. A cell is the median of all rounds, with the least and the most in brackets.",
        f"Measured on {machine['when']} UTC: {machine['processors']} processors ({machine['architecture']}), Python "
        f"{machine['python']}, rounds: {found['runs']}, {found['seconds']} s a load of 64 connections, load average "
        f"before the run {machine['load_before']:.1f}." + BUSY * (machine["load_before"] > machine["processors"] / 2),
        "## Goals\n\n" + _goals(goals(figures)),
        "![Answers a second](throughput.svg)",
        *(f"## {MODELS[model]}\n\n{_tables(found, figures, model)}" for model in MODELS if figures.systems(model)),
        f"## Open Inference Protocol\n\n{_protocol(found, figures)}",
        "![Latency at a fixed rate](tails.svg)\n\n![Memory](memory.svg)",
        f"## Limits\n\n{_floors(found, figures)}",
    ]
    if found["absent"]:
        lines = [f"- {found['titles'][name]}: {_one_line(reason)}" for name, reason in found["absent"].items()]
        parts.insert(3, "## Absent\n\n" + "\n".join(lines))
    return "\n\n".join(parts) + "\n"


def spread(value: Spread | None, show: Callable[[float], str]) -> str:
    """Return a median with its range; alone where there is no range."""
    if value is None:
        return NONE
    median, low, high = show(value.median), show(value.low), show(value.high)
    return median if low == high else f"{median} ({low}-{high})"


def count(value: float) -> str:
    """Return a number of things, with thousands set apart."""
    return f"{value:,.0f}"


def fine(value: float) -> str:
    """Return milliseconds or the like with three significant digits, of which at most two behind the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _goals(reached: list[Goal]) -> str:
    words = {True: "met", False: "missed", None: NONE}
    lines = [f"| {goal.what} | {goal.wanted} | {goal.reached} | {words[goal.met]} |" for goal in reached]
    return "\n".join(["| what | goal | reached | |", "|---|--:|---|---|", *lines])


def _tables(found: dict[str, Any], figures: Figures, model: str) -> str:
    """Return what a model's systems answer a second, how long that takes them, and what the ratios are."""
    systems = {system: found["titles"][system] for system in figures.systems(model)}
    loads = figures.loads(model)
    ratios = [
        f"- {_load(load)}: {times:.2f} times the best of the others ({systems[best]})."
        for load in loads
        if not load.startswith("open") and (reached := ratio(figures, model, load, others(figures, model)))
        for times, best in [reached]
    ]
    parts = [_table(systems, _throughput(figures, model)), _table(systems, _latency(figures, model)), "\n".join(ratios)]
    return "\n\n".join(part for part in parts if part)


def _table(systems: dict[str, str], columns: dict[str, Cell]) -> str:
    lines = [f"| system | {' | '.join(columns)} |", "|---|" + "--:|" * len(columns)]
    for system, title in systems.items():
        lines.append(f"| {title} | {' | '.join(cell(system) for cell in columns.values())} |")
    return "\n".join(lines)


def _throughput(figures: Figures, model: str) -> dict[str, Cell]:
    columns = {}
    for load in figures.loads(model):
        kind, _, width = load.partition(" ")
        if kind == "closed":
            columns[f"req/s c{width}"] = _cell(figures, model, load, "requests_per_s", count)
        if kind == "open":
            columns[f"of {int(width):,}/s"] = _cell(figures, model, load, "requests_per_s", count)
        if kind == "rows":  # a thousand a request
            columns["rows/s"] = _cell(figures, model, load, "requests_per_s", lambda found: f"{count(found)} k")
    columns["CPU ms"] = _cell(figures, model, "closed 64", "cpu_ms", fine)
    columns["errors"] = lambda system: str(figures.errors(system, model))
    return columns


def _latency(figures: Figures, model: str) -> dict[str, Cell]:
    columns: dict[str, Cell] = {}
    for load in figures.loads(model):
        kind, _, width = load.partition(" ")
        where = {"closed": f"c{width}", "open": f"at {width}/s"}.get(kind)
        if where is not None:
            columns[f"p50 ms {where}"] = _cell(figures, model, load, "p50_ms", fine)
            columns[f"p99 ms {where}"] = _cell(figures, model, load, "p99_ms", fine)
    columns["PSS MB"] = lambda system: spread(figures.presence(system, "memory_mb"), count)
    columns["start s"] = lambda system: spread(figures.presence(system, "start_s"), fine)
    return columns


def _cell(figures: Figures, model: str, load: str, column: str, show: Callable[[float], str]) -> Cell:
    return lambda system: spread(figures.load(system, model, load, column), show)


def _load(load: str) -> str:
    kind, _, width = load.partition(" ")
    if kind in WAYS:
        return WAYS[kind].format(f"{int(width):,}", "s" * (width != "1"))
    if kind == "rows":
        return f"{int(width):,} rows a request"
    if kind == "open":
        return f"asked for {int(width):,}/s"
    if kind == "closed":
        return f"{width} connection{'s' * (width != '1')}"
    return f"{kind}, {int(width):,} row{'s' * (width != '1')} a call"


def _protocol(found: dict[str, Any], figures: Figures) -> str:
    """Return the loads of the protocol, each system's beside those in its own way."""
    columns = (("requests_per_s", count), ("p50_ms", fine), ("p99_ms", fine), ("cpu_ms", fine))
    lines = ["| system | load | requests/s | p50 ms | p99 ms | CPU ms |", "|---|---|--:|--:|--:|--:|"]
    for system in figures.systems(PROTOCOL):
        named = [("logistic", load, f"its own, {_load(load)}") for load in BESIDE]
        named += [(PROTOCOL, load, _load(load)) for load in figures.loads(PROTOCOL)]
        for model, load, name in named:
            cells = [spread(figures.load(system, model, load, column), show) for column, show in columns]
            if cells[0] != NONE:
                lines.append(f"| {found['titles'][system]} | {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _floors(found: dict[str, Any], figures: Figures) -> str:
    titles = {system: found["titles"][system] for system in figures.systems("none")}
    lines = ["| what | load | requests/s | p50 ms | p99 ms |", "|---|---|--:|--:|--:|"]
    for system, title in titles.items():
        for load in figures.loads("none"):
            if figures.load(system, "none", load, "requests_per_s") is not None:
                cells = [spread(figures.load(system, "none", load, "requests_per_s"), count)]
                cells += [spread(figures.load(system, "none", load, column), fine) for column in ("p50_ms", "p99_ms")]
                lines.append(f"| {title} | {_load(load)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 300 else f"{line[:100]} ... {line[-200:]}"
