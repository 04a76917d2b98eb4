"""What a configuration says of its pipelines, without building a step: their names, their parameters, their result.

Whoever is asked for a run can so refuse it at once, and no front end imports what steps are made of.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from triglot.config.shapes import refuse_unknown
from triglot.errors import BadRequest, ConfigError, PipelineNotFound, Problem
from triglot.tables.schema import MAX_PROBLEMS

PIPELINE_KEYS: Final = ("steps", "parameters", "rows", "result", "about")
PARAMETER_KEYS: Final = ("type", "default", "about")
RESULTS: Final = ("jsonl", "csv", "parquet")
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Kind:
    """What values of a parameter may be: in words, by a test, and of the text of a command line."""

    words: str
    fits: Callable[[Any], bool]
    read: Callable[[str], Any]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_date(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


KINDS: Final[Mapping[str, Kind]] = {
    "text": Kind("text", lambda value: isinstance(value, str), str),
    "integer": Kind("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool), int),
    "number": Kind("a number", _is_number, float),
    "boolean": Kind("true or false", lambda value: isinstance(value, bool), {"true": True, "false": False}.__getitem__),
    "date": Kind("a date such as 2026-11-30", _is_date, str),
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a run may say; one without a default must be said."""

    kind: str
    about: str = ""
    required: bool = True
    default: Any = None

    def to_json(self) -> dict[str, Any]:
        """Return it as callers are told of it."""
        return {
            "type": self.kind,
            "required": self.required,
            **({} if self.required else {"default": self.default}),
            **({"about": self.about} if self.about else {}),
        }


@dataclass(frozen=True, slots=True)
class Declared:
    """One pipeline.

    rows: whether a run brings the rows that the first step begins with. result: the form in which the last table is
    kept for whoever asked, None where the configuration leaves that to the last step.
    """

    name: str
    parameters: Mapping[str, Parameter]
    rows: bool = False
    result: str | None = None
    about: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as callers are told of it."""
        parameters = {name: parameter.to_json() for name, parameter in self.parameters.items()}
        about = {"about": self.about} if self.about else {}
        return {"name": self.name, **about, "parameters": parameters, "rows": self.rows}

    def checked(self, said: Mapping[str, Any], rows: Sequence[Any] | None = None) -> dict[str, Any]:
        """Return the parameters of a run, defaults included.

        Raises `BadRequest` with every parameter that is missing, unknown or of a wrong type, and for rows that are
        missing or not wanted.
        """
        problems = [*self._problems(said), *self._problems_of_rows(rows)]
        if problems:
            raise BadRequest(f"pipeline {self.name!r} cannot be run so", problems[:MAX_PROBLEMS])
        defaults = {name: each.default for name, each in self.parameters.items() if not each.required}
        return {**defaults, **said}

    def read(self, texts: Mapping[str, str]) -> dict[str, Any]:
        """Return parameters that were said as text; raises `BadRequest` for one that is not of its type."""
        found: dict[str, Any] = {}
        for name, text in texts.items():
            parameter = self.parameters.get(name)
            try:
                found[name] = text if parameter is None else KINDS[parameter.kind].read(text)
            except (ValueError, KeyError):
                found[name] = text  # `checked` says what it must be
        return found

    def _problems(self, said: Mapping[str, Any]) -> list[Problem]:
        problems = []
        known = ", ".join(self.parameters)
        for name, value in said.items():
            parameter = self.parameters.get(name)
            if parameter is None:
                told = f"; they are {known}" if self.parameters else ", which has none; leave it out"
                problems.append(Problem(name[:_SHOWN], f"is no parameter of this pipeline{told}"))
            elif not KINDS[parameter.kind].fits(value):
                problems.append(Problem(name, f"must be {KINDS[parameter.kind].words}, not {_shown(value)}"))
        missing = [name for name, each in self.parameters.items() if each.required and name not in said]
        return [
            *(Problem(name, f"is missing; say {KINDS[self.parameters[name].kind].words}") for name in missing),
            *problems,
        ]

    def _problems_of_rows(self, rows: Sequence[Any] | None) -> list[Problem]:
        if rows is None:
            return [Problem("rows", "are missing; this pipeline begins with those of its run")] if self.rows else []
        if not self.rows:
            return [Problem("rows", "are not taken; this pipeline begins with data of its own")]
        odd = next((place for place, row in enumerate(rows) if not isinstance(row, Mapping)), None)
        if odd is not None:
            return [Problem("rows", "must be objects, a value by the name of its column", odd)]
        return [] if rows else [Problem("rows", "are none; send one at least")]


def pipelines_of(said: Any) -> dict[str, Declared]:
    """Return the pipelines of an entry `pipelines`; raises `ConfigError`, naming the place, for what is none."""
    if not isinstance(said, Mapping):
        raise ConfigError(f"pipelines: {said!r}; write a mapping such as {{'nightly': {{'steps': [...]}}}}")
    return {str(name): _declared(str(name), entry) for name, entry in said.items()}


def one_of(pipelines: Mapping[str, Declared], name: str) -> Declared:
    """Return the pipeline of a name; raises `PipelineNotFound`, listing the known ones."""
    if name not in pipelines:
        known = ", ".join(pipelines)
        told = f"; known are {known}" if known else ", nor any other: declare it under 'pipelines' in the configuration"
        raise PipelineNotFound(f"no pipeline {name[:_SHOWN]!r} is declared{told}")
    return pipelines[name]


def _declared(name: str, entry: Any) -> Declared:
    where = f"pipelines: {name}"
    if not isinstance(entry, Mapping) or not _is_list(entry.get("steps")) or not entry["steps"]:
        raise ConfigError(f"{where}: {entry!r}; write a mapping with 'steps', a list of one step at least")
    refuse_unknown(where, entry, PIPELINE_KEYS)
    result, rows = entry.get("result"), entry.get("rows", False)
    if result is not None and result not in RESULTS:
        raise ConfigError(f"{where}: result: {result!r}; write one of {', '.join(RESULTS)}")
    if not isinstance(rows, bool):
        raise ConfigError(f"{where}: rows: {rows!r}; write True where a run brings the rows, else leave it out")
    parameters = entry.get("parameters", {})
    if not isinstance(parameters, Mapping):
        raise ConfigError(f"{where}: parameters: {parameters!r}; write a mapping such as {{'day': {{'type': 'date'}}}}")
    found = {str(key): _parameter(f"{where}: parameters: {key}", str(key), each) for key, each in parameters.items()}
    return Declared(name, found, rows, result, str(entry.get("about", "")))


def _parameter(where: str, name: str, said: Any) -> Parameter:
    if not name.isidentifier() or name in ("table", "rows"):
        raise ConfigError(f"{where}: write another name, of letters, digits and '_'; 'table' and 'rows' are taken")
    if not isinstance(said, Mapping) or said.get("type") not in KINDS:
        raise ConfigError(f"{where}: {said!r}; write a mapping with 'type', one of {', '.join(KINDS)}")
    refuse_unknown(where, said, PARAMETER_KEYS)
    kind = KINDS[said["type"]]
    if "default" in said and not kind.fits(said["default"]):
        raise ConfigError(f"{where}: default: {said['default']!r}; write {kind.words}")
    return Parameter(said["type"], str(said.get("about", "")), "default" not in said, said.get("default"))


def _is_list(said: Any) -> bool:
    return isinstance(said, Sequence) and not isinstance(said, str)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
