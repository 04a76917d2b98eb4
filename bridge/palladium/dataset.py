"""`palladium.dataset`."""

from typing import Any

from triglot import dataset
from triglot.dataset import CSV, SQL, EmptyDatasetLoader, OpenML, Table
from triglot.palladium.interfaces import DatasetLoader
from triglot.process_store import process_store

__all__ = ["CSV", "SQL", "DatasetLoader", "EmptyDatasetLoader", "OpenML", "ScheduledDatasetLoader", "Table"]


class ScheduledDatasetLoader(dataset.ScheduledDatasetLoader):
    """Holds what another loader gave, under its own key and under the one that Palladium had for any."""

    def update_cache(self) -> tuple[Any, Any]:
        """Load now; return what is held from then on."""
        loaded = super().update_cache()
        process_store["data"] = loaded
        return loaded
