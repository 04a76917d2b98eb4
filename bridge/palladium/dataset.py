"""`palladium.dataset`."""

from triglot.dataset import CSV, SQL, EmptyDatasetLoader, OpenML, ScheduledDatasetLoader, Table
from triglot.interfaces import DatasetLoader

__all__ = ["CSV", "SQL", "DatasetLoader", "EmptyDatasetLoader", "OpenML", "ScheduledDatasetLoader", "Table"]
