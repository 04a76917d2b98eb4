"""Palladium's `Database`: its arguments, our store, and the way back to its own tables in the same database."""

from collections.abc import Mapping
from typing import Any

from triglot.errors import ConfigError
from triglot.persisters.palladium_tables import PalladiumTables
from triglot.store import ModelStore
from triglot.store.store import CHUNK_SIZE


class Database(ModelStore):
    """A model store from the arguments of Palladium's persisters `Database` and `DatabaseCLOB`.

    Our tables stand beside Palladium's, which are read by `triglot upgrade` alone and never changed.

    Args:
        url: As of `ModelStore`.
        poolclass: Is accepted and changes nothing: a process keeps one idle connection at most.
        chunk_size: As of `ModelStore`.
        table_postfix: Which of Palladium's tables are meant; as ours have no postfix, a configuration that has one
            names its model.

    Raises:
        ConfigError: There is a postfix and no `model_name`.
    """

    def __init__(self, url: str, poolclass: Any = None, chunk_size: int = CHUNK_SIZE, table_postfix: str = "") -> None:
        super().__init__(url, chunk_size=chunk_size)
        self.poolclass = poolclass
        self._postfix = table_postfix
        self._url = url

    def initialize_component(self, config: Mapping[str, Any]) -> None:
        """Refuse a postfix without a name: two projects would write versions of one and the same model."""
        named = {"model_name", "models"} & {*config, *getattr(config, "left_out", ())}
        if self._postfix and not named:
            raise ConfigError(
                f"table_postfix is {self._postfix!r}, and here all models of a database are in the same tables, told "
                f"apart by their names; add 'model_name': {self._postfix!r} to the configuration"
            )

    def palladium(self) -> PalladiumTables:
        """Return Palladium's tables in this database."""
        return PalladiumTables(self._url, self._postfix)
