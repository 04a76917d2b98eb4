"""A request to infer, as HTTP carries it: JSON, and behind it the tensors that are sent as bytes."""

from typing import Any, NamedTuple, Protocol

from triglot.bodies import words
from triglot.errors import BadRequest, Problem
from triglot.scope_names import SCOPE
from triglot.server.v2.datatypes import BYTES, DATATYPES, Buffer, shown
from triglot.server.v2.outputs import Wanted
from triglot.server.v2.tensors import Tensor

HEADER_LENGTH = "Inference-Header-Content-Length"
_MICROSECONDS = 1e6
_LONGEST = 10**18  # microseconds; more may be no float


class InferRequest(NamedTuple):
    """One request: its inputs, and the outputs that it names.

    `is_binary` is how outputs are wanted where none is named; `timeout_s` is None where the caller set no limit,
    `scope` where nothing is said of which of scopes' models is asked.
    """

    id: str
    tensors: list[Tensor]
    wanted: list[Wanted]
    is_binary: bool
    timeout_s: float | None
    scope: str | None = None


class Tail(Protocol):
    """The bytes that come beside the content, of which each binary input takes the next ones."""

    def take(self, size: int, name: str) -> Buffer:
        """Return the next so many bytes."""
        ...

    def end(self) -> None:
        """Return if all bytes were taken."""
        ...


class Malformed(BadRequest):
    """The body is no request of this protocol; the problem names the input or output where there is one."""

    def __init__(self, message: str, name: str = "") -> None:
        super().__init__(message if not name else "the request is not as the protocol has it", _problems(name, message))


def parsed(body: bytes, header_length: str | None) -> InferRequest:
    """Return what a body asks for; `header_length` is what the caller says of the bytes of JSON in front."""
    header, tail = _parts(body, header_length)
    return asked(loads(header), _Tail(tail))


def asked(content: dict[str, Any], tail: Tail) -> InferRequest:
    """Return what a request asks for, whatever carried it: its content as JSON has it, and the bytes beside it."""
    parameters = parameters_of(content)
    request_id = content.get("id")
    if request_id is not None and type(request_id) is not str:
        raise Malformed(f"'id' must be text, not {shown(request_id)}")
    is_binary = _flag(parameters, "binary_data_output", False)
    tensors = _inputs(content.get("inputs"), tail, parameters.get("content_type"))
    wanted = [_output(entry, place, is_binary) for place, entry in enumerate(_list(content, "outputs"))]
    scope = parameters.get(SCOPE)
    return InferRequest(
        request_id or "",
        tensors,
        wanted,
        is_binary,
        _timeout_s(parameters),
        None if scope is None else str(scope),
    )


def loads(body: bytes | memoryview) -> dict[str, Any]:
    """Return the object that a body of JSON is, in which `NaN` and `Infinity` may stand; raises `BadRequest`."""
    if not body:
        raise Malformed("the body is empty; send a JSON object with 'inputs'")
    try:
        content = words.loads(body)
    except ValueError as error:
        said = f"the body is not JSON: {error}; raw tensors behind it need the header {HEADER_LENGTH}"
        raise Malformed(said) from None
    if type(content) is not dict:
        raise Malformed(f"the body must be a JSON object, not {shown(content)}")
    return content


def parameters_of(entry: dict[str, Any], name: str = "") -> dict[str, Any]:
    """Return the parameters of a request, an input or an output, none of them nested; unknown ones are nobody's."""
    found = entry.get("parameters")
    if found is None:
        return {}
    if type(found) is not dict:
        raise Malformed(f"'parameters' must be an object, not {shown(found)}", name)
    for key, value in found.items():
        if not isinstance(value, str | int | float | None):
            raise Malformed(f"parameter {shown(key)} must be text, a number, true or false, not {shown(value)}", name)
    return found


def _parts(body: bytes, header_length: str | None) -> tuple[bytes | memoryview, memoryview]:
    """Return the JSON of a body and the bytes behind it."""
    if header_length is None:
        return body, memoryview(b"")
    if not (header_length.isascii() and header_length.isdigit() and len(header_length) < 20):
        raise Malformed(f"{HEADER_LENGTH} must be a number of bytes, not {shown(header_length)}")
    length = int(header_length)
    if length > len(body):
        raise Malformed(f"{HEADER_LENGTH} is {length}, and the body has {len(body)} bytes")
    if length == 0:
        raise Malformed(f"{HEADER_LENGTH} is 0: raw requests are not taken here; send JSON in front of the bytes")
    whole = memoryview(body)
    return whole[:length], whole[length:]


class _Tail:
    """The bytes behind the JSON, of which each binary input takes the next ones."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._place = 0

    def take(self, size: int, name: str) -> memoryview:
        """Return the next so many bytes."""
        left = len(self._data) - self._place
        if size > left:
            raise Malformed(f"'binary_data_size' is {size}, and {left} bytes are left behind the JSON", name)
        self._place += size
        return self._data[self._place - size : self._place]

    def end(self) -> None:
        """Return if all bytes were taken."""
        if self._place < len(self._data):
            left = len(self._data) - self._place
            raise Malformed(f"behind the JSON and the inputs with 'binary_data_size' are {left} more bytes")


def _inputs(entries: Any, tail: Tail, content_type: Any) -> list[Tensor]:
    if type(entries) is not list:
        raise Malformed("'inputs' must be a list of tensors")
    tensors = [_tensor(entry, place, tail, content_type) for place, entry in enumerate(entries)]
    tail.end()
    return tensors


def _tensor(entry: Any, place: int, tail: Tail, content_type: Any) -> Tensor:
    name = _name(entry, f"inputs[{place}]")
    parameters = parameters_of(entry, name)
    datatype = DATATYPES.get(found) if type(found := entry.get("datatype")) is str else None
    if datatype is None:
        raise Malformed(f"'datatype' must be one of {', '.join(DATATYPES)}, not {shown(found)}", name)
    is_base64 = datatype is BYTES and (parameters.get("content_type") or content_type) == "base64"
    size, data = parameters.get("binary_data_size"), entry.get("data")
    if (size is None) == (data is None):
        raise Malformed("must have either 'data' or the parameter 'binary_data_size'", name)
    if size is None:
        if type(data) is not list:
            raise Malformed(f"'data' must be a list of values, not {shown(data)}", name)
        return Tensor(name, datatype, _shape(entry, name), data, is_base64)
    if type(size) is not int or size < 0:
        raise Malformed(f"'binary_data_size' must be a number of bytes, not {shown(size)}", name)
    return Tensor(name, datatype, _shape(entry, name), tail.take(size, name), is_base64)


def _shape(entry: dict[str, Any], name: str) -> tuple[int, ...]:
    shape = entry.get("shape")
    sizes: list[Any] = shape if type(shape) is list else [None]
    for size in sizes:
        if type(size) is not int or size < 0:
            raise Malformed(f"'shape' must be a list of whole numbers from 0, not {shown(shape)}", name)
    return tuple(sizes)


def _output(entry: Any, place: int, is_binary: bool) -> Wanted:
    name = _name(entry, f"outputs[{place}]")
    parameters = parameters_of(entry, name)
    best = parameters.get("classification") or 0
    if type(best) is not int or best < 0:
        raise Malformed(f"'classification' must be a number of classes, not {shown(best)}", name)
    return Wanted(name, best, _flag(parameters, "binary_data", is_binary, name))


def _name(entry: Any, where: str) -> str:
    if type(entry) is not dict:
        raise Malformed(f"must be an object with a 'name', not {shown(entry)}", where)
    name = entry.get("name")
    if type(name) is not str:
        raise Malformed(f"'name' must be text, not {shown(name)}", where)
    return name


def _flag(parameters: dict[str, Any], key: str, default: bool, name: str = "") -> bool:
    found = parameters.get(key)
    if found is None:
        return default
    if type(found) is not bool:
        raise Malformed(f"parameter {key!r} must be true or false, not {shown(found)}", name)
    return found


def _list(content: dict[str, Any], key: str) -> list[Any]:
    found = content.get(key)
    if found is not None and type(found) is not list:
        raise Malformed(f"'{key}' must be a list, not {shown(found)}")
    return found or []


def _timeout_s(parameters: dict[str, Any]) -> float | None:
    """Return the caller's own time limit, which comes in microseconds; 0 is none."""
    found = parameters.get("timeout")
    if found is not None and (type(found) is not int or found < 0):
        raise Malformed(f"parameter 'timeout' must be a number of microseconds, not {shown(found)}")
    return min(found, _LONGEST) / _MICROSECONDS if found else None


def _problems(name: str, message: str) -> list[Problem]:
    return [Problem(name, message)] if name else []
