"""What is sealed comes back as it was, and nothing else is let through."""

import hmac
import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers import PATIENCE_S
from triglot.artefact import FORMAT, Artefact, load_key, seal
from triglot.errors import ArtefactRefused, ConfigError

OTHER_PROCESS = Path(__file__).with_name("other_process.py")
FIELDS: dict[str, Any] = {
    "language": "julia",
    "task": "regression",
    "spec": {},
    "sources": {},
    "runtime": {},
    "created": "2026-01-02T03:04:05+00:00",
}


def test_a_sealed_artefact_gives_back_its_fields(artefact: Callable[..., Artefact], key: bytes) -> None:
    card = artefact(b"blob").verified(key)
    assert card["format"] == 1
    assert card["language"] == "r"
    assert card["sources"]["model.R"].endswith("# süß\n")
    assert card["schema"] is None
    assert card["blob_sha256"] == "fa2c8cc4f28176bbeed4b736df569a34c79cd3723e9ec42f9674b4d46ac6b8b8"


def test_the_manifest_is_the_same_bytes_whatever_the_order_of_the_fields(key: bytes) -> None:
    one, other = seal(FIELDS, b"x", key), seal(dict(reversed(FIELDS.items())), b"x", key)
    assert one == other
    assert one.manifest == json.dumps(json.loads(one.manifest), sort_keys=True, separators=(",", ":")).encode()


def test_numpy_values_of_the_manifest_become_plain_ones(key: bytes) -> None:
    classes = [np.int64(3), np.str_("b"), np.bool_(True)]
    sealed = seal({**FIELDS, "classes": classes, "schema": {"levels": np.array([1.5, 2.0])}}, b"", key)
    card = sealed.verified(key)
    assert card["classes"] == [3, "b", True]
    assert card["schema"] == {"levels": [1.5, 2.0]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"language": "Object COBOL"}, "language is 'Object COBOL'"),
        ({"task": "clustering"}, "task is 'clustering'"),
        ({"format": 2}, "format are set by"),
        ({"spec": float("nan")}, "cannot be written as JSON"),
        ({"spec": {"f": len}}, "builtin_function_or_method"),
        ({"sources": {"a.R": "\ud800"}}, "cannot be written as JSON"),
    ],
)
def test_fields_that_make_no_manifest_are_named(change: dict[str, Any], message: str, key: bytes) -> None:
    with pytest.raises(ValueError, match=message):
        seal(FIELDS | change, b"", key)


def test_missing_fields_are_all_named_at_once(key: bytes) -> None:
    with pytest.raises(ValueError, match="task, spec, sources, runtime, created"):
        seal({"language": "r"}, b"", key)


def test_a_changed_manifest_is_refused(artefact: Callable[..., Artefact], key: bytes) -> None:
    sealed = artefact()
    changed = replace(sealed, manifest=sealed.manifest.replace(b"lm(", b"rm("))
    assert changed.manifest != sealed.manifest
    with pytest.raises(ArtefactRefused, match="signature does not hold"):
        changed.verified(key)


def test_a_changed_blob_is_refused(artefact: Callable[..., Artefact], key: bytes) -> None:
    with pytest.raises(ArtefactRefused, match="damaged or exchanged"):
        replace(artefact(b"blob"), blob=b"bloc").verified(key)


@given(position=st.integers(0, 31), bit=st.integers(0, 7))
def test_any_changed_bit_of_the_signature_is_refused(position: int, bit: int) -> None:
    key = b"k" * 32
    sealed = seal(FIELDS, b"blob", key)
    signature = bytearray(sealed.signature)
    signature[position] ^= 1 << bit
    with pytest.raises(ArtefactRefused, match="signature does not hold"):
        replace(sealed, signature=bytes(signature)).verified(key)


@pytest.mark.parametrize("signature", [b"", b"short", b"\0" * 32, b"\0" * 64])
def test_an_unsigned_artefact_is_refused(artefact: Callable[..., Artefact], key: bytes, signature: bytes) -> None:
    with pytest.raises(ArtefactRefused, match="TRIGLOT_SIGNING_KEY"):
        replace(artefact(), signature=signature).verified(key)


@pytest.mark.parametrize("number", [0, FORMAT + 1, str(FORMAT), 1.0, True, None, [1]])
def test_an_artefact_of_an_unknown_format_is_listed_as_it_stands_and_refused(number: Any, key: bytes) -> None:
    manifest = json.dumps({**FIELDS, "format": number}).encode()
    later = Artefact(manifest, b"", hmac.digest(key, manifest, "sha256"))
    assert later.card()["task"] == FIELDS["task"]
    with pytest.raises(ArtefactRefused, match=rf"format {re.escape(repr(number))} and .* reads {FORMAT}; install"):
        later.verified(key)


def test_another_key_is_refused(artefact: Callable[..., Artefact]) -> None:
    with pytest.raises(ArtefactRefused, match="another key"):
        artefact().verified(b"another key of enough bytes")


def test_an_empty_key_signs_and_verifies_nothing(artefact: Callable[..., Artefact]) -> None:
    with pytest.raises(ConfigError, match="key is empty"):
        seal(FIELDS, b"", b"")
    with pytest.raises(ConfigError, match="key is empty"):
        artefact().verified(b"")


@pytest.mark.parametrize("manifest", [b"", b"\xff", b"[1]", b'{"a": NaN}', b"[" * 100_000])
def test_the_card_of_a_broken_manifest_is_refused(manifest: bytes) -> None:
    with pytest.raises(ArtefactRefused, match="manifest is not"):
        Artefact(manifest, b"", b"").card()


def test_a_card_can_be_read_without_the_key(artefact: Callable[..., Artefact]) -> None:
    assert replace(artefact(), signature=b"").card()["runtime"] == {"R": "4.2.2"}


def test_a_missing_key_file_is_made_for_the_user_alone(tmp_path: Path) -> None:
    file = tmp_path / "new" / "signing.key"
    made = load_key(file, {})
    assert len(bytes.fromhex(made.decode())) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load_key(file, {}) == made
    assert [entry.name for entry in file.parent.iterdir()] == ["signing.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620])
def test_a_key_file_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "signing.key"
    load_key(file, {})
    file.chmod(mode)
    with pytest.raises(ConfigError, match=f"mode 0{mode:o}.*chmod 600 "):
        load_key(file, {})


def test_a_short_key_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "signing.key"
    file.touch(mode=0o600)
    with pytest.raises(ConfigError, match="has 0 bytes"):
        load_key(file, {})
    with pytest.raises(ConfigError, match="TRIGLOT_SIGNING_KEY has 5 bytes"):
        load_key(file, {"TRIGLOT_SIGNING_KEY": "short"})


def test_a_key_file_that_is_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(ConfigError, match="is not a file"):
        load_key(tmp_path / "pipe", {})


def test_a_key_that_cannot_be_made_says_what_to_set(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="TRIGLOT_SIGNING_KEY_FILE"):
        load_key(tmp_path / "file" / "signing.key", {})


def test_the_environment_goes_before_the_path(tmp_path: Path) -> None:
    environ = {"TRIGLOT_SIGNING_KEY_FILE": str(tmp_path / "of-environment")}
    of_file = load_key(tmp_path / "unused", environ)
    assert (tmp_path / "of-environment").read_text().strip().encode() == of_file
    assert load_key(None, {**environ, "TRIGLOT_SIGNING_KEY": " sixteen bytes or more\n"}) == (b"sixteen bytes or more")
    assert not (tmp_path / "unused").exists()


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"TRIGLOT_HOME": "{}/t", "XDG_DATA_HOME": "{}/x", "HOME": "{}/h"}, "t"),
        ({"XDG_DATA_HOME": "{}/x", "HOME": "{}/h"}, "x/triglot"),
        ({"HOME": "{}/h"}, "h/.local/share/triglot"),
    ],
)
def test_the_users_own_key_is_in_the_data_folder(tmp_path: Path, environ: dict[str, str], folder: str) -> None:
    made = load_key(None, {name: value.format(tmp_path) for name, value in environ.items()})
    assert (tmp_path / folder / "signing.key").read_text().strip().encode() == made


def test_processes_that_start_together_get_one_key(tmp_path: Path) -> None:
    command = [sys.executable, OTHER_PROCESS, "crowd", "4", "load-key", tmp_path / "new" / "signing.key"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert ended.returncode == 0, ended.stderr
    keys = ended.stdout.split()
    assert len(keys) == 4
    assert len(set(keys)) == 1
    assert [entry.name for entry in (tmp_path / "new").iterdir()] == ["signing.key"]
