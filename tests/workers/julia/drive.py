"""Drives the real Julia runtime and prints what it saw as JSON; started by the tests, one process for several groups.

A process starts Julia once and cannot be rid of it, so it cannot run inside pytest. Groups share a process and its
Julia, one after the other, unless they need a fresh one or settings of their own.
"""

import json
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from triglot.errors import TriglotError
from triglot.estimators import JuliaRegressor
from triglot.manifest import Manifest
from triglot.protocol.runtime import FitTask
from triglot.protocol.sources import collect
from triglot.tables.labels import Labels
from triglot.tables.table import Column, Table
from triglot.workers.julia.runtime import JuliaModel, JuliaRuntime

ROOT = Path(__file__).parents[3]
AUTHORS = Path(__file__).parent / "authors"
EXAMPLE = ROOT / "examples/iris-julia/IrisNeighbours.jl"
IRIS = {"fit": "IrisNeighbours.fit", "params": {"k": 5}}
Seen = dict[str, Any]


def started() -> JuliaRuntime:
    runtime = JuliaRuntime()
    runtime.start()
    return runtime


def iris() -> tuple[Table, np.ndarray[Any, Any], Labels]:
    rows = [line.split(",") for line in (ROOT / "examples/data/iris.data").read_text().split()]
    matrix = np.array([[float(value) for value in row[:4]] for row in rows], order="F")
    labels = Labels.learn([row[4] for row in rows])
    names = ["Sepal Length", "Sepal Width", "Petal Length", "Petal Width"]
    return Table(names, matrix=matrix), labels.encode([row[4] for row in rows]), labels


def task(script: Path, spec: Mapping[str, Any], X: Table, y: Any, labels: Labels | None = None) -> FitTask:
    sources = collect("julia", script) if script == EXAMPLE else {script.name: script.read_text()}
    return FitTask(
        "regression" if labels is None else "classification",
        {"script": script.name, "folder": str(script.parent), **spec},
        sources,
        X,
        y,
        labels,
    )


def manifest(done: FitTask, **other: Any) -> Manifest:
    classes = None if done.labels is None else list(done.labels.classes)
    fields = {"spec": done.spec, "sources": done.sources, "classes": classes, "task": done.task}
    return Manifest(fields | other)


def failure(call: Callable[[], Any]) -> Seen:
    try:
        call()
    except TriglotError as error:
        return {"kind": type(error).__name__, "message": str(error), **error.details()}
    return {"kind": "nothing", "message": ""}


def square(rows: int = 6, columns: int = 3) -> Table:
    values = np.asfortranarray(np.arange(rows * columns, dtype=float).reshape(rows, columns))
    return Table([f"c{j}" for j in range(columns)], matrix=values)


def see_iris(runtime: JuliaRuntime) -> Seen:
    X, y, labels = iris()
    done = task(EXAMPLE, IRIS, X, y, labels)
    model = runtime.fit(done)
    blob = runtime.dump(model)
    Path(sys.argv[1]).write_bytes(blob)
    answer = runtime.predict(model, X, {})
    shares = runtime.predict_proba(model, X, {})
    again = runtime.load(manifest(done), blob)
    runtime.collect()
    return {
        "dtype": answer.dtype.name,
        "correct": float((answer == y).mean()),
        "answer": answer.tolist(),
        "most_likely": shares.argmax(axis=1).tolist(),
        "shares": list(shares.shape),
        "after_load": runtime.predict(again, X, {}).tolist(),
        "one_row": runtime.predict(model, X.slice(3, 4), {}).tolist(),
        "no_rows": list(runtime.predict(model, X.slice(0, 0), {}).shape),
        "described": runtime.describe(model),
        "versions": dict(runtime.versions()),
    }


def see_reload(runtime: JuliaRuntime) -> Seen:
    """In a process that has never fitted: read what another one wrote."""
    X, y, labels = iris()
    done = task(EXAMPLE, IRIS, X, y, labels)
    blob = Path(sys.argv[1]).read_bytes()
    model = runtime.load(manifest(done), blob)
    edited = manifest(done, sources={**done.sources, EXAMPLE.name: EXAMPLE.read_text() + "\n# edited\n"})
    major, minor = runtime.versions()["language"].split(".")[:2]
    later = blob.replace(runtime.versions()["language"].encode(), f"{major}.{int(minor) + 1}.0".encode())
    earlier = blob.replace(runtime.versions()["language"].encode(), f"{int(major) - 1}.{minor}.0".encode())
    return {
        "answer": runtime.predict(model, X, {}).tolist(),
        "edited": failure(lambda: runtime.load(edited, blob)),
        "later": failure(lambda: runtime.load(manifest(done), later)),
        "other_major": failure(lambda: runtime.load(manifest(done), earlier)),
        "cut": failure(lambda: runtime.load(manifest(done), blob[: len(blob) // 2])),
        "foreign": failure(lambda: runtime.load(manifest(done), b"PK\3\4 something else")),
        "still": runtime.predict(model, X, {}).tolist(),
    }


def see_data(runtime: JuliaRuntime) -> Seen:
    script = AUTHORS / "shapes.jl"
    X = square()
    matrix = X.matrix()
    y = matrix[:, 0].copy()

    def fitted(spec: Mapping[str, Any], X: Table = X, y: Any = y) -> JuliaModel:
        return runtime.fit(task(script, {"fit": "Shapes.fit", **spec}, X, y))

    def told(spec: Mapping[str, Any], X: Table = X, y: Any = y) -> str:
        return str(failure(lambda: runtime.predict(fitted(spec, X, y), X, {}))["message"])

    where = runtime.predict(fitted({}), X, {})
    passing = square()
    remembering = fitted({"predict": "Shapes.remembered"}, passing)
    passing.matrix()[:] = -1
    mixed = Table.of(
        {
            "height": Column.numeric(np.array([1.5, 2.5])),
            "count": Column.numeric(np.array([1, 2]), np.array([False, True])),
            "name": Column.strings(["Zoë", None]),
            "size": Column.category(np.array([1, 0]), ["small", "large"]),
            "level": Column.category(np.array([-7, 0]), ["low"], missing=np.array([True, False])),
        }
    )
    types = {"predict": "Shapes.types"}
    integers = Table(["a", "b"], matrix=np.asfortranarray([[1, 2], [3, 4]]))
    names = {"predict": "Shapes.told"}
    closed = task(script, {"fit": "Closed.fit"}, X, y)
    closures = [runtime.fit(closed)]
    closures += [runtime.load(manifest(closed), runtime.dump(closures[0])) for _ in range(2)]
    closures += [runtime.load(manifest(closed), runtime.dump(closures[2]))]
    whole = task(script, {"fit": "Closed.fit", "params": {"whole": True}, "predict": "Shapes.total"}, X, y)
    half = Table(["a", "b"], matrix=np.asfortranarray([[1, 2], [3, 4]], dtype=np.float32))
    columns = {"layout": "columns", "predict": "Shapes.weights"}
    dice = [runtime.fit(task(script, {"fit": "Dice.fit", "seed": seed}, X, y)) for seed in (7, 7, 8)]
    return {
        "given": X.matrix().ctypes.data,
        "received": int(where[0]),
        "remembered": float(runtime.predict(remembering, X, {})[0]),
        "sum": float(matrix.sum()),
        "echoed": (runtime.predict(fitted({"predict": "Shapes.echo"}), X, {}) == matrix).all().item(),
        "closures": [float(runtime.predict(model, X, {})[0]) for model in closures],
        "integer": float(runtime.predict(runtime.load(manifest(whole), runtime.dump(runtime.fit(whole))), X, {})[0]),
        "threads": int(runtime.predict(fitted({"predict": "Shapes.threads"}), X, {})[0]),
        "matrix": told(types),
        "integers": told(types, integers, y[:2]),
        "float32": told(types, half, y[:2]),
        "columns": told({**types, "layout": "columns"}),
        "transposed": told({**names, "layout": "columns"}, integers, np.array([1, 2])),
        "one_answer_row": runtime.predict(fitted(columns), X, {}).tolist(),
        "weights": (matrix @ [1, 2, 3]).tolist(),
        "unturned": failure(lambda: runtime.predict(fitted({**columns, "predict": "Shapes.outputs"}), X, {})),
        "table_types": told(types, mixed, y[:2]),
        "table": told(names, mixed, y[:2]),
        "nullable": runtime_types(runtime, fitted({"x": "table", **types}, mixed, y[:2]), mixed),
        "as_table": told({**types, "x": "table"}, integers, y[:2]),
        "as_matrix": failure(lambda: fitted({"x": "matrix"}, mixed, y[:2])),
        "no_target": told(names, integers, None),
        "keywords": told({**names, "params": {"k": 3, "w": [1.5, 2.5], "name": "a", "deep": None}}, integers, y[:2]),
        "same_seed": bool((runtime.predict(dice[0], X, {}) == runtime.predict(dice[1], X, {})).all()),
        "other_seed": bool((runtime.predict(dice[0], X, {}) == runtime.predict(dice[2], X, {})).all()),
    }


def runtime_types(runtime: JuliaRuntime, model: JuliaModel, X: Table) -> list[str]:
    """Return how the types of a table are told where something is missing and where nothing is."""
    full = X.slice(0, 1).columns
    rows = Table(X.names, columns=[replace(column, missing=None) for column in full])
    asked = [failure(lambda each=each: runtime.predict(model, each, {}))["message"] for each in (X, rows)]
    return [str(message).split(" after ")[0] for message in asked]


def see_labels(runtime: JuliaRuntime) -> Seen:
    script = AUTHORS / "labels.jl"
    values = np.asfortranarray([[1, 0.25], [0, 0.75]])
    X = Table(["code", "share"], matrix=values)
    codes = np.array([1, 0], dtype=np.int32)
    words, numbers, bits = Labels(("no", "yes")), Labels((0, 1)), Labels((False, True))

    def fitted(labels: Labels, spec: Mapping[str, Any]) -> JuliaModel:
        return runtime.fit(task(script, spec, X, codes, labels))

    def predicted(form: str, classes: Labels = words, **spec: Any) -> list[int]:
        return list(runtime.predict(fitted(classes, spec), X, {"form": form}).tolist())

    def shares(form: str, **spec: Any) -> list[list[float]]:
        return list(runtime.predict_proba(fitted(words, spec), X, {"form": form}).tolist())

    return {
        "right": codes.tolist(),
        "words": {form: predicted(form) for form in ("strings", "symbols", "anything", "view", "row", "seen")},
        "numbers": {form: predicted(form, numbers) for form in ("zeros", "floats", "bits", "seen")},
        "bits": {form: predicted(form, bits) for form in ("bits", "seen")},
        "range": predicted("range", numbers),
        "codes": {form: predicted(form, labels="codes") for form in ("ones", "seen")},
        "encoded": {form: predicted(form, encode_labels=True) for form in ("zeros", "floats", "seen")},
        "from_plan": runtime.predict(
            fitted(words, {"labels": "codes", "predict_params": {"form": "ones"}}), X, {}
        ).tolist(),
        "right_shares": np.column_stack([1 - values[:, 1], values[:, 1]]).tolist(),
        "shares": {form: shares(form) for form in ("matrix", "labelled", "named", "dict")},
        "turned_shares": shares("turned", layout="columns"),
        "wrong": {
            "unknown": failure(lambda: predicted("unknown")),
            "short": failure(lambda: predicted("short")),
            "nothing": failure(lambda: predicted("nothing")),
            "zeros": failure(lambda: predicted("zeros", labels="codes")),
            **{form: failure(lambda form=form: shares(form)) for form in ("three", "gone", "nothing_at_all")},
        },
    }


def see_failures(runtime: JuliaRuntime) -> Seen:
    script = AUTHORS / "trouble.jl"
    X, y = square(), np.arange(6.0)

    def fitted(spec: Mapping[str, Any], script: Path = script) -> JuliaModel:
        return runtime.fit(task(script, spec, X, y))

    cold = Table(["a"], matrix=np.array([[1.0], [-3.0]]))
    good = fitted({})
    seen = {
        "thrown": failure(lambda: runtime.predict(good, cold, {})),
        "after": runtime.predict(good, X, {}).tolist(),
        "missing": failure(lambda: fitted({"fit": "fti"})),
        "no_answer": failure(lambda: fitted({"fit": "Silent.fit"}, AUTHORS / "shapes.jl")),
        "no_shares": failure(lambda: runtime.predict_proba(good, X, {})),
        "named_shares": failure(lambda: fitted({"predict_proba": "shares"})),
        "method": failure(lambda: runtime.predict(fitted({"predict": "only_strings"}), X, {})),
        "keyword": failure(lambda: runtime.predict(good, X, {"k": 3})),
        "overflow": failure(lambda: runtime.predict(fitted({"predict": "deep"}), X, {})),
        "syntax": failure(lambda: fitted({}, AUTHORS / "broken.jl")),
        "package": failure(lambda: runtime.fit(FitTask("regression", {"fit": "NotHere.fit"}, {}, X, y, None))),
        "script": failure(lambda: runtime.fit(FitTask("regression", {"script": "a.jl"}, {}, X, y, None))),
        "layout": failure(lambda: fitted({"layout": "diagonal"})),
        "params": failure(lambda: fitted({"params": {"x": object()}})),
    }
    outside: list[str] = []

    def elsewhere() -> None:
        try:
            runtime.predict(good, X, {})
        except RuntimeError as error:
            outside.append(str(error))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    return {**seen, "outside": outside}


def stopped(runtime: JuliaRuntime, model: JuliaModel, X: Table) -> Seen:
    """Return how a call ends that is interrupted once it runs, and after how many seconds."""
    timer = threading.Timer(0.5, runtime.interrupt)
    timer.start()
    began = time.perf_counter()
    seen = failure(lambda: runtime.predict(model, X, {}))
    return {**seen, "seconds": time.perf_counter() - began}


def see_threads(runtime: JuliaRuntime) -> Seen:
    """Where Julia, or the linear algebra of numpy and of Julia, has more threads than one; and how it compiles."""
    script = AUTHORS / "trouble.jl"
    X, y = square(), np.arange(6.0)

    def fitted(predict: str) -> JuliaModel:
        return runtime.fit(task(script, {"predict": predict}, X, y))

    seen = {predict: stopped(runtime, fitted(predict), X) for predict in ("sleepy", "busy")}
    runtime.collect()
    return {
        **seen,
        "together": [runtime.predict(fitted("together"), X, {}).tolist() for _ in range(20)][-1],
        "first_column": X.matrix()[:, 0].tolist(),
        "count": runtime.predict(fitted("threads"), X, {}).tolist()[0],
        "level": runtime.predict(fitted("level"), X, {}).tolist()[0],
    }


def see_calls(runtime: JuliaRuntime, ticks: list[float]) -> Seen:
    terminated: list[float] = []
    signal.signal(signal.SIGTERM, lambda *_: terminated.append(time.perf_counter()))
    script = AUTHORS / "trouble.jl"
    X, y = square(), np.arange(6.0)

    def fitted(predict: str) -> JuliaModel:
        return runtime.fit(task(script, {"predict": predict}, X, y))

    seconds = fitted("seconds")
    runtime.predict(seconds, X, {"n": 0.01})
    ticks.clear()
    runtime.predict(seconds, X, {"n": 0.6})
    beats = len(ticks)
    runtime.take_output()
    runtime.predict(fitted("talkative"), X, {})
    output = runtime.take_output()
    seen = {
        "beats": beats,
        "text": output.text,
        "warnings": output.warnings,
        "quiet": runtime.take_output().text,
        "sleepy": stopped(runtime, fitted("sleepy"), X),
        "busy": stopped(runtime, fitted("busy"), X),
        "after": [runtime.predict(seconds, X, {"n": 0.001}).tolist() for _ in range(20)][-1],
        "first_column": X.matrix()[:, 0].tolist(),
    }
    runtime.interrupt()
    seen["idle_interrupt"] = failure(lambda: runtime.predict(seconds, X, {"n": 0.1}))
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.1)
    return {**seen, "terminated": len(terminated)}


def resident_kib() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1024


def see_memory(runtime: JuliaRuntime) -> Seen:
    script = AUTHORS / "trouble.jl"
    X = square(1000, 10)
    cold = Table(["a"], matrix=np.full((1000, 1), -1.0))
    done = task(script, {}, X, np.arange(1000.0))
    model = runtime.fit(done)
    blob = runtime.dump(model)

    def most(turns: int) -> int:
        """The collector's heap goes up and down; what is never given back is what its high marks gain."""
        marks = []
        for _ in range(turns):
            for _ in range(250):
                runtime.predict(model, X, {})
            for _ in range(25):
                failure(lambda: runtime.predict(model, cold, {}))
                runtime.load(manifest(done), blob)
            marks.append(resident_kib())
        return max(marks)

    return {"before_kib": most(40), "after_kib": most(20)}


def see_packages(runtime: JuliaRuntime) -> Seen:
    X, y = square(), 2 * square().matrix()[:, 0]
    package = {"fit": "Toy.fit", "folder": str(AUTHORS / "package"), "params": {"factor": 2.0}}
    done = FitTask("regression", package, {}, X, y, None)
    toy = runtime.fit(done)
    again = runtime.load(manifest(done), runtime.dump(toy))
    script = AUTHORS / "shapes.jl"
    edited = script.read_text().replace("sum(model.X)", "-sum(model.X)")
    spec = {"script": "shapes.jl", "fit": "Shapes.fit", "predict": "Shapes.remembered", "folder": str(AUTHORS)}
    old = runtime.fit(FitTask("regression", spec, {"shapes.jl": script.read_text()}, X, y, None))
    new = runtime.fit(FitTask("regression", spec, {"shapes.jl": edited}, X, y, None))
    return {
        **see_project(runtime),
        "toy": runtime.predict(toy, X, {}).tolist(),
        "again": runtime.predict(again, X, {}).tolist(),
        "described": runtime.describe(toy),
        "versions": dict(runtime.versions()),
        "old": float(runtime.predict(old, X, {})[0]),
        "new": float(runtime.predict(new, X, {})[0]),
    }


def see_project(runtime: JuliaRuntime) -> Seen:
    """Two versions of a project with a package of its own beside it, and one as on a host without the folder."""
    X, y = square(), np.arange(6.0)
    spec, sources = JuliaRegressor(script=str(AUTHORS / "project" / "model" / "Steps.jl")).author()
    shades = "shades/src/Shades.jl"
    changed = {**sources, shades: sources[shades].replace("2 *", "-3 *")}
    grown = {**sources, shades: sources[shades].replace("level::Float64", "level::Float64\n    name::String")}
    grown[shades] = grown[shades].replace("Shade(mean(y))", 'Shade(mean(y), "")')
    tasks = [FitTask("regression", spec, each, X, y, None) for each in (sources, changed, grown)]
    first, second, third = (runtime.fit(each) for each in tasks)
    away = manifest(tasks[0], spec={**spec, "folder": "/nowhere"})
    blob = runtime.dump(first)
    # As with a package of the load path, whose text does not travel: a field less, which Julia reads without an error.
    space = [model.plan.space.encode() for model in (third, first)]
    strange = runtime.dump(third).replace(*space)
    return {
        "files": sorted(sources),
        "shade": float(runtime.predict(first, X, {})[0]),
        "other_shade": float(runtime.predict(second, X, {})[0]),
        "shade_elsewhere": float(runtime.predict(runtime.load(away, blob), X, {})[0]),
        "shade_again": float(runtime.predict(runtime.load(manifest(tasks[1]), runtime.dump(second)), X, {})[0]),
        "shade_type": runtime.describe(first)["native_class"],
        "strange": failure(lambda: runtime.load(manifest(tasks[0]), strange)),
    }


def late() -> FitTask:
    """Return the task of a script that loads the package of its model only while it fits."""
    script = AUTHORS / "package" / "Late.jl"
    spec = {"fit": "fit", "script": script.name, "folder": str(script.parent)}
    return FitTask("regression", spec, collect("julia", script), square(), square().matrix()[:, 0], None)


def see_late_fit(runtime: JuliaRuntime) -> Seen:
    model = runtime.fit(late())
    Path(f"{sys.argv[1]}.late").write_bytes(runtime.dump(model))
    return {"answer": runtime.predict(model, square(), {}).tolist()}


def see_late_load(runtime: JuliaRuntime) -> Seen:
    model = runtime.load(manifest(late()), Path(f"{sys.argv[1]}.late").read_bytes())
    return {"answer": runtime.predict(model, square(), {}).tolist(), "versions": dict(runtime.versions())}


def see_leaving(runtime: JuliaRuntime) -> Seen:
    """An author's code that wants to be called when Julia ends."""
    spec = {"fit": "leaving", "predict": "predict", "params": {"mark": f"{sys.argv[1]}.left"}}
    runtime.fit(task(AUTHORS / "trouble.jl", spec, square(), np.arange(6.0)))
    return {"early": Path(f"{sys.argv[1]}.left").exists()}


def see_standard_library(runtime: JuliaRuntime) -> Seen:
    """Where the load path does not lead to Julia's own packages."""
    script = AUTHORS / "trouble.jl"
    return {"path": runtime.predict(runtime.fit(task(script, {}, square(), np.ones(6))), square(), {}).tolist()}


def beating() -> list[float]:
    """Return the list to which a thread goes on adding the time."""
    ticks: list[float] = []

    def heart() -> None:
        while True:
            time.sleep(0.01)
            ticks.append(time.perf_counter())

    threading.Thread(target=heart, daemon=True).start()
    return ticks


def main(groups: Sequence[str]) -> Seen:
    """Return what each group saw in the Julia that they share."""
    ticks = beating()  # older than Julia, as any thread of a program may be: it has SIGINT unblocked
    print("python before")
    began = time.perf_counter()
    runtime = started()
    ready_s = time.perf_counter() - began
    print("python after")
    given = {"calls": [ticks]}
    seen = {group: globals()[f"see_{group}"](runtime, *given.get(group, [])) for group in groups}
    return {**seen, "ready_s": ready_s}


if __name__ == "__main__":
    saw = main(sys.argv[2:])
    print(json.dumps(saw), flush=True)
