"""Estimators pickled under another release of scikit-learn, some of whose names and fields have moved or gone since."""

import functools
import importlib
import io
import pickle
from collections.abc import Mapping
from typing import Any, Final

import cloudpickle
import numpy as np

from triglot.bygone.names import todays

_TREE: Final = ("sklearn.tree._tree", "Tree")
# What answers otherwise today with the same attributes: its algorithm went.
_CHANGED: Final = {"AdaBoostClassifier"}
# What stands in a search beside the estimator that it has found, and takes no part in a prediction.
_BESIDE: Final = ("sklearn.metrics.", "sklearn.grid_search.", "sklearn.model_selection.", "sklearn.cross_validation.")


def loads(pickled: bytes) -> Any:
    """Return what was pickled, its names taken from where they are today and its trees written as they are today.

    Where the scorer of a search is gone, or the class of the search itself, the estimator that it has found and fitted
    (`best_estimator_`) stands in its place.
    """
    try:
        return cloudpickle.loads(pickled)
    except (AttributeError, ImportError, ValueError):
        reader = _Reader(io.BytesIO(pickled))
        try:
            return _rewritten(reader.load())
        except (pickle.PickleError, AttributeError, ImportError, ValueError):
            pass  # the first failure is the one to tell
        raise


class _Gone:
    """Stands for an object whose class is there no more; it takes whatever such an object was made of."""

    def __new__(cls, *_: Any, **__: Any) -> "_Gone":
        return super().__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__()


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == _TREE:
            return _tree_of_then()
        if name in _CHANGED:
            raise pickle.UnpicklingError(name)
        try:
            return super().find_class(module, name)
        except (AttributeError, ImportError):
            moved = todays(f"{module}.{name}")
            if moved is not None and (found := _find(moved[0])) is not None:
                return found
            if not f"{module}.".startswith(_BESIDE):
                raise
            return type(name, (_Gone,), {})


class _Writer(cloudpickle.Pickler):  # type: ignore[misc]
    """Writes in the place of a search the estimator that it has found, and arguments under their names of today."""

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, _Gone) or (isinstance(obj, type) and issubclass(obj, _Gone)):
            raise pickle.PicklingError("what is gone is needed")
        state = {} if isinstance(obj, type) else getattr(obj, "__dict__", {})
        if state.get("best_estimator_") is not None:
            return _itself, (state["best_estimator_"],)
        if "base_estimator" in state and "estimator" not in state:  # of forests and bags, until 1.2
            obj.estimator = state["base_estimator"]
        return super().reducer_override(obj)


def _rewritten(found: Any) -> Any:
    file = io.BytesIO()
    _Writer(file).dump(found)
    return cloudpickle.loads(file.getvalue())


@functools.cache
def _tree_of_then() -> type:
    """Return the class of trees, also with nodes of fewer fields and counts instead of shares, as before 1.3.

    It is scikit-learn's own, which is what it is pickled as again.
    """
    tree: Any = importlib.import_module(_TREE[0]).Tree
    nodes_of_today = tree(1, np.array([1], dtype=np.intp), 1).__getstate__()["nodes"].dtype

    class Tree(tree):  # type: ignore[misc]
        def __setstate__(self, state: Mapping[str, Any]) -> None:
            then, values = state["nodes"], state["values"]
            nodes = np.zeros(
                then.shape, dtype=nodes_of_today
            )  # 0: a missing value goes right, and then there were none
            for field in then.dtype.names:
                nodes[field] = then[field]
            if values.shape[2] > 1:  # of classes
                values = values / values.sum(axis=2, keepdims=True)
            super().__setstate__({**state, "nodes": nodes, "values": values})

    return Tree


def _itself(estimator: Any) -> Any:
    return estimator


def _find(name: str) -> Any:
    module, _, attribute = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module), attribute, None)
    except ImportError:
        return None
