"""What is written can be read again as it was, by name, number and alias; on every database alike."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from triglot.artefact import Artefact
from triglot.errors import (
    ArtefactRefused,
    ModelNotFound,
    StoreError,
    VersionInUse,
    VersionNotFound,
)
from triglot.store import ModelStore

Make = Callable[..., Artefact]
Open = Callable[..., ModelStore]


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect what every engine of this process sends."""
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(sa.Engine, "before_cursor_execute", note)


def test_a_version_comes_back_as_it_was_written(
    store: ModelStore, artefact: Make, several_chunks: bytes, sql: sa.Engine, key: bytes
) -> None:
    written = artefact(several_chunks)
    before = datetime.now(UTC)
    version = store.write("iris", written, metrics={"score": 0.9}, metadata={"by": "Zoë"})
    found = store.read("iris", version)
    assert (found.model, found.version) == ("iris", 1)
    assert found.artefact == written
    assert found.artefact.verified(key)["task"] == "classification"
    assert found.metrics == {"score": 0.9}
    assert found.metadata == {"by": "Zoë"}
    assert before - timedelta(seconds=1) <= found.created <= datetime.now(UTC)
    with sql.connect() as connection:
        sizes = connection.execute(sa.text("SELECT length(data) FROM triglot_chunks ORDER BY number"))
        assert list(sizes.scalars()) == [1000] * 7 + [13]


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 2000])
def test_bytes_at_the_edges_of_chunks_come_back(
    store: ModelStore, artefact: Make, several_chunks: bytes, size: int
) -> None:
    store.write("edge", artefact(several_chunks[:size]))
    assert store.read("edge", 1).artefact.blob == several_chunks[:size]
    assert store.info("edge", 1).size == size


def test_nothing_happens_before_the_first_call(url: str, tmp_path: Path) -> None:
    with statements() as seen:
        ModelStore(url)
    assert seen == []
    assert list(tmp_path.iterdir()) == []


def test_a_model_has_numbers_of_its_own(store: ModelStore, artefact: Make) -> None:
    assert [store.write(name, artefact()) for name in ("a", "b", "a", "A")] == [1, 1, 2, 1]


def test_a_number_is_not_used_again_after_its_version_is_deleted(store: ModelStore, artefact: Make) -> None:
    for blob in (b"one", b"two"):
        store.write("iris", artefact(blob))
    store.delete("iris", 2)
    assert store.write("iris", artefact(b"three")) == 3
    assert store.read("iris", 3).artefact.blob == b"three"
    for version in (1, 3):
        store.delete("iris", version)
    assert store.list("iris") == []
    assert store.write("iris", artefact()) == 4
    with pytest.raises(VersionNotFound, match=r"no version 2; known versions: 4$"):
        store.read("iris", 2)


def test_a_deleted_version_leaves_no_bytes_behind(
    store: ModelStore, artefact: Make, several_chunks: bytes, sql: sa.Engine
) -> None:
    store.write("iris", artefact(several_chunks))
    store.delete("iris", 1)
    with sql.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM triglot_chunks")).scalar() == 0


def test_an_alias_decides_what_is_read_by_default(store: ModelStore, artefact: Make) -> None:
    for blob in (b"one", b"two"):
        store.write("iris", artefact(blob))
    with pytest.raises(VersionNotFound, match=r"no active version; known versions: 1, 2$"):
        store.read("iris")
    store.activate("iris", 2)
    assert store.read("iris").artefact.blob == b"two"
    store.activate("iris", 1)
    store.activate("iris", 1)
    store.activate("iris", 2, alias="challenger")
    assert store.read("iris").artefact.blob == b"one"
    assert store.info("iris").version == 1
    assert store.aliases("iris") == {"active": 1, "challenger": 2}
    assert store.active() == {"iris": 1}


def test_one_alias_of_each_model_is_active(store: ModelStore, artefact: Make) -> None:
    assert store.active() == {}
    for name in ("a", "b", "c"):
        store.write(name, artefact())
    store.activate("a", 1)
    store.activate("c", 1)
    store.activate("b", 1, alias="challenger")
    with statements() as seen:
        assert store.active() == {"a": 1, "c": 1}
    assert len([statement for statement in seen if statement.startswith("SELECT")]) == 1


def test_unknown_models_and_versions_are_answered_with_the_known_ones(store: ModelStore, artefact: Make) -> None:
    for name in ("iris", "boston", "iris"):
        store.write(name, artefact())
    for call in (store.read, store.info, store.activate, store.delete):
        with pytest.raises(ModelNotFound, match=r"no model 'irsi'; known models: boston, iris$"):
            call("irsi", 1)
        for version in (3, 0, -1, 2**40, 2**70):
            with pytest.raises(VersionNotFound, match=f"no version {version}; known versions: 1, 2$"):
                call("iris", version)
    for look_up in (store.aliases, store.list, store.deactivate):
        with pytest.raises(ModelNotFound, match=r"known models: boston, iris$"):
            look_up("\0")
    assert store.active() == {}


def test_an_empty_store_says_that_it_knows_no_models(store: ModelStore) -> None:
    assert store.list() == []
    with pytest.raises(ModelNotFound, match="there is no model 'iris', nor any other: fit one first"):
        store.read("iris")


def test_a_version_in_use_is_not_deleted(store: ModelStore, artefact: Make) -> None:
    for _ in range(2):
        store.write("iris", artefact())
    store.activate("iris", 1)
    store.activate("iris", 1, alias="champion")
    with pytest.raises(VersionInUse, match="version 1 of model 'iris' is active, champion; activate another"):
        store.delete("iris", 1)
    store.activate("iris", 2)
    store.deactivate("iris", alias="champion")
    store.delete("iris", 1)
    assert [info.version for info in store.list()] == [2]


def test_the_database_itself_keeps_a_version_that_has_an_alias(
    store: ModelStore, artefact: Make, sql: sa.Engine
) -> None:
    store.write("iris", artefact())
    store.activate("iris", 1)
    with sql.connect() as connection:
        if sql.dialect.name == "sqlite":
            connection.execute(sa.text("PRAGMA foreign_keys = ON"))
        with pytest.raises(sa.exc.IntegrityError):
            connection.execute(sa.text("DELETE FROM triglot_versions"))


def test_a_listing_is_in_order_and_touches_no_bytes(store: ModelStore, artefact: Make, several_chunks: bytes) -> None:
    for name in ("b", "a", "B", "a"):
        store.write(name, artefact(several_chunks), metrics={"score": 1}, metadata={"n": name})
    store.activate("a", 2)
    store.activate("a", 2, alias="champion")
    with statements() as seen:
        infos = store.list()
    assert not [statement for statement in seen if "chunks " in statement]
    assert [(info.model, info.version) for info in infos] == [("B", 1), ("a", 1), ("a", 2), ("b", 1)]
    assert [info.aliases for info in infos] == [(), (), ("active", "champion"), ()]
    assert infos[2] == store.info("a") == store.list("a")[1]
    info = infos[2]
    assert (info.language, info.task, info.size) == ("r", "classification", len(several_chunks))
    assert info.sha256 == info.card["blob_sha256"]
    assert info.card["classes"] == ["setosa", "virginica"]
    assert "sources" not in info.card
    assert (info.metrics, info.metadata) == ({"score": 1}, {"n": "a"})


def test_a_damaged_manifest_does_not_hide_the_other_versions(store: ModelStore, artefact: Make, sql: sa.Engine) -> None:
    for _ in range(2):
        store.write("iris", artefact())
    with sql.begin() as connection:
        connection.execute(sa.text("UPDATE triglot_versions SET manifest = :m WHERE version = 1"), {"m": b"{"})
    assert [bool(info.card) for info in store.list()] == [False, True]
    with pytest.raises(ArtefactRefused, match="manifest is not JSON"):
        store.read("iris", 1)


def test_an_artefact_whose_bytes_are_not_those_of_its_manifest_is_not_written(
    store: ModelStore, artefact: Make
) -> None:
    with pytest.raises(ArtefactRefused, match="damaged or exchanged"):
        store.write("iris", replace(artefact(b"one"), blob=b"two"))
    with pytest.raises(ArtefactRefused, match="not JSON"):
        store.write("iris", Artefact(b"", b"", b""))
    assert store.list() == []


DAMAGES = {
    "a flipped bit": "UPDATE triglot_chunks SET data = :data WHERE number = 3",
    "a lost chunk": "DELETE FROM triglot_chunks WHERE number = 3",
    "a lost last chunk": "DELETE FROM triglot_chunks WHERE number = 7",
    "a renumbered chunk": "UPDATE triglot_chunks SET number = 9 WHERE number = 3",
    "a chunk too many": "INSERT INTO triglot_chunks SELECT model_id, version, 8, data FROM triglot_chunks "
    "WHERE number = 7",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_bytes_are_refused(
    store: ModelStore, artefact: Make, several_chunks: bytes, sql: sa.Engine, damage: str
) -> None:
    store.write("iris", artefact(several_chunks))
    flipped = bytearray(several_chunks[3000:4000])
    flipped[500] ^= 4
    with sql.begin() as connection:
        values = {"data": bytes(flipped)} if ":data" in DAMAGES[damage] else {}
        assert connection.execute(sa.text(DAMAGES[damage]), values).rowcount == 1
    with pytest.raises(ArtefactRefused, match=r"version 1 of model 'iris'.*fit the model again"):
        store.read("iris", 1)


def test_what_json_cannot_say_is_stored_by_rule(store: ModelStore, artefact: Make) -> None:
    metrics = {
        "nan": math.nan,
        "inf": -math.inf,
        "np": np.float32("nan"),
        "count": np.int64(7),
        "half": np.float64(0.5),
        "yes": np.bool_(True),
        "matrix": np.array([[1.0, math.nan], [3.0, 4.0]]),
        "day": date(2026, 1, 2),
        "pair": (1, None),
        3: {np.int64(4): "four", True: "yes"},
    }
    store.write("iris", artefact(), metrics=metrics)
    assert store.info("iris", 1).metrics == {
        "nan": None,
        "inf": None,
        "np": None,
        "count": 7,
        "half": 0.5,
        "yes": True,
        "matrix": [[1.0, None], [3.0, 4.0]],
        "day": "2026-01-02",
        "pair": [1, None],
        "3": {"4": "four", "true": "yes"},
    }


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"a": [{"b": b"bytes"}]}, r"metadata\.a\[0\]\.b is of type bytes"),
        ({"a": {1, 2}}, r"metadata\.a is of type set"),
        ({1: "x", "1": "y"}, "two keys that JSON writes as '1'"),
    ],
)
def test_values_without_a_json_form_are_named_by_their_place(
    store: ModelStore, artefact: Make, metadata: dict[Any, Any], message: str
) -> None:
    with pytest.raises(StoreError, match=message):
        store.write("iris", artefact(), metadata=metadata)
    assert store.list() == []


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=())),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=())), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(metadata=st.dictionaries(st.text(st.characters(exclude_categories=())), JSON, max_size=5))
def test_any_metadata_comes_back(store: ModelStore, artefact: Make, metadata: dict[str, Any]) -> None:
    version = store.write("any", artefact(), metadata=metadata)
    assert store.info("any", version).metadata == metadata


@pytest.mark.parametrize("name", ["", " iris", "iris\n", "\0", "\ud800", "x" * 201])
def test_names_that_databases_change_or_refuse_are_refused(store: ModelStore, artefact: Make, name: str) -> None:
    with pytest.raises(StoreError, match="printable characters"):
        store.write(name, artefact())
    store.write("iris", artefact())
    with pytest.raises(StoreError, match="cannot name an alias"):
        store.activate("iris", 1, alias=name)


def test_names_in_any_script_are_kept(store: ModelStore, artefact: Make) -> None:
    for name in ("Zoë/ß", "虹膜", "a b%'\";--", "x" * 200):
        store.write(name, artefact())
        store.activate(name, 1)
    assert set(store.active()) == {"Zoë/ß", "虹膜", "a b%'\";--", "x" * 200}


def test_two_stores_on_one_database_see_each_other(open_store: Open, artefact: Make) -> None:
    one, other = open_store(), open_store(chunk_size=3)
    one.write("iris", artefact(b"of one"))
    assert other.read("iris", 1).artefact.blob == b"of one"
    assert other.write("iris", artefact(b"of other")) == 2
    assert one.read("iris", 2).artefact.blob == b"of other"
    other.activate("iris", 2)
    assert one.active() == {"iris": 2}


def test_a_closed_store_opens_again(store: ModelStore, artefact: Make) -> None:
    store.write("iris", artefact())
    store.close()
    assert store.read("iris", 1).artefact == artefact()
