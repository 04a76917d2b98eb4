"""Imports what every service imports, so that Python's compiled files of it are in the image.

The rest of the packages is compiled when it is imported: all of it would be a third more.
"""

import importlib

import granian.cli  # noqa: F401
import pyarrow.dataset
import pyarrow.parquet  # noqa: F401
import sklearn.ensemble
import sklearn.linear_model
import sklearn.pipeline  # noqa: F401
import supervisor.supervisorctl  # noqa: F401

import triglot.health
import triglot.server.__main__
import triglot.supervision.extension
import triglot.workers.python.runtime
import triglot.workers.worker  # noqa: F401
from triglot.cli.main import PLACES

for place in PLACES.values():
    importlib.import_module(f"triglot.cli.{place.partition(':')[0]}")
