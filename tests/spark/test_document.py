"""docs/spark.md keeps its word on a cluster, which Spark's own configuration names there."""

from pathlib import Path

import pytest

from tests import reading
from tests.helpers import PATIENCE_S
from tests.reading import Reader
from tests.spark.cluster import QUICK, Cluster
from tests.spark.environments import RELEASES

CONFIGURATION = {
    "spark.ui.enabled": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.executor.memory": "512m",
    "spark.executor.cores": "1",
    "spark.cores.max": "2",
    "spark.driver.extraJavaOptions": QUICK,
    "spark.executor.extraJavaOptions": QUICK,
}


# That each release answers alike is tested with frames and faults: the document is followed with the newest.
@pytest.mark.parametrize("cluster", [max(RELEASES)], indirect=True)
def test_somebody_who_follows_the_document_gets_what_it_shows(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "COMMAND_TIMEOUT_S", PATIENCE_S * 3)  # an application starts three of Java
    settings = {"spark.master": cluster.master, **CONFIGURATION}
    (tmp_path / "conf").mkdir()
    lines = [f"{name} {value}\n" for name, value in settings.items()]
    (tmp_path / "conf" / "spark-defaults.conf").write_text("".join(lines), "utf-8")
    reader = Reader(tmp_path, {**cluster.environ, "SPARK_CONF_DIR": str(tmp_path / "conf")}, shell_alone=True)
    try:
        assert reader.follow("docs/spark.md") == 4
    finally:
        reader.close()
