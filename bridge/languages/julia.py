"""Julia: where it is, and what its workers need around them."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from triglot.languages.language import Language
from triglot.languages.prefix import user_prefix


def julia_executable(environ: Mapping[str, str]) -> Path | None:
    """Return Julia: JULIA_EXE, else the one on PATH, else the one that the set-up put into the user's own prefix."""
    candidates = [Path(environ["JULIA_EXE"])] if environ.get("JULIA_EXE") else []
    on_path = shutil.which("julia", path=environ.get("PATH"))
    candidates += [Path(on_path)] if on_path else []
    candidates.append(user_prefix(environ) / "julia" / "bin" / "julia")
    return next((path for path in candidates if path.is_file()), None)


def _missing(environ: Mapping[str, str]) -> str | None:
    if julia_executable(environ) is None:
        return "Julia is not installed: neither JULIA_EXE, PATH nor the private prefix leads to it"
    return None


JULIA = Language(
    key="julia",
    name="Julia",
    runtime="triglot.workers.julia.runtime:JuliaRuntime",
    estimators="triglot.estimators.Julia",
    suffixes=frozenset({".jl", ".toml"}),
    environment={"JULIA_NUM_THREADS": "1", "JULIA_PKG_SERVER": ""},
    missing=_missing,
)
