"""What a step is: something that is called with the table so far and with the run's parameters that it names.

Any callable will do, an object of a class of the author's own above all:

    class Cheaper:
        def __init__(self, share):
            self.share = share

        def __call__(self, table, day):
            ...

An argument called `table` gets the data frame of the step before, all others get the parameters of their names. A
dataset loader is a step, too. What a run has besides (a model store, workers) is for the steps of this package.
"""

import functools
import inspect
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from triglot.errors import BadRequest, ConfigError, EstimatorFailed, TriglotError

if TYPE_CHECKING:
    import pandas as pd

    from triglot.pipelines.context import Context

    Frame: TypeAlias = pd.DataFrame
else:
    Frame = object  # whoever declares a step need not wait for pandas
_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_TABLE = "table"


@dataclass(frozen=True, slots=True)
class Wants:
    """What a step asks of a run: the table before it, or None for a table that may be missing; and parameters by name.

    all: whether it takes every parameter that there is.
    """

    table: bool | None = True
    needed: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    all: bool = False

    def of(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of the parameters that the step takes."""
        return {name: value for name, value in parameters.items() if self.all or name in self.known}


class Step(ABC):
    """A step that uses what a run has."""

    writes: ClassVar[bool] = False

    @abstractmethod
    def wants(self) -> Wants:
        """Return what it asks of a run."""

    @abstractmethod
    def run(self, context: "Context", table: Frame | None, parameters: Mapping[str, Any]) -> Frame:
        """Return the table for the next step."""


class Called(Step):
    """A callable of an author's, or a dataset loader."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def wants(self) -> Wants:
        if hasattr(self._function, "frame"):
            return Wants(table=False)
        try:
            found = inspect.signature(self._function).parameters.values()
        except (TypeError, ValueError):
            raise ConfigError(f"{self._function!r} does not tell its arguments; put a function around it") from None
        by_name = [each for each in found if each.kind in _BY_NAME and each.name not in _given(self._function)]
        table = next((each for each in by_name if each.name == _TABLE), None)
        named = [each for each in by_name if each is not table]
        return Wants(
            table=table is not None if table is None or table.default is table.empty else None,
            needed=frozenset(each.name for each in named if each.default is each.empty),
            known=frozenset(each.name for each in named),
            all=any(each.kind is each.VAR_KEYWORD for each in found),
        )

    def run(self, context: "Context", table: Frame | None, parameters: Mapping[str, Any]) -> Frame:
        try:
            return _as_frame(self._answer(table, parameters))
        except TriglotError:
            raise
        except (Exception, SystemExit) as error:  # a step that ends the process would end the run as if all were done
            raise EstimatorFailed(
                f"{type(error).__name__}: {error}",
                language="python",
                native_class=type(error).__name__,
                traceback=_trace(error),
            ) from error

    def _answer(self, table: Frame | None, parameters: Mapping[str, Any]) -> Any:
        if hasattr(self._function, "frame"):
            return _loaded(self._function)
        wants = self.wants()
        given = {} if wants.table is False or table is None else {_TABLE: table}
        return self._function(**given, **wants.of(parameters))


def as_step(component: Any) -> Step:
    """Return a component of a configuration as a step; raises `ConfigError` for what cannot be called."""
    if isinstance(component, Step):
        return component
    if not callable(component) and not hasattr(component, "frame"):
        raise ConfigError(f"it is of type {type(component).__name__} and cannot be called; name a class or a function")
    return Called(component)


def _given(function: Any) -> frozenset[str]:
    """Return the arguments that a configuration has given to a function already."""
    return frozenset(function.keywords) if isinstance(function, functools.partial) else frozenset()


def _loaded(loader: Any) -> Frame:
    """Return what a dataset loader gives, with its target as the last column."""
    from triglot.dataset import load
    from triglot.tables.frames import to_column, to_frame, to_table
    from triglot.tables.table import Table

    data, target = load(loader)
    frame = data if hasattr(data, "iloc") else to_frame(to_table(data))
    if target is None:
        return frame
    name = getattr(target, "name", None) or getattr(loader, "target_column", None) or "y"
    values = target if hasattr(target, "iloc") else to_frame(Table.of({"y": to_column(target)}))["y"]
    return frame.assign(**{str(name): values})


def _as_frame(answer: Any) -> Frame:
    if not hasattr(answer, "columns") or not hasattr(answer, "iloc"):
        raise BadRequest(f"it gave {type(answer).__name__}; return a data frame of pandas")
    frame: Frame = answer
    return frame


def _trace(error: BaseException) -> str:
    """Return an error's trace from the author's own code on."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.endswith("/triglot/pipelines/step.py")]
    return "".join(traceback.format_list(own))
