"""pyspark, which is imported where it is used: a service has no Spark."""

import importlib
from typing import Any

from triglot.errors import ConfigError


def pyspark(module: str = "") -> Any:
    """Return a module of pyspark, or pyspark itself; raises `ConfigError` where it is not installed."""
    try:
        return importlib.import_module(f"pyspark.{module}" if module else "pyspark")
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] not in ("pyspark", "py4j"):
            raise
        raise ConfigError(
            "Spark is not installed here: pip install 'triglot[spark]', and a Java of 17 or newer"
        ) from None


def arrow_schema(schema: Any) -> Any:
    """Return the Arrow schema in which Spark sends rows of one of its own."""
    return pyspark("sql.pandas.types").to_arrow_schema(schema)


def spark_schema(schema: Any) -> Any:
    """Return the schema of Spark in which it takes rows of an Arrow schema."""
    return pyspark("sql.pandas.types").from_arrow_schema(schema)
