"""Models in the frames and the SQL of Apache Spark: each executor answers by workers of its own.

Executors need this package, the model's language, and the signing key in their environment. They need no model store: a
bundle is sent to them. `docs/spark.md` says how a cluster gets there.
"""

from triglot.spark.bundles import stored
from triglot.spark.failures import plain_errors
from triglot.spark.frames import predict
from triglot.spark.functions import predict_udf, register

__all__ = ["plain_errors", "predict", "predict_udf", "register", "stored"]
