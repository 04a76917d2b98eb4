"""Make the frozen files of today's formats, by hand, when a format has got a new number:

    scripts/with_env.sh python -m tests.formats.freeze

What is there already is left as it is, for it was written by the version that had the format. It takes all three
languages. Commit what is new; docs/protocol.md, "When a format changes", says what else belongs to it.
"""

import gzip
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
from sklearn.naive_bayes import GaussianNB

from tests.formats.files import (
    FROZEN,
    LISTING,
    MODEL,
    artefact_of,
    encoded,
    kept,
    listed,
    meaning,
    read_json,
    write_json,
)
from tests.helpers import KEY, PATIENCE_S, Hive, unfitted
from triglot.artefact import FORMAT, Artefact
from triglot.dispatch.blocking import Client
from triglot.estimators import JuliaClassifier, RRegressor
from triglot.languages.known import OWN
from triglot.persister import Persister
from triglot.persisters.file import File
from triglot.persisters.layout import DB_VERSION
from triglot.protocol import wire
from triglot.protocol.messages import Fault, Part, Reply, Request, Started
from triglot.scoring import bundle as bundles
from triglot.store import ModelStore, migrations
from triglot.tables.table import Column, Table
from triglot.tables.times import DAY, INSTANT

AUTHORS = Path(__file__).parent / "authors"
CLASSES = ["south", "north", "söuth-west"]  # not in alphabetical order
POINTS = np.asfortranarray([[0.0, 1.0], [4.0, 5.0], [8.0, 0.5], [0.5, 1.5], [4.5, 5.5], [8.5, 0.0]])
CODES = np.array([[0], [1], [2], [0], [1], [2]], dtype=np.int32)


def main() -> None:
    """Freeze what is not frozen."""
    artefacts = FROZEN / "artefacts" / str(FORMAT)
    for language in OWN:
        if not (artefacts / f"{language}.json").exists():
            write_json(artefacts / f"{language}.json", fitted(language))
    found = {path.stem: artefact_of(read_json(path)) for path in sorted(artefacts.glob("*.json"))}
    bundle = FROZEN / "bundles" / f"{bundles.FORMAT}.bundle"
    if not bundle.exists():
        bundle.parent.mkdir(exist_ok=True)
        bundles.Bundle(MODEL, 3, found[MODEL]).write(bundle, KEY)
    if not (FROZEN / "wire" / f"{wire.VERSION}.json").exists():
        freeze_messages(FROZEN / "wire" / f"{wire.VERSION}.json", found["r"])
    if not (FROZEN / "store" / migrations.HEAD).exists():
        freeze_store(FROZEN / "store" / migrations.HEAD, found)
    if not (FROZEN / "files" / DB_VERSION).exists():
        freeze_files(FROZEN / "files" / DB_VERSION, found)


def fitted(language: str) -> dict[str, Any]:
    """Return a language's artefact, rows as a caller sends them, and the answers of the worker that fitted it."""
    with worker(language) as client:
        artefact = client.call(fit_request(language), language, PATIENCE_S).reply.artefact
        assert artefact is not None
        rows = rows_of(table_of(language))
        X = artefact.card().schema.rows(rows)
        ops = ("predict",) if language == "r" else ("predict", "predict_proba")
        answers = {}
        for op in ops:
            request = Request(op, op, language, 1, tables=(X,))  # type: ignore[arg-type]
            reply = client.call(request, language, PATIENCE_S, fetch=lambda: artefact).reply
            answers[op] = reply.tables[0].matrix().tolist()
        return {**kept(artefact), "rows": rows, "answers": answers}


@contextmanager
def worker(language: str) -> Iterator[Client]:
    """Hold a client of one real worker."""
    hive = Hive()
    with closing(hive), closing(Client(hive.run_dir)) as client:
        hive.start(language)
        client.wait_for({language: 1}, PATIENCE_S)
        yield client


def fit_request(language: str) -> Request:
    """Return the request for the fit of a language's model."""
    spec, sources = author_of(language)
    # its class is found by its name, and its state is plain arrays
    base = unfitted(GaussianNB(var_smoothing=0.5)) if language == "python" else None
    y = np.array([[3.5], [4.25], [6.5], [7.25], [9.5], [10.25]]) if language == "r" else CODES
    task = {"task": "regression"} if language == "r" else {"task": "classification", "classes": CLASSES}
    said = {**task, "spec": spec, "sources": sources, "batch": {"rows": 100}}
    tables = (table_of(language), Table(["y"], matrix=y))
    return Request("fit", f"fit-{language}", language, tables=tables, artefact=base, spec=said)


def author_of(language: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return how a language's model is called, and its files, as of an author whose folder is gone."""
    if language == "python":
        return {"python_path": []}, {}
    if language == "r":
        spec, sources = RRegressor(script=str(AUTHORS / "heights.R")).author()
    else:
        model = JuliaClassifier(
            script=str(AUTHORS / "Nearest.jl"), labels="codes", predict_proba_function="predict_proba"
        )
        spec, sources = model.author()
    return {**spec, "folder": "/nowhere/authors"}, sources


def table_of(language: str) -> Table:
    """Return what a language's model is fitted on: numbers, or for R every kind of column."""
    return every_kind() if language == "r" else Table(["x", "the y"], matrix=POINTS)


def every_kind() -> Table:
    """Return a table that has a column of each kind, three of which lack a value."""
    days = np.arange(20_000, 20_006).astype(DAY)
    instants = (np.arange(6) * 3_600_000_000 + 1_700_000_000_000_000).astype(INSTANT)
    lacks = np.array([False, True, False, False, False, False])
    return Table.of(
        {
            "age": Column.numeric(np.array([1.0, 2.0, 4.0, 5.0, 7.0, 8.0])),
            "place": Column.category(np.array([1, 0, 1, 0, 1, 0]), ["south", "north"], ordered=True),
            "count": Column.numeric(np.arange(6, dtype=np.int64), lacks),
            "small": Column.numeric(np.arange(6, dtype=np.int32)),
            "is_new": Column.numeric(np.array([True, False, True, True, False, False])),
            "note": Column.strings(["grün", None, "", "three", "four", "five"]),
            "day": Column.times(days),
            "at": Column.times(instants, zone="Europe/Berlin"),
            "wall": Column.times(instants, lacks),
        }
    )


def rows_of(table: Table) -> list[dict[str, Any]]:
    """Return a table's rows as a caller sends them."""
    columns = [column.to_list() for column in table.columns]
    return [dict(zip(table.names, row, strict=True)) for row in zip(*columns, strict=True)]


def freeze_messages(path: Path, artefact: Artefact) -> None:
    """Write a message of each kind: its frames, and what they say."""
    numbers = Table(["length", "width"], matrix=np.array([[5.1, 3.5], [6.25, -0.0]], order="F"))
    params = {"k": 3, "süß": [None, True, 1.5]}
    messages: list[Request | Reply | Fault | Started] = [
        Request("predict", "7.1", "iris", 3, 2_000, tables=(numbers,), sha256="ab" * 32),
        Request("predict", "7.2", "iris", 3, params=params, tables=(numbers,), alone=True, sent=12.5),
        Request("predict_proba", "7.3", "iris", 3, tables=(numbers,), parts=(Part("7.3", 1), Part("7.4", 1))),
        Request("predict", "7.5", "heights", 1, tables=(every_kind(),)),
        Request("load", "7.7", "heights", 1, artefact=artefact),
        Request("dataset", "7.8", "", spec={"spec": {"function": "flowers", "params": {"n": 3}}, "sources": {}}),
        Reply("7.1", (Table(["0"], matrix=np.array([[2], [0]], np.int32)),)),
        Reply("7.3", (numbers,), output="said\n", warnings=("beware",), parts=(Part("7.3", 1), Part("7.4", 1))),
        Reply("7.7", info={"native_class": "heights", "predict_proba": False}),
        Fault("7.5", "bad-request", "field 'age': ...", {"problems": [{"field": "age", "message": "...", "row": 0}]}),
        Started("7.2"),
    ]
    told = [(encoded(each), meaning(each)) for each in messages]
    told.append((with_frame_of_its_own(encoded(messages[0])), meaning(messages[0])))
    write_json(path, [{"frames": [frame.hex() for frame in frames], "says": says} for frames, says in told])


def with_frame_of_its_own(frames: list[bytes]) -> list[bytes]:
    """Return a message of one table whose buffer stands behind the header, as large ones do."""
    header = msgpack.unpackb(frames[0][len(wire.MAGIC) :])
    buffer = header["tables"][0].pop("data")
    return [wire.MAGIC + msgpack.packb(header), buffer]


def freeze_store(folder: Path, artefacts: dict[str, Artefact]) -> None:
    """Write a SQLite database with a version of each language and a job that waits."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "store.db"
        store = ModelStore(f"sqlite:///{file}", chunk_size=1_000)  # so that there are several chunks
        fill(store, artefacts)
        job = store.jobs.submit("fit", {"model": "r"}, "a-job-that-waits")
        write_json(folder / LISTING, {"artefacts": str(FORMAT), "versions": listed(store), "jobs": [job.to_json()]})
        store.close()
        assert [path.name for path in Path(place).iterdir()] == [file.name]
        (folder / "store.db.gz").write_bytes(gzip.compress(file.read_bytes(), mtime=0))


def freeze_files(folder: Path, artefacts: dict[str, Artefact]) -> None:
    """Write a folder of files with a version of each language."""
    store = File(str(folder / "m-{version}"), MODEL)
    fill(store, artefacts)
    (folder / "m-@lock").unlink()
    write_json(folder / LISTING, {"artefacts": str(FORMAT), "versions": listed(store)})


def fill(store: Persister, artefacts: dict[str, Artefact]) -> None:
    """Write one version of each language's model, and for one a second that is gone again."""
    for language, artefact in artefacts.items():
        store.write(language, artefact, metrics={"score": 0.75, "rows": 6}, metadata={"note": "süß", "by": language})
        store.activate(language, 1)
    store.activate("julia", 1, "champion")
    store.delete("r", store.write("r", artefacts["r"]))


if __name__ == "__main__":
    main()
