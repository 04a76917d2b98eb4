"""What earlier versions of Triglot wrote is read by this one: artefacts, stores, folders of files, messages.

The frozen files are never made anew (`freeze.py` writes those of a new format beside them), so that whoever changes a
format by accident finds out here.
"""

import gzip
import re
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest

from tests.formats.files import (
    FROZEN,
    LISTING,
    MODEL,
    artefact_of,
    decoded,
    encoded,
    formats,
    kept,
    listed,
    meaning,
    plain,
    read_json,
)
from tests.helpers import KEY, PATIENCE_S, Hive, require
from triglot.artefact import FORMAT, READERS, Artefact
from triglot.dispatch.blocking import Client
from triglot.errors import ArtefactRefused, EstimatorFailed, ProtocolError
from triglot.languages.known import OWN
from triglot.persister import Persister
from triglot.persisters.file import File
from triglot.persisters.layout import DB_VERSION
from triglot.protocol import wire
from triglot.protocol.messages import Reply, Request
from triglot.scoring import bundle as bundles
from triglot.store import ModelStore, migrations

ARTEFACTS = [
    (each, path.stem) for each in formats("artefacts") for path in sorted((FROZEN / "artefacts" / each).iterdir())
]
HEADER_FROM = len(wire.MAGIC)


def frozen(number: str, language: str) -> dict[str, Any]:
    """Return what was frozen of a language."""
    found: dict[str, Any] = read_json(FROZEN / "artefacts" / number / f"{language}.json")
    return found


def test_every_format_of_today_is_frozen_and_each_that_is_frozen_has_its_reader() -> None:
    assert formats("artefacts") == [str(number) for number in sorted(READERS)]
    assert max(READERS) == FORMAT
    assert set(OWN) == {language for number, language in ARTEFACTS if number == str(FORMAT)}
    assert formats("wire")[-1] == str(wire.VERSION)
    assert formats("bundles")[-1] == str(bundles.FORMAT)
    assert formats("store")[-1] == migrations.HEAD
    assert DB_VERSION in formats("files")


@pytest.mark.parametrize(("number", "language"), ARTEFACTS)
def test_a_frozen_artefact_is_verified_and_says_what_it_said(number: str, language: str) -> None:
    said = frozen(number, language)
    manifest = artefact_of(said).verified(KEY)
    assert manifest.language == language
    assert manifest.task == ("regression" if language == "r" else "classification")
    assert manifest.golden
    assert manifest.schema.rows(said["rows"]).rows == len(said["rows"])
    assert (manifest.labels is None) == (language == "r")
    with pytest.raises(ArtefactRefused, match="signature"):
        artefact_of({**said, "manifest": said["manifest"].replace('"rows":100', '"rows":101')}).verified(KEY)


# scikit-learn's own words, and those of the worker for R
TOLD_OF_VERSIONS = re.compile(r"InconsistentVersionWarning|^the model was fitted with \S+ \S+, here is ")


@pytest.mark.parametrize(("number", "language"), ARTEFACTS)
def test_a_worker_of_today_answers_a_frozen_version_as_the_one_that_fitted_it(
    number: str, language: str, hive: Hive
) -> None:
    require(language)
    said = frozen(number, language)
    artefact = artefact_of(said)
    hive.start(language)
    with closing(Client(hive.run_dir)) as client:
        client.wait_for({language: 1}, PATIENCE_S)
        if is_of_a_later_julia(artefact, hive):
            with pytest.raises(EstimatorFailed, match=later_julia(artefact, hive)):
                load(client, artefact)
            return
        told = load(client, artefact)
        assert all(TOLD_OF_VERSIONS.search(each) for each in told.warnings), told.warnings
        assert not told.warnings or has_other_versions(artefact, hive)
        X = artefact.card().schema.rows(said["rows"])
        for op, expected in said["answers"].items():
            request = Request(op, op, "frozen", 1, tables=(X,), sha256=artefact.sha256)
            answer = client.call(request, language, PATIENCE_S).reply.tables[0].matrix()
            np.testing.assert_allclose(answer, expected, rtol=1e-9)


def load(client: Client, artefact: Artefact) -> Reply:
    """Return what a worker says when it takes an artefact over."""
    request = Request("load", "load", "frozen", 1, artefact=artefact)
    return client.call(request, artefact.card().language, PATIENCE_S).reply


def running(hive: Hive) -> dict[str, str]:
    """Return the versions of the one worker's language and packages."""
    found: dict[str, str] = hive.state(hive.workers[0].name)["versions"]
    return found


def is_of_a_later_julia(artefact: Artefact, hive: Hive) -> bool:
    """Whether the artefact was fitted with a later Julia than the worker's, which cannot read it."""
    if artefact.card().language != "julia":
        return False
    fitted, here = artefact.card().runtime["language"], running(hive)["language"]
    return minor(fitted) > minor(here) or minor(fitted)[0] != minor(here)[0]


def later_julia(artefact: Artefact, hive: Hive) -> str:
    """Return the words by which such an artefact is refused."""
    fitted, here = artefact.card().runtime["language"], running(hive)["language"]
    return f"fitted with Julia {fitted} and this worker has Julia {here}.*fit it again here"


def minor(version: str) -> list[int]:
    return [int(part) for part in version.split(".")[:2]]


def has_other_versions(artefact: Artefact, hive: Hive) -> bool:
    """Whether the artefact was fitted with another version of the language or of a library than the worker has."""
    here = running(hive)
    return any(here[name] != version for name, version in artefact.card().runtime.items() if name in here)


def assert_reads(store: Persister, said: dict[str, Any]) -> None:
    """Check that a store lists what it listed, gives the frozen artefacts, and goes on counting."""
    assert listed(store) == said["versions"]
    assert store.active() == {each["model"]: 1 for each in said["versions"]}
    assert store.aliases("julia") == {"active": 1, "champion": 1}
    for each in said["versions"]:
        artefact = store.read(each["model"]).artefact
        assert kept(artefact) == {name: frozen(said["artefacts"], each["model"])[name] for name in kept(artefact)}
        assert artefact.verified(KEY).blob_sha256 == each["sha256"]
    assert store.write("r", store.read("r").artefact) == 3  # the second was deleted, and its number is never used again


@pytest.mark.parametrize("revision", formats("store"))
def test_a_frozen_database_is_opened_brought_up_to_date_and_read(revision: str, tmp_path: Path) -> None:
    said = read_json(FROZEN / "store" / revision / LISTING)
    (tmp_path / "store.db").write_bytes(gzip.decompress((FROZEN / "store" / revision / "store.db.gz").read_bytes()))
    with closing(ModelStore(f"sqlite:///{tmp_path / 'store.db'}")) as store:
        assert store.revision() == revision
        assert_reads(store, said)
        assert [plain(job.to_json()) for job in store.jobs.list()] == said["jobs"]
        assert store.revision() == migrations.HEAD


@pytest.mark.parametrize("form", formats("files"))
def test_a_frozen_folder_of_files_is_read(form: str, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(FROZEN / "files" / form, folder)
    assert_reads(File(str(folder / "m-{version}"), MODEL), read_json(folder / LISTING))


def messages(version: str) -> list[dict[str, Any]]:
    """Return the frozen messages of a version of the protocol, frames as bytes."""
    found = read_json(FROZEN / "wire" / f"{version}.json")
    return [{**each, "frames": [bytes.fromhex(frame) for frame in each["frames"]]} for each in found]


def test_the_frozen_messages_of_this_version_say_what_they_said() -> None:
    found = messages(str(wire.VERSION))
    assert {each["says"]["is"] for each in found} == {"Request", "Reply", "Fault", "Started"}
    for each in found:
        message = decoded(each["frames"], each["says"]["is"])
        assert each["says"].items() <= meaning(message).items()


def test_a_message_of_this_version_is_told_as_it_was_with_new_keys_at_most() -> None:
    """Arrow's own bytes are Arrow's to choose, and whether a small buffer stands in the header is the sender's."""
    for each in messages(str(wire.VERSION)):
        message = decoded(each["frames"], each["says"]["is"])
        (first, *rest), (was, *were) = encoded(message), each["frames"]
        if len(rest) == len(were) and all(table.is_matrix for table in getattr(message, "tables", ())):
            assert msgpack.unpackb(was[HEADER_FROM:]).items() <= msgpack.unpackb(first[HEADER_FROM:]).items()
            assert rest == were


def test_a_message_of_another_version_is_refused_by_name() -> None:
    later = wire.VERSION + 1
    of_a_later = [
        (each, [b"TG" + bytes([later]) + each["frames"][0][HEADER_FROM:], *each["frames"][1:]])
        for each in messages(str(wire.VERSION))
    ]
    of_earlier = [
        (each, each["frames"]) for number in formats("wire") if number != str(wire.VERSION) for each in messages(number)
    ]
    for each, frames in of_a_later + of_earlier:
        with pytest.raises(ProtocolError, match=f"version {frames[0][2]:02x}; this side speaks {wire.VERSION}"):
            decoded(frames, each["says"]["is"])


@pytest.mark.parametrize("number", formats("bundles"))
def test_a_bundle_of_each_format_is_read(number: str) -> None:
    bundle = bundles.read_bundle(FROZEN / "bundles" / f"{number}.bundle", KEY)
    assert (bundle.model, bundle.version) == (MODEL, 3)
    assert kept(bundle.artefact).items() <= frozen("1", MODEL).items()
