"""Messages to frames and back: a versioned msgpack header, then raw buffers; pure and total.

Frame 0 is b"TG", one byte of protocol version and a msgpack map. A table's buffer is a column-major matrix or an Arrow
IPC stream: a small one stands in the map, because every frame costs both sides a system call and Python's lock; a
large one follows as a frame, uncopied. The three frames of an artefact (manifest, blob, signature) come last.
`docs/protocol.md` is the document; anything that is not a message raises `ProtocolError`, and no object deserialiser
is ever called.
"""

import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias

import msgpack
import numpy as np

from triglot.artefact import Artefact
from triglot.errors import ProtocolError, TableNeeded
from triglot.protocol.messages import OPS, Fault, Part, Reply, Request, Spent, Started
from triglot.tables.table import NUMERIC, Table

VERSION = 1
MAGIC = b"TG" + bytes([VERSION])
MAX_HEADER_BYTES = 64 * 2**20
MAX_COLUMNS = 100_000
INLINE_BYTES = 16_384
LONGEST_NS = 2**53  # a hundred days
DIGEST_FROM_BYTES = 1_024  # below that the bytes themselves cost less than asking for them

Buffer: TypeAlias = bytes | memoryview
_DTYPES = {np.dtype(kind).str: np.dtype(kind) for kind in NUMERIC}


class Kept(Protocol):
    """The buffers that a worker keeps, by the digest of their bytes."""

    def get(self, digest: str) -> memoryview | None:
        """Return the buffer of that digest, or None."""
        ...

    def keep(self, digest: str, buffer: memoryview) -> None:
        """Keep a buffer whose bytes have that digest, if there is room for it."""
        ...


@dataclass(frozen=True, slots=True)
class Packed:
    """Tables as they cross: for each an entry of the header and a buffer."""

    entries: tuple[dict[str, Any], ...] = ()
    buffers: tuple[Buffer, ...] = ()

    def bare(self) -> "Packed":
        """Return the same without the buffers that their digests stand for."""
        pairs = zip(self.entries, self.buffers, strict=True)
        return Packed(self.entries, tuple(b"" if "digest" in entry else buffer for entry, buffer in pairs))


class Attempt(NamedTuple):
    """What is a request's own in one try to have it answered."""

    id: str
    timeout_ms: int
    alone: bool = False
    sent: float | None = None


def pack(tables: Sequence[Table], *, digests: bool = False) -> Packed:
    """Return tables as they cross, large ones with their digests if these are asked for.

    Matrices that are column-major already are not copied.
    """
    entries: list[dict[str, Any]] = []
    buffers: list[Buffer] = []
    for table in tables:
        entry, buffer = _described(table)
        if digests and len(buffer) >= DIGEST_FROM_BYTES:
            entry["digest"] = _digest(buffer)
        entries.append(entry)
        buffers.append(buffer)
    return Packed(tuple(entries), tuple(buffers))


def encode_request(request: Request, packed: Packed | None = None, attempt: Attempt | None = None) -> list[Buffer]:
    """Return the frames of a request, or of one try to have it answered.

    `packed` are its tables, where they have been packed before.
    """
    attempt = attempt or Attempt(request.id, request.timeout_ms, request.alone, request.sent)
    header = {
        "id": attempt.id,
        "op": request.op,
        "model": request.model,
        "version": request.version,
        "timeout_ms": attempt.timeout_ms,
    }
    if request.sha256:
        header["sha256"] = request.sha256
    if request.params:
        header["params"] = dict(request.params)
    if request.spec:
        header["spec"] = dict(request.spec)
    if attempt.alone:
        header["alone"] = True
    if attempt.sent is not None:
        header["sent"] = attempt.sent
    if request.parts:
        header["parts"] = request.parts
    return _frames(header, packed or pack(request.tables, digests=request.digests), request.artefact)


def decode_request(frames: Sequence[Any], kept: Kept | None = None) -> Request:
    """Return the request of these frames; its arrays are views of the frames' own memory.

    Buffers that come with a digest are kept, those that do not come are taken from `kept`; raises `TableNeeded` where
    one is not there. What a fit gets of them must not be written into; what others get is a copy.
    """
    header = _header(frames)
    op = header.get("op")
    if op not in OPS:
        raise ProtocolError(f"unknown op {op!r}; known are {', '.join(OPS)}")
    tables, artefact = _body(header, frames, kept, shared=op == "fit")
    return Request(
        op=op,
        id=_typed(header, "id", str),
        model=_typed(header, "model", str),
        version=_typed(header, "version", int),
        timeout_ms=_typed(header, "timeout_ms", int),
        params=_typed(header, "params", dict, {}),
        spec=_typed(header, "spec", dict, {}),
        tables=tables,
        artefact=artefact,
        sha256=_typed(header, "sha256", str, ""),
        alone=_typed(header, "alone", bool, False),
        sent=_typed(header, "sent", float) if "sent" in header else None,
        parts=_parts(header, tables) if "parts" in header else (),
    )


def encode_reply(reply: Reply | Fault | Started) -> list[Buffer]:
    """Return the frames of a reply, of a fault or of the notice that a request is being worked on."""
    if isinstance(reply, Started):
        return [MAGIC + _pack({"id": reply.id, "started": True})]
    if isinstance(reply, Fault):
        fault = {"code": reply.code, "message": reply.message, "details": dict(reply.details)}
        return [MAGIC + _pack({"id": reply.id, "fault": fault})]
    header: dict[str, Any] = {"id": reply.id}
    if reply.info:
        header["info"] = dict(reply.info)
    if reply.output:
        header["output"] = reply.output
    if reply.warnings:
        header["warnings"] = list(reply.warnings)
    if reply.parts:
        header["parts"] = reply.parts
    if reply.spent is not None:
        header["spent"] = reply.spent
    return _frames(header, pack(reply.tables), reply.artefact)


def decode_reply(frames: Sequence[Any]) -> Reply | Fault | Started:
    """Return the reply, fault or notice of these frames."""
    header = _header(frames)
    request_id = _typed(header, "id", str)
    if header.get("started") is True:
        return Started(request_id)
    if "fault" in header:
        fault = _typed(header, "fault", dict)
        return Fault(
            request_id,
            _typed(fault, "code", str),
            _typed(fault, "message", str),
            _typed(fault, "details", dict, {}),
        )
    tables, artefact = _body(header, frames)
    return Reply(
        id=request_id,
        tables=tables,
        artefact=artefact,
        info=_typed(header, "info", dict, {}),
        output=_typed(header, "output", str, ""),
        warnings=tuple(_typed(header, "warnings", list, [])),
        parts=_parts(header, tables) if "parts" in header else (),
        spent=_spent(header) if "spent" in header else None,
    )


def request_ids(frames: Sequence[Any]) -> list[str]:
    """Return the ids in a header as far as there are any to be read, else one that is empty; never raises."""
    try:
        header = _header(frames)
    except ProtocolError:
        return [_id_alone(frames)]
    parts = header.get("parts")
    found = [part[0] for part in parts if type(part) is list and part] if type(parts) is list else []
    ids = [found_id for found_id in [header.get("id"), *found] if type(found_id) is str]
    return list(dict.fromkeys(ids)) or [""]


def _id_alone(frames: Sequence[Any]) -> str:
    """Return the id in a header that cannot be read as a whole, so that its sender learns why, or ""."""
    first = bytes(_memory(frames[0])) if frames and len(_memory(frames[0])) <= MAX_HEADER_BYTES else b""
    if not first.startswith(MAGIC):
        return ""
    unpacker = msgpack.Unpacker(max_buffer_size=MAX_HEADER_BYTES)
    unpacker.feed(first[len(MAGIC) :])
    with contextlib.suppress(ValueError, msgpack.UnpackException, RecursionError, MemoryError):
        for _ in range(unpacker.read_map_header()):
            if unpacker.unpack() == "id":
                found = unpacker.unpack()
                return found if type(found) is str else ""
            unpacker.skip()
    return ""


def pack_control(content: dict[str, Any]) -> bytes:
    """Return one frame of the control socket."""
    return MAGIC + _pack(content)


def unpack_control(frame: Any) -> dict[str, Any]:
    """Return the content of one frame of the control socket."""
    return _header([frame])


def _frames(header: dict[str, Any], packed: Packed, artefact: Artefact | None) -> list[Buffer]:
    buffers: list[Buffer] = []
    described: list[dict[str, Any]] = []
    for entry, buffer in zip(packed.entries, packed.buffers, strict=True):
        if len(buffer) <= INLINE_BYTES:
            described.append({**entry, "data": buffer})
        else:
            described.append(entry)
            buffers.append(buffer)
    if described:
        header["tables"] = described
    if artefact is not None:
        header["artefact"] = True
        buffers += [artefact.manifest, artefact.blob, artefact.signature]
    return [MAGIC + _pack(header), *buffers]


def _described(table: Table) -> tuple[dict[str, Any], Buffer]:
    if table.is_matrix:
        matrix = table.matrix()
        entry = {"dtype": matrix.dtype.str, "rows": table.rows, "names": table.names}
        # the transpose of a column-major matrix is contiguous, so this is a view and not a copy
        return entry, matrix.T.data.cast("B") if matrix.size else b""
    from triglot.tables import arrow

    return {"rows": table.rows}, arrow.dumps(table)


def _body(
    header: dict[str, Any], frames: Sequence[Any], kept: Kept | None = None, *, shared: bool = True
) -> tuple[tuple[Table, ...], Artefact | None]:
    described = header.get("tables", ())
    if not isinstance(described, list | tuple) or not all(type(entry) is dict for entry in described):
        raise ProtocolError("'tables' must be a list of maps")
    has_artefact = header.get("artefact") is True
    behind = iter(frames[1:])
    expected = 1 + sum("data" not in entry for entry in described) + 3 * has_artefact
    if len(frames) != expected:
        raise ProtocolError(f"{expected} frames were announced, {len(frames)} came")
    tables = []
    for entry in described:
        memory = _inline(entry) if "data" in entry else _memory(next(behind))
        tables.append(_table(entry, _resolved(entry, memory, kept, shared) if "digest" in entry else memory))
    if not has_artefact:
        return tuple(tables), None
    manifest, blob, signature = (bytes(_memory(frame)) for frame in behind)
    return tuple(tables), Artefact(manifest, blob, signature)


def _parts(header: dict[str, Any], tables: Sequence[Table]) -> tuple[Part, ...]:
    parts = _typed(header, "parts", list)
    for part in parts:
        if type(part) is not list or len(part) != 2 or type(part[0]) is not str or type(part[1]) is not int:
            raise ProtocolError("'parts' must be a list of pairs, each an id and a number of rows")
    made = tuple(Part(*part) for part in parts)
    if len(tables) != 1 or min((part.rows for part in made), default=-1) < 0:
        raise ProtocolError("'parts' need one table, of which each has no or more rows")
    if sum(part.rows for part in made) != tables[0].rows:
        raise ProtocolError(f"'parts' have {sum(part.rows for part in made)} rows, the table has {tables[0].rows}")
    return made


def _spent(header: dict[str, Any]) -> Spent:
    """Return what a call took; whatever a later worker tells behind that is not for this side."""
    told = _typed(header, "spent", list)[: len(Spent._fields)]
    if len(told) < len(Spent._fields) or not all(type(each) is int and 0 <= each < LONGEST_NS for each in told):
        raise ProtocolError(f"'spent' must be a list of {len(Spent._fields)} whole numbers: {', '.join(Spent._fields)}")
    return Spent(*told)


def _inline(entry: dict[str, Any]) -> memoryview:
    return memoryview(_typed(entry, "data", bytes))


def _resolved(entry: dict[str, Any], memory: memoryview, kept: Kept | None, shared: bool) -> memoryview:
    """Return the buffer of a digest, be it here or kept."""
    digest = _typed(entry, "digest", str)
    if not memory.nbytes:
        found = None if kept is None else kept.get(digest)
        if found is None:
            raise TableNeeded(f"the table of digest {digest[:12]}... is not kept here; send its bytes")
        memory = found
    elif _digest(memory) != digest:
        raise ProtocolError("a table's bytes do not have the digest that came with them")
    elif kept is not None:
        kept.keep(digest, memory)
    # an author's predict may write into what it gets
    return memory if shared else memoryview(bytearray(memory))


def _digest(buffer: Buffer) -> str:
    return hashlib.sha256(buffer).hexdigest()


def _table(entry: dict[str, Any], memory: memoryview) -> Table:
    rows = _typed(entry, "rows", int)
    if "dtype" not in entry:
        from triglot.tables import arrow

        table = arrow.loads(memory)
        if table.names and table.rows != rows:
            raise ProtocolError(f"{rows} rows were announced, {table.rows} came")
        return table
    dtype = _DTYPES.get(_typed(entry, "dtype", str))
    names = _typed(entry, "names", list)
    if dtype is None or len(names) > MAX_COLUMNS or not all(type(name) is str for name in names):
        raise ProtocolError("a matrix needs one of the dtypes of the protocol, and names that are text")
    if rows < 0 or memory.nbytes != rows * len(names) * dtype.itemsize:
        raise ProtocolError(f"a matrix of {rows} x {len(names)} {dtype} does not fit {memory.nbytes} bytes")
    try:
        matrix = np.frombuffer(memory, dtype=dtype).reshape((rows, len(names)), order="F")
    except ValueError as error:  # without columns any number of rows fits no bytes
        raise ProtocolError(f"a matrix of {rows} x {len(names)}: {error}") from None
    return Table(names, matrix=matrix)


def _memory(frame: Any) -> memoryview:
    memory: memoryview = frame.buffer if hasattr(frame, "buffer") else memoryview(frame)
    return memory


def _header(frames: Sequence[Any]) -> dict[str, Any]:
    if not frames:
        raise ProtocolError("a message without frames")
    first = frames[0]
    if len(_memory(first)) > MAX_HEADER_BYTES:
        raise ProtocolError(f"a header of more than {MAX_HEADER_BYTES} bytes")
    if type(first) is not bytes:
        first = bytes(_memory(first))
    if not first.startswith(MAGIC):
        if first[:2] != MAGIC[:2]:
            raise ProtocolError("not a message of this protocol")
        raise ProtocolError(f"protocol version {first[2:3].hex() or 'missing'}; this side speaks {VERSION}")
    try:
        header = msgpack.unpackb(memoryview(first)[3:], strict_map_key=True)
    except (ValueError, msgpack.UnpackException, RecursionError, MemoryError) as error:
        raise ProtocolError(f"the header is not msgpack: {type(error).__name__}") from None
    if not isinstance(header, dict):
        raise ProtocolError("the header must be a map")
    return header


def _typed(header: dict[str, Any], key: str, kind: type, default: Any = None) -> Any:
    value = header.get(key, default)
    if type(value) is not kind:
        raise ProtocolError(f"{key!r} must be a {kind.__name__}, not a {type(value).__name__}")
    return value


def _pack(content: dict[str, Any]) -> bytes:
    # What an author prints or raises may hold what is not Unicode (a file's name, say); it must not end a worker.
    packed = msgpack.packb(content, unicode_errors="backslashreplace")
    return bytes(packed or b"")
