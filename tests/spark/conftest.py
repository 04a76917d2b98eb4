"""A cluster a release of Spark, kept by whatever tests with it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.helpers import KEY
from tests.scoring.versions import moody
from tests.spark.cluster import Cluster
from tests.spark.environments import RELEASES, packages_of
from triglot.training.fit_worker import Bench


@pytest.fixture(scope="session", params=RELEASES)
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Give a cluster of each release in turn."""
    made = Cluster(packages_of(request.param), tmp_path_factory.mktemp(request.param))
    yield made
    made.close()


@pytest.fixture(scope="session")
def moody_bundle(benches: Callable[[str], Bench], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file of a version that fails at some rows of its one column `x`."""
    path = tmp_path_factory.mktemp("moody") / "moody.bundle"
    moody(benches("python")).write(path, KEY)
    return path
