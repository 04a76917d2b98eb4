"""The result of a run as a page of the documentation."""

from typing import Any

HEAD = """# Benchmarks

`make bench` measures all of this side by side in one run and writes this page and `benchmarks/results.json`. One row a
request, GET with a query string, the iris data; `wrk` with one thread and keep-alive runs on the same processors as
the servers. The plain application is Flask calling the same scikit-learn model in its own process. Each answer is
checked before it is timed.

Only ratios within one run mean anything; differences under a quarter are noise.
"""


def markdown(report: dict[str, Any]) -> str:
    """Return the page of one report."""
    machine = report["machine"]
    lines = [
        HEAD,
        f"Measured on {machine['when']}: {machine['processors']} processors ({machine['architecture']}), "
        f"Python {machine['python']}, {report['seconds']} s a load, load average before the run "
        f"{machine['load_before']:.1f}.\n",
        "| system | connections | requests/s | p50 ms | p99 ms | errors | memory MB (PSS, all processes) |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for result in report["results"]:
        memory = "" if result["memory_mb"] is None else f"{result['memory_mb']:.0f}"
        lines.append(
            f"| {result['system']} | {result['connections']} | {result['requests_per_s']:.0f} "
            f"| {result['p50_ms']:.2f} | {result['p99_ms']:.2f} | {result['errors']} | {memory} |"
        )
    return "\n".join([*lines, "", ratios(report["results"])])


def ratios(results: list[dict[str, Any]]) -> str:
    """Return what the figures say, as ratios of this run."""
    found = {(result["system"], result["connections"]): result for result in results}
    plain = [system for system, _ in found if system.startswith("plain")]
    lines = ["Ratios of this run:", ""]
    ours = found.get(("triglot, iris-python", 64))
    if ours and plain:
        best = max((found[system, 64] for system in plain), key=lambda result: result["requests_per_s"])
        ratio = ours["requests_per_s"] / best["requests_per_s"]
        lines.append(f"- scikit-learn at 64 connections: {ratio:.2f} times the best plain setting ({best['system']}).")
        quickest = min((found[system, 1] for system in plain), key=lambda result: result["p50_ms"])
        added = found["triglot, iris-python", 1]["p50_ms"] - quickest["p50_ms"]
        lines.append(
            f"- scikit-learn at 1 connection: {added:+.2f} ms at the median against the quickest plain setting "
            f"({quickest['system']})."
        )
    for name in ("iris-r", "iris-julia"):
        other = found.get((f"triglot, {name}", 64))
        if ours and other:
            share = other["requests_per_s"] / ours["requests_per_s"]
            lines.append(
                f"- {name} at 64 connections: {share:.2f} times the scikit-learn model through the same bridge."
            )
    return "\n".join([*lines, ""])
