"""A backup holds all that a store does, whatever database it is in, and fills another one with it."""

import json
import os
import stat
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from triglot.artefact import Artefact
from triglot.errors import ArtefactRefused, StoreError
from triglot.persister import ACTIVE
from triglot.store import ModelStore, backup

Make = Callable[..., Artefact]
Open = Callable[..., ModelStore]


@pytest.fixture
def filled(store: ModelStore, artefact: Make, several_chunks: bytes) -> ModelStore:
    """A store with models, gaps among their numbers, aliases, an artefact in several pieces, and a job."""
    for number in range(3):
        store.write("iris", artefact(b"iris %d" % number), metrics={"score_test": 0.5}, metadata={"by": "Jürgen ✓"})
    store.delete("iris", 2)
    store.write("große/blumen", artefact(several_chunks))
    store.activate("iris", 3)
    store.jobs.submit("fit", {"model": "iris"})
    return store


def restored(file: Path, folder: Path, target: ModelStore, key: bytes) -> None:
    found = backup.opened(file, folder)
    with closing(ModelStore(f"sqlite:///{found.file}")) as source:
        backup.check(source, found.key or key)
        target.fill_from(source)


def test_a_store_comes_back_as_it_was_and_goes_on_with_its_numbers(
    filled: ModelStore, tmp_path: Path, key: bytes, artefact: Make, several_chunks: bytes
) -> None:
    copied = backup.write(filled, tmp_path / "monday.backup", key)
    assert copied[:2] == (2, 3)

    with closing(ModelStore(f"sqlite:///{tmp_path / 'another.db'}")) as target:
        restored(tmp_path / "monday.backup", tmp_path, target, key)

        assert target.list() == filled.list()
        assert target.active() == {"iris": 3}
        assert target.read("große/blumen", 1).artefact.blob == several_chunks
        assert target.read("iris", 1).metadata == {"by": "Jürgen ✓"}
        assert [job.parameters for job in target.jobs.list()] == [{"model": "iris"}]
        assert target.write("iris", artefact(b"next")) == 4
        assert target.write("another", artefact(b"new")) == 1


def test_a_backup_fills_a_database_of_any_kind(store: ModelStore, artefact: Make, tmp_path: Path, key: bytes) -> None:
    with closing(ModelStore(f"sqlite:///{tmp_path / 'here.db'}", chunk_size=3_000)) as here:
        large = bytes(range(256)) * 40
        here.write("iris", artefact(large))
        here.activate("iris", 1)
        backup.write(here, tmp_path / "a.backup", key)

    restored(tmp_path / "a.backup", tmp_path, store, key)

    assert store.read("iris").artefact.blob == large
    assert store.write("roses", artefact(b"r")) == 1  # a row of its own, so its id was free
    assert store.list("iris")[0].aliases == (ACTIVE,)


def test_pieces_that_are_too_large_for_the_other_database_are_cut(
    tmp_path: Path, artefact: Make, several_chunks: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        closing(ModelStore(f"sqlite:///{tmp_path / 'a.db'}")) as one,
        closing(ModelStore(f"sqlite:///{tmp_path / 'b.db'}")) as other,
    ):
        one.write("iris", artefact(several_chunks))
        one.write("empty", artefact(b""))
        monkeypatch.setattr(type(other._database), "largest_value", 1_000)
        other.fill_from(one)
        assert other.read("iris", 1).artefact.blob == several_chunks
        assert other.read("empty", 1).artefact.blob == b""


def test_it_is_for_its_owner_alone_and_says_what_it_is(filled: ModelStore, tmp_path: Path, key: bytes) -> None:
    file = tmp_path / "a.backup"
    before = os.umask(0)
    try:
        backup.write(filled, file, key)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with tarfile.open(file) as archive:
        about = json.load(archive.extractfile("about.json"))  # type: ignore[arg-type]
    assert (about["format"], about["models"], about["versions"]) == (1, 2, 3)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["a.backup"]


def test_without_its_key_it_has_none(filled: ModelStore, tmp_path: Path, key: bytes) -> None:
    backup.write(filled, tmp_path / "a.backup", key, with_key=False)
    assert backup.opened(tmp_path / "a.backup", tmp_path).key is None
    assert key not in (tmp_path / "a.backup").read_bytes()


def test_a_version_that_the_key_has_not_signed_is_named_and_nothing_is_left(filled: ModelStore, tmp_path: Path) -> None:
    with pytest.raises(ArtefactRefused, match="version 1 of model 'große/blumen': "):
        backup.write(filled, tmp_path / "a.backup", b"another key, that is as long as it is")
    assert [path for path in tmp_path.iterdir() if path.name != "folder"] == []


def test_what_is_there_is_not_overwritten(filled: ModelStore, tmp_path: Path, key: bytes) -> None:
    (tmp_path / "a.backup").write_text("mine")
    with pytest.raises(StoreError, match="is there already; name another file"):
        backup.write(filled, tmp_path / "a.backup", key)
    assert (tmp_path / "a.backup").read_text() == "mine"


def test_a_folder_that_is_not_there_is_said(filled: ModelStore, tmp_path: Path, key: bytes) -> None:
    with pytest.raises(StoreError, match="No such file or directory"):
        backup.write(filled, tmp_path / "nowhere" / "a.backup", key)


def test_a_store_that_holds_anything_is_not_filled(filled: ModelStore, tmp_path: Path, key: bytes) -> None:
    backup.write(filled, tmp_path / "a.backup", key)
    with pytest.raises(StoreError, match="is not empty"):
        restored(tmp_path / "a.backup", tmp_path, filled, key)
    assert len(filled.list()) == 3


@pytest.mark.parametrize("damage", ["cut", "changed", "none of ours", "empty", "later"])
def test_a_damaged_backup_is_refused(filled: ModelStore, tmp_path: Path, key: bytes, damage: str) -> None:
    file = tmp_path / "a.backup"
    backup.write(filled, file, key)
    whole = file.read_bytes()
    damaged = {
        "cut": whole[: len(whole) // 2],
        "changed": whole.replace(b"iris 2", b"iris 7"),
        "none of ours": b"PK\x03\x04 something else" * 100,
        "empty": b"",
        "later": whole.replace(b'"format": 1', b'"format": 2'),
    }[damage]
    assert damaged != whole
    file.write_bytes(damaged)
    with pytest.raises(StoreError, match=r"a\.backup"):
        backup.opened(file, tmp_path)
