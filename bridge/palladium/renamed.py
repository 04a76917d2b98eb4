"""Models whose constructors have Palladium's names for what this package calls otherwise."""

from collections.abc import Mapping
from typing import Any, ClassVar


class Renamed:
    """Gives a model's arguments to scikit-learn under the names of its own constructor.

    `_NAMES` says what each stands for. Where none stands for `params`, the author's parameters are arguments, too.
    """

    _NAMES: ClassVar[Mapping[str, str]]

    def get_params(self: Any, deep: bool = True) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        named = {name: getattr(self, ours) for name, ours in self._NAMES.items()}
        return named if "params" in self._NAMES.values() else named | self.params

    def set_params(self: Any, **params: Any) -> Any:
        """Set arguments of the constructor, and return self."""
        self.__init__(**{**self.get_params(), **params})
        return self
