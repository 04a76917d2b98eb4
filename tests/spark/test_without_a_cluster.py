"""What is said where there is no Spark, or none that answers."""

import subprocess
import sys

import pytest

from tests.helpers import PATIENCE_S
from triglot.engines.spark import SparkEngine
from triglot.errors import ConfigError
from triglot.spark.failures import plain_errors, reason
from triglot.spark.library import pyspark

OF_JAVA = """An error occurred while calling o42.collect.
: org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 1.0 failed 4 times
  File "executor.py", line 19, in run
triglot.errors.TriglotError: the executor on red: r is off
    apt-get install r-base-core

	at org.apache.spark.api.python.BasePythonRunner$ReaderIterator.handlePythonException(PythonRunner.scala:572)
Driver stacktrace:
triglot.errors.TriglotError: the executor on red: r is off
"""


def test_without_spark_it_is_said_what_installs_it() -> None:
    with pytest.raises(ConfigError, match=r"pip install 'triglot\[spark\]'"):
        pyspark("sql")
    with pytest.raises(ConfigError, match=r"pip install 'triglot\[spark\]'"):
        SparkEngine()


def test_a_master_that_does_not_answer_is_named_at_once() -> None:
    with pytest.raises(ConfigError, match=r"--master: no Spark master answers at spark://127.0.0.1:1 \(.*refused"):
        SparkEngine("spark://127.0.0.1:1")
    with pytest.raises(ConfigError, match=r"no Spark master answers at spark://nowhere \("):
        SparkEngine("spark://nowhere")


def test_what_an_executor_said_is_found_in_what_java_writes_around_it() -> None:
    error = ValueError(OF_JAVA)

    assert reason(error) == "the executor on red: r is off\n    apt-get install r-base-core"
    assert reason(ValueError("the executor on red is not ours")) is None
    with pytest.raises(ValueError, match="of another"), plain_errors():
        raise ValueError("of another kind")


def test_spark_is_imported_where_it_is_used_alone() -> None:
    program = "import sys, triglot.spark, triglot.engines.spark\nprint('pyspark' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )
    assert done.stdout == "False\n"
