"""What every persister promises, whatever it keeps models in."""

import base64
import math
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.helpers import PATIENCE_S
from tests.persisters.conftest import Place
from triglot.artefact import Artefact
from triglot.errors import ArtefactRefused, ModelNotFound, StoreError, VersionInUse, VersionNotFound
from triglot.persister import NAME_LENGTH, Persister, missing_methods
from triglot.store.tables import NAME_LENGTH as NAME_LENGTH_IN_SQL

Make = Callable[..., Artefact]
OTHER_PROCESS = Path(__file__).with_name("other_process.py")


def test_it_has_every_method_of_the_protocol(persister: Persister) -> None:
    assert isinstance(persister, Persister)
    assert not missing_methods(persister)
    assert set(missing_methods(object())) >= {"write", "read", "list", "activate", "delete", "close"}


def test_a_version_comes_back_as_it_was_written(persister: Persister, artefact: Make, key: bytes) -> None:
    written = artefact(os.urandom(100_000))
    before = datetime.now(UTC)
    version = persister.write("iris", written, metrics={"score_train": 0.9}, metadata={"by": "Zoë"})
    found = persister.read("iris", version)
    assert (found.model, found.version) == ("iris", 1)
    assert found.artefact == written
    assert found.artefact.verified(key)["task"] == "classification"
    assert (found.metrics, found.metadata) == ({"score_train": 0.9}, {"by": "Zoë"})
    assert before - timedelta(seconds=1) <= found.created <= datetime.now(UTC)


@pytest.mark.parametrize("blob", [b"", b"\0", b"\x1f\x8b\x08\0"])
def test_bytes_of_any_kind_come_back(persister: Persister, artefact: Make, blob: bytes) -> None:
    persister.write("edge", artefact(blob))
    assert persister.read("edge", 1).artefact.blob == blob
    assert persister.info("edge", 1).size == len(blob)


def test_a_model_has_numbers_of_its_own(persister: Persister, artefact: Make) -> None:
    assert [persister.write(name, artefact()) for name in ("model", "b", "model", "A", "b")] == [1, 1, 2, 1, 2]


def test_a_number_is_not_used_again_after_its_version_is_deleted(persister: Persister, artefact: Make) -> None:
    for blob in (b"one", b"two"):
        persister.write("model", artefact(blob))
    persister.delete("model", 2)
    assert persister.write("model", artefact(b"three")) == 3
    assert persister.read("model", 3).artefact.blob == b"three"
    for version in (1, 3):
        persister.delete("model", version)
    assert persister.list("model") == []
    assert persister.write("model", artefact()) == 4
    with pytest.raises(VersionNotFound, match=r"no version 2; known versions: 4$"):
        persister.read("model", 2)


def test_an_alias_decides_what_is_read_by_default(persister: Persister, artefact: Make) -> None:
    for blob in (b"one", b"two"):
        persister.write("iris", artefact(blob))
    with pytest.raises(VersionNotFound, match=r"no active version; known versions: 1, 2$"):
        persister.read("iris")
    persister.activate("iris", 2)
    assert persister.read("iris").artefact.blob == b"two"
    persister.activate("iris", 1)
    persister.activate("iris", 1)
    persister.activate("iris", 2, alias="challenger")
    assert persister.read("iris").artefact.blob == b"one"
    assert persister.info("iris").version == 1
    assert persister.aliases("iris") == {"active": 1, "challenger": 2}
    assert persister.active() == {"iris": 1}
    persister.deactivate("iris")
    assert persister.aliases("iris") == {"challenger": 2}
    assert persister.active() == {}


def test_unknown_models_and_versions_are_answered_with_the_known_ones(persister: Persister, artefact: Make) -> None:
    assert persister.active() == {}
    with pytest.raises(ModelNotFound, match=r"nor any other: fit one first, then it is stored$"):
        persister.read("iris")
    for name in ("iris", "model", "iris"):
        persister.write(name, artefact())
    for call in (persister.read, persister.info, persister.activate, persister.delete):
        with pytest.raises(ModelNotFound, match=r"no model 'irsi'; known models: iris, model$"):
            call("irsi", 1)
        for version in (3, 0, -1, 2**70):
            with pytest.raises(VersionNotFound, match=f"no version {version}; known versions: 1, 2$"):
                call("iris", version)
    for look_up in (persister.aliases, persister.list, persister.deactivate):
        with pytest.raises(ModelNotFound, match=r"known models: iris, model$"):
            look_up("\0")
    assert persister.active() == {}


def test_a_version_in_use_is_not_deleted(persister: Persister, artefact: Make) -> None:
    for _ in range(2):
        persister.write("iris", artefact())
    persister.activate("iris", 1)
    persister.activate("iris", 1, alias="champion")
    with pytest.raises(VersionInUse, match="version 1 of model 'iris' is active, champion; activate another"):
        persister.delete("iris", 1)
    persister.activate("iris", 2)
    persister.deactivate("iris", alias="champion")
    persister.delete("iris", 1)
    assert [info.version for info in persister.list()] == [2]


def test_a_listing_is_in_order(persister: Persister, artefact: Make) -> None:
    for name in ("model", "a", "B", "a"):
        persister.write(name, artefact(b"12345"), metrics={"score": 1}, metadata={"n": name})
    persister.activate("a", 2)
    persister.activate("a", 2, alias="champion")
    infos = persister.list()
    assert [(info.model, info.version) for info in infos] == [("B", 1), ("a", 1), ("a", 2), ("model", 1)]
    assert [info.aliases for info in infos] == [(), (), ("active", "champion"), ()]
    assert infos[2] == persister.info("a") == persister.list("a")[1]
    info = infos[2]
    assert (info.language, info.task, info.size) == ("r", "classification", 5)
    assert info.sha256 == info.card["blob_sha256"]
    assert info.card["classes"] == ["setosa", "virginica"]
    assert "sources" not in info.card
    assert (info.metrics, info.metadata) == ({"score": 1}, {"n": "a"})


def test_damaged_bytes_are_refused(place: Place, persister: Persister, artefact: Make) -> None:
    persister.write("iris", artefact(os.urandom(3000)))
    place.damage()
    with pytest.raises(ArtefactRefused, match=r"version 1 of model 'iris'.*fit the model again"):
        persister.read("iris", 1)


def test_an_artefact_whose_bytes_are_not_those_of_its_manifest_is_not_written(
    persister: Persister, artefact: Make
) -> None:
    with pytest.raises(ArtefactRefused, match="damaged or exchanged"):
        persister.write("iris", replace(artefact(b"one"), blob=b"two"))
    with pytest.raises(ArtefactRefused, match="not JSON"):
        persister.write("iris", Artefact(b"", b"", b""))
    assert persister.list() == []


def test_metrics_and_metadata_come_back_whatever_their_names(persister: Persister, artefact: Make) -> None:
    metrics = {"nan": math.nan, "np": np.float64(0.5), "version": 7, "triglot": 1, "same": 1}
    metadata: dict[str, Any] = {
        "same": 2,
        "version": "mine",
        "train_timestamp": "x",
        "triglot": {"model": "y"},
        "": None,
    }
    persister.write("iris", artefact(), metrics=metrics, metadata=metadata)
    info = persister.info("iris", 1)
    assert info.metrics == {"nan": None, "np": 0.5, "version": 7, "triglot": 1, "same": 1}
    assert info.metadata == metadata
    assert persister.read("iris", 1).metadata == metadata
    with pytest.raises(StoreError, match=r"metadata\.a is of type set"):
        persister.write("iris", artefact(), metadata={"a": {1}})


def test_attachments_come_back_and_are_listed_by_name_alone(persister: Persister, artefact: Make) -> None:
    attached = {f"attachments/{name}": base64.b64encode(os.urandom(size)).decode() for name, size in SIZES.items()}
    for model in ("model", "iris"):
        persister.write(model, artefact(), metadata={"by": "Zoë", **attached})
        assert persister.read(model, 1).metadata == {"by": "Zoë", **attached}
        for info in (persister.info(model, 1), *persister.list(model)):
            assert info.metadata == {"by": "Zoë", "__attachments__": sorted(attached)}
        persister.delete(model, 1)
        assert persister.list(model) == []


SIZES = {"report.html": 5000, "empty": 0, "Übersicht 1.txt": 3}


@pytest.mark.parametrize("name", ["", " iris", "iris\n", "\0", "\ud800", "x" * 201])
def test_names_that_cannot_be_kept_are_refused(persister: Persister, artefact: Make, name: str) -> None:
    with pytest.raises(StoreError, match="printable characters"):
        persister.write(name, artefact())
    persister.write("iris", artefact())
    with pytest.raises(StoreError, match="cannot name an alias"):
        persister.activate("iris", 1, alias=name)


def test_names_in_any_script_are_kept(persister: Persister, artefact: Make) -> None:
    names = {"Zoë/ß", "虹膜", "a b%'\";--", "../..", "@b@1", "metadata", "1", "x" * NAME_LENGTH}
    for name in names:
        assert persister.write(name, artefact()) == 1
        persister.activate(name, 1)
    assert set(persister.active()) == names
    assert NAME_LENGTH == NAME_LENGTH_IN_SQL


def test_two_persisters_on_one_place_see_each_other(place: Place, artefact: Make) -> None:
    one, other = place.open(), place.open()
    one.write("iris", artefact(b"of one"))
    assert other.read("iris", 1).artefact.blob == b"of one"
    assert other.write("iris", artefact(b"of other")) == 2
    assert one.read("iris", 2).artefact.blob == b"of other"
    other.activate("iris", 2)
    assert one.active() == {"iris": 2}
    other.close()
    one.close()


def test_four_processes_that_write_at_once_get_numbers_of_their_own(place: Place, persister: Persister) -> None:
    command = [sys.executable, str(OTHER_PROCESS), place.kind, place.where, "iris", "4", "3"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    lines = [line.split() for line in done.stdout.splitlines()]
    written = {int(number): digest for number, digest in lines}
    assert len(lines) == 12
    assert len(written) == 12
    assert {info.version: info.metadata["blob"] for info in persister.list("iris")} == written
    for number, digest in written.items():
        assert persister.read("iris", number).artefact.card()["blob_sha256"] == digest


def test_threads_that_change_aliases_at_once_lose_none(persister: Persister, artefact: Make) -> None:
    persister.write("iris", artefact())
    threads = [threading.Thread(target=persister.activate, args=("iris", 1, f"alias-{n}")) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert persister.aliases("iris") == {f"alias-{n}": 1 for n in range(6)}


def test_bringing_it_up_to_date_twice_changes_nothing(persister: Persister, artefact: Make) -> None:
    persister.upgrade()
    persister.write("iris", artefact())
    before = persister.list()
    persister.upgrade()
    assert persister.list() == before
    assert persister.properties()["versions"] == 1
