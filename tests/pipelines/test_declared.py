"""What a configuration says of pipelines, and what a run may say: told at once, each wrong thing by its name."""

from typing import Any

import pytest

from tests.pipelines.conftest import declared
from triglot.errors import BadRequest, ConfigError, PipelineNotFound
from triglot.pipelines.declared import one_of, pipelines_of
from triglot.pipelines.template import Template

STEPS = [{"!": "a.B"}]
PARAMETERS = {
    "day": {"type": "date", "about": "of the orders"},
    "limit": {"type": "integer", "default": 100},
    "share": {"type": "number", "default": 0.5},
    "dry": {"type": "boolean", "default": False},
    "shop": {"type": "text", "default": "all"},
}


def test_a_run_has_what_it_says_and_defaults_for_the_rest() -> None:
    pipeline = declared(parameters=PARAMETERS)
    defaults = {"limit": 100, "share": 0.5, "dry": False, "shop": "all"}
    assert pipeline.checked({"day": "2026-11-30"}) == {"day": "2026-11-30", **defaults}
    assert pipeline.checked({"day": "2026-11-30", "share": 1})["share"] == 1


def test_everything_that_is_wrong_with_a_run_is_told_at_once() -> None:
    with pytest.raises(BadRequest) as caught:
        declared(parameters=PARAMETERS).checked(
            {"limit": 1.5, "share": float("nan"), "dry": 1, "shop": ["x"], "dya": "2026-11-30"}, rows=[]
        )
    told = {problem.field: problem.message for problem in caught.value.problems}
    assert told == {
        "limit": "must be a whole number, not 1.5",
        "share": "must be a number, not nan",
        "dry": "must be true or false, not 1",
        "shop": "must be text, not ['x']",
        "dya": "is no parameter of this pipeline; they are day, limit, share, dry, shop",
        "day": "is missing; say a date such as 2026-11-30",
        "rows": "are not taken; this pipeline begins with data of its own",
    }


@pytest.mark.parametrize("day", ["30.11.2026", "2026-02-30", "20261130", 20261130, None, ""])
def test_a_date_is_one_in_iso_s_way(day: Any) -> None:
    with pytest.raises(BadRequest, match="field 'day': must be a date such as 2026-11-30"):
        declared(parameters={"day": {"type": "date"}}).checked({"day": day})


def test_a_command_line_s_texts_become_what_was_declared_and_what_does_not_is_told() -> None:
    pipeline = declared(parameters=PARAMETERS)
    texts = {"day": "2026-11-30", "limit": "7", "share": "0.25", "dry": "true", "shop": "7"}
    assert pipeline.read(texts) == {"day": "2026-11-30", "limit": 7, "share": 0.25, "dry": True, "shop": "7"}
    with pytest.raises(
        BadRequest, match="field 'limit': must be a whole number, not 'many'; field 'dry': must be true or"
    ):
        pipeline.checked(pipeline.read({"day": "2026-11-30", "limit": "many", "dry": "yes"}))


@pytest.mark.parametrize(
    ("rows", "why"),
    [(None, "are missing; this"), ([], "are none; send one"), ([{"a": 1}, 2], "row 1, field 'rows': must be objects")],
)
def test_a_pipeline_that_begins_with_rows_wants_some(rows: Any, why: str) -> None:
    with pytest.raises(BadRequest, match=why):
        declared(rows=True).checked({}, rows)
    assert declared(rows=True).checked({}, [{"a": 1}]) == {}


def test_a_pipeline_that_is_not_declared_is_not_found_and_the_others_are_named() -> None:
    found = pipelines_of({"nightly": {"steps": STEPS}, "weekly": {"steps": STEPS}})
    assert one_of(found, "weekly").name == "weekly"
    with pytest.raises(PipelineNotFound, match=r"no pipeline 'hourly' is declared; known are nightly, weekly$"):
        one_of(found, "hourly")


def test_where_nothing_is_declared_it_is_said_where_to_declare_it() -> None:
    with pytest.raises(
        PipelineNotFound, match="no pipeline 'hourly' is declared, nor any other: declare it under 'pipelines'"
    ):
        one_of({}, "hourly")
    with pytest.raises(BadRequest, match="field 'day': is no parameter of this pipeline, which has none; leave it out"):
        declared().checked({"day": "2026-11-30"})


def test_what_callers_are_told_is_what_was_declared() -> None:
    told = declared(parameters={"day": PARAMETERS["day"], "limit": PARAMETERS["limit"]}, rows=True, about="each night")
    assert told.to_json() == {
        "name": "nightly",
        "about": "each night",
        "parameters": {
            "day": {"type": "date", "required": True, "about": "of the orders"},
            "limit": {"type": "integer", "required": False, "default": 100},
        },
        "rows": True,
    }


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ([], r"^pipelines: \[\]; write a mapping such as"),
        ({"a": {}}, "^pipelines: a: {}; write a mapping with 'steps', a list of one step at least"),
        ({"a": {"steps": []}}, "a list of one step at least"),
        ({"a": {"steps": "x"}}, "a list of one step at least"),
        ({"a": {"steps": STEPS, "step": 1}}, "^pipelines: a: unknown step; known are steps, parameters, rows"),
        ({"a": {"steps": STEPS, "result": "xls"}}, "result: 'xls'; write one of jsonl, csv, parquet"),
        ({"a": {"steps": STEPS, "rows": "yes"}}, "rows: 'yes'; write True"),
        ({"a": {"steps": STEPS, "parameters": ["day"]}}, "parameters: .'day'.; write a mapping"),
        (
            {"a": {"steps": STEPS, "parameters": {"day": "date"}}},
            "parameters: day: 'date'; write a mapping with 'type'",
        ),
        (
            {"a": {"steps": STEPS, "parameters": {"day": {"type": "day"}}}},
            "one of text, integer, number, boolean, date",
        ),
        ({"a": {"steps": STEPS, "parameters": {"a b": {"type": "text"}}}}, "parameters: a b: write another name"),
        ({"a": {"steps": STEPS, "parameters": {"table": {"type": "text"}}}}, "'table' and 'rows' are taken"),
        (
            {"a": {"steps": STEPS, "parameters": {"n": {"type": "integer", "default": "1"}}}},
            "default: '1'; write a whole",
        ),
        ({"a": {"steps": STEPS, "parameters": {"n": {"type": "text", "defalt": "1"}}}}, "n: unknown defalt"),
    ],
)
def test_an_entry_that_declares_nothing_sensible_names_its_place(said: Any, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        pipelines_of(said)


def test_a_path_has_a_run_s_parameters_in_it_and_leads_nowhere_else() -> None:
    template = Template("out/{shop}-{day}.csv")
    assert template.names == {"shop", "day"}
    assert str(template.path({"shop": "a", "day": "2026-11-30", "limit": 1})) == "out/a-2026-11-30.csv"
    for value in ("../../etc", "a/b", ".hidden", "", "x" * 101, "a\0b", "a\nb"):
        with pytest.raises(BadRequest, match="field 'shop': stands in a path"):
            template.path({"shop": value, "day": "2026-11-30"})


@pytest.mark.parametrize("path", ["{", "{}", "{day!r}", "{day:>9}", "{day.x}"])
def test_a_path_with_other_braces_is_refused(path: str) -> None:
    with pytest.raises(ConfigError, match="path: "):
        Template(path)
