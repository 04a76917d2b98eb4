"""Any table, request, reply and set of labels, for property tests."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from triglot.artefact import Artefact
from triglot.errors import Problem
from triglot.protocol.messages import OPS, Fault, Reply, Request, Spent, Started
from triglot.tables.table import NUMERIC, Array, Column, Kind, Table
from triglot.tables.times import DAY, INSTANT

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.lists(text, max_size=6, unique=True)
rows = st.integers(0, 7)

# whatever a header may carry besides the protocol's own keys
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | text | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
mappings = st.dictionaries(text, plain, max_size=4)
artefacts = st.builds(Artefact, st.binary(max_size=40), st.binary(max_size=200), st.binary(max_size=32))


@st.composite
def matrices(draw: st.DrawFn) -> Table:
    """Tables of one numeric type, in either memory order, with any value that its type has."""
    columns = draw(names)
    shape = (draw(rows), len(columns))
    matrix: Array = draw(hnp.arrays(np.dtype(draw(st.sampled_from(NUMERIC))), shape))
    return Table(columns, matrix=np.asarray(matrix, order=draw(st.sampled_from("CF"))))


@st.composite
def columns(draw: st.DrawFn, length: int) -> Column:
    """Columns of any kind, of which any value may be missing."""
    kind: Kind = draw(st.sampled_from([*NUMERIC, "string", "category", "date", "datetime"]))
    missing = draw(st.none() | hnp.arrays(np.bool_, length))
    if kind == "string":
        return Column(kind, np.array(draw(st.lists(text, min_size=length, max_size=length)), dtype=object), missing)
    if kind == "category":
        levels = draw(st.lists(text, min_size=1, max_size=4, unique=True))
        codes = draw(hnp.arrays(np.int32, length, elements=st.integers(0, len(levels) - 1)))
        return Column.category(codes, levels, ordered=draw(st.booleans()), missing=missing)
    if kind == "date":
        days = draw(hnp.arrays(np.int64, length, elements=st.integers(-719_162, 2_932_896)))  # the years 1 to 9999
        return Column(kind, days.astype(DAY), missing)
    if kind == "datetime":
        seconds = st.integers(-62_135_596_800, 253_402_300_799)
        instants = draw(hnp.arrays(np.int64, length, elements=seconds)) * 10**6 + draw(st.integers(0, 999_999))
        return Column(kind, instants.astype(INSTANT), missing, zone=draw(st.sampled_from(["", "UTC", "Asia/Kolkata"])))
    return Column(kind, draw(hnp.arrays(np.dtype(kind), length)), missing)


@st.composite
def mixed(draw: st.DrawFn) -> Table:
    """Tables of columns of any kinds."""
    found = draw(names)
    length = draw(rows) if found else 0
    return Table(found, columns=[draw(columns(length)) for _ in found])


tables = matrices() | mixed()

requests = st.builds(
    Request,
    op=st.sampled_from(OPS),
    id=text,
    model=text,
    version=st.integers(-(2**63), 2**64 - 1),
    timeout_ms=st.integers(-(2**63), 2**64 - 1),
    params=mappings,
    tables=st.lists(tables, max_size=2).map(tuple),
    artefact=st.none() | artefacts,
    spec=mappings,
    alone=st.booleans(),
    parts=st.just(()),
)
replies = st.one_of(
    st.builds(
        Reply,
        id=text,
        tables=st.lists(tables, max_size=2).map(tuple),
        artefact=st.none() | artefacts,
        info=mappings,
        output=text,
        warnings=st.lists(text, max_size=3).map(tuple),
        parts=st.just(()),
        spent=st.none() | st.builds(Spent, *[st.integers(0, 2**53 - 1)] * len(Spent._fields)),
    ),
    st.builds(Fault, id=text, code=text, message=text, details=mappings),
    st.builds(Started, id=text),
)
problems = st.builds(Problem, field=text, message=text, row=st.none() | rows)


def same_tables(one: Table, other: Table) -> bool:
    """Whether two tables hold the same names, kinds, levels, missing places and, bit by bit, the same values."""
    if one.names != other.names or one.rows != other.rows or one.is_matrix != other.is_matrix:
        return False
    return all(_same_columns(a, b) for a, b in zip(one.columns, other.columns, strict=True))


def _same_columns(a: Column, b: Column) -> bool:
    none = np.zeros(len(a), dtype=bool)
    gone = none if a.missing is None else a.missing
    if (a.kind, a.levels, a.ordered, a.zone) != (b.kind, b.levels, b.ordered, b.zone):
        return False
    if not np.array_equal(gone, none if b.missing is None else b.missing):
        return False
    there, here = a.values[~gone], b.values[~gone]
    if a.kind == "string":
        return bool(there.tolist() == here.tolist())
    return there.dtype == here.dtype and np.ascontiguousarray(there).tobytes() == np.ascontiguousarray(here).tobytes()
