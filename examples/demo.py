"""The demonstration: fit one model in each language, serve them together, ask each for the same rows.

python examples/demo.py             fit, serve, ask, print, stop
python examples/demo.py --keep      the same, then leave the service running until Ctrl-C
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from triglot.languages.known import missing

HERE = Path(__file__).resolve().parent
CONFIG = HERE / "demo-config.py"
FIELDS = ("sepal length", "sepal width", "petal length", "petal width")
ROWS = [(5.2, 3.5, 1.5, 0.2), (5.6, 3.0, 4.5, 1.5), (6.3, 2.5, 4.9, 1.5), (7.2, 3.6, 6.1, 2.5)]
MODELS = {"iris-python": "python", "iris-r": "r", "iris-julia": "julia"}
READY_TIMEOUT_S = 60
ASKED_FOR_LATENCY = 200


def main() -> int:
    """Run the demonstration; return the exit code."""
    parser = argparse.ArgumentParser(description="Fit and serve one iris model in each language.")
    parser.add_argument("--keep", action="store_true", help="leave the service running until Ctrl-C")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 120)

    off = {language: reason for language in ("r", "julia") if (reason := missing(language, os.environ))}
    for language, reason in off.items():
        console.print(f"{language} is off: {reason}")
    wanted = [name for name, language in MODELS.items() if language not in off]
    triglot = [sys.executable, "-m", "triglot", "--config", str(CONFIG)]

    names = fitted(triglot, wanted)
    for name in set(wanted) - set(names):
        console.print(
            f"{name} is left out, for the reason above; {' '.join(triglot)} doctor says what this machine lacks"
        )
    if not names:
        return 1
    served = {MODELS[name] for name in names}
    counts = [f"--workers={language}={int(language in served)}" for language in ("python", "r", "julia")]
    service = subprocess.Popen([*triglot, "serve", "--port", str(options.port), *counts], start_new_session=True)
    try:
        base = f"http://127.0.0.1:{options.port}"
        wait_until_ready(base, service)
        console.print(table(base, names))
        if options.keep:
            console.print(f"Serving on {base} until Ctrl-C. Try: curl '{base}{query(names[0], ROWS[1])}'")
            service.wait()
    except KeyboardInterrupt:
        console.print("stopping")
    finally:
        stop(service)
    if options.keep:
        return 0
    return service.returncode or int(names != wanted)


def fitted(triglot: list[str], names: list[str]) -> list[str]:
    """Fit these models side by side, tell what each fit said, and return those that were stored.

    What they give is served and asked at once, which proves them.
    """
    fits = {
        name: subprocess.Popen(
            [*triglot, "fit", "--evaluate", "--no-proof", name],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in names
    }
    for fit in fits.values():
        print(fit.communicate()[0], end="", flush=True)
    return [name for name, fit in fits.items() if fit.returncode == 0]


def table(base: str, names: list[str]) -> Table:
    """Return what each model says of the same rows, how good it is and how long one row takes over HTTP."""
    found = Table("model", "language", "version", "test accuracy", "answers to the same four rows", "latency (median)")
    listed = {entry["model"]: entry for entry in ask(f"{base}/list")["models"] if "active" in entry["aliases"]}
    for name in names:
        rows = [dict(zip(FIELDS, row, strict=True)) for row in ROWS]
        answer = ask(f"{base}/models/{name}/predict", rows)
        seconds = []
        for _ in range(ASKED_FOR_LATENCY):
            started = time.perf_counter()
            ask(base + query(name, ROWS[0]))
            seconds.append(time.perf_counter() - started)
        found.add_row(
            name,
            answer["metadata"]["language"],
            str(answer["metadata"]["version"]),
            f"{listed[name]['score_test']:.2f}",
            ", ".join(label.removeprefix("Iris-") for label in answer["result"]),
            f"{statistics.median(seconds) * 1000:.2f} ms",
        )
    return found


def query(name: str, row: tuple[float, ...]) -> str:
    """Return the path that asks a model for one row."""
    return f"/models/{name}/predict?" + urllib.parse.urlencode(dict(zip(FIELDS, row, strict=True)))


def ask(url: str, body: Any = None) -> Any:
    """Return the JSON answer to a GET, or to a POST of `body`."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"} if data else {})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def wait_until_ready(base: str, service: "subprocess.Popen[bytes]") -> None:
    """Return once every model can be answered."""
    deadline = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline and service.poll() is None:
        try:
            if ask(f"{base}/ready")["ready"]:
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise SystemExit("the service did not become ready; its log is above")


def stop(service: "subprocess.Popen[bytes]") -> None:
    """Stop the service as an operator would, and wait for it."""
    if service.poll() is None:
        service.send_signal(signal.SIGTERM)
    try:
        service.wait(60)
    except subprocess.TimeoutExpired:
        os.killpg(service.pid, signal.SIGKILL)
        service.wait()


if __name__ == "__main__":
    sys.exit(main())
