"""`triglot upgrade-service` with real services behind a real nginx, while callers go on asking."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.deploy import front
from tests.deploy.callers import Callers
from tests.functional.running import EXAMPLES, descendants, folder, free_port, quick
from tests.helpers import PATIENCE_S, until

CONFIG = f"""{{
    'model_name': 'iris',
    'dataset_loader_train': {{
        '!': 'triglot.dataset.CSV',
        'path': {str(EXAMPLES / "data" / "iris.data")!r},
        'names': ['sl', 'sw', 'pl', 'pw', 'species'],
        'target_column': 'species',
    }},
    'model': {{'!': 'sklearn.linear_model.LogisticRegression', 'C': 0.3, 'max_iter': 1000}},
    'service_metadata': {{'release': environ['RELEASE']}},
    'deploy': {{'image': 'iris'}},
}}"""
ROW = "/predict?sl=6.3&sw=2.5&pl=4.9&pw=1.5"


@dataclass
class Operator:
    """Somebody at a terminal of one host."""

    place: Path
    port: int = field(default_factory=free_port)

    def does(self, *arguments: str, release: str = "1") -> "subprocess.CompletedProcess[str]":
        """Return a finished command."""
        return quick(*arguments, cwd=self.place, RELEASE=release)

    def upgrades(self, release: str, *more: str) -> "subprocess.CompletedProcess[str]":
        """Return a finished upgrade."""
        known = ("--upstream", "iris.upstream", "--nginx-config", "nginx.conf", "--confirm", ROW)
        return self.does("upgrade-service", *known, *more, release=release)

    def services(self) -> dict[int, int]:
        """Return the process ids of the services that run, by their ports."""
        found = {}
        for path in (self.place / "run" / "back-ends").glob("*/supervisord.pid"):
            pid = int(path.read_text())
            if Path(f"/proc/{pid}").exists():
                found[int(path.parent.name)] = pid
        return found

    def close(self) -> None:
        """End every service that still runs."""
        for pid in self.services().values():
            below = descendants(pid)
            os.kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + PATIENCE_S
            while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
                time.sleep(0.05)
            assert not [each for each in below if Path(f"/proc/{each}").exists()]


@pytest.fixture
def operator() -> Iterator[Operator]:
    front.nginx()
    with folder() as place:
        place.chmod(0o755)
        (place / "triglot-config.py").write_text(CONFIG)
        made = Operator(place)
        try:
            yield made
        finally:
            made.close()


def test_a_service_is_replaced_by_a_newer_one_and_nobody_notices(operator: Operator) -> None:
    fitted = operator.does("fit", "--no-proof")
    assert fitted.returncode == 0, fitted.stderr
    listen = f"127.0.0.1:{operator.port}"
    written = operator.does(
        *("deploy", "nginx", "--listen", listen, "--upstream", "iris.upstream"),
        *("--state", str(operator.place), "-o", "nginx.conf"),
    )
    assert written.returncode == 0, written.stderr
    first = operator.upgrades("1")
    assert first.returncode == 0, first.stderr
    assert "nginx does not run yet; start it" in first.stderr
    (old,) = operator.services()

    with front.running(operator.place / "nginx.conf"):
        until((operator.place / "nginx.pid").exists)
        with Callers(operator.port, ROW, each=2) as callers:
            second = operator.upgrades("2", "--front", f"http://{listen}")
            assert second.returncode == 0, second.stderr
            callers.after(20)
            (new,) = operator.services()
            assert new != old
            assert f"the old back end on 127.0.0.1:{old} has drained and ended" in second.stderr
            assert second.stdout == f"127.0.0.1:{new} serves\n"
    assert callers.failures == []
    releases = [answer["metadata"]["release"] for answer in callers.answers]
    assert set(releases) == {"1", "2"}
    assert {json.dumps(answer["result"]) for answer in callers.answers} == {'"Iris-versicolor"'}
