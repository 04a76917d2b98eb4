"""Messages to frames and back: a versioned msgpack header, then raw buffers; pure and total.

Frame 0 is b"TG", one byte of protocol version and a msgpack map. The frames behind it are, in this order, one
buffer a table (a column-major matrix, or an Arrow IPC stream) and three frames for an artefact (manifest, blob,
signature). `docs/protocol.md` is the document; anything that is not a message raises `ProtocolError`, and no
object deserialiser is ever called.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import msgpack
import numpy as np

from triglot.artefact import Artefact
from triglot.errors import ProtocolError
from triglot.message import OPS, Fault, Reply, Request, Started
from triglot.table import NUMERIC, Table

VERSION = 1
MAGIC = b"TG" + bytes([VERSION])
MAX_HEADER_BYTES = 64 * 2**20
MAX_COLUMNS = 100_000

Buffer: TypeAlias = bytes | memoryview
_DTYPES = {np.dtype(kind).str: np.dtype(kind) for kind in NUMERIC}


def encode_request(request: Request) -> list[Buffer]:
    """Return the frames of a request; matrices that are column-major already are not copied."""
    header = {
        "id": request.id,
        "op": request.op,
        "model": request.model,
        "version": request.version,
        "timeout_ms": request.timeout_ms,
    }
    if request.params:
        header["params"] = dict(request.params)
    if request.spec:
        header["spec"] = dict(request.spec)
    if request.alone:
        header["alone"] = True
    if request.sent is not None:
        header["sent"] = request.sent
    return _frames(header, request.tables, request.artefact)


def decode_request(frames: Sequence[Any]) -> Request:
    """Return the request of these frames; its arrays are views of the frames' own memory."""
    header = _header(frames)
    op = header.get("op")
    if op not in OPS:
        raise ProtocolError(f"unknown op {op!r}; known are {', '.join(OPS)}")
    tables, artefact = _body(header, frames)
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
        alone=_typed(header, "alone", bool, False),
        sent=_typed(header, "sent", float) if "sent" in header else None,
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
    return _frames(header, reply.tables, reply.artefact)


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
    )


def request_id(frames: Sequence[Any]) -> str:
    """Return the id in a header if there is one to be read, else an empty string; never raises."""
    try:
        found = _header(frames).get("id")
    except ProtocolError:
        return ""
    return found if isinstance(found, str) else ""


def pack_control(content: dict[str, Any]) -> bytes:
    """Return one frame of the control socket."""
    return MAGIC + _pack(content)


def unpack_control(frame: Any) -> dict[str, Any]:
    """Return the content of one frame of the control socket."""
    return _header([frame])


def _frames(header: dict[str, Any], tables: Sequence[Table], artefact: Artefact | None) -> list[Buffer]:
    buffers: list[Buffer] = []
    described: list[dict[str, Any]] = []
    for table in tables:
        if table.is_matrix:
            matrix = table.matrix()
            described.append({"dtype": matrix.dtype.str, "rows": table.rows, "names": table.names})
            # the transpose of a column-major matrix is contiguous, so this is a view and not a copy
            buffers.append(matrix.T.data.cast("B") if matrix.size else b"")
        else:
            from triglot import arrow

            described.append({"rows": table.rows})
            buffers.append(arrow.dumps(table))
    if described:
        header["tables"] = described
    if artefact is not None:
        header["artefact"] = True
        buffers += [artefact.manifest, artefact.blob, artefact.signature]
    return [MAGIC + _pack(header), *buffers]


def _body(header: dict[str, Any], frames: Sequence[Any]) -> tuple[tuple[Table, ...], Artefact | None]:
    described = _typed(header, "tables", list, [])
    has_artefact = header.get("artefact") is True
    expected = 1 + len(described) + 3 * has_artefact
    if len(frames) != expected:
        raise ProtocolError(f"{expected} frames were announced, {len(frames)} came")
    tables = tuple(_table(entry, frame) for entry, frame in zip(described, frames[1:], strict=False))
    if not has_artefact:
        return tables, None
    manifest, blob, signature = (bytes(_memory(frame)) for frame in frames[-3:])
    return tables, Artefact(manifest, blob, signature)


def _table(entry: Any, frame: Any) -> Table:
    if not isinstance(entry, dict):
        raise ProtocolError("a table's description must be a map")
    rows = _typed(entry, "rows", int)
    if "dtype" not in entry:
        from triglot import arrow

        table = arrow.loads(_memory(frame))
        if table.names and table.rows != rows:
            raise ProtocolError(f"{rows} rows were announced, {table.rows} came")
        return table
    dtype = _DTYPES.get(_typed(entry, "dtype", str))
    names = _typed(entry, "names", list)
    if dtype is None or len(names) > MAX_COLUMNS or not all(type(name) is str for name in names):
        raise ProtocolError("a matrix needs one of the dtypes of the protocol, and names that are text")
    memory = _memory(frame)
    if rows < 0 or memory.nbytes != rows * len(names) * dtype.itemsize:
        raise ProtocolError(f"a matrix of {rows} x {len(names)} {dtype} does not fit {memory.nbytes} bytes")
    try:
        matrix = np.frombuffer(memory, dtype=dtype).reshape((rows, len(names)), order="F")
    except ValueError as error:  # without columns any number of rows fits no bytes
        raise ProtocolError(f"a matrix of {rows} x {len(names)}: {error}") from None
    return Table(names, matrix=matrix)


def _memory(frame: Any) -> memoryview:
    return frame.buffer if hasattr(frame, "buffer") else memoryview(frame)


def _header(frames: Sequence[Any]) -> dict[str, Any]:
    if not frames:
        raise ProtocolError("a message without frames")
    if _memory(frames[0]).nbytes > MAX_HEADER_BYTES:
        raise ProtocolError(f"a header of more than {MAX_HEADER_BYTES} bytes")
    first = bytes(_memory(frames[0]))
    if first[:2] != MAGIC[:2]:
        raise ProtocolError("not a message of this protocol")
    if first[:3] != MAGIC:
        raise ProtocolError(f"protocol version {first[2:3].hex() or 'missing'}; this side speaks {VERSION}")
    try:
        header = msgpack.unpackb(first[3:], strict_map_key=True)
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
