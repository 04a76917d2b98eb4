"""R and Julia models as estimators of scikit-learn: which script, which functions, which parameters.

Constructors only store; nothing is read or started before a fit. Configurations name these classes, and stored
pipelines of several languages, too.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from triglot.errors import ConfigError
from triglot.estimators.base import (
    CALLED,
    STORED,
    AuthorWarning,
    ForeignClassifier,
    ForeignModel,
    ForeignRegressor,
    plain,
)
from triglot.estimators.session import close
from triglot.former_parameters import takes_former_names
from triglot.tables.field import Unseen

__all__ = [
    "AuthorWarning",
    "JuliaClassifier",
    "JuliaModel",
    "JuliaRegressor",
    "RClassifier",
    "RModel",
    "RRegressor",
    "close",
]


class RModel(ForeignModel):
    """A model that a function of an R script fits.

    Args:
        script: Path of the script, relative to the working directory.
        fit_function: Name of the function f(x, y, ...) that returns a fitted object of any class.
        params: Its further arguments; `params__NAME` in `set_params` and grids.
        predict_function: Name of a function of the script that answers instead of R's own `predict`.
        predict_proba_function: The same for probabilities, of shape (rows, classes).
        predict_params: Arguments of R's own `predict`, instead of what is known of the model's class.
        predict_proba_params: The same for probabilities.
        dump_function: Name of a function that makes a raw vector of the model.
        load_function: Name of a function that makes a model of that raw vector.
        x: What the function gets: a data.frame, or a numeric matrix.
        encode_labels: Give the classes as integers 0..k-1 instead of a factor.
        seed: For `set.seed` before the fit.
        lib_paths: Folders of installed packages, searched before R's own.
        unseen_levels: What becomes of levels of a category that training did not have: "error", "missing" or "other".
        files: Names of files beside the script that it reads; they travel with the model.
    """

    language: ClassVar[str] = "r"
    _MAPPINGS: ClassVar[tuple[str, ...]] = ("params", "predict_params", "predict_proba_params")

    @takes_former_names(CALLED | STORED)
    def __init__(
        self,
        *,
        script: str | None = None,
        fit_function: str = "fit",
        params: Mapping[str, Any] | None = None,
        predict_function: str | None = None,
        predict_proba_function: str | None = None,
        predict_params: Mapping[str, Any] | None = None,
        predict_proba_params: Mapping[str, Any] | None = None,
        dump_function: str | None = None,
        load_function: str | None = None,
        x: Literal["data.frame", "matrix"] = "data.frame",
        encode_labels: bool = False,
        seed: int | None = None,
        lib_paths: Sequence[str] = (),
        unseen_levels: Unseen = "error",
        files: Sequence[str] = (),
    ) -> None:
        self.script = script
        self.fit_function = fit_function
        self.params = params
        self.predict_function = predict_function
        self.predict_proba_function = predict_proba_function
        self.predict_params = predict_params
        self.predict_proba_params = predict_proba_params
        self.dump_function = dump_function
        self.load_function = load_function
        self.x = x
        self.encode_labels = encode_labels
        self.seed = seed
        self.lib_paths = lib_paths
        self.unseen_levels = unseen_levels
        self.files = files

    def author(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Return how to call the author's code, and the author's files."""
        if self.script is None:
            raise ConfigError(f"{type(self).__name__} has no script: name the R file that defines the model")
        where, sources = self._files_of_author()
        spec = {
            **where,
            "fit": self.fit_function,
            "params": plain(self.params or {}),
            "x": self.x,
            "encode_labels": self.encode_labels,
        }
        optional = {
            "predict": self.predict_function,
            "predict_proba": self.predict_proba_function,
            "predict_params": None if self.predict_params is None else plain(self.predict_params),
            "predict_proba_params": None if self.predict_proba_params is None else plain(self.predict_proba_params),
            "dump": self.dump_function,
            "load": self.load_function,
            "seed": plain(self.seed),
            "lib_paths": [str(Path(folder).absolute()) for folder in self.lib_paths] or None,
        }
        return spec | {key: value for key, value in optional.items() if value is not None}, sources


class RClassifier(ForeignClassifier, RModel):
    """An R model that answers one of the classes of a factor.

    Examples:
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True, as_frame=True)
        >>> forest = RClassifier(script="examples/iris-r/iris.R", params={"ntree": 50}, seed=1)
        >>> forest = forest.fit(X, y)  # doctest: +ELLIPSIS
        randomForest ...
        Type rfNews() to see new features/changes/bug fixes.
        >>> forest.predict(X.iloc[[0, 149]]).tolist(), forest.predict_proba(X).shape
        ([0, 2], (150, 3))
    """


class RRegressor(ForeignRegressor, RModel):
    """An R model that answers numbers.

    Examples:
        >>> import pandas as pd
        >>> growth = pd.read_csv("examples/data/tooth_growth.csv", dtype={"supp": "category"})
        >>> line = RRegressor(script="examples/tooth-r/tooth.R").fit(growth[["supp", "dose"]], growth["len"])
        >>> line.predict(growth[["supp", "dose"]]).shape
        (60,)
    """


class JuliaModel(ForeignModel):
    """A model whose functions are Julia's, by dotted name.

    Args:
        script: Path of a Julia file, relative to the working directory; without one the first part of the names is a
            package.
        fit_function: Name of f(X, y; params...), which may be a type.
        predict_function: Name of f(model, X; predict_params...); by default the `predict` beside that function, or the
            model itself if its type has methods of a call.
        predict_proba_function: The same for probabilities, of shape (rows, classes); by default the `predict_proba`
            beside that function, if there is one.
        params: Keyword arguments of the fit; `params__NAME` in `set_params` and grids.
        predict_params: Keyword arguments of the prediction.
        layout: Whether samples are the rows or the columns of X.
        x: What the functions get: a matrix, or a named tuple of columns ("table").
        labels: The classes as their own values or as codes 1..k.
        encode_labels: The classes as 0..k-1.
        seed: For `Random.seed!` before the fit.
        unseen_levels: What becomes of levels of a category that training did not have: "error", "missing" or "other".
        files: Names of files beside the script that it reads; they travel with the model.
    """

    language: ClassVar[str] = "julia"
    _MAPPINGS: ClassVar[tuple[str, ...]] = ("params", "predict_params")

    @takes_former_names(CALLED)
    def __init__(
        self,
        *,
        script: str | None = None,
        fit_function: str = "fit",
        predict_function: str | None = None,
        predict_proba_function: str | None = None,
        params: Mapping[str, Any] | None = None,
        predict_params: Mapping[str, Any] | None = None,
        layout: Literal["rows", "columns"] = "rows",
        x: Literal["matrix", "table"] | None = None,
        labels: Literal["values", "codes"] = "values",
        encode_labels: bool = False,
        seed: int | None = None,
        unseen_levels: Unseen = "error",
        files: Sequence[str] = (),
    ) -> None:
        self.script = script
        self.fit_function = fit_function
        self.predict_function = predict_function
        self.predict_proba_function = predict_proba_function
        self.params = params
        self.predict_params = predict_params
        self.layout = layout
        self.x = x
        self.labels = labels
        self.encode_labels = encode_labels
        self.seed = seed
        self.unseen_levels = unseen_levels
        self.files = files

    def author(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Return how to call the author's code, and the author's files."""
        spec: dict[str, Any] = {
            "fit": self.fit_function,
            "params": plain(self.params or {}),
            "predict_params": plain(self.predict_params or {}),
            "layout": self.layout,
            "labels": self.labels,
            "encode_labels": self.encode_labels,
        }
        optional = {
            "predict": self.predict_function,
            "predict_proba": self.predict_proba_function,
            "x": self.x,
            "seed": plain(self.seed),
        }
        spec |= {key: value for key, value in optional.items() if value is not None}
        if self.script is None:
            if "." not in self.fit_function:
                raise ConfigError("a Julia model without a script names a package's function, such as 'Package.fit'")
            if self.files:
                raise ConfigError("files: they lie beside a script, and this Julia model has none; name its script")
        where, sources = self._files_of_author()
        return spec | where, sources


class JuliaClassifier(ForeignClassifier, JuliaModel):
    """A Julia model that answers classes.

    Examples:
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> script = "examples/iris-julia/IrisNeighbours.jl"
        >>> model = JuliaClassifier(script=script, fit_function="IrisNeighbours.fit", params={"k": 5})
        >>> model = model.fit(X, y.astype(str))
        >>> model.predict(X[[0, 149]]).tolist()
        ['0', '2']
    """


class JuliaRegressor(ForeignRegressor, JuliaModel):
    """A Julia model that answers numbers."""
