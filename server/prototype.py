"""What one row of a model looks like, made of its columns alone: none of it comes from the data of a fit."""

from collections.abc import Iterable
from typing import Any

from triglot.tables.field import Field
from triglot.tables.table import FLOATS, WHOLE

_DAY, _TIME, _TEXT = "2026-01-31", "2026-01-31T12:00:00", "text"
_FORMAT = {"date": "date", "datetime": "date-time"}
_R_CLASS: dict[str, str] = {
    "float64": "numeric",
    "float32": "numeric",
    "int64": "integer",
    "int32": "integer",
    "bool": "logical",
    "string": "character",
    "date": "Date",
    "datetime": "POSIXct",
}


def example(field: Field) -> Any:
    """Return a value that the column takes."""
    if field.kind in FLOATS:
        return 1.5
    if field.kind in WHOLE:
        return 1
    if field.kind == "bool":
        return True
    if field.kind == "category":
        return field.levels[0] if field.levels else None
    if field.kind == "datetime":
        return f"{_TIME}Z" if field.zone else _TIME
    return _DAY if field.kind == "date" else _TEXT


def json_schema(fields: Iterable[Field]) -> dict[str, Any]:
    """Return the JSON schema of a row."""
    properties = {field.name: _property(field) for field in fields}
    return {"title": "prototype", "type": "object", "properties": properties, "required": list(properties)}


def _property(field: Field) -> dict[str, Any]:
    name = _json_type(field)
    told: dict[str, Any] = {"example": example(field), "type": [name, "null"] if field.nullable else name}
    if field.kind in _FORMAT:
        told["format"] = _FORMAT[field.kind]
    if field.kind == "category" and field.unseen == "error":
        told["enum"] = [*field.levels, None] if field.nullable else list(field.levels)
    return told


def _json_type(field: Field) -> str:
    if field.kind in FLOATS:
        return "number"
    if field.kind in WHOLE:
        return "integer"
    return "boolean" if field.kind == "bool" else "string"


def cereal(fields: Iterable[Field]) -> dict[str, Any]:
    """Return the columns as R's package cereal writes a prototype: class, an example as text, and details."""
    return {
        field.name: {"type": _r_class(field), "example": _r_text(example(field)), "details": _details(field)}
        for field in fields
    }


def _r_class(field: Field) -> str:
    if field.kind == "category":
        return "ordered" if field.ordered else "factor"
    return _R_CLASS[field.kind]


def _r_text(value: Any) -> Any:
    return str(value).upper() if isinstance(value, bool) else value if value is None else str(value)


def _details(field: Field) -> Any:
    if field.kind == "category":
        return {"levels": list(field.levels)}
    return {"tzone": field.zone} if field.kind == "datetime" else []
