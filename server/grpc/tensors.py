"""Requests to infer out of protobuf, and answers into it: raw bytes of all tensors, or contents of all."""

from collections.abc import Sequence
from typing import Any, Final

from triglot.server.grpc.messages import CLASSES
from triglot.server.v2 import request as requests
from triglot.server.v2.datatypes import BYTES, Buffer, Datatype, Misfit, texts, to_bytes
from triglot.server.v2.outputs import Output
from triglot.server.v2.request import InferRequest, Malformed
from triglot.serving.served import Served

_FIELDS: Final = {
    "BOOL": "bool_contents",
    **dict.fromkeys(("INT8", "INT16", "INT32"), "int_contents"),
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), "uint_contents"),
    "INT64": "int64_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
_RAW_ALONE: Final = ("FP16", "BF16")


class _Raw:
    """The bytes of each input, in the order of the inputs."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = iter(pieces)

    def take(self, size: int, name: str) -> Buffer:
        return next(self._pieces)

    def end(self) -> None:
        """Each input has had its own."""


def asked(request: Any) -> InferRequest:
    """Return what a message asks for, as a request of HTTP would."""
    raw = request.raw_input_contents
    if raw and len(raw) != len(request.inputs):
        raise Malformed(
            f"'raw_input_contents' has {len(raw)} entries for {len(request.inputs)} inputs; send all inputs so, or none"
        )
    content = {
        "id": request.id,
        "parameters": parameters_of(request.parameters),
        "inputs": [_input(each, raw[place] if raw else None) for place, each in enumerate(request.inputs)],
        "outputs": [{"name": each.name, "parameters": parameters_of(each.parameters)} for each in request.outputs],
    }
    return requests.asked(content, _Raw(raw))


def is_raw(request: Any) -> bool:
    """Whether a request has its tensors as bytes, so that its answer has, too."""
    return bool(request.raw_input_contents)


def answer(served: Served, request_id: str, outputs: Sequence[Output], *, raw: bool) -> Any:
    """Return the answer as a message."""
    made = CLASSES["ModelInferResponse"](model_name=served.model, model_version=str(served.version), id=request_id)
    for output in outputs:
        told = made.outputs.add(name=output.name, datatype=output.datatype.name, shape=output.shape)
        if raw:
            made.raw_output_contents.append(to_bytes(output.datatype, output.values))
        else:
            getattr(told.contents, _FIELDS[output.datatype.name]).extend(_plain(output.datatype, output.values))
    return made


def parameters_of(parameters: Any) -> dict[str, Any]:
    """Return the parameters of a request, an input or an output; of those of a repository, too."""
    found = {name: (value, value.WhichOneof("parameter_choice")) for name, value in parameters.items()}
    return {name: getattr(value, choice) if choice else None for name, (value, choice) in found.items()}


def _input(tensor: Any, raw: bytes | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}
    parameters = parameters_of(tensor.parameters)
    given = [field.name for field, _ in tensor.contents.ListFields()]
    if raw is None:
        return entry | {"parameters": parameters, "data": _values(tensor, given)}
    if given:
        raise Malformed(f"has {given[0]!r} besides its bytes in 'raw_input_contents'; send one of them", tensor.name)
    return entry | {"parameters": parameters | {"binary_data_size": len(raw)}}


def _values(tensor: Any, given: Sequence[str]) -> list[Any]:
    """Return the values of an input; those of an unknown datatype are nobody's, as it is refused for that."""
    if tensor.datatype in _RAW_ALONE:
        raise Malformed(f"{tensor.datatype} has no contents; send all inputs as 'raw_input_contents'", tensor.name)
    field = _FIELDS.get(tensor.datatype)
    if field is None:
        return []
    if wrong := [name for name in given if name != field]:
        raise Malformed(f"has its values in {wrong[0]!r}; those of {tensor.datatype} go into {field!r}", tensor.name)
    values = getattr(tensor.contents, field)
    return _texts(tensor.name, values) if tensor.datatype == BYTES.name else list(values)


def _texts(name: str, pieces: Sequence[bytes]) -> list[Any]:
    try:
        found: list[Any] = texts(pieces).tolist()
    except Misfit as error:
        row, message = error.wrong[0]
        raise Malformed(f"value {row}: {message}", name) from None
    return found


def _plain(datatype: Datatype, values: Any) -> list[Any]:
    plain: list[Any] = values if isinstance(values, list) else values.tolist()
    return [text.encode() for text in plain] if datatype is BYTES else plain
