"""The columns and the classes of a model as JSON Schema."""

from collections.abc import Mapping, Sequence
from typing import Any

from triglot.serving.served import Served
from triglot.tables.field import Field
from triglot.tables.labels import Labels
from triglot.tables.schema import Schema as Columns

SHOWN = 200  # levels or classes that are spelt out
_WALL = r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?$"
_TYPES: Mapping[str, Mapping[str, Any]] = {
    "float64": {"type": "number", "format": "double"},
    "float32": {"type": "number", "format": "float", "minimum": -3.4028234e38, "maximum": 3.4028234e38},
    "int64": {"type": "integer", "format": "int64", "minimum": -(2**63), "maximum": 2**63 - 1},
    "int32": {"type": "integer", "format": "int32", "minimum": -(2**31), "maximum": 2**31 - 1},
    "bool": {"type": "boolean"},
    "string": {"type": "string"},
    "category": {"type": "string"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "pattern": _WALL},
}
_NAMES = {bool: "boolean", int: "integer", float: "number", str: "string"}


def row(columns: Columns, *, lenient: bool = False) -> dict[str, Any]:
    """Return the schema of a row; with `lenient` fields beside the columns are ignored, and else refused."""
    return {
        "type": "object",
        "required": list(columns.names),
        "properties": {field.name: value(field) for field in columns.fields},
        "additionalProperties": lenient,
    }


def value(field: Field) -> dict[str, Any]:
    """Return the schema of a column's values."""
    shown: dict[str, Any] = dict(_TYPES[field.kind])
    if field.zone:
        shown = {"type": "string", "format": "date-time", "description": f"without an offset in {field.zone}"}
    if field.kind == "category":
        shown |= _levels(field)
    if field.nullable:
        shown["type"] = [shown["type"], "null"]
        shown |= {"enum": [*shown["enum"], None]} if "enum" in shown else {}
    return shown


def said(field: Field) -> dict[str, Any]:
    """Return the schema of a column's value in a query string, which has no word for what is missing."""
    shown = value(field)
    if field.nullable:
        shown["type"] = shown["type"][0]
        shown |= {"enum": shown["enum"][:-1]} if "enum" in shown else {}
    return shown


def answer(served: Served) -> dict[str, Any]:
    """Return the schema of the answer to one row."""
    if served.any_answers:
        return {"description": "Any JSON: whatever the model answers."}
    number = {"type": ["number", "null"]}
    if served.labels is None:
        return {"anyOf": [number, {"type": "array", "items": number}]}
    return labels(served.labels)


def labels(found: Labels) -> dict[str, Any]:
    """Return the schema of a class."""
    shown: dict[str, Any] = {"type": _NAMES[type(found.classes[0])]}
    return shown | ({"enum": list(found.classes)} if len(found.classes) <= SHOWN else {})


def shares(found: Labels) -> dict[str, Any]:
    """Return the schema of the probabilities of one row, in the order of the classes."""
    count = len(found.classes)
    said = f"in this order: {_listed(found.classes)}"
    number = {"type": ["number", "null"]}
    return {"type": "array", "items": number, "minItems": count, "maxItems": count, "description": said}


def _levels(field: Field) -> dict[str, Any]:
    if field.unseen != "error":
        instead = "missing" if field.unseen == "missing" else "the level 'other'"
        return {"description": f"levels: {_listed(field.levels)}; another text is {instead}"}
    if len(field.levels) > SHOWN:
        return {"description": f"one of {len(field.levels)} levels: {_listed(field.levels)}"}
    return {"enum": list(field.levels)} if field.levels else {}


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(map(str, values[:SHOWN])) + (", ..." if len(values) > SHOWN else "")
