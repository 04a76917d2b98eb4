"""What every language must do, as small named checks of its real worker process.

Each language brings one author's model of the same kind (`models/`). A fourth language joins by passing this, as the
worker in `ruby/` does, which shares no code with the others.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.helpers import KEY, PATIENCE_S, Hive, ask, author_module, raw, unfitted, until
from triglot.artefact import Artefact, seal
from triglot.dispatch.blocking import Client
from triglot.drift.profile import Profile
from triglot.errors import (
    ArtefactNeeded,
    ArtefactRefused,
    BadRequest,
    DeadlineExceeded,
    EstimatorFailed,
    ProtocolError,
    TableNeeded,
)
from triglot.estimators import JuliaClassifier, RClassifier
from triglot.languages.known import LANGUAGES
from triglot.protocol import wire
from triglot.protocol.messages import Fault, Op, Reply, Request
from triglot.protocol.wire import Packed
from triglot.tables.table import Column, Table
from triglot.transport.discovery import scan
from triglot.transport.request_ids import new_id

ROOT = Path(__file__).parents[2]
MODELS = Path(__file__).parent / "models"
# not in alphabetical order, so that whoever sorts them is found out
CLASSES = ["versicolor", "setosa", "virginica"]
NAMES = ("sepal length", "petal.width")
CENTRES = np.array([[5.9, 1.3], [5.0, 0.2], [6.6, 2.0]])


@pytest.fixture(params=(*LANGUAGES, "ruby"), scope="module")
def language(request: pytest.FixtureRequest) -> str:
    """Give each language in turn."""
    return str(request.param)


def spec_of(language: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return how the author's model is called, and its files."""
    if language == "r":
        return RClassifier(script=str(MODELS / "centroids.R")).author()
    if language == "julia":
        return JuliaClassifier(
            script=str(MODELS / "centroids.jl"), labels="codes", predict_proba_function="predict_proba"
        ).author()
    if language == "ruby":
        script = MODELS / "centroids.rb"
        return {"script": script.name, "class": "Centroids"}, {script.name: script.read_text()}
    return {"python_path": [str(MODELS)]}, {}


def flowers(count: int = 60) -> tuple[Table, Any]:
    """Return flowers in three clouds, and the code of each."""
    random = np.random.default_rng(7)
    codes = np.arange(count, dtype=np.int32) % 3
    matrix = np.asfortranarray(CENTRES[codes] + random.normal(0, 0.1, (count, 2)))
    return Table(NAMES, matrix=matrix), codes


@dataclass(frozen=True)
class Site:
    """One language's fitted model and a client that reaches its workers."""

    language: str
    hive: Hive
    client: Client
    artefact: Artefact
    fitted: Reply

    def ask(
        self, X: Table, op: Op = "predict", *, version: int = 1, timeout_s: float = PATIENCE_S, **params: Any
    ) -> Reply:
        request = Request(op, new_id(), "flowers", version, tables=(X,), params=params, sha256=self.artefact.sha256)
        return self.client.call(request, self.language, timeout_s, fetch=lambda: self.artefact).reply

    def answers(self, X: Table, op: Op = "predict", **more: Any) -> Any:
        return self.ask(X, op, **more).tables[0].matrix()


def fit_flowers(client: Client, language: str, X: Table, codes: Any, **said: Any) -> Reply:
    spec, sources = spec_of(language)
    base = unfitted(author_module(MODELS, "centroids").Centroids()) if language == "python" else None
    request = Request(
        "fit",
        new_id(),
        "flowers",
        tables=(X, Table(["y"], matrix=codes.reshape(-1, 1))),
        artefact=base,
        spec={"task": "classification", "classes": CLASSES, "spec": spec, "sources": sources} | said,
    )
    return client.call(request, language, PATIENCE_S).reply


@pytest.fixture(scope="module")
def site(language: str) -> Iterator[Site]:
    hive = Hive()
    client = Client(hive.run_dir)
    try:
        hive.start(language, "first")
        client.wait_for({language: 1}, PATIENCE_S)
        fitted = fit_flowers(client, language, *flowers())
        assert fitted.artefact is not None
        yield Site(language, hive, client, fitted.artefact, fitted)
    finally:
        client.close()
        hive.close()


def test_a_fit_answers_a_signed_artefact_that_says_what_it_is(site: Site) -> None:
    card = site.artefact.verified(KEY)
    assert card["language"] == site.language
    assert card["classes"] == CLASSES
    assert [field["name"] for field in card["schema"]] == list(NAMES)
    assert {"language"} <= card["runtime"].keys()
    assert site.fitted.info["rows"] == 60
    assert site.fitted.info["seconds"] >= 0
    assert "entroids" in site.fitted.info["native_class"]
    assert site.fitted.info["predict_proba"] is True


def test_what_a_fit_and_a_load_tell_is_named_in_the_protocol(site: Site) -> None:
    text = (ROOT / "docs" / "protocol.md").read_text("utf-8")
    load = Request("load", new_id(), "flowers", 400, artefact=site.artefact)
    loaded = site.client.call(load, site.language, PATIENCE_S).reply
    answers = text[text.index("\n## Answers\n") : text.index("\n## Faults\n")]
    assert {"native_class", "predict_proba"} <= loaded.info.keys()
    assert [key for key in site.fitted.info.keys() | loaded.info.keys() if f"`{key}`" not in answers] == []


def test_a_fit_keeps_how_its_training_data_look_whatever_the_language(site: Site) -> None:
    if site.language == "ruby":  # it shares no code, and a manifest may be without
        assert "profile" not in site.artefact.card()
        return
    assert "profile" not in site.artefact.card()  # sixty rows are few
    X, codes = flowers(120)

    def profile(**said: Any) -> Any:
        reply = fit_flowers(site.client, site.language, X, codes, **said)
        assert reply.artefact is not None
        return reply.artefact.verified(KEY).get("profile")

    kept = Profile.from_json(profile())
    assert kept is not None
    assert (kept.rows, [column.name for column in kept.columns]) == (120, list(NAMES))
    for column, values in zip(kept.columns, X.matrix().T, strict=True):
        assert column.edges == tuple(pytest.approx(np.sort(values)[12 * part], rel=1e-5) for part in range(1, 10))
    assert [each["name"] for each in profile(profile={"without": [NAMES[0]]})["columns"]] == [NAMES[1]]
    assert profile(profile=False) is None
    with pytest.raises(BadRequest, match="'nobody': the data have no such column"):
        profile(profile={"without": ["nobody"]})


def needs_arrow(site: Site) -> None:
    """Skip where a language has no tables of text, and see that it says so."""
    if site.language == "ruby":
        with pytest.raises(BadRequest, match="no datasets"):
            ask_for_data(site, rows=1)
        with pytest.raises(BadRequest, match="matrices"):
            site.ask(Table.of({"sepal length": Column.strings(["long"])}))
        pytest.skip("Ruby has no Arrow")


def ask_for_data(site: Site, function: str = "flowers", **params: Any) -> Reply:
    spec, sources = spec_of(site.language)
    if site.language == "python":
        function = f"centroids.{function}"
    request = Request(
        "dataset", new_id(), "", spec={"spec": {**spec, "function": function, "params": params}, "sources": sources}
    )
    return site.client.call(request, site.language, PATIENCE_S).reply


def test_a_dataset_keeps_names_types_levels_and_what_is_missing(site: Site) -> None:
    needs_arrow(site)
    reply = ask_for_data(site, rows=3)
    X, y = reply.tables
    assert X.names == ("sepal length", "count", "note")
    assert [column.to_list() for column in X.columns] == [[5.5, None, 6.0], [1, 2, None], ["grün", None, ""]]
    kinds = [column.kind for column in X.columns]
    assert (kinds[0], kinds[2]) == ("float64", "string")
    assert kinds[1] in ("int32", "int64")
    (target,) = y.columns
    assert (target.kind, target.levels) == ("category", ("virginica", "setosa"))
    assert target.to_list() == ["virginica", "setosa", "virginica"]
    assert reply.info["rows"] == 3


def test_a_dataset_without_rows_keeps_its_names(site: Site) -> None:
    needs_arrow(site)
    X, y = ask_for_data(site, rows=0).tables
    assert (X.names, X.rows, y.rows) == (("sepal length", "count", "note"), 0, 0)


def test_a_dataset_function_that_fails_or_is_not_there_is_told_and_the_worker_lives_on(site: Site) -> None:
    needs_arrow(site)
    with pytest.raises(EstimatorFailed, match="no such flower") as caught:
        ask_for_data(site, rows=3, fail=True)
    assert caught.value.native_class.endswith("NoSuchFlower")
    with pytest.raises((EstimatorFailed, BadRequest), match="gardens"):
        ask_for_data(site, "gardens", rows=3)
    assert ask_for_data(site, rows=1).tables[0].rows == 1


def ask_to_transform(site: Site, function: str, X: Table | None, params: Any = None, **offered: Any) -> Reply:
    spec, sources = spec_of(site.language)
    name = f"centroids.{function}" if site.language == "python" else function
    said = {**spec, "function": name, "params": params or {}, "offered": offered}
    tables = () if X is None else (X,)
    request = Request("transform", new_id(), "", tables=tables, spec={"spec": said, "sources": sources})
    return site.client.call(request, site.language, PATIENCE_S).reply


def counted() -> Table:
    missing = np.array([False, False, True])
    counts = Column("int64", np.array([1, 2, 0]), missing)
    return Table.of({"note": Column.strings(["grün", None, ""]), "count": counts})


def test_a_transform_gives_a_table_to_an_author_s_function_and_takes_one_back(site: Site) -> None:
    needs_arrow(site)
    reply = ask_to_transform(site, "bouquet", counted(), {"day": "never", "times": 3}, day="monday", strange=1)
    (table,) = reply.tables
    assert table.names == ("note", "count", "day")
    found = [column.to_list() for column in table.columns]
    assert found == [["grün", None, ""], [3, 6, None], ["monday"] * 3]
    assert reply.info["rows"] == 3
    (grown,) = ask_to_transform(site, "garden", None, rows=2).tables
    assert (grown.names, grown.columns[0].to_list()) == (("count",), [1, 2])


def test_a_transform_that_fails_is_told_and_the_worker_lives_on(site: Site) -> None:
    needs_arrow(site)
    with pytest.raises(EstimatorFailed, match="no such flower") as caught:
        ask_to_transform(site, "bouquet", counted(), day="monday", fail=True)
    assert caught.value.native_class.endswith("NoSuchFlower")
    with pytest.raises((EstimatorFailed, BadRequest), match="gardens"):
        ask_to_transform(site, "gardens", counted())
    with pytest.raises(ProtocolError, match="one table"):
        site.client.call(Request("transform", new_id(), "", tables=(counted(), counted())), site.language, PATIENCE_S)
    assert ask_to_transform(site, "garden", None, rows=1).tables[0].rows == 1


def test_a_prediction_before_the_load_asks_for_the_artefact(site: Site) -> None:
    request = Request("predict", new_id(), "flowers", 99, tables=(flowers(3)[0],))
    with pytest.raises(ArtefactNeeded, match="version 99"):
        site.client.call(request, site.language, PATIENCE_S)


def test_labels_come_back_in_the_order_of_the_classes(site: Site) -> None:
    X, codes = flowers(60)
    answer = site.answers(X)
    assert answer.dtype == np.int32
    assert answer.shape == (60, 1)
    assert answer[:, 0].tolist() == codes.tolist()


def test_probabilities_come_in_class_order_and_sum_to_one(site: Site) -> None:
    X, codes = flowers(60)
    shares = site.answers(X, "predict_proba")
    assert shares.dtype == np.float64
    assert shares.shape == (60, 3)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, atol=1e-9)
    assert shares.argmax(axis=1).tolist() == codes.tolist()


@pytest.mark.parametrize("op", ["predict", "predict_proba"])
def test_a_batch_is_answered_as_its_rows_would_be(site: Site, op: Op) -> None:
    X, _ = flowers(12)
    single = [site.answers(X.slice(i, i + 1), op) for i in range(12)]
    np.testing.assert_allclose(site.answers(X, op), np.concatenate(single), rtol=1e-12)


def test_a_prediction_tells_what_its_call_took_and_how_many_rows_it_had(site: Site) -> None:
    spent = site.ask(flowers(12)[0], nap=0.05).spent
    if site.language == "ruby":
        assert spent is None, "a worker may leave it out"
        return
    assert spent is not None
    assert spent.rows == 12
    assert spent.infer >= 50_000_000
    assert min(spent.queue, spent.input, spent.output) > 0


def test_no_rows_are_no_answers(site: Site) -> None:
    X = flowers(3)[0].slice(0, 0)
    assert site.answers(X).shape == (0, 1)
    assert site.answers(X, "predict_proba").shape == (0, 3)


def test_other_bytes_under_the_same_number_are_never_taken_for_each_other(site: Site) -> None:
    X, codes = flowers(9)
    turned = fit_flowers(site.client, site.language, *[flowers()[0], (flowers()[1] + 1) % 3]).artefact
    assert turned is not None
    for artefact, shift in ((turned, 1), (site.artefact, 0), (turned, 1)):
        request = Request("predict", new_id(), "flowers", 1, tables=(X,), sha256=artefact.sha256)
        reply = site.client.call(request, site.language, PATIENCE_S, fetch=lambda a=artefact: a).reply  # type: ignore[misc]
        assert reply.tables[0].matrix()[:, 0].tolist() == ((codes + shift) % 3).tolist()
    whatever = Request("predict", new_id(), "flowers", 1, tables=(X,))
    assert site.client.call(whatever, site.language, PATIENCE_S).reply.tables[0].rows == 9


def test_columns_may_come_in_any_order(site: Site) -> None:
    X, codes = flowers(9)
    turned = Table(NAMES[::-1], matrix=np.asfortranarray(X.matrix()[:, ::-1]))
    assert site.answers(turned)[:, 0].tolist() == codes.tolist()


def test_a_wrong_column_name_is_a_bad_request_that_names_it(site: Site) -> None:
    X = Table(("sepal length", "petal width"), matrix=flowers(3)[0].matrix())
    with pytest.raises(BadRequest, match=r"'petal width'.*did you mean 'petal.width'"):
        site.ask(X)


@pytest.mark.parametrize("op", ["predict", "predict_proba"])
def test_an_authors_error_is_told_with_its_class_and_the_worker_lives_on(site: Site, op: Op) -> None:
    X, codes = flowers(3)
    before = site.client.workers()
    with pytest.raises(EstimatorFailed, match="no such flower") as caught:
        site.ask(X, op, fail=True)
    assert caught.value.language == site.language
    assert caught.value.native_class.endswith("NoSuchFlower")
    assert caught.value.traceback
    assert site.answers(X)[:, 0].tolist() == codes.tolist()
    assert {w.id for w in before} <= {w.id for w in site.client.workers() if w.alive}


def test_an_authors_error_in_the_fit_is_told_and_the_worker_lives_on(site: Site) -> None:
    X, codes = flowers(6)
    broken = X.matrix().copy()
    broken[0, 0] = np.nan
    with pytest.raises(EstimatorFailed, match="cannot fit what is missing"):
        fit_flowers(site.client, site.language, Table(NAMES, matrix=broken), codes)
    assert site.answers(X)[:, 0].tolist() == codes.tolist()


def test_a_parameter_that_the_model_does_not_know_is_told_and_the_worker_lives_on(site: Site) -> None:
    if site.language == "r":
        pytest.skip("R passes unknown arguments on through its dots")
    with pytest.raises(EstimatorFailed):
        site.ask(flowers(3)[0], colour="red")
    assert site.answers(flowers(3)[0]).shape == (3, 1)


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        *(("task", wrong) for wrong in (None, 3, "ranking", ["classification"])),
        *(("classes", wrong) for wrong in (5, "setosa", {"setosa": 1})),
        *(("spec", wrong) for wrong in (3, None, ["script"])),
        *(("sources", wrong) for wrong in ("text", {"a": 3})),
        *(("unseen_levels", wrong) for wrong in (7, None)),
        *(("answers", wrong) for wrong in ("labels", None, {"missing": "allowed"})),
        *(("batch", wrong) for wrong in ("x", None, {"rows": -1}, {"rows": "many"})),
    ],
)
def test_a_key_of_a_fits_spec_that_is_wrong_is_a_fault_of_the_protocol(site: Site, key: str, wrong: Any) -> None:
    X, codes = flowers()
    spec, sources = spec_of(site.language)
    base = unfitted(author_module(MODELS, "centroids").Centroids()) if site.language == "python" else None
    said = {"task": "classification", "classes": CLASSES, "spec": spec, "sources": sources, key: wrong}
    tables = (X, Table(["y"], matrix=codes.reshape(-1, 1)))
    request = Request("fit", new_id(), "flowers", tables=tables, artefact=base, spec=said)
    with pytest.raises(ProtocolError, match=key):
        site.client.call(request, site.language, PATIENCE_S)
    assert site.answers(flowers(3)[0]).shape == (3, 1)


def test_a_fit_may_name_its_tables_by_digest_once_the_worker_has_seen_them(site: Site) -> None:
    X, codes = flowers(300)
    y = Table(["y"], matrix=codes.reshape(-1, 1))
    spec, sources = spec_of(site.language)
    base = unfitted(author_module(MODELS, "centroids").Centroids()) if site.language == "python" else None
    card = {"task": "classification", "classes": CLASSES, "spec": spec, "sources": sources}
    request = Request("fit", "d1", "by digest", 7, tables=(X, y), artefact=base, spec=card, digests=True)
    packed = wire.pack(request.tables, digests=True)
    assert all("digest" in entry for entry in packed.entries)
    with raw(scan(site.hive.run_dir)["first"].address) as socket:
        lacking = ask(socket, *wire.encode_request(request, packed.bare()))
        assert (lacking.id, lacking.code) == ("d1", TableNeeded.code)
        other = Table(NAMES, matrix=X.matrix() + 1.0)
        wrong = Packed(packed.entries, (wire.pack([other]).buffers[0], packed.buffers[1]))
        assert ask(socket, *wire.encode_request(request, wrong)).code == ProtocolError.code
        socket.rcvtimeo = int(PATIENCE_S * 1000)
        first = ask(socket, *wire.encode_request(request, packed))
        again = ask(socket, *wire.encode_request(request, packed.bare()))
    assert first.info["rows"] == again.info["rows"] == 300
    assert again.artefact.card()["golden"] == first.artefact.card()["golden"]
    # what is fitted under a version is held under it; and what is predicted is never the kept bytes themselves
    for _ in range(2):
        named = Request("predict", new_id(), "by digest", 7, tables=(X,), digests=True)
        answer = site.client.call(named, site.language, PATIENCE_S).reply
        assert answer.tables[0].matrix()[:, 0].tolist() == codes.tolist()


def test_what_the_author_prints_and_warns_of_comes_back_with_the_request(site: Site) -> None:
    reply = site.ask(flowers(3)[0], say="wonderful grüße")
    assert "wonderful grüße" in reply.output
    assert any("about wonderful" in warning for warning in reply.warnings)
    silent = site.ask(flowers(3)[0])
    assert (silent.output, silent.warnings) == ("", ())
    until(lambda: "wonderful grüße" in site.hive.workers[0].said())


def test_what_the_author_printed_before_an_error_comes_back_with_it(site: Site) -> None:
    with pytest.raises(EstimatorFailed) as caught:
        site.ask(flowers(3)[0], say="so far so good", fail=True)
    assert "so far so good" in caught.value.output
    assert site.ask(flowers(3)[0]).output == ""


def test_an_unknown_op_is_refused_and_the_worker_lives_on(site: Site) -> None:
    endpoint = scan(site.hive.run_dir)["first"]
    header = {"id": "u1", "op": "eval", "model": "m", "version": 1, "timeout_ms": 1000}
    with raw(endpoint.address) as socket:
        fault = ask(socket, wire.pack_control(header))
        assert isinstance(fault, Fault)
        assert (fault.id, fault.code) == ("u1", ProtocolError.code)
        assert "eval" in fault.message
    assert site.answers(flowers(3)[0]).shape == (3, 1)


@pytest.mark.parametrize(
    "frames",
    [[b""], [b"hello"], [b"TG\x01"], [b"TG\x01\xff"], [b"TG\x02\x80"], [b"TG\x01\x80"], [b"TG\x01\x80", b"x", b"y"]],
    ids=["empty", "text", "headless", "no map", "version", "no keys", "more frames"],
)
def test_garbage_is_answered_with_a_fault_and_the_worker_lives_on(site: Site, frames: list[bytes]) -> None:
    with raw(scan(site.hive.run_dir)["first"].address) as socket:
        fault = ask(socket, *frames)
        assert isinstance(fault, Fault)
        assert fault.code == ProtocolError.code
    assert site.answers(flowers(3)[0]).shape == (3, 1)


def test_an_artefact_of_another_key_or_with_other_bytes_is_refused_before_a_loader_sees_it(site: Site) -> None:
    card = {key: value for key, value in site.artefact.card().items() if key not in ("format", "blob_sha256")}
    forged = seal(card, site.artefact.blob, b"somebody else's signing key")
    damaged = replace(site.artefact, blob=site.artefact.blob + b"\0")
    for version, artefact in enumerate((forged, damaged), start=200):
        request = Request("predict", new_id(), "flowers", version, tables=(flowers(3)[0],))
        with pytest.raises(ArtefactRefused):
            site.client.call(request, site.language, PATIENCE_S, fetch=lambda found=artefact: found)  # type: ignore[misc]


def test_an_artefact_of_another_language_is_refused(site: Site) -> None:
    card = {key: value for key, value in site.artefact.card().items() if key not in ("format", "blob_sha256")}
    card["language"] = "julia" if site.language != "julia" else "r"
    foreign = seal(card, site.artefact.blob, KEY)
    request = Request("predict", new_id(), "flowers", 300, tables=(flowers(3)[0],))
    with pytest.raises(ProtocolError, match=f"a worker for {site.language}"):
        site.client.call(request, site.language, PATIENCE_S, fetch=lambda: foreign)


def test_a_call_past_its_deadline_is_interrupted_and_the_worker_lives_on(site: Site) -> None:
    (worker,) = site.hive.workers
    with pytest.raises(DeadlineExceeded):
        site.ask(flowers(3)[0], nap=10 * PATIENCE_S, timeout_s=0.5)
    assert site.answers(flowers(3)[0]).shape == (3, 1)
    assert worker.process.poll() is None


@dataclass(frozen=True)
class Succession:
    """A worker that was killed in a call, and the fresh one that came in its place."""

    site: Site
    before: dict[Op, Any]
    answered: list[Any]


def both(site: Site) -> dict[Op, Any]:
    """Return the labels and the probabilities of thirty flowers."""
    X, _ = flowers(30)
    ops: tuple[Op, ...] = ("predict", "predict_proba")
    return {op: site.answers(X, op) for op in ops}


@pytest.fixture(scope="module")
def succession(site: Site) -> Succession:
    """Kill the worker that fitted, in the midst of a call, and start another."""
    before = both(site)
    first = site.hive.workers[0]
    with asking(site) as answered:
        until(lambda: site.hive.busy(first.name))
        first.kill()
        site.hive.start(site.language, "first")
    return Succession(site, before, answered)


@contextmanager
def asking(site: Site) -> Iterator[list[Any]]:
    """Ask for three flowers, which takes a second; the answer is there at the end."""
    answers: list[Any] = []
    call = threading.Thread(target=lambda: answers.append(site.answers(flowers(3)[0], nap=1.0)[:, 0].tolist()))
    call.start()
    yield answers
    call.join(PATIENCE_S)


def test_a_worker_killed_in_a_call_costs_time_and_no_answer(succession: Succession) -> None:
    assert succession.answered == [flowers(3)[1].tolist()]


def test_a_fresh_worker_predicts_what_the_fitting_one_did(succession: Succession) -> None:
    for op, answers in both(succession.site).items():
        np.testing.assert_array_equal(answers, succession.before[op])


def test_a_worker_that_is_told_to_go_answers_what_it_has_and_takes_its_announcement_away(
    succession: Succession,
) -> None:
    hive = succession.site.hive
    process = hive.workers[-1]
    with asking(succession.site) as answered:
        until(lambda: hive.busy(process.name))
        assert process.terminate() == 0, process.said()
    assert answered == [flowers(3)[1].tolist()]
    assert scan(hive.run_dir) == {}
