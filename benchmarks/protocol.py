"""The Open Inference Protocol beside a system's own way: the logistic regression asked by JSON, by bytes and by gRPC.

Each way gives the labels of rows, which are compared before anything is timed, and its loads.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import orjson

from benchmarks import h2load
from benchmarks.data import MANY, ONE, Row, flowers, many
from benchmarks.load import MANY_CONNECTIONS, WIDEST, Request, Timed, answered, ask, shorter, wrk
from benchmarks.systems import V2, Place, System

MODEL = "logistic"
CONNECTIONS = (1, WIDEST)
HEADER_LENGTH = "Inference-Header-Content-Length"


class Way(Protocol):
    """One way of asking one server."""

    def labels(self, rows: list[Row]) -> list[str]:
        """Return the labels of rows; raises `OSError` or `RuntimeError` where they are refused."""
        ...

    def loads(self, seconds: int) -> Iterator[Timed]:
        """Give the loads."""
        ...


@dataclass(frozen=True, slots=True)
class Json:
    """JSON there and back."""

    place: Place

    def labels(self, rows: list[Row]) -> list[str]:
        """Return the labels of rows."""
        return V2.labels(ask(self.request(rows)))

    def loads(self, seconds: int) -> Iterator[Timed]:
        """Give the loads of one row, and that of a thousand."""
        for count in CONNECTIONS:
            yield f"v2 {count}", lasting(count, seconds), partial(wrk, self.request([ONE]), count)
        thousand = self.request(many(flowers()[0]))
        yield f"v2-rows {MANY}", shorter(seconds), partial(wrk, thousand, MANY_CONNECTIONS)

    def request(self, rows: list[Row]) -> Request:
        """Return what asks for rows."""
        return Request(self.place.port, *V2.request(MODEL, rows))


@dataclass(frozen=True, slots=True)
class Binary:
    """The bytes of a matrix behind JSON, and those of labels in the answer."""

    place: Place

    def labels(self, rows: list[Row]) -> list[str]:
        """Return the labels of rows."""
        body, headers = answered(binary(self.place.port, rows))
        return texts(body[int(headers[HEADER_LENGTH]) :])

    def loads(self, seconds: int) -> Iterator[Timed]:
        """Give the load of a thousand rows."""
        thousand = binary(self.place.port, many(flowers()[0]))
        yield f"v2-binary {MANY}", shorter(seconds), partial(wrk, thousand, MANY_CONNECTIONS)


@dataclass(frozen=True, slots=True)
class Grpc:
    """Messages that carry the bytes of a matrix."""

    place: Place

    def labels(self, rows: list[Row]) -> list[str]:
        """Return the labels of rows."""
        return h2load.call(self.place.grpc_port, MODEL, rows).labels

    def loads(self, seconds: int) -> Iterator[Timed]:
        """Give the loads of one row."""
        for count in CONNECTIONS:
            yield (
                f"grpc {count}",
                lasting(count, seconds),
                partial(h2load.measure, self.place.grpc_port, MODEL, [ONE], count),
            )


WAYS = {"v2": Json, "v2-binary": Binary, "grpc": Grpc}


def ways(system: System, place: Place) -> list[Way]:
    """Return the ways in which a system is asked beside its own, as far as there is what asks."""
    possible = [name for name in system.ways if name != "grpc" or h2load.missing() is None]
    return [WAYS[name](place) for name in possible]


def binary(port: int, rows: Sequence[Row]) -> Request:
    """Return what asks for rows by the binary extension, and for the labels by it as well."""
    flat = [value for row in rows for value in row]
    behind = struct.pack(f"<{len(flat)}d", *flat)
    parameters = {"binary_data_size": len(behind)}
    matrix = {"name": "x", "shape": [len(rows), len(rows[0])], "datatype": "FP64", "parameters": parameters}
    wanted = {"name": "predict", "parameters": {"binary_data": True}}
    head = orjson.dumps({"inputs": [matrix], "outputs": [wanted]})
    headers = ((HEADER_LENGTH, str(len(head))), ("Content-Type", "application/octet-stream"))
    return Request(port, f"/v2/models/{MODEL}/infer", head + behind, headers)


def texts(behind: bytes) -> list[str]:
    """Return the texts of a tensor, each with its length in front."""
    found, place = [], 0
    while place < len(behind):
        (size,) = struct.unpack_from("<I", behind, place)
        found.append(behind[place + 4 : place + 4 + size].decode())
        place += 4 + size
    return found


def lasting(connections: int, seconds: int) -> int:
    """Return how long a load of so many connections lasts."""
    return seconds if connections == WIDEST else shorter(seconds)
