"""Drives the real R runtime and prints what it saw as JSON; started by the tests, one process a group.

R must be started in the main thread of a process and cannot be stopped again, so it cannot run inside pytest.
"""

import contextlib
import json
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from triglot.errors import LanguageUnavailable, TriglotError
from triglot.manifest import Manifest
from triglot.protocol.runtime import FitTask
from triglot.tables.labels import Labels
from triglot.tables.table import Column, Table
from triglot.workers.r.runtime import RModel, RRuntime

ROOT = Path(__file__).parents[3]
AUTHORS = Path(__file__).parent / "authors"
Seen = dict[str, Any]


def started() -> RRuntime:
    runtime = RRuntime()
    runtime.start()
    return runtime


def iris() -> tuple[Table, np.ndarray[Any, Any], Labels]:
    lines = (ROOT / "examples/data/iris.data").read_text().split()
    rows = [line.split(",") for line in lines]
    matrix = np.array([[float(value) for value in row[:4]] for row in rows], order="F")
    labels = Labels.learn([row[4] for row in rows])
    names = ["Sepal Length", "Sepal Width", "Petal Length", "Petal Width"]
    return Table(names, matrix=matrix), labels.encode([row[4] for row in rows]), labels


def task(script: Path, spec: Mapping[str, Any], X: Table, y: Any, labels: Labels | None) -> FitTask:
    return FitTask(
        "regression" if labels is None else "classification",
        {"script": script.name, "folder": str(script.parent), **spec},
        {script.name: script.read_text()},
        X,
        y,
        labels,
    )


def manifest(runtime: RRuntime, done: FitTask) -> Seen:
    return {
        "runtime": dict(runtime.versions()),
        "spec": done.spec,
        "sources": done.sources,
        "task": done.task,
        "classes": None if done.labels is None else list(done.labels.classes),
    }


def failing(call: Callable[[], Any]) -> Seen:
    """Return the error that `call` raises."""
    try:
        call()
    except TriglotError as error:
        return {"code": error.code, "message": str(error), **error.details()}
    return {"code": "none", "message": "nothing was raised"}


def forest() -> Seen:
    begun = time.monotonic()
    runtime = started()
    ready_s = time.monotonic() - begun
    X, y, labels = iris()
    doing = task(ROOT / "examples/iris-r/iris.R", {"params": {"ntree": 50}, "seed": 1}, X, y, labels)
    model = runtime.fit(doing)
    again = runtime.fit(doing)
    answers = runtime.predict(model, X, {})
    shares = runtime.predict_proba(model, X, {})
    blob = runtime.dump(model)
    Path(sys.argv[2]).write_bytes(blob)
    Path(sys.argv[2] + ".json").write_text(json.dumps(manifest(runtime, doing)))
    return {
        "ready_s": ready_s,
        "versions": dict(runtime.versions()),
        "describe": dict(runtime.describe(model)),
        "dtype": str(answers.dtype),
        "answers": answers.tolist(),
        "truth": y.tolist(),
        "shares": shares.tolist(),
        "same_seed_same_model": runtime.predict_proba(again, X, {}).tolist() == shares.tolist(),
        "votes": runtime.predict_proba(model, X.slice(0, 1), {"norm.votes": False}).tolist(),
        "empty": [list(ask(model, X.slice(0, 0), {}).shape) for ask in (runtime.predict, runtime.predict_proba)],
    }


def reload() -> Seen:
    """In a process that knows nothing but the manifest and the bytes, on a host without the author's folder."""
    runtime = started()
    known = json.loads(Path(sys.argv[2] + ".json").read_text())
    known["spec"]["folder"] = "/nowhere"
    model = runtime.load(Manifest(known), Path(sys.argv[2]).read_bytes())
    X, _, _ = iris()
    gone = {**known, "runtime": {"language": "4.0.0", "nowhere": "1.0"}}
    return {
        "shares": runtime.predict_proba(model, X, {}).tolist(),
        "without_package": failing(lambda: runtime.load(Manifest(gone), b"")),
        "damaged": failing(lambda: runtime.load(Manifest(known), b"not R")),
    }


def tooth() -> Seen:
    runtime = started()
    rows = (line.split(",") for line in (ROOT / "examples/data/tooth_growth.csv").read_text().split()[1:])
    length, supp, dose = zip(*rows, strict=True)
    levels = ("OJ", "VC")
    X = Table.of(
        {
            "supp": Column.category(np.array([levels.index(s.strip('"')) for s in supp]), levels),
            "dose": Column.numeric(np.array(dose, dtype=np.float64)),
        }
    )
    doing = task(ROOT / "examples/tooth-r/tooth.R", {}, X, np.array(length, dtype=np.float64), None)
    model = runtime.fit(doing)
    answer = runtime.predict(model, X, {})
    loaded = runtime.load(Manifest(manifest(runtime, doing)), runtime.dump(model))
    doses = Table.of(
        {
            "supp": Column.category(np.array([0, 0, 0]), levels),
            "dose": Column.numeric(np.array([0.5, 1.0, 2.0])),
        }
    )
    residual = float(((np.array(length, dtype=np.float64) - answer) ** 2).sum())
    return {
        "shape": list(answer.shape),
        "residual": residual,
        "loaded_is_equal": runtime.predict(loaded, X, {}).tolist() == answer.tolist(),
        "doses": runtime.predict(model, doses, {}).tolist(),
        "bands": list(runtime.predict(model, doses, {"interval": "confidence"}).shape),
        "proba": failing(lambda: runtime.predict_proba(model, X, {})),
        "describe": dict(runtime.describe(model)),
    }


def data() -> Seen:
    """What an author sees of every kind of column, plainly and under `gctorture`."""
    runtime = started()
    gone = np.array([False, True, False])
    X = Table.of(
        {
            "a b": Column.numeric(np.array([1.5, 2.0, np.nan]), gone),
            "single": Column.numeric(np.array([1, 2, 3], dtype=np.float32)),
            "small": Column.numeric(np.array([1, 2**40, -3]), gone),
            "large": Column.numeric(np.array([1, 2**31, 3])),
            "lowest": Column.numeric(np.array([-(2**31), 2, 3], dtype=np.int32)),
            "flag": Column.numeric(np.array([True, False, False]), gone),
            "text": Column.strings(["Zürich", None, "Zürich"]),
            "kind": Column.category(np.array([1, 0, 1]), ("x", "y", "z"), missing=gone),
            "rank": Column.category(np.array([1, 0, -1]), ("low", "high"), ordered=True),
        }
    )
    params = {"n": 5, "ratio": 0.5, "flags": [True, None], "mixed": [1, 2.5, None], "deep": {"a": "b", "c": [1, "d"]}}
    params |= {"empty": [], "none": None, "big": 2**40}
    spec = {"predict": "predict_numbers", "params": params}
    model = runtime.fit(task(AUTHORS / "look.R", spec, X, np.array([1.0, 2.0, 3.0]), None))
    runtime.predict(model, X, {})
    plain = runtime.take_output().text
    torture = runtime._interpreter.rinterface.baseenv["gctorture"]
    torture(True)
    x = runtime._x(X, False)
    torture(False)
    runtime._told(runtime._interpreter.call(model.predict, x))
    tortured = runtime.take_output().text
    labels = Labels(("b", "a"))
    codes = np.array([0, 1, 0], dtype=np.int32)
    targets = []
    for more in ({}, {"encode_labels": True}):
        model = runtime.fit(task(AUTHORS / "look.R", spec | more, X, codes, labels))
        with contextlib.suppress(TriglotError):
            runtime.predict(model, X, {})
        targets.append(runtime.take_output().text.splitlines()[-1])
    numeric = Table.of({"a": Column.numeric(np.array([1, 2])), "b": Column.numeric(np.array([True, False]))})
    whole = Table.of({"a": Column.numeric(np.array([1, 2])), "b": Column.numeric(np.array([3, 4]))})
    holes = Table.of({"a": Column.numeric(np.array([1, 2]), np.array([False, True]))})
    matrices = []
    for table in (numeric, whole, holes, iris()[0].slice(3, 5)):
        as_matrix = task(AUTHORS / "look.R", {"x": "matrix", "predict": "predict_numbers"}, table, np.ones(2), None)
        runtime.predict(runtime.fit(as_matrix), table, {})
        matrices.append(runtime.take_output().text.splitlines()[0])
    return {
        "plain": plain.splitlines(),
        "tortured": tortured.splitlines(),
        "targets": targets,
        "matrices": matrices,
        "text_in_matrix": failing(lambda: runtime.fit(task(AUTHORS / "look.R", {"x": "matrix"}, X, codes, labels))),
        "nul": failing(lambda: runtime.predict(model, Table.of({"t": Column.strings(["a\0b"])}), {})),
    }


def failures() -> Seen:
    runtime = started()
    X, y, labels = iris()
    flip = AUTHORS / "flip.R"

    def fit(script: Path, **spec: Any) -> RModel:
        return runtime.fit(task(script, spec, X, y, labels))

    seen: Seen = {
        name: failing(lambda name=name: fit(flip, fit=name))  # type: ignore[misc]
        for name in ("fit_stop", "fit_quit", "fit_deep", "fit_deeper", "nobody")
    }
    seen["broken"] = failing(lambda: fit(AUTHORS / "broken.R"))
    seen["no_script"] = failing(lambda: runtime.fit(FitTask("regression", {"script": "a.R"}, {"b.R": ""}, X, y, None)))
    model = fit(flip)
    seen["output"] = runtime.take_output().text
    for mode in ("unknown", "missing", "short"):
        seen[mode] = failing(lambda mode=mode: runtime.predict(model, X, {"mode": mode}))  # type: ignore[misc]
    warned = runtime.predict(model, X, {"mode": "warn"})
    seen["warned"] = [warned.tolist()[:2], list(runtime.take_output().warnings), list(runtime.take_output().warnings)]
    other = fit(AUTHORS / "flop.R")
    seen["two_scripts"] = [int(runtime.predict(m, X, {})[0]) for m in (model, other, model)]
    runtime.interrupt()  # while nothing runs: must not hit the next call
    over = threading.Event()

    def insist() -> None:
        while not over.wait(0.1):
            runtime.interrupt()

    insisting = threading.Thread(target=insist)
    insisting.start()
    seen["interrupted"] = failing(lambda: fit(flip, fit="fit_forever"))
    over.set()
    insisting.join()
    seen["after"] = runtime.predict(model, X, {}).tolist()[:2]
    return seen


def unseen() -> Seen:
    """What models of text say to text that they do not know."""
    runtime = started()
    X = Table.of({"home town": Column.strings(["Bern", "Köln", "Bern", "Köln"])})
    y = np.array([1.0, 2.0, 1.5, 2.5])
    odd = Table.of({"home town": Column.strings(["Köln", "Atlantis", "Ys", "Ys"])})
    seen: Seen = {}
    for fit in ("fit", "fit_factor", "fit_tree", "fit_own"):
        model = runtime.fit(task(AUTHORS / "towns.R", {"fit": fit}, X, y, None))
        seen[fit] = failing(lambda model=model: runtime.predict(model, odd, {}))  # type: ignore[misc]
    return seen


def drawing() -> Seen:
    """What a model that plots leaves in its working directory, and what is known of it."""
    os.chdir(sys.argv[2])
    runtime = started()
    X, y, labels = iris()
    doing = task(AUTHORS / "drawing.R", {}, X, y, labels)
    model = runtime.fit(doing)
    loaded = runtime.load(Manifest(manifest(runtime, doing)), runtime.dump(model))
    return {
        "answers": [runtime.predict(each, X.slice(0, 2), {}).tolist() for each in (model, loaded)],
        "shares": runtime.predict_proba(loaded, X.slice(0, 1), {}).tolist(),
        "describe": dict(runtime.describe(loaded)),
        "files": os.listdir(),
    }


def leak() -> Seen:
    """Resident memory over 3,000 predictions of 50 rows, after as many have warmed up what grows once."""
    runtime = started()
    X, y, labels = iris()
    few = X.slice(0, 50)
    mixed = Table(
        [*few.names, "text", "kind"],
        columns=[
            *few.columns,
            Column.strings([f"row {i}" for i in range(50)]),
            Column.category(np.arange(50) % 3, ("a", "b", "c")),
        ],
    )
    model = runtime.fit(task(AUTHORS / "flip.R", {}, mixed, y[:50], labels))
    sizes = []
    for _ in range(2):
        for _ in range(3_000):
            runtime.predict(model, mixed, {"mode": "warn"})
            runtime.take_output()
        sizes.append(int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize())
    return {"sizes": sizes}


def start_alone() -> Seen:
    begun: list[str] = []
    sys.addaudithook(lambda event, args: begun.append(str(args[0])) if event == "subprocess.Popen" else None)
    started()
    return {"programs": [Path(program).name for program in begun], "libraries": os.environ.get("LD_LIBRARY_PATH", "")}


def off_thread() -> Seen:
    seen: Seen = {}
    thread = threading.Thread(target=lambda: seen.update(failing(RRuntime().start)))
    thread.start()
    thread.join()
    return seen


def absent() -> Seen:
    with contextlib.suppress(LanguageUnavailable):
        RRuntime().start()
        return {"code": "none"}
    return failing(RRuntime().start)


GROUPS = {
    f.__name__: f
    for f in (forest, reload, tooth, data, failures, unseen, drawing, leak, start_alone, off_thread, absent)
}

if __name__ == "__main__":
    print(json.dumps(GROUPS[sys.argv[1]]()))
