"""The frozen files: where each format's are, and what they say in plain JSON.

`artefacts/FORMAT/LANGUAGE.json`, `bundles/FORMAT.bundle`, `wire/VERSION.json`, `store/REVISION/store.db.gz` and
`files/PALLADIUM/`; beside what is kept stands what it shall be read as.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from triglot.artefact import Artefact
from triglot.persister import Persister
from triglot.protocol import wire
from triglot.protocol.messages import Fault, Reply, Request, Started
from triglot.tables.table import Table

FROZEN = Path(__file__).parent / "frozen"
LISTING = "listing.json"
MODEL = "python"  # whose files are the bare ones of a folder
VERSION_FIELDS = ("model", "version", "language", "task", "size", "sha256", "metrics", "metadata", "aliases")


def formats(kind: str) -> list[str]:
    """Return the names of the formats of which there are frozen files, in their order."""
    return sorted({path.name.partition(".")[0] if path.is_file() else path.name for path in (FROZEN / kind).iterdir()})


def write_json(path: Path, content: Any) -> None:
    """Write JSON that a person can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")


def read_json(path: Path) -> Any:
    """Return what a frozen file says."""
    return json.loads(path.read_text("utf-8"))


def kept(artefact: Artefact) -> dict[str, Any]:
    """Return an artefact as JSON."""
    return {
        "manifest": artefact.manifest.decode("utf-8"),
        "blob": base64.b64encode(artefact.blob).decode(),
        "signature": artefact.signature.hex(),
    }


def artefact_of(said: Mapping[str, Any]) -> Artefact:
    """Return the artefact that was kept as JSON."""
    blob = base64.b64decode(said["blob"], validate=True)
    return Artefact(said["manifest"].encode("utf-8"), blob, bytes.fromhex(said["signature"]))


def listed(store: Persister) -> list[dict[str, Any]]:
    """Return the versions of a store as JSON."""
    return [plain({name: getattr(info, name) for name in VERSION_FIELDS}) for info in store.list()]


def meaning(message: Request | Reply | Fault | Started) -> dict[str, Any]:
    """Return what a message says, as JSON."""
    fields = message._asdict()
    for name in fields.keys() & {"tables"}:
        fields[name] = [_columns(table) for table in fields[name]]
    if fields.get("artefact"):
        fields["artefact"] = kept(fields["artefact"])
    return plain({"is": type(message).__name__, **fields})


def encoded(message: Request | Reply | Fault | Started) -> list[bytes]:
    """Return the frames of a message."""
    frames = wire.encode_request(message) if isinstance(message, Request) else wire.encode_reply(message)
    return [bytes(frame) for frame in frames]


def decoded(frames: Sequence[bytes], kind: str) -> Request | Reply | Fault | Started:
    """Return the message of these frames."""
    return wire.decode_request(frames) if kind == "Request" else wire.decode_reply(frames)


def plain(value: Any) -> Any:
    """Return a value as JSON gives it back."""
    return json.loads(json.dumps(value, default=dict))


def _columns(table: Table) -> dict[str, Any]:
    return {
        name: [column.kind, list(column.levels), column.ordered, column.zone, column.to_list()]
        for name, column in zip(table.names, table.columns, strict=True)
    }
