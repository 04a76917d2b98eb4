"""Which version is served: followed in the store, never a request's business, never worse than before."""

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import KEY, until
from triglot.artefact import seal
from triglot.decorators import use_decorators
from triglot.dispatch.loads import Loading, Refusal
from triglot.errors import ModelNotFound, StoreError, VersionNotLoadable
from triglot.persister import NOT_PROVED
from triglot.process_store import process_store
from triglot.serving.catalogue import Catalogue
from triglot.serving.memory import Memory
from triglot.serving.served import Served, Standing
from triglot.store import ModelStore

CARD = {
    "language": "r",
    "task": "classification",
    "spec": {},
    "sources": {},
    "runtime": {},
    "created": "2026-01-01",
    "schema": [{"name": "a", "kind": "float64"}],
    "classes": ["no", "yes"],
}

WHOLE = Loading(there=2, held=2)
REFUSED = Loading(2, 0, 2, Refusal("it lacks a package", tries=3, due=0.0))
PART = Loading(2, 1, 1, REFUSED.refusal)
NOBODY = Loading(0, 0)


def anywhere(served: Served) -> Loading:
    """Load every version in every worker."""
    return WHOLE


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ModelStore]:
    """Hold a store with versions 1 to 3 of a model, the first active."""
    made = ModelStore(f"sqlite:///{tmp_path / 'models.db'}")
    for number in range(3):
        made.write("iris", seal(CARD, bytes([number]), KEY))
    made.activate("iris", 1)
    yield made
    made.close()


def test_the_active_version_is_served_with_schema_and_labels(store: ModelStore) -> None:
    catalogue = Catalogue(store, prepare=anywhere)

    served = catalogue.active("iris")

    assert (served.model, served.version, served.language) == ("iris", 1, "r")
    assert served.schema.names == ("a",)
    assert served.labels is not None
    assert served.labels.classes == ("no", "yes")
    assert catalogue.artefact(served).blob == b"\x00"
    assert catalogue.active("iris") is served
    catalogue.close()


def test_reading_a_version_is_a_point_of_decorators(store: ModelStore) -> None:
    read: list[tuple[Any, ...]] = []

    def note(func: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            read.append(args)
            return func(*args)

        return call

    use_decorators(lambda key: [note] if key == "read_model_decorators" else [])
    catalogue = Catalogue(store, prepare=anywhere)
    catalogue.artefact(catalogue.active("iris"))
    assert read == [(store, "iris", 1)]
    catalogue.close()


def test_the_process_store_shows_what_is_served(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_store, "_entries", {})
    catalogue = Catalogue(store, prepare=anywhere)
    catalogue.active("iris")
    first = process_store.mtime["model_persister"]
    assert process_store["model_persister"].__metadata__["version"] == 1
    catalogue.refresh()
    assert process_store.mtime["model_persister"] == first
    store.activate("iris", 2)
    catalogue.refresh()
    assert process_store["model_persister"].__metadata__["version"] == 2
    catalogue.close()


def test_an_unknown_model_is_named_with_those_that_are_served(store: ModelStore) -> None:
    catalogue = Catalogue(store, prepare=anywhere)
    with pytest.raises(ModelNotFound, match="no model 'rose' is active; active are 'iris'"):
        catalogue.active("rose")

    store.deactivate("iris")
    catalogue.refresh()
    with pytest.raises(ModelNotFound, match="no model 'iris' is active; active are none yet: fit and activate one"):
        catalogue.active("iris")
    catalogue.close()


def test_an_activation_is_followed_without_being_asked(store: ModelStore) -> None:
    catalogue = Catalogue(store, prepare=anywhere)
    assert catalogue.all()["iris"].version == 1

    store.activate("iris", 2)

    until(lambda: catalogue.active("iris").version == 2)
    catalogue.close()


def test_the_old_version_answers_until_the_new_one_is_ready(store: ModelStore) -> None:
    ready = {1}
    catalogue = Catalogue(store, prepare=lambda served: WHOLE if served.version in ready else REFUSED)
    catalogue.refresh()
    store.activate("iris", 2)
    catalogue.refresh()
    assert catalogue.active("iris").version == 1

    ready.add(2)
    catalogue.refresh()
    assert catalogue.active("iris").version == 2
    catalogue.close()


def test_every_active_version_is_prepared_each_time_for_workers_that_are_new(store: ModelStore) -> None:
    prepared: list[int] = []

    def prepare(served: Served) -> Loading:
        prepared.append(served.version)
        return WHOLE

    catalogue = Catalogue(store, prepare)
    catalogue.refresh()
    catalogue.refresh()

    assert prepared == [1, 1]


def test_while_the_store_cannot_be_read_what_was_served_is_served_on(
    store: ModelStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    catalogue = Catalogue(store, prepare=anywhere)
    assert catalogue.trouble == ""
    assert catalogue.active("iris").version == 1
    store.close()
    hidden = (tmp_path / "models.db").rename(tmp_path / "hidden.db")
    (tmp_path / "models.db").mkdir()

    until(lambda: catalogue.trouble != "")
    assert catalogue.active("iris").version == 1
    with pytest.raises(StoreError):
        catalogue.refresh()
    until(lambda: "the model store cannot be read" in caplog.text)  # which is told a moment after it is known
    assert caplog.text.count("the model store cannot be read, what is served stays") == 1

    (tmp_path / "models.db").rmdir()
    hidden.rename(tmp_path / "models.db")
    until(lambda: catalogue.trouble == "")
    catalogue.close()


def test_an_error_that_nobody_thought_of_does_not_end_the_looking(
    store: ModelStore, caplog: pytest.LogCaptureFixture
) -> None:
    broken = threading.Event()

    def prepare(served: Served) -> Loading:
        if broken.is_set():
            raise ZeroDivisionError("odd")
        return WHOLE

    catalogue = Catalogue(store, prepare)
    catalogue.active("iris")
    broken.set()
    until(lambda: catalogue.trouble == "odd")
    broken.clear()
    store.activate("iris", 3)

    until(lambda: catalogue.active("iris").version == 3)
    assert catalogue.trouble == ""
    catalogue.close()


def test_a_switch_is_told_in_the_log_once(store: ModelStore, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "triglot"):
        catalogue = Catalogue(store, prepare=anywhere)
        catalogue.refresh()
        catalogue.refresh()

    assert [record.getMessage() for record in caplog.records] == ["model iris: version 1 answers from now on"]


def standing_after(store: ModelStore, *looks: dict[int, Loading], memory: Memory | None = None) -> Standing:
    """Return how iris stands after looks at which its versions load like this, and all others everywhere."""
    now: list[dict[int, Loading]] = [{}]
    catalogue = Catalogue(store, lambda served: now[0].get(served.version, WHOLE), memory=memory)
    for now[0] in looks:
        catalogue.refresh()
    standing = catalogue.standings()["iris"]
    catalogue.close()
    return standing


def versions(standing: Standing) -> tuple[int, int | None, bool, bool]:
    """Return the version that is active, the one that answers, if it is loaded, and if the first is refused."""
    answers = None if standing.answers is None else standing.answers.version
    return (standing.active.version, answers, standing.loaded, standing.refusal is not None)


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ([{3: WHOLE}], (3, 3, True, False)),
        ([{3: NOBODY}], (3, 3, False, False)),
        ([{3: REFUSED}], (3, 2, True, True)),
        ([{3: REFUSED, 2: REFUSED}], (3, 1, True, True)),
        ([{3: REFUSED, 2: REFUSED, 1: REFUSED}], (3, None, False, True)),
        ([{3: PART}], (3, 2, True, True)),
        ([{3: PART, 2: REFUSED, 1: PART}], (3, 3, True, True)),
        ([{3: REFUSED, 2: PART, 1: REFUSED}], (3, 2, True, True)),
        ([{3: WHOLE}, {3: PART}], (3, 3, True, True)),
        ([{3: WHOLE}, {3: REFUSED}], (3, 2, True, True)),
        ([{3: WHOLE}, {3: NOBODY}], (3, 3, False, False)),
        ([{3: REFUSED}, {3: WHOLE}], (3, 3, True, False)),
        ([{3: REFUSED}, {3: NOBODY, 2: NOBODY}], (3, 2, False, False)),
        ([{3: REFUSED, 2: REFUSED, 1: REFUSED}, {3: REFUSED}], (3, 2, True, True)),
        ([{3: REFUSED, 2: REFUSED}, {3: REFUSED}], (3, 1, True, True)),
    ],
)
def test_after_a_start_the_active_version_answers_or_else_the_nearest_before_it_that_loads(
    store: ModelStore, looks: list[dict[int, Loading]], expected: tuple[int, int | None, bool, bool]
) -> None:
    store.activate("iris", 3)
    assert versions(standing_after(store, *looks)) == expected


def test_a_version_that_its_own_fit_did_not_activate_answers_in_nobodys_stead(store: ModelStore) -> None:
    store.write("iris", seal(CARD, b"unproved", KEY), metadata={NOT_PROVED: "it fails for one row"})
    store.activate("iris", store.write("iris", seal(CARD, b"newest", KEY)))
    assert versions(standing_after(store, {5: REFUSED})) == (5, 3, True, True)


def test_where_no_worker_is_there_an_activation_is_followed_at_once(store: ModelStore) -> None:
    catalogue = Catalogue(store, lambda served: NOBODY)
    assert catalogue.active("iris").version == 1
    store.activate("iris", 2)
    catalogue.refresh()
    assert catalogue.active("iris").version == 2
    catalogue.close()


@pytest.mark.parametrize(
    ("active", "loads", "expected"),
    [
        (2, {}, (2, 2, True, False)),  # it is kept, and its callers are told by whoever is asked
        (3, {}, (3, 3, True, False)),
        (3, {3: Loading(there=2, held=0)}, (3, 3, False, False)),
        (3, {3: REFUSED}, (3, 1, True, True)),
    ],
)
def test_a_version_that_is_withheld_neither_answers_on_nor_in_another_s_stead(
    store: ModelStore, active: int, loads: dict[int, Loading], expected: tuple[int, int | None, bool, bool]
) -> None:
    store.activate("iris", 2)
    catalogue = Catalogue(
        store, lambda served: loads.get(served.version, WHOLE), withheld=lambda served: served.version == 2
    )
    catalogue.refresh()
    store.activate("iris", active)
    catalogue.refresh()
    assert versions(catalogue.standings()["iris"]) == expected
    catalogue.close()


def test_the_version_that_answered_last_comes_before_nearer_ones_and_may_have_a_higher_number(
    store: ModelStore, tmp_path: Path
) -> None:
    memory = Memory(tmp_path)
    store.activate("iris", 3)
    memory.note([("iris", 1, store.info("iris", 1).sha256)])
    assert versions(standing_after(store, {3: REFUSED}, memory=memory)) == (3, 1, True, True)

    store.activate("iris", 1)
    standing_after(store, {}, memory=memory)
    memory.note([("iris", 3, store.info("iris", 3).sha256)])
    assert versions(standing_after(store, {1: REFUSED}, memory=memory)) == (1, 3, True, True)


def test_what_another_store_s_model_of_that_name_answered_is_no_candidate(store: ModelStore, tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.note([("iris", 3, "the hash of other bytes")])

    assert versions(standing_after(store, {1: REFUSED}, memory=memory)) == (1, None, False, True)


def test_a_version_of_which_no_worker_has_said_yes_is_not_announced(
    store: ModelStore, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "triglot"):
        standing_after(store, {1: NOBODY}, {1: REFUSED}, {1: REFUSED}, {1: WHOLE}, {1: NOBODY}, {1: WHOLE})

    assert [record.getMessage() for record in caplog.records] == [
        "model iris: version 1 does not load: it lacks a package",
        "model iris: version 1 answers from now on",
    ]


def test_whoever_asks_a_model_of_which_no_version_loads_is_told_why(store: ModelStore) -> None:
    catalogue = Catalogue(store, lambda served: REFUSED)
    catalogue.refresh()

    with pytest.raises(VersionNotLoadable, match="version 1 of model 'iris' does not load: it lacks a package; "):
        catalogue.active("iris")
    with pytest.raises(ModelNotFound, match="no model 'rose' is active; active are 'iris'"):
        catalogue.standing("rose")
    assert catalogue.all() == {}
    catalogue.close()


def test_a_model_that_cannot_be_looked_after_does_not_keep_the_others_from_it(store: ModelStore) -> None:
    store.write("rose", seal(CARD, b"a rose", KEY))
    store.activate("rose", 1)

    def prepare(served: Served) -> Loading:
        if served.model == "iris":
            raise ZeroDivisionError("odd")
        return WHOLE

    catalogue = Catalogue(store, prepare)
    with pytest.raises(ZeroDivisionError):
        catalogue.refresh()
    assert catalogue.standing("rose").loaded
    catalogue.close()


def test_a_memory_that_cannot_be_written_or_read_is_none(tmp_path: Path) -> None:
    nowhere = Memory(tmp_path / "nowhere")
    nowhere.note([("iris", 1, "ab")])
    assert nowhere.version("iris") is None
    (tmp_path / "answered").write_text("[not an object]")
    assert Memory(tmp_path).version("iris") is None
    Memory(tmp_path).note([("iris", 1, "ab")])
    Memory(tmp_path).note([("rose", 2, "cd")])
    assert (Memory(tmp_path).version("iris"), Memory(tmp_path).version("rose")) == (
        ("iris", 1, "ab"),
        ("rose", 2, "cd"),
    )
