"""Which models of a family a request asks: by the scope that is named beside its rows, or that each of its rows names.

A row says its scope by the field `scope`, or by the columns whose values it is; these are taken out of it unless the
model has columns of those names. What carries a request, and how it names a scope beside the rows, is nobody's business
here.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from triglot.bodies.shapes import Columns, Rows
from triglot.errors import BadRequest, DeadlineExceeded, Problem
from triglot.scope_names import SCOPE, scope_of
from triglot.serving.families import Family
from triglot.serving.served import Served
from triglot.serving.service import Prediction, Question
from triglot.tables.schema import MAX_PROBLEMS
from triglot.tables.table import Table

Find: TypeAlias = Callable[[str], Served]
Fields: TypeAlias = Callable[[Served], Sequence[str]]
Content: TypeAlias = Callable[[Sequence[str]], Rows | Columns]

_COMPARED = 5  # scopes that are not there, of one request, for which others like them are looked up


class Part(NamedTuple):
    """What one model is asked: a request whole; or of a family's what is for it, its rows being at these places.

    Its rows are its `content`, or a `table` already where they came as one.
    """

    served: Served
    content: Rows | Columns | None = None
    places: Sequence[int] = ()
    of_a_family: bool = False
    table: Table | None = None


def parts(family: Family, said: str | None, content: Content, find: Find, fields: Fields) -> Sequence[Part]:
    """Return what each model of a family is asked by a request, in the order of the first row of each.

    said: the scope that is named beside the rows, if one is. content: gives the rows or columns of the request, told
    which names its columns may have. find: gives the version that answers for a model. fields: the names that rows may
    have for it. Raises `ModelNotFound` where all of the request is of one scope that there is not, and `BadRequest`,
    which names the rows, where some are, or where rows name another scope than is said.
    """
    if said is not None:
        served = find(family.model(said))
        rows = content(fields(served))
        _refuse_others(family, said, rows)
        return [Part(served, _without(rows, surplus(family, fields(served))), of_a_family=True)]
    rows = content((*family.columns, SCOPE))
    models = models_of(family, rows)
    found: list[Part] = []
    for model, places in by_model(models).items():
        served = find(model)
        chosen = rows if len(places) == len(models) else _at(rows, places)
        found.append(Part(served, _without(chosen, surplus(family, fields(served))), places, of_a_family=True))
    return found


def models_of(family: Family, content: Rows | Columns) -> list[str]:
    """Return the model of each row, by the scope that it names; raises as `parts` does, also where there is no row."""
    models = _models(family, _scopes(family, content))
    if not models:
        raise BadRequest(f"there is no row; a request to {family.name!r} names a scope, beside its rows or in them")
    return models


def models_as_said(family: Family, said: str, content: Rows | Columns, rows: int) -> list[str]:
    """Return the model of each of so many rows by the scope named beside them; raises where a row names another."""
    _refuse_others(family, said, content)
    return [family.model(said)] * rows


def named(family: Family, said: str | None, otherwise: str = "") -> str:
    """Return the model of the scope that is named beside the rows.

    Raises `BadRequest` where none is, which tells how, or `otherwise`.
    """
    if said is None:
        ways = f"{_in_the_query(family)}, {otherwise}" if otherwise else _how(family)
        raise BadRequest(f"model {family.name!r} has a model for each scope; say which: {ways}")
    return family.model(said)


def answers(
    together: Sequence[tuple[Sequence[Question], Table]],
    predict: Callable[[Question, Table], Prediction],
    timeout_s: float,
) -> list[list[Prediction]]:
    """Return the answers of several models, one after the other; raises `DeadlineExceeded` once all take too long."""
    until = time.monotonic() + timeout_s
    found: list[list[Prediction]] = []
    for questions, X in together:
        left_s = until - time.monotonic()
        if left_s <= 0:
            raise DeadlineExceeded(
                f"{len(found)} of {len(together)} models have answered within {timeout_s:g} s, the time limit of a "
                "request; ask fewer scopes at a time"
            )
        found.append([predict(each._replace(timeout_s=left_s), X) for each in questions])
    return found


def by_model(models: Sequence[str]) -> dict[str, list[int]]:
    """Return the places of each model's rows."""
    found: dict[str, list[int]] = {}
    for place, model in enumerate(models):
        found.setdefault(model, []).append(place)
    return found


def surplus(family: Family, fields: Collection[str]) -> list[str]:
    """Return the fields that only say of what scope a row is."""
    return [name for name in (SCOPE, *family.columns) if name not in fields]


def joined(parts: Sequence[Part], answers: Sequence[Sequence[Prediction]]) -> list[list[Any]]:
    """Return the answers of several models in the order of the rows: to each question a list, one a row."""
    count = sum(len(part.places) for part in parts)
    results: list[list[Any]] = [[None] * count for _ in answers[0]]
    for of_part, part in zip(answers, parts, strict=True):
        for result, prediction in zip(results, of_part, strict=True):
            for place, value in zip(part.places, prediction.values, strict=True):
                result[place] = value
    return results


def facts(parts: Sequence[Part], *, classes: bool) -> dict[str, Any]:
    """Return where the answers of several models come from; with the classes of each, where these are wanted."""
    all_served = [part.served for part in parts]
    told: dict[str, Any] = {"models": {served.model: served.version for served in all_served}}
    if classes:
        told["classes"] = {
            served.model: None if served.labels is None else list(served.labels.classes) for served in all_served
        }
    return told


def _in_the_query(family: Family) -> str:
    return f"?scope={family.scopes[0] if family.scopes else '...'} in the query string"


def _how(family: Family) -> str:
    columns = f", or in each row {' and '.join(map(repr, family.columns))}" if family.columns else ""
    return f"{_in_the_query(family)}, or the field 'scope' in each row{columns}"


def _without(content: Rows | Columns, surplus: Collection[str]) -> Rows | Columns:
    if isinstance(content, dict):
        return {name: values for name, values in content.items() if name not in surplus}
    return [
        {name: value for name, value in row.items() if name not in surplus} if isinstance(row, dict) else row
        for row in content
    ]


def _at(content: Rows | Columns, places: Sequence[int]) -> Rows | Columns:
    if isinstance(content, dict):
        return {name: [values[place] for place in places] for name, values in content.items()}
    return [content[place] for place in places]


def _refuse_others(family: Family, said: str, content: Rows | Columns) -> None:
    """Raise where a row names another scope than is said beside the rows."""
    if isinstance(content, dict) and not _says(family, content):
        return
    wanted = family.find(said)
    problems = []
    for number, row in enumerate(_rows(family, content)):
        if isinstance(row, dict) and _says(family, row):
            wrong: list[Problem] = []
            scope = _scope(family, row, number, wrong)
            if not wrong and family.find(scope) != wanted:
                wrong.append(Problem(SCOPE, f"is {scope[:60]!r} here, and {said[:60]!r} beside the rows", number))
            problems += wrong
    if problems:
        raise BadRequest("the scope is said twice, and not alike; leave one out", problems[:MAX_PROBLEMS])


def _says(family: Family, row: Mapping[str, Any]) -> bool:
    return row.get(SCOPE) is not None or _says_by_columns(family, row)


def _says_by_columns(family: Family, row: Mapping[str, Any]) -> bool:
    return bool(family.columns) and all(row.get(name) is not None for name in family.columns)


def _rows(family: Family, content: Rows | Columns) -> Rows:
    """Return rows, of columns with no more than says of what scope each is."""
    if not isinstance(content, dict):
        return content
    lengths = {len(values) if isinstance(values, list) else -1 for values in content.values()}
    if len(lengths) > 1 or -1 in lengths:
        raise BadRequest("the columns of the body must be lists of one length")
    names = [name for name in (SCOPE, *family.columns) if name in content]
    if not names:
        return [{}] * max(lengths, default=0)
    return [dict(zip(names, row, strict=True)) for row in zip(*(content[name] for name in names), strict=True)]


def _scopes(family: Family, content: Rows | Columns) -> list[str]:
    """Return the scope of each row; raises `BadRequest` where one has none."""
    problems: list[Problem] = []
    scopes = [_scope(family, row, number, problems) for number, row in enumerate(_rows(family, content))]
    if problems:
        raise BadRequest(f"the request does not say which models of {family.name!r} it asks", problems[:MAX_PROBLEMS])
    return scopes


def _scope(family: Family, row: Any, number: int, problems: list[Problem]) -> str:
    if not isinstance(row, dict):
        problems.append(Problem("", f"must be an object, not {row!r:.60}", number))
        return ""
    if SCOPE in row:
        scope = _text(row[SCOPE], SCOPE, number, problems)
        if _says_by_columns(family, row) and family.find(scope) != family.find(
            _of_columns(family, row, number, problems)
        ):
            names = " and ".join(map(repr, family.columns))
            problems.append(Problem(SCOPE, f"is {scope[:60]!r}, and {names} say another one; leave one out", number))
        return scope
    if family.columns and all(name in row for name in family.columns):
        return _of_columns(family, row, number, problems)
    problems.append(Problem(SCOPE, f"is missing; write {_how(family)}", number))
    return ""


def _of_columns(family: Family, row: Mapping[str, Any], number: int, problems: list[Problem]) -> str:
    return scope_of([_text(row[name], name, number, problems) for name in family.columns])


def _text(value: Any, field: str, number: int, problems: list[Problem]) -> str:
    """Return a value as the file of scopes has it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return str(int(value))
    if isinstance(value, float):
        return repr(value)
    problems.append(Problem(field, f"must be text or a number, not {value!r:.60}", number))
    return ""


def _models(family: Family, scopes: Sequence[str]) -> list[str]:
    """Return the name of the model of each scope."""
    known: dict[str, str] = {}
    unknown: dict[str, str] = {}
    distinct = dict.fromkeys(scopes)
    for scope in distinct:
        model = family.find(scope)
        if model is not None:
            known[scope] = model
            continue
        if len(distinct) == 1:
            raise family.unknown(scope)
        unknown[scope] = str(family.unknown(scope)) if len(unknown) < _COMPARED else f"there is none {scope[:60]!r}"
        if len(unknown) >= MAX_PROBLEMS:
            break
    if unknown:
        problems = [Problem(SCOPE, unknown[each], number) for number, each in enumerate(scopes) if each in unknown]
        raise BadRequest(f"some rows are of scopes that {family.name!r} has no model for", problems[:MAX_PROBLEMS])
    return [known[scope] for scope in scopes]
