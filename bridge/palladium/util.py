"""`palladium.util`."""

import logging

from triglot.config import args_from_config, get_config, initialize_config, resolve_dotted_name
from triglot.decorators import pluggable as PluggableDecorator
from triglot.process_store import process_store
from triglot.schedule import RruleThread
from triglot.util import Partial, apply_kwargs, get_metadata, run_job, session_scope, timer
from triglot.util import memory_usage as memory_usage_psutil

logger = logging.getLogger("palladium")

__all__ = [
    "Partial",
    "PluggableDecorator",
    "RruleThread",
    "apply_kwargs",
    "args_from_config",
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
]
