"""The protocol's messages as classes of protobuf, made at the start of `open_inference.proto` itself.

What protoc generates is bound to the versions of protobuf near its own; descriptors that the library which is there has
made are not.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

PACKAGE: Final = "inference"
SERVICE: Final = f"{PACKAGE}.GRPCInferenceService"

_FILE: Final = "open_inference.proto"
_OPENING = re.compile(r"(message|oneof|service) (\w+) \{(\}?)")
_FIELD = re.compile(r"(repeated )?(\w+) (\w+) = (\d+);")
_MAP = re.compile(r"map<(\w+), (\w+)> (\w+) = (\d+);")
_RPC = re.compile(r"rpc (\w+)\((\w+)\) returns \((\w+)\) \{\}")

_Field = descriptor_pb2.FieldDescriptorProto


class Method(NamedTuple):
    """One call of the service: what comes and what is answered."""

    asked: type[Message]
    answer: type[Message]


class _Oneof(NamedTuple):
    """A choice of a message's fields."""

    message: descriptor_pb2.DescriptorProto
    number: int


def _lines() -> Iterator[str]:
    """Give the lines of the file that say something, without comments."""
    for line in Path(__file__).with_name(_FILE).read_text("utf-8").splitlines():
        if said := line.partition("//")[0].strip():
            yield said


def _described() -> descriptor_pb2.FileDescriptorProto:
    """Return what the file describes; of the language it knows the forms that stand there."""
    found = descriptor_pb2.FileDescriptorProto(name=f"triglot/{_FILE}", package=PACKAGE, syntax="proto3")
    places: list[Any] = [found]  # what is open, the innermost last
    for line in _lines():
        if line == "}":
            places.pop()
        elif opening := _OPENING.fullmatch(line):
            place = _opened(places[-1], opening[1], opening[2])
            places += [] if opening[3] else [place]
        elif places[-1] is not found:
            _add_field(places[-1], line)
    return found


def _opened(place: Any, kind: str, name: str) -> Any:
    if kind == "oneof":
        place.oneof_decl.add(name=name)
        return _Oneof(place, len(place.oneof_decl) - 1)
    if kind == "service":
        return None
    within = place.message_type if isinstance(place, descriptor_pb2.FileDescriptorProto) else place.nested_type
    return within.add(name=name)


def _add_field(place: descriptor_pb2.DescriptorProto | _Oneof | None, line: str) -> None:
    """Add what a line declares to the message that it stands in; those of the service are no fields."""
    if place is None:
        return
    message = place.message if isinstance(place, _Oneof) else place
    if of_map := _MAP.fullmatch(line):
        key, value, name, number = of_map.groups()
        entry = message.nested_type.add(name=f"{name.title()}Entry")
        entry.options.map_entry = True
        entry.field.extend([_field(key, "key", 1), _field(value, "value", 2)])
        message.field.append(_field(entry.name, name, int(number), repeated=True))
    elif plain := _FIELD.fullmatch(line):
        repeated, kind, name, number = plain.groups()
        message.field.append(_field(kind, name, int(number), repeated=bool(repeated)))
        if isinstance(place, _Oneof):
            message.field[-1].oneof_index = place.number
    else:
        raise ValueError(f"{_FILE}: {line!r} is none of the forms that are read here")


def _field(kind: str, name: str, number: int, *, repeated: bool = False) -> descriptor_pb2.FieldDescriptorProto:
    field = _Field(name=name, number=number, label=_Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL)
    if kind.islower():  # as all scalars are, and no message is
        field.type = _Field.Type.Value(f"TYPE_{kind.upper()}")
    else:
        field.type, field.type_name = _Field.TYPE_MESSAGE, kind
    return field


def _made() -> dict[str, type[Message]]:
    # a pool of its own: whoever loads a client's messages of the same names beside these gets no conflict
    pool = descriptor_pool.DescriptorPool()
    described = _described()
    pool.AddSerializedFile(described.SerializeToString())
    names = [message.name for message in described.message_type]
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}")) for name in names}


CLASSES: Final[Mapping[str, Any]] = _made()
METHODS: Final[Mapping[str, Method]] = {
    named[1]: Method(CLASSES[named[2]], CLASSES[named[3]]) for line in _lines() if (named := _RPC.fullmatch(line))
}
