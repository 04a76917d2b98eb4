"""R and Julia models as Python people declare them: which script, which functions, which parameters.

These are declarations: constructors only store, nothing is started or read before a fit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from triglot.errors import ConfigError
from triglot.estimator import Task
from triglot.sources import collect, project_root


@dataclass(kw_only=True)
class RModel:
    """A model whose `fit` is a function of an R script.

    script: path of the script, relative to the working directory. fit: name of the function f(x, y, ...) that
    returns a fitted object of any class. params: its further arguments. predict, predict_proba: names of functions
    of the script that answer instead of R's own `predict`. x: what the function gets, a data.frame or a matrix.
    encode_labels: give the classes as integers 0..k-1 instead of a factor. seed: for `set.seed` before the fit.
    """

    script: str
    fit: str = "fit"
    params: Mapping[str, Any] = field(default_factory=dict)
    predict: str | None = None
    predict_proba: str | None = None
    x: Literal["data.frame", "matrix"] = "data.frame"
    encode_labels: bool = False
    seed: int | None = None

    language: ClassVar[str] = "r"
    task: ClassVar[Task]

    def author(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Return how to call the author's code, and the author's files."""
        script = Path(self.script).absolute()
        spec = {
            "script": script.name,
            "folder": str(script.parent),
            "fit": self.fit,
            "params": dict(self.params),
            "x": self.x,
            "encode_labels": self.encode_labels,
        }
        optional = {"predict": self.predict, "predict_proba": self.predict_proba, "seed": self.seed}
        return spec | {key: value for key, value in optional.items() if value is not None}, collect("r", script)


class RClassifier(RModel):
    """An R model that answers one of the classes of a factor."""

    task: ClassVar[Task] = "classification"


class RRegressor(RModel):
    """An R model that answers numbers."""

    task: ClassVar[Task] = "regression"


@dataclass(kw_only=True)
class JuliaModel:
    """A model whose functions are Julia's, by dotted name.

    script: path of a Julia file, relative to the working directory; without one the first part of the names is a
    package. fit: f(X, y; params...). predict: f(model, X; predict_params...), by default the one beside `fit`.
    predict_proba likewise, if there is one. layout: whether samples are the rows or the columns of X. x: a matrix, or
    a named tuple of columns ("table"). labels: the classes as their own values or as codes 1..k; encode_labels: as
    0..k-1. seed: for `Random.seed!`.
    """

    script: str | None = None
    fit: str = "fit"
    predict: str | None = None
    predict_proba: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    predict_params: Mapping[str, Any] = field(default_factory=dict)
    layout: Literal["rows", "columns"] = "rows"
    x: Literal["matrix", "table"] | None = None
    labels: Literal["values", "codes"] = "values"
    encode_labels: bool = False
    seed: int | None = None

    language: ClassVar[str] = "julia"
    task: ClassVar[Task]

    def author(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Return how to call the author's code, and the author's files."""
        spec: dict[str, Any] = {
            "fit": self.fit,
            "params": dict(self.params),
            "predict_params": dict(self.predict_params),
            "layout": self.layout,
            "labels": self.labels,
            "encode_labels": self.encode_labels,
        }
        optional = {
            "predict": self.predict,
            "predict_proba": self.predict_proba,
            "x": self.x,
            "seed": self.seed,
        }
        spec |= {key: value for key, value in optional.items() if value is not None}
        if self.script is None:
            if "." not in self.fit:
                raise ConfigError("a Julia model without a script names a package's function, such as 'Package.fit'")
            return spec, {}
        script = Path(self.script).absolute()
        root = project_root(script)
        spec |= {"script": script.relative_to(root).as_posix(), "folder": str(root)}
        return spec, collect("julia", script, root)


class JuliaClassifier(JuliaModel):
    """A Julia model that answers classes."""

    task: ClassVar[Task] = "classification"


class JuliaRegressor(JuliaModel):
    """A Julia model that answers numbers."""

    task: ClassVar[Task] = "regression"


def declared(model: Any) -> Any:
    """Return the R or Julia model that a pipeline ends in, or else the model itself.

    Steps before it may only be such as keep the table as it is (`keeps_table`): what is done to it in Python would be
    lost, because the R or Julia model gets its table from the caller.
    """
    steps = getattr(model, "steps", None)
    if not isinstance(steps, (list, tuple)) or not steps or not hasattr(steps[-1][1], "author"):
        return model
    name, last = steps[-1]
    wrong = [str(before) for before, step in steps[:-1] if not getattr(step, "keeps_table", False)]
    if wrong:
        raise ConfigError(
            f"a pipeline that ends in a model of {last.language} ({name}) cannot have the steps {', '.join(wrong)}: "
            f"do what they do in the model's own code, and configure the model alone"
        )
    return last


def language_of(model: Any) -> str:
    """Return the language of a configured model; what does not say is Python."""
    return str(getattr(declared(model), "language", "python"))
