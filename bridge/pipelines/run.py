"""A run of a pipeline: its steps one after the other, each told of, each failure with the step that it came from."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from triglot.errors import ConfigError, TriglotError
from triglot.pipelines.context import Context
from triglot.pipelines.declared import Declared
from triglot.pipelines.step import Frame, Step, as_step

logger = logging.getLogger("triglot")

Show = Callable[["Progress"], None]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: the step at work, counted from 1, the rows that it has done, and whether it is done itself."""

    step: str
    number: int
    of: int
    rows: int
    is_over: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"step": self.step, "number": self.number, "of": self.of, "rows": self.rows}


@dataclass(frozen=True, slots=True)
class Stage:
    """A step and what messages call it."""

    name: str
    step: Step

    @classmethod
    def of(cls, component: Any, said: Any) -> "Stage":
        """Return the stage of a component that the configuration has written so."""
        dotted = said.get("func") or said.get("function") or said["!"] if isinstance(said, Mapping) else said
        return cls(str(dotted).rpartition(".")[2], as_step(component))


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A declared pipeline, its steps built."""

    declared: Declared
    stages: Sequence[Stage]

    @classmethod
    def of(cls, declared: Declared, steps: Sequence[tuple[Any, Any]]) -> "Pipeline":
        """Return a pipeline of steps that fit together, each built and as it was written.

        Raises `ConfigError` naming the one that does not.
        """
        stages = []
        for number, (component, entry) in enumerate(steps):
            try:
                stages.append(Stage.of(component, entry))
                _check(stages[-1].step, declared, first=number == 0)
            except ConfigError as error:
                raise ConfigError(f"pipelines: {declared.name}: steps[{number}]: {error}") from None
        return cls(declared, stages)

    @property
    def result(self) -> str | None:
        """The form in which its last table is kept, None where it is not: the last step has put it somewhere."""
        return self.declared.result or (None if self.stages[-1].step.writes else "jsonl")

    def run(self, context: Context, parameters: Mapping[str, Any], rows: Frame | None, show: Show) -> Frame:
        """Return the table of the last step; `parameters` are checked already."""
        table, began = rows, time.perf_counter()
        for number, stage in enumerate(self.stages, start=1):
            table = self._step(number, stage, context, table, parameters, show)
        assert table is not None
        taken = time.perf_counter() - began
        logger.info("%s: %d steps, %d rows, %.1f s", self.declared.name, len(self.stages), len(table), taken)
        return table

    def _step(
        self,
        number: int,
        stage: Stage,
        context: Context,
        table: Frame | None,
        parameters: Mapping[str, Any],
        show: Show,
    ) -> Frame:
        of, began = len(self.stages), time.perf_counter()

        def tell(rows: int, *, is_over: bool = False) -> None:
            show(Progress(stage.name, number, of, rows, is_over))

        context.tell = tell
        tell(0)
        try:
            found = stage.step.run(context, table, stage.step.wants().of(parameters))
        except TriglotError as error:
            _place(error, f"step {number} of {of}, {stage.name}")
            raise
        tell(len(found), is_over=True)
        taken = time.perf_counter() - began
        logger.info("step %d of %d, %s: %d rows, %.1f s", number, of, stage.name, len(found), taken)
        return found


def _check(step: Step, declared: Declared, *, first: bool) -> None:
    wants = step.wants()
    begins = first and not declared.rows
    if begins and wants.table:
        raise ConfigError("it wants a table, and is the first step; begin with one that loads, or write 'rows': True")
    if not begins and wants.table is False:
        raise ConfigError(
            "it takes no argument 'table', so that what comes before it is lost; put it first, or take one"
        )
    strange = sorted(wants.needed - declared.parameters.keys())
    if strange:
        known = ", ".join(declared.parameters)
        told = f"declared are {known}" if known else "declare it under 'parameters'"
        raise ConfigError(f"it takes {strange[0]!r}, which is no parameter of the pipeline; {told}")


def _place(error: TriglotError, where: str) -> None:
    """Let an error say in which step it came up."""
    error.args = (f"{where}: {error}", *error.args[1:])
