"""scikit-learn's side of a model in R or Julia: parameters, checks, fitting and answers through the process's session.

What a language has of its own (which script, which functions) stands in `triglot.estimators`.
"""

import functools
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, cast

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from triglot.artefact import Artefact
from triglot.errors import TriglotError
from triglot.estimators.session import session
from triglot.former_parameters import former_names, renamed, warn
from triglot.protocol.messages import Op
from triglot.protocol.runtime import FitTask
from triglot.protocol.sources import collect_files, located
from triglot.tables.frames import to_table
from triglot.tables.labels import Labels, Task
from triglot.tables.table import Array, Table
from triglot.transport.request_ids import new_id

# What the names of an author's functions were called before: those that are called, and those that store the model.
CALLED: Final = {name: f"{name}_function" for name in ("fit", "predict", "predict_proba")}
STORED: Final = {name: f"{name}_function" for name in ("dump", "load")}
_DELIMITER = "__"
_AS_IT_IS: dict[str, Any] = {"dtype": None}


class AuthorWarning(UserWarning):
    """What the author's code in R or Julia warned of."""


class ForeignModel(BaseEstimator):  # type: ignore[misc]  # scikit-learn carries no types
    """An estimator whose fit and answers are an author's in another language.

    Subclasses store their arguments as they are, so that scikit-learn's own methods find them. Entries of the mappings
    in `_MAPPINGS` are parameters of their own: `params__ntree`.
    """

    language: ClassVar[str]
    task: ClassVar[Task]
    _MAPPINGS: ClassVar[tuple[str, ...]] = ("params",)

    script: str | None = None
    unseen_levels: str
    files: Sequence[str] = ()  # a pickle of the time before has none
    artefact_: Artefact
    n_features_in_: int
    _brought: Mapping[str, Any] | None = None  # the author's files that came with a pickle; stored, so of plain values

    def author(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Return how to call the author's code, and the author's files."""
        # not abstract: Palladium's AbstractModel could be made, and its users' configurations name it
        raise NotImplementedError(f"{type(self).__name__} says no way to call an author's code: take one of a language")

    def _files_of_author(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Return where the author's files lie, as a spec says it, and their contents.

        They are read here and now, unless they came with a pickle: elsewhere they may be missing, or others.
        """
        if self._brought is not None and self._brought["named"] == self._named():
            return dict(self._brought["where"]), dict(self._brought["sources"])
        if self.script is None:
            return {}, {}
        where, sources = located(self.language, self.script)
        if self.files:
            files = collect_files(self.files, Path(self.script).absolute(), Path(where["folder"]))
            where, sources = {**where, "files": sorted(files)}, {**sources, **files}
        return where, sources

    def _named(self) -> tuple[str, ...]:
        """Return the names that the author's files have here."""
        return (str(self.script), *self.files)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the arguments of the constructor; with `deep` also the author's own, as `params__NAME`."""
        given: dict[str, Any] = super().get_params(deep)
        for holder in self._MAPPINGS if deep else ():
            if isinstance(given.get(holder), Mapping):
                given |= {f"{holder}{_DELIMITER}{name}": value for name, value in given[holder].items()}
        return given

    def set_params(self, **params: Any) -> "ForeignModel":
        """Set arguments of the constructor, or single ones of the author's, and return self.

        An author's parameter may be new: only the author's function knows which there are.
        """
        whole: dict[str, Any] = {}
        single: list[tuple[str, str, Any]] = []
        tell = functools.partial(warn, type(self).__name__)
        for name, value in renamed(former_names(type(self)), params, tell).items():
            holder, delimiter, of_author = name.partition(_DELIMITER)
            if not delimiter:
                whole[name] = value
            elif of_author and holder in self._MAPPINGS:
                single.append((holder, of_author, value))
            else:
                holders = ", ".join(f"{one}{_DELIMITER}NAME" for one in self._MAPPINGS)
                raise ValueError(f"{type(self).__name__} has no parameter {name!r}; single ones are {holders}")
        super().set_params(**whole)
        for holder, of_author, value in single:  # after the whole mapping, if both are given
            setattr(self, holder, {**(getattr(self, holder) or {}), of_author: value})
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for a pickle; where the model is not fitted yet the author's files travel along."""
        state = cast(dict[str, Any], super().__getstate__())
        if self.script is None or "artefact_" in state or self._brought is not None:
            return state
        try:
            where, sources = self._files_of_author()
        except (TriglotError, OSError, TypeError):  # whoever fits it is told
            return state
        return {**state, "_brought": {"named": self._named(), "where": where, "sources": sources}}

    def __sklearn_clone__(self) -> Any:
        made: Any = super().__sklearn_clone__()
        made._brought = self._brought
        return made

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the state of a pickle, which may be of the time before a function's name was an attribute."""
        super().__setstate__(_of_today(state) if "_functions" in state else state)

    def fit(self, X: Any, y: Any) -> Any:
        """Fit to X of shape (rows, columns) and y of shape (rows,), and return self.

        The columns of a data frame keep names and types; those of an array are numbers (or text) named x0, x1, ...
        Raises `EstimatorFailed` with the author's own error, `WorkerLost` where the fit ended its process.
        """
        table = self._table(X, y, reset=True)
        y, labels = self._target(y)
        check_consistent_length(X, y)
        spec, sources = self.author()
        name = new_id()
        unseen = str(self.unseen_levels)
        # no profile: nothing is served of this fit, and there may be thousands of a search
        task = FitTask(self.task, spec, sources, table, y, labels, unseen_levels=unseen, unprofiled=None)
        fitted = session(self.language).fit(name, task)
        self._name = name
        self._columns = table.names
        self.artefact_ = fitted.artefact
        self.fit_info_ = dict(fitted.info)
        _tell(fitted.output, fitted.warnings)
        return self

    def _target(self, y: Any) -> tuple[Array, Labels | None]:
        """Return the checked target as it crosses, and its classes."""
        # not abstract, for the same reason as `author`
        raise NotImplementedError(f"{type(self).__name__} is neither a classifier nor a regressor: take one that is")

    def _ask(self, op: Op, X: Any, params: Mapping[str, Any]) -> Array:
        """Return the fitted model's answer, of shape (rows, columns)."""
        check_is_fitted(self)
        table = self._table(X, reset=False)
        if table.names != self._columns:  # scikit-learn goes by place where names are missing
            table = _renamed(table, self._columns)
        answer, reply = session(self.language).ask(op, self._name, self.artefact_, table, plain(params))
        _tell(reply.output, reply.warnings)
        return answer

    def _table(self, X: Any, y: Any = "no_validation", *, reset: bool) -> Table:
        frame = hasattr(X, "iloc")
        if not frame:
            given = check_array(X, **_AS_IT_IS, ensure_all_finite=False, estimator=self, input_name="X")
        validate_data(self, X, y, reset=reset, skip_check_array=True)
        if frame:
            if 0 in X.shape:
                raise ValueError(f"X has shape {X.shape}; {type(self).__name__} needs rows and columns")
            return to_table(X)
        # what is whole by chance at one fit may not be at the next
        return to_table(given.astype(np.float64, copy=False) if given.dtype.kind in "iuf" else given)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.allow_nan = tags.input_tags.string = tags.input_tags.categorical = True
        return tags


class ForeignClassifier(ClassifierMixin, ForeignModel):  # type: ignore[misc]
    """A classifier: the author's code sees the levels of a categorical target in their order, Python sorted classes."""

    task: ClassVar[Task] = "classification"

    classes_: Array

    def predict(self, X: Any, **params: Any) -> Array:
        """Return a class a row; `params` are further arguments of the author's function."""
        codes = self._ask("predict", X, params)[:, 0]
        return self.classes_[self._places[codes]]

    def _gives_probabilities(self) -> bool:
        return bool(getattr(self, "fit_info_", {}).get("predict_proba", True))

    @available_if(_gives_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any, **params: Any) -> Array:
        """Return probabilities of shape (rows, classes), in the order of `classes_`."""
        answer = self._ask("predict_proba", X, params)
        probabilities = np.empty_like(answer)
        probabilities[:, self._places] = answer
        return probabilities

    def _target(self, y: Any) -> tuple[Array, Labels]:
        levels = getattr(getattr(y, "dtype", None), "categories", None)
        y = _column(y)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        # where each class, in the author's order, stands in Python's
        self._places = np.arange(len(self.classes_))
        if levels is not None:
            self._places = np.array([place for place in _places_of(levels, self.classes_) if place is not None])
        order = np.argsort(self._places)
        return order[codes].astype(np.int32), Labels(tuple(self.classes_[self._places].tolist()))


class ForeignRegressor(RegressorMixin, ForeignModel):  # type: ignore[misc]
    """A regressor."""

    task: ClassVar[Task] = "regression"

    def predict(self, X: Any, **params: Any) -> Array:
        """Return a number a row, or a row of them; `params` are further arguments of the author's function."""
        answer = self._ask("predict", X, params)
        return answer[:, 0] if answer.shape[1] == 1 else answer

    def _target(self, y: Any) -> tuple[Array, None]:
        return _column(y).astype(np.float64), None


def plain(value: Any) -> Any:
    """Return a parameter as it crosses to another language: numpy's numbers and arrays as Python's own."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


def _of_today(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of an estimator that kept the names of its author's functions apart."""
    functions = {**state["_functions"], **{name: state[name] for name in STORED if name in state}}
    kept = {name: value for name, value in state.items() if name not in {"_functions", *STORED}}
    return kept | {(CALLED | STORED)[name]: value for name, value in functions.items()}


def _column(y: Any) -> Array:
    checked = check_array(y, **_AS_IT_IS, ensure_2d=False, input_name="y")
    return cast(Array, column_or_1d(checked, warn=True))


def _places_of(levels: Any, classes: Array) -> list[int | None]:
    """Return the place of each level among the sorted classes; None for one that no row has."""
    found = {label: place for place, label in enumerate(classes.tolist())}
    return [found.get(level) for level in levels.tolist()]


def _renamed(table: Table, names: tuple[str, ...]) -> Table:
    if table.is_matrix:
        return Table(names, matrix=table.matrix())
    return Table(names, columns=table.columns)


def _tell(output: str, warned: tuple[str, ...]) -> None:
    """Print and warn of what the author's code did."""
    sys.stdout.write(output)
    for line in warned:
        warnings.warn(line, AuthorWarning, stacklevel=4)
