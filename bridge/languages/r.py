"""R: where it is, and what its workers need around them."""

import importlib.util
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from triglot.languages.language import Language


def r_executable(environ: Mapping[str, str]) -> Path | None:
    """Return R: under TRIGLOT_R_HOME, else the one on PATH."""
    home = environ.get("TRIGLOT_R_HOME")
    on_path = shutil.which("R", path=environ.get("PATH"))
    candidates = [*([Path(home, "bin", "R")] if home else []), *([Path(on_path)] if on_path else [])]
    return next((path for path in candidates if path.is_file()), None)


def _missing(environ: Mapping[str, str]) -> str | None:
    if r_executable(environ) is None:
        return "R is not installed: neither TRIGLOT_R_HOME nor PATH leads to it"
    if importlib.util.find_spec("rpy2") is None:
        return "the Python package rpy2 is not installed"
    return None


R = Language(
    key="r",
    name="R",
    runtime="triglot.workers.r.runtime:RRuntime",
    estimators="triglot.estimators.R",
    suffixes=frozenset({".R", ".r"}),
    # a .Rprofile that prints breaks the start of an embedded R
    environment={"R_PROFILE_USER": os.devnull, "R_ENVIRON_USER": os.devnull},
    imposed={"LC_ALL": "C.UTF-8"},  # source() needs a UTF-8 locale
    missing=_missing,
)
