"""The files are those that Palladium writes and reads, and a folder of its can be used on."""

import base64
import gzip
import json
import os
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from triglot.artefact import Artefact
from triglot.errors import ArtefactRefused, ConfigError, StoreError, VersionNotFound
from triglot.persister import Persister
from triglot.persisters.file import File
from triglot.persisters.filelike import FileLike
from triglot.persisters.rest import Rest
from triglot.persisters.s3 import S3

Make = Callable[..., Artefact]


class PlainIO:
    """Files by the three methods that Palladium asks of an object."""

    def open(self, path: str, mode: str = "r") -> Any:
        return open(path, mode)

    def exists(self, path: str) -> bool:
        return os.path.exists(path)

    def remove(self, path: str) -> None:
        os.remove(path)


def leave(folder: Path, *versions: dict[str, Any], active: str | None = "2") -> None:
    """Write a folder as Palladium leaves it; None is the list of before 1.0."""
    folder.mkdir(exist_ok=True)
    for entry in versions:
        (folder / f"m-{entry['version']}.pkl.gz").write_bytes(gzip.compress(pickle.dumps({"n": entry["version"]})))
    properties = {"db-version": "1.2.4.1", "active-model": active}
    content: Any = list(versions) if active is None else {"models": list(versions), "properties": properties}
    (folder / "m-metadata.json").write_text(json.dumps(content, indent=4))


OLD = ({"version": 1, "train_timestamp": "2020-01-02T03:04:05.678"}, {"version": 2, "score_train": 0.5, "by": "Zoë"})


def test_one_model_has_palladiums_files_and_keys(tmp_path: Path, artefact: Make) -> None:
    persister = File(f"{tmp_path}/new/m-{{version}}")
    written = artefact(b"native bytes")
    report = base64.b64encode(b"<html>").decode()
    persister.write("model", written, metrics={"score_train": 0.95}, metadata={"attachments/report.html": report})
    persister.activate("model", 1)
    folder = tmp_path / "new"
    assert {path.name for path in folder.iterdir()} == {"m-1.pkl.gz", "m-1-report.html", "m-metadata.json", "m-@lock"}
    assert gzip.decompress((folder / "m-1.pkl.gz").read_bytes()) == b"native bytes"
    assert (folder / "m-1-report.html").read_bytes() == b"<html>"
    content = json.loads((folder / "m-metadata.json").read_text())
    assert content["properties"]["active-model"] == "1"
    assert content["properties"]["db-version"] == "1.2.4.1"
    assert all(isinstance(value, str) for value in content["properties"].values())
    (entry,) = content["models"]
    assert set(entry) == {"version", "train_timestamp", "score_train", "__attachments__", "triglot"}
    assert (entry["version"], entry["score_train"]) == (1, 0.95)
    assert entry["__attachments__"] == ["attachments/report.html"]
    assert entry["triglot"]["model"] == "model"
    assert entry["triglot"]["manifest"].encode() == written.manifest
    assert base64.b64decode(entry["triglot"]["signature"]) == written.signature


def test_further_models_have_files_with_their_names(tmp_path: Path, artefact: Make) -> None:
    persister = File(f"{tmp_path}/m-{{version}}")
    for name in ("model", "iris-r", "Zoë/ß"):
        persister.write(name, artefact())
    names = {path.name for path in tmp_path.iterdir()} - {"m-@lock"}
    assert names == {
        *("m-1.pkl.gz", "m-metadata.json"),
        *("m-@iris-r@1.pkl.gz", "m-@iris-r@metadata.json"),
        *("m-@Zo=C3=AB=2F=C3=9F@1.pkl.gz", "m-@Zo=C3=AB=2F=C3=9F@metadata.json"),
        "m-@models.json",
    }


def test_the_placeholder_may_be_anywhere_in_the_path(tmp_path: Path, artefact: Make) -> None:
    persister = File(f"{tmp_path}/{{version}}/m")
    persister.write("model", artefact())
    assert (tmp_path / "1" / "m.pkl.gz").is_file()
    assert (tmp_path / "metadata" / "m.json").is_file()
    assert persister.read("model", 1).artefact == artefact()


def test_the_bare_files_are_those_of_the_configured_model_and_stay_so(tmp_path: Path, artefact: Make) -> None:
    path = f"{tmp_path}/m-{{version}}"
    first = File(path)
    first.initialize_component({"model_name": "iris"})
    first.write("iris", artefact(b"of iris"))
    assert (tmp_path / "m-1.pkl.gz").is_file()
    other = File(path, model="boston")
    assert other.write("boston", artefact(b"of boston")) == 1
    assert (tmp_path / "m-@boston@1.pkl.gz").is_file()
    assert other.read("iris", 1).artefact.blob == first.read("iris", 1).artefact.blob == b"of iris"
    assert [(info.model, info.version) for info in first.list()] == [("boston", 1), ("iris", 1)]


@pytest.mark.parametrize("kind", [File, Rest, S3])
def test_a_path_without_a_place_for_the_version_is_refused(kind: Callable[[str], Persister]) -> None:
    with pytest.raises(ConfigError, match=r"'bucket/model' must contain '\{version\}'"):
        kind("bucket/model")


@pytest.mark.parametrize("path", ["{version}", "/key-{version}", "bucket-{version}/key"])
def test_a_path_without_a_bucket_is_refused(path: str) -> None:
    with pytest.raises(ConfigError, match="must be a bucket and a key"):
        S3(path)


@pytest.mark.parametrize("kind", ["File", "FileLike"])
def test_a_folder_of_palladium_is_used_on(tmp_path: Path, artefact: Make, kind: str) -> None:
    leave(tmp_path, *OLD)
    path = f"{tmp_path}/m-{{version}}"
    persister = File(path) if kind == "File" else FileLike(path, PlainIO())
    infos = persister.list("model")
    assert [(info.version, info.language, info.task, info.card) for info in infos] == [
        (1, "python", "unknown", {}),
        (2, "python", "unknown", {}),
    ]
    assert [info.aliases for info in infos] == [(), ("active",)]
    assert infos[0].metadata == {"train_timestamp": "2020-01-02T03:04:05.678"}
    assert (infos[1].metrics, infos[1].metadata) == ({"score_train": 0.5}, {"by": "Zoë"})
    assert persister.write("model", artefact(b"new")) == 3
    assert persister.read("model", 3).artefact.blob == b"new"
    content = json.loads((tmp_path / "m-metadata.json").read_text())
    assert content["models"][:2] == list(OLD)
    assert content["properties"]["active-model"] == "2"
    persister.activate("model", 3)
    persister.delete("model", 2)
    assert persister.write("model", artefact()) == 4
    assert not (tmp_path / "m-2.pkl.gz").exists()


def test_palladiums_pickles_are_neither_opened_nor_served(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    leave(tmp_path, *OLD)
    persister = File(f"{tmp_path}/m-{{version}}")
    with pytest.raises(ArtefactRefused, match="version 2 of model 'model' is a pickle that Palladium wrote; convert"):
        persister.read("model")
    assert [persister.active(), persister.active()] == [{}, {}]
    assert len([record for record in caplog.records if "cannot answer" in record.message]) == 1


def test_the_highest_number_of_palladium_is_not_used_again(tmp_path: Path, artefact: Make) -> None:
    leave(tmp_path, *OLD, active="1")
    persister = File(f"{tmp_path}/m-{{version}}")
    persister.delete("model", 2)
    assert persister.write("model", artefact()) == 3


def test_the_number_of_a_deleted_model_is_not_active(tmp_path: Path) -> None:
    leave(tmp_path, *OLD, active="7")
    persister = File(f"{tmp_path}/m-{{version}}")
    assert persister.aliases("model") == {}
    with pytest.raises(VersionNotFound, match="no active version; known versions: 1, 2"):
        persister.info("model")


def test_the_list_of_before_1_0_becomes_what_1_0_made_of_it(tmp_path: Path) -> None:
    leave(tmp_path, *OLD, active=None)
    persister = File(f"{tmp_path}/m-{{version}}")
    assert persister.aliases("model") == {"active": 2}
    assert isinstance(json.loads((tmp_path / "m-metadata.json").read_text()), list)
    persister.upgrade()
    content = json.loads((tmp_path / "m-metadata.json").read_text())
    assert content == {"models": list(OLD), "properties": {"db-version": "1.2.4.1", "active-model": "2"}}


@pytest.mark.parametrize(
    "text", ["", "{", "7", '{"models": 1}', '{"models": [{}]}', '[{"version": "1"}]', "[" * 100_000]
)
def test_metadata_that_cannot_be_read_is_never_written_over(tmp_path: Path, artefact: Make, text: str) -> None:
    file = tmp_path / "m-metadata.json"
    file.write_text(text)
    persister = File(f"{tmp_path}/m-{{version}}")
    for call in (persister.list, persister.active, lambda: persister.write("model", artefact())):
        with pytest.raises(StoreError, match=r"m-metadata\.json cannot be read: .*; restore it from a backup"):
            call()
    assert file.read_text() == text


def test_a_damaged_entry_does_not_hide_the_others(tmp_path: Path, artefact: Make) -> None:
    persister = File(f"{tmp_path}/m-{{version}}")
    for _ in range(2):
        persister.write("model", artefact())
    file = tmp_path / "m-metadata.json"
    content = json.loads(file.read_text())
    content["models"][0]["triglot"]["signature"] = "no base64"
    file.write_text(json.dumps(content))
    assert [bool(info.card) for info in persister.list()] == [False, True]
    with pytest.raises(ArtefactRefused, match="version 1 of model 'model': its entry in the metadata is damaged"):
        persister.read("model", 1)


def test_a_missing_file_is_said(tmp_path: Path, artefact: Make) -> None:
    persister = File(f"{tmp_path}/m-{{version}}")
    persister.write("model", artefact(), metadata={"attachments/a": "aGk="})
    (tmp_path / "m-1-a").unlink()
    with pytest.raises(StoreError, match="version 1 of model 'model' lacks its attachments/a"):
        persister.read("model", 1)
    (tmp_path / "m-1.pkl.gz").unlink()
    with pytest.raises(ArtefactRefused, match="version 1 of model 'model': its file is missing"):
        persister.read("model", 1)
    persister.delete("model", 1)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("attachments/", "aGk=", "cannot be a file's name"),
        ("attachments/../../x", "aGk=", "cannot be a file's name"),
        ("attachments/a?b", "aGk=", "cannot be a file's name"),
        ("attachments/a", "no base64!", "is not base64 text"),
        ("attachments/a", 7, "is not base64 text"),
    ],
)
def test_attachments_that_cannot_be_files_are_refused(
    tmp_path: Path, artefact: Make, key: str, value: Any, message: str
) -> None:
    persister = File(f"{tmp_path}/m-{{version}}")
    with pytest.raises(StoreError, match=message):
        persister.write("model", artefact(), metadata={key: value})
    assert persister.list() == []
    assert {path.name for path in tmp_path.iterdir()} <= {"m-@lock"}


def test_an_attachment_that_somebody_wrote_into_the_metadata_leads_nowhere_else(tmp_path: Path, artefact: Make) -> None:
    persister = File(f"{tmp_path}/m-{{version}}")
    persister.write("model", artefact())
    file = tmp_path / "m-metadata.json"
    content = json.loads(file.read_text())
    content["models"][0]["__attachments__"] = ["attachments/../../../etc/passwd"]
    file.write_text(json.dumps(content))
    with pytest.raises(StoreError, match="cannot be a file's name"):
        persister.read("model", 1)


def test_readers_never_see_half_written_metadata(tmp_path: Path, artefact: Make) -> None:
    persister = File(f"{tmp_path}/m-{{version}}")
    persister.write("model", artefact(), metadata={"filler": "x" * 300_000})
    seen: list[int] = []
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            seen.append(len(persister.list()))

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(10):
        persister.write("model", artefact(), metadata={"filler": "x" * 300_000})
    over.set()
    reader.join()
    assert seen == sorted(seen)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_what_a_writer_that_ended_early_left_is_not_in_the_way(tmp_path: Path, artefact: Make) -> None:
    (tmp_path / "m-1.pkl.gz").write_bytes(b"half")
    for persister in (File(f"{tmp_path}/m-{{version}}"), FileLike(f"{tmp_path}/m-{{version}}", PlainIO())):
        version = persister.write("model", artefact(b"whole"))
        assert persister.read("model", version).artefact.blob == b"whole"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, artefact: Make) -> None:
    (tmp_path / "file").write_text("")
    for persister in (File(f"{tmp_path}/file/m-{{version}}"), FileLike(f"{tmp_path}/no/m-{{version}}", PlainIO())):
        with pytest.raises(StoreError, match=r"m-.*: (File exists|No such file or directory); check that"):
            persister.write("model", artefact())
