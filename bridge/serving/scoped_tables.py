"""Tables of other types than JSON whose rows say of what scope each is: read whole, and parted by the models asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from triglot.bodies.limits import BodyLimits
from triglot.bodies.readers import reader_of
from triglot.bulk import flow, plain
from triglot.bulk.cells import Dialect
from triglot.bulk.conforming import Conforming
from triglot.bulk.envelope import Body
from triglot.bulk.reading import unreadable
from triglot.errors import BadRequest
from triglot.scope_names import SCOPE
from triglot.serving.families import Family
from triglot.serving.scoped import Find, Part, by_model, models_as_said, models_of, named, surplus
from triglot.serving.served import Served
from triglot.tables.schema import Schema
from triglot.tables.table import Table


def parts_of_a_table(
    family: Family,
    body: Body,
    kind: str,
    parameters: Mapping[str, str],
    limits: BodyLimits,
    find: Find,
    schema_of: Callable[[Served], Schema],
    *,
    said: str | None = None,
    lenient: bool = False,
) -> Sequence[Part]:
    """Return what each model of a family is asked by a body of this type, in the order of the first row of each.

    find: gives the version that answers for a model. schema_of: the names and types that its rows have here; with
    `lenient` other columns beside them are ignored. said: the scope that is named beside the rows, if one is. Raises as
    `triglot.serving.scoped.parts` does.
    """
    with reader_of(body, kind, parameters, limits, None) as reader:
        batches = list(flow.bounded(reader.batches, limits.bulk_rows))
    if not {SCOPE, *family.columns} & set(reader.names):
        named(family, said)
    whole = _joined(reader.names, batches)
    content = {name: _values(whole, name) for name in (SCOPE, *family.columns) if name in reader.names}
    if said is None:
        models = models_of(family, content)
    elif whole.num_rows:
        models = models_as_said(family, said, content, whole.num_rows)
    else:
        return [Part(find(family.model(said)), [], of_a_family=True)]
    found = []
    for model, places in by_model(models).items():
        served = find(model)
        schema = schema_of(served)
        beside = surplus(family, schema.names)
        chosen = whole.select([name for name in reader.names if name not in beside]).take(pa.array(places))
        found.append(
            Part(
                served,
                places=places,
                of_a_family=True,
                table=_fitting(chosen, schema, places, reader.written, lenient=lenient),
            )
        )
    return found


def _joined(names: Sequence[str], batches: Sequence[Any]) -> Any:
    """Return batches as one table, whose columns are of a type that all values have."""
    tables = [pa.Table.from_batches([batch]) for batch in batches]
    if not tables:
        return pa.table({name: pa.array([], pa.string()) for name in names})
    try:
        return pa.concat_tables(tables, promote_options="permissive").unify_dictionaries().combine_chunks()
    except pa.ArrowException as error:
        raise unreadable("table", error) from None


def _values(table: Any, name: str) -> list[Any]:
    values: list[Any] = [value for chunk in table.column(name).chunks for value in plain.decoded(chunk).to_pylist()]
    return values


def _fitting(table: Any, schema: Schema, places: Sequence[int], written: Dialect | None, *, lenient: bool) -> Table:
    """Return rows as a table of a schema; raises `BadRequest` that names them by where they stand in the body."""
    conforming = Conforming(table.column_names, schema, lenient=lenient, written=written)
    (batch,) = table.combine_chunks().to_batches()
    try:
        return conforming.table(batch, 0)
    except BadRequest as error:
        found = [each if each.row is None else replace(each, row=places[each.row]) for each in error.problems]
        raise BadRequest("the rows do not fit the model", found) from None
