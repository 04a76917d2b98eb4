"""Dataset loaders whose data comes from a function in R or Julia.

These are declarations: constructors only store. The data is fetched when it is asked for, by a fresh worker of the
language that ends afterwards, and keeps names, types, levels and missing values.
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from triglot.protocol.sources import located
from triglot.tables.frames import to_frame
from triglot.tables.table import Column, Table
from triglot.training.fit_worker import Bench, bench, pass_on

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class _ForeignDataset:
    script: str
    function: str = "dataset"
    params: Mapping[str, Any] = field(default_factory=dict)

    language: ClassVar[str]

    def author(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Return how to call the author's function, and the author's files."""
        where, sources = located(self.language, self.script)
        return {**where, "function": self.function, "params": dict(self.params)}, sources

    def frame(self, environ: Mapping[str, str] | None = None) -> tuple[Table, Column | None]:
        """Return data and target with names, types, levels and missing values; loaded anew each time.

        `environ` says where the language is; by default it is this process's environment. What the author's
        function prints and warns of goes to the log.
        """
        # nothing is signed or verified for data, so the worker gets no key that could
        variables = {**(os.environ if environ is None else environ), "TRIGLOT_SIGNING_KEY": secrets.token_hex(32)}
        with bench(self.language, variables) as worker:
            return self.read(worker)

    def read(self, worker: Bench) -> tuple[Table, Column | None]:
        """Return the same, from a worker of the language that is there already."""
        reply = worker.dataset(*self.author())
        pass_on(self.function, reply)
        return reply.tables[0], reply.tables[1].columns[0] if len(reply.tables) > 1 else None

    def __call__(self) -> "tuple[pd.DataFrame, pd.Series[Any] | None]":
        """Return data and target as pandas' data frame and Series; loaded anew each time."""
        return self.given(*self.frame())

    def given(self, X: Table, y: Column | None) -> "tuple[pd.DataFrame, pd.Series[Any] | None]":
        """Return data and target of `frame` as a call gives them."""
        return to_frame(X), None if y is None else to_frame(Table(("y",), columns=[y]))["y"]


@dataclass
class RDataset(_ForeignDataset):
    """Loads what a function of an R script returns: `list(x, y)`, or a data.frame or matrix alone.

    Factors keep their levels and their order, `NA` is a missing value. A matrix without column names has V1, V2, ...

    Args:
        script: Path of the script, relative to the working directory.
        function: The function's name.
        params: Its named arguments.

    Raises:
        LanguageUnavailable: When it loads: R is not installed.
        EstimatorFailed: When it loads: the function stopped; with R's own message and traceback.

    Examples:
        >>> X, y = RDataset("examples/tooth-r/data.R")()
        >>> X.shape, X["supp"].cat.categories.tolist(), y.iloc[0].item()
        ((60, 2), ['OJ', 'VC'], 4.2)
    """

    language: ClassVar[str] = "r"


@dataclass
class JuliaDataset(_ForeignDataset):
    """Loads what a function of a Julia script returns: `(X, y)`, or X alone.

    X is a matrix, whose columns are then x1, x2, ..., or a named tuple of columns. An `@enum` is a category with its
    instances as levels, `missing` is a missing value.

    Args:
        script: Path of the file, relative to the working directory.
        function: The function's name, dotted where it is in a module.
        params: Its keyword arguments.
        layout: Whether samples are the rows or the columns of a matrix.

    Raises:
        LanguageUnavailable: When it loads: Julia is not installed.
        EstimatorFailed: When it loads: the function threw; with Julia's own message and traceback.
    """

    layout: Literal["rows", "columns"] = "rows"

    language: ClassVar[str] = "julia"

    def author(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Return how to call the author's function, and the author's files."""
        spec, sources = super().author()
        return {**spec, "layout": self.layout}, sources
