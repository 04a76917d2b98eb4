"""What CSV leaves to whoever wrote it: what stands between fields and in numbers, and how a gap is spelt."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute

from triglot.errors import BadRequest
from triglot.tables.field import ODD, Field, converter
from triglot.tables.table import FLOATS, WHOLE

pc: Any = pyarrow.compute  # whose functions are made when it is imported, which type checkers do not see

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
TAB = "tab"  # which few can type
NUMBERS = (*FLOATS, *WHOLE)
_GAPS = ("", "NA")
_NOT_A_NUMBER = ("NaN", "nan", "-nan")
_HOW = "say {0}={2} behind text/csv in Content-Type, or --{0} {1} to the command"
_QUOTED = re.compile('"[^"]*"')


@dataclass(frozen=True, slots=True)
class Dialect:
    """What stands between fields, and before the fraction of a number."""

    delimiter: str = ","
    decimal: str = "."

    @classmethod
    def said(cls, delimiter: str, decimal: str) -> "Dialect":
        """Return the dialect that a caller named; raises `BadRequest` for one that is not read here."""
        delimiter = "\t" if delimiter == TAB else delimiter
        if delimiter not in DELIMITERS:
            raise BadRequest(f"delimiter is {delimiter[:20]!r}; it must be one of ',', ';', '|' and {TAB}")
        if decimal not in (".", ","):
            raise BadRequest(f"decimal is {decimal[:20]!r}; it must be '.' or ','")
        if decimal == delimiter:
            raise BadRequest("commas cannot be both decimal and between fields; write semicolons between fields")
        return cls(delimiter, decimal)

    def check_header(self, line: str) -> None:
        """Raise `BadRequest` where another delimiter than this one stands between the names of a header."""
        bare = _QUOTED.sub("", line)
        other = next((mark for mark in ",;\t" if mark in bare), None)
        if other is not None and self.delimiter not in bare:
            shown = TAB if other == "\t" else other
            raise BadRequest(
                f"the header of the CSV has {DELIMITERS[other]}s and no {DELIMITERS[self.delimiter]}: "
                f"{_how('delimiter', shown)}; a name with one in it must stand in quotes"
            )


USUAL: Final = Dialect()


def _how(name: str, value: str) -> str:
    return _HOW.format(name, f"'{value}'", f'"{value}"')


def without_gaps(array: Any, field: Field) -> Any:
    """Return text in which what spells a gap is missing, unless it is one of the field's levels.

    A field of two quotes is one, too: some programs put all into quotes.
    """
    gaps = [gap for gap in _GAPS if gap not in field.levels]
    if field.kind in NUMBERS:
        gaps += _NOT_A_NUMBER
    found = pc.is_in(array, pa.array(gaps, pa.string()))
    return pc.replace_with_mask(array, found, pa.scalar(None, array.type)) if pc.any(found).as_py() else array


def with_points(array: Any) -> Any:
    """Return numbers with decimal commas as the same with points."""
    return pc.replace_substring(array, ",", ".")


def number_reader(field: Field) -> Callable[[str], Any]:
    """Return the function that reads a number: a whole one is also one with a fraction of zero."""
    convert = converter(field)
    whole = field.kind in WHOLE

    def read(text: str) -> Any:
        try:
            return convert(_number(text) if whole else text)
        except ValueError as error:
            hint = f"; if its comma is decimal, {_how('decimal', ',')}" if "," in text else ""
            raise ValueError(f"{error}{hint}") from None

    return read


def _number(text: str) -> Any:
    if ODD.search(text):
        return text
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return text
