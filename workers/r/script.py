"""An author's script in R, and which of its functions are meant."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from triglot.errors import BadRequest

# The author's functions that are taken without being named, where a script has them, by their keys of a spec.
_USUAL = {"predict": "predict_labels", "predict_proba": "predict_proba", "dump": "dump_model", "load": "load_model"}


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Script:
    """An author's script, sourced into an R environment of its own."""

    name: str
    env: Any
    functions: tuple[str, ...]

    def require(self, function: str) -> str:
        """Return the function's name; raises `BadRequest` with the names that there are."""
        if not isinstance(function, str) or function not in self.functions:
            known = ", ".join(self.functions) or "no functions at all"
            raise BadRequest(f"{self.name} defines no function {function!r}; it defines {known}")
        return function

    def chosen(self, spec: Mapping[str, Any], key: str) -> str:
        """Return the function that the spec names under a key, else the usual one if there is one, else nothing."""
        usual = _USUAL[key]
        return self.require(spec[key]) if spec.get(key) else usual if usual in self.functions else ""
