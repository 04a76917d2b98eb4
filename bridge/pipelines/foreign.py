"""Steps that are functions of an R or a Julia script.

Such a function gets the table as its first argument, as a data frame in R and a named tuple of vectors in Julia, and
by name those of the run's parameters that it has arguments for. What it returns is the next table. Where the step is
the first of a pipeline that takes no rows, it is called without a table.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from triglot.pipelines.step import Frame, Step, Wants
from triglot.protocol.sources import located

if TYPE_CHECKING:
    from triglot.pipelines.context import Context


class _Function(Step):
    language: ClassVar[str]

    def __init__(self, script: str, function: str, params: Mapping[str, Any] | None = None) -> None:
        self.script = script
        self.function = function
        self.params = dict(params or {})

    def wants(self) -> Wants:
        return Wants(table=None, all=True)

    def run(self, context: "Context", table: Frame | None, parameters: Mapping[str, Any]) -> Frame:
        from triglot.tables.frames import to_frame, to_table
        from triglot.training.fit_worker import pass_on

        spec, sources = located(self.language, self.script)
        said = {"function": self.function, "params": self.params, "offered": dict(parameters)}
        worker = context.author(self.language)
        reply = worker.transform({**spec, **said}, sources, None if table is None else to_table(table))
        pass_on(self.function, reply)
        return to_frame(reply.tables[0], copy=True)


class RFunction(_Function):
    """A step in R: `function(x, ...)`, which gets a data.frame and returns one.

    Factors keep their levels and their order, `NA` is a missing value, text stays text.

    Args:
        script: Path of the script, relative to the working directory.
        function: The function's name.
        params: Named arguments; a parameter of the run that has the same name comes before them.

    Raises:
        LanguageUnavailable: When it runs: R is not installed.
        EstimatorFailed: When it runs: the function stopped; with R's own message and traceback.

    Examples:
        >>> RFunction("steps.R", "clean", params={"limit": 100}).language
        'r'
    """

    language: ClassVar[str] = "r"


class JuliaFunction(_Function):
    """A step in Julia: `f(table; day)`, which gets a named tuple of vectors and returns one, or a data frame.

    Args:
        script: Path of the file, relative to the working directory.
        function: The function's name, dotted where it is in a module.
        params: Keyword arguments; a parameter of the run that has the same name comes before them.

    Raises:
        LanguageUnavailable: When it runs: Julia is not installed.
        EstimatorFailed: When it runs: the function threw; with Julia's own message and traceback.

    Examples:
        >>> JuliaFunction("steps.jl", "clean").language
        'julia'
    """

    language: ClassVar[str] = "julia"
