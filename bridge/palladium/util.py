"""`palladium.util`."""

import logging
from typing import Any

from triglot.config import args_from_config, get_config, initialize_config, resolve_dotted_name
from triglot.decorators import pluggable as PluggableDecorator
from triglot.palladium.commands import command
from triglot.palladium.project import model_name
from triglot.persisters.decorated import read_model, write_model
from triglot.process_store import ProcessStore, process_store
from triglot.schedule import RruleThread
from triglot.util import Partial, apply_kwargs, get_metadata, run_job, session_scope, timer
from triglot.util import memory_usage as memory_usage_psutil

logger = logging.getLogger("palladium")

__all__ = [
    "Partial",
    "PluggableDecorator",
    "ProcessStore",
    "RruleThread",
    "apply_kwargs",
    "args_from_config",
    "export",
    "export_cmd",
    "get_config",
    "get_metadata",
    "initialize_config",
    "logger",
    "memory_usage_psutil",
    "process_store",
    "resolve_dotted_name",
    "run_job",
    "session_scope",
    "timer",
    "upgrade",
    "upgrade_cmd",
    "version_cmd",
]

export_cmd, upgrade_cmd, version_cmd = command("export"), command("upgrade"), command("version")


@args_from_config
def upgrade(model_persister: Any, from_version: str | None = None, to_version: str | None = None) -> None:
    """Bring a store up to date; what Palladium left in it is moved by `pld-upgrade`, which takes these versions."""
    model_persister.upgrade()


@args_from_config
def export(
    model_persister: Any, model_persister_export: Any, model_version: int | str | None = None, activate: bool = True
) -> int:
    """Copy a version, the active one by default, to another store; return its number there."""
    name = model_name(model_persister)
    stored = read_model(model_persister, name, None if model_version is None else int(model_version))
    version = write_model(
        model_persister_export, name, stored.artefact, metrics=stored.metrics, metadata=stored.metadata
    )
    if activate:
        model_persister_export.activate(name, version)
    return version
