"""Where versions are stored as long as nobody says it: in a file beside the configuration."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

logger = logging.getLogger("triglot")

STORE_VARIABLE: Final = "TRIGLOT_STORE"
STORE_FILE: Final = "triglot.db"


def store_url(paths: Sequence[Path], cwd: Path) -> str:
    """Return the URL of the file beside the first configuration file; without any, in the working directory.

    Where there is none yet and the working directory has one, as it would of a former release, that is gone on with,
    and it is said so.
    """
    there = _beside(paths, cwd)
    if not _is_former(paths, cwd):
        return f"sqlite:///{there}"
    logger.warning(
        "the model store is %s, where former releases made it. Its place is beside the configuration: when nothing "
        "uses it, move it with its -wal and -shm to %s, or name it by %s",
        cwd / STORE_FILE,
        there.parent,
        STORE_VARIABLE,
    )
    return f"sqlite:///{cwd / STORE_FILE}"


def former_store(
    raw: Mapping[str, Any], environ: Mapping[str, str], paths: Sequence[Path], cwd: Path
) -> dict[str, str]:
    """Return the variable that names the store of the working directory to other processes, where it is that one.

    So it is told by one process, and not by each.
    """
    if "model_persister" in raw or environ.get(STORE_VARIABLE) or not _is_former(paths, cwd):
        return {}
    return {STORE_VARIABLE: f"sqlite:///{cwd / STORE_FILE}"}


def _beside(paths: Sequence[Path], cwd: Path) -> Path:
    return (paths[0].parent if paths else cwd) / STORE_FILE


def _is_former(paths: Sequence[Path], cwd: Path) -> bool:
    return not _beside(paths, cwd).exists() and (cwd / STORE_FILE).exists()
