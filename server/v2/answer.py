"""The answer to an inference, as HTTP carries it: JSON, and behind it what is wanted as bytes."""

from collections.abc import Sequence
from typing import Any

from triglot.bodies.payload import BARE_JSON, dumps
from triglot.server.v2.datatypes import to_bytes
from triglot.server.v2.outputs import Output, Wanted
from triglot.server.v2.request import HEADER_LENGTH
from triglot.serving.served import Served

BINARY = "application/octet-stream"
Headers = tuple[tuple[str, str], ...]


def written(
    served: Served, request_id: str, outputs: Sequence[Output], wanted: Sequence[Wanted]
) -> tuple[bytes, Headers]:
    """Return the body and the headers of an answer; `request_id` is left out where the caller gave none."""
    pieces: list[bytes] = []
    told: list[dict[str, Any]] = []
    for output, how in zip(outputs, wanted, strict=True):
        entry: dict[str, Any] = {"name": output.name, "datatype": output.datatype.name, "shape": output.shape}
        if how.is_binary:
            pieces.append(to_bytes(output.datatype, output.values))
            entry["parameters"] = {"binary_data_size": len(pieces[-1])}
        else:
            entry["data"] = output.values
        told.append(entry)
    head: dict[str, Any] = {"model_name": served.model, "model_version": str(served.version)}
    body = dumps(head | ({"id": request_id} if request_id else {}) | {"outputs": told})
    if not any(how.is_binary for how in wanted):
        return body, (("Content-Type", BARE_JSON),)
    return b"".join([body, *pieces]), (("Content-Type", BINARY), (HEADER_LENGTH, str(len(body))))
