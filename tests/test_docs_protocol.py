"""The document of the protocol names all that the code knows, and its bytes are the code's bytes."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from triglot import artefact, errors
from triglot.artefact import FORMAT, seal
from triglot.bodies import media
from triglot.dispatch import monitor
from triglot.protocol import batching, wire
from triglot.protocol.messages import OPS, Reply, Request
from triglot.protocol.runtime import Runtime
from triglot.store import migrations
from triglot.tables.table import Table
from triglot.transport.discovery import Endpoint
from triglot.workers import deadlines, ending, worker

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "protocol.md").read_text("utf-8")
EXAMPLE = {
    "request": wire.encode_request(
        Request(
            "predict",
            "7.1",
            "iris",
            3,
            timeout_ms=2000,
            tables=(Table(["length", "width"], matrix=np.array([[5.1, 3.5]])),),
        )
    ),
    "reply": wire.encode_reply(Reply("7.1", (Table(["0"], matrix=np.array([[2]], np.int32)),))),
}


def section(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found, f"docs/protocol.md has no section {title!r}"
    return found[1]


def codes(kind: type[errors.TriglotError]) -> set[str]:
    return {kind.code}.union(*(codes(child) for child in kind.__subclasses__()))


def test_every_op_is_described() -> None:
    assert [op for op in OPS if f"| `{op}` |" not in section("Requests")] == []


def test_every_code_of_an_error_is_described_and_no_other() -> None:
    known = codes(errors.TriglotError)
    assert media.UnsupportedMediaType.code in known  # the front end's own error counts, too
    assert [code for code in sorted(known) if f"`{code}`" not in section("Faults")] == []
    assert set(re.findall(r"^\| `([a-z-]+)` \|", section("Faults"), re.MULTILINE)) <= known | {"code"}


def test_every_key_of_a_header_is_described() -> None:
    for message, title in ((Request, "Requests"), (Reply, "Answers")):
        missing = [name for name in message._fields if f"`{name}`" not in section(title)]
        assert missing == []


def test_every_field_of_an_announcement_and_of_a_manifest_is_described() -> None:
    assert [name for name in Endpoint.__slots__ if f"`{name}`" not in section("Sockets")] == []
    card = {"language": "r", "task": "regression", "spec": {}, "sources": {}, "runtime": {}, "created": ""}
    fields = seal({**card, "golden": None}, b"", b"a key of tests, long enough").card()
    assert [name for name in fields if f"`{name}`" not in section("Artefacts")] == []
    assert f"`format` ({FORMAT})" in section("Artefacts")


def test_every_method_of_the_estimator_protocol_is_described() -> None:
    methods = [name for name, value in vars(Runtime).items() if callable(value) and not name.startswith("_")]
    assert len(methods) >= 10
    assert [name for name in methods if f"`{name}(" not in section("The estimator protocol")] == []


def test_the_numbers_are_the_codes_numbers() -> None:
    assert f"version {wire.VERSION}\n" in TEXT
    assert f"at most {wire.MAX_HEADER_BYTES // 2**20} MiB" in section("Frames")
    assert f"at most {wire.INLINE_BYTES:,} bytes" in section("Tables")
    limits = batching.Limits()
    most = f"{limits.rows:,} rows, {limits.requests:,} requests and {limits.bytes // 2**20} MiB"
    assert most in section("Batching")
    assert f"(`goal_ms`, {limits.goal_s * 1000:g})" in section("Batching")
    assert f"within {deadlines.KILL_GRACE_S:g} s" in section("Batching")
    assert f"exit code {ending.EXIT_STUCK}" in section("Batching")
    assert f"at least {worker.HELD_VERSIONS} versions" in section("Requests")
    assert f"up to {worker.KEPT_BYTES // 2**20} MiB" in section("Tables")
    assert f"every {monitor.BEAT_S * 1000:g} ms" in section("The control socket")
    assert f"{monitor.SILENCE_S:g} s without a heartbeat" in section("Trying again")


def test_every_file_that_is_named_is_there() -> None:
    named = set(re.findall(r"`((?:bridge|server|workers|tests)/[\w./-]+)`", TEXT))
    assert len(named) >= 10
    assert sorted(path for path in named if not (ROOT / path).exists()) == []


def test_the_procedure_for_formats_names_each_number_as_the_code_does() -> None:
    text = section("When a format changes")
    for module, name in ((artefact, "FORMAT"), (artefact, "READERS"), (wire, "VERSION"), (migrations, "HEAD")):
        assert hasattr(module, name)
        assert f"`{name}`" in text
    assert f"`{migrations.VERSION_TABLE}`" in text
    assert "`DB_VERSION`" in text
    assert [name for name in ("op", "rows", "answers") if f"`{name}`" not in text] == []


def test_every_dtype_is_described() -> None:
    for dtype in ("<f8", "<f4", "<i8", "<i4", "|b1"):
        header: dict[str, Any] = {"rows": 0, "dtype": dtype, "names": []}
        assert wire._table(header, memoryview(b"")).is_matrix
        assert dtype.replace("|", "\\|") in section("Tables")


@pytest.mark.parametrize("name", EXAMPLE)
def test_the_bytes_of_the_examples_are_what_is_sent(name: str) -> None:
    found = re.search(rf"<!-- example: {name} -->\n\n((?: {{4}}.+\n|\n(?= {{4}}))+)", TEXT)
    assert found
    frames = [bytes.fromhex(frame) for frame in found[1].strip().split("\n\n")]
    assert frames == [bytes(frame) for frame in EXAMPLE[name]]


def test_every_link_within_the_document_leads_somewhere() -> None:
    titles = {title.lower().replace(" ", "-") for title in re.findall(r"^## (.+)$", TEXT, re.MULTILINE)}
    assert {link for link in re.findall(r"\]\(#([a-z-]+)\)", TEXT)} <= titles
