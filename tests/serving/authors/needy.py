"""A model that answers 2, and does not load while the file that NEEDY names says how."""

import os
from pathlib import Path
from typing import Any

import numpy as np


def trouble() -> str:
    """Return what the file says; nothing where it is not there."""
    file = Path(os.environ.get("NEEDY", "/nowhere"))
    return file.read_text() if file.exists() else ""


class Needy:
    """Needs to be left in peace when it is unpickled."""

    task = "regression"

    def fit(self, X: Any, y: Any) -> "Needy":
        self.fitted_ = True
        return self

    def predict(self, X: Any) -> Any:
        return np.full(len(X), 3.0 if trouble() == "wrong" else 2.0)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        how = trouble()
        if how == "lacks":
            import a_package_that_is_not_here  # type: ignore[import-not-found]  # noqa: F401
        if how == "path":
            Path("/srv/secret/place/rates.csv").read_text()
        if how == "ends":
            os._exit(3)
        while how == "hangs":
            pass
