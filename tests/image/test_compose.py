"""The Compose file, brought up: the service twice, PostgreSQL and nginx."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.conftest import run
from tests.helpers import KEY, until
from tests.image.engine import BUILD_S, Engine
from tests.image.neighbours import CONFIG, EXPECTED, IRIS, ROW, compose_command

PORT = 8080
READY_S = 120.0


@dataclass(frozen=True, slots=True)
class Up:
    """What Compose has brought up."""

    engine: Engine
    folder: Path

    def compose(self, *arguments: str, check: bool = True, **more: str) -> str:
        """Return what a command of Compose said; where it fails, with what the containers wrote."""
        secrets = {"TRIGLOT_SIGNING_KEY": KEY.decode(), "POSTGRES_PASSWORD": "a1b2c3d4e5"}
        done = subprocess.run(
            [*compose_command(self.engine), "--project-name", "tried", "--file", "compose.yaml", *arguments],
            cwd=self.folder,
            env={**self.engine.environ, **secrets, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=BUILD_S,
        )
        assert done.returncode == 0 or not check, done.stdout + self.compose("logs", "--no-color", check=False)
        return done.stdout

    def predict(self) -> object:
        """Return an answer by way of nginx."""
        status, body = self.engine.ask(PORT, "/predict", [ROW])
        assert status == 200, body
        return body["result"]

    def containers(self, *options: str) -> list[str]:
        """Return the containers of the service."""
        return self.engine.run("ps", "--quiet", "--filter", f"ancestor={IRIS}", *options).split()


@pytest.fixture
def up(docker: Engine, tmp_path: Path) -> Iterator[Up]:
    config = ("-c", str(CONFIG), "deploy")
    assert run(*config, "compose", "--image", IRIS, "-o", str(tmp_path / "compose.yaml")) == 0
    assert run(*config, "nginx", "--compose", "-o", str(tmp_path / "nginx.conf")) == 0
    made = Up(docker, tmp_path)
    yield made
    made.compose("down", "--volumes")


def test_a_compose_file_comes_up_fits_answers_and_outlives_one_of_its_containers(up: Up) -> None:
    assert "set POSTGRES_PASSWORD" in up.compose("config", check=False, POSTGRES_PASSWORD="")

    up.compose("up", "--detach")
    assert len(up.containers()) == 2
    assert up.engine.ask(PORT, "/ready")[0] == 503  # the database is new, and has no version
    up.compose("run", "--rm", "iris", "triglot", "fit")
    until(lambda: up.engine.ask(PORT, "/ready")[0] == 200, READY_S)
    assert up.predict() == [EXPECTED]

    up.engine.run("kill", up.containers()[0])
    assert [up.predict() for _ in range(20)] == [[EXPECTED]] * 20
    (other,) = up.containers()
    up.compose("stop")
    assert up.engine.inspect(other, ".State.ExitCode") == 0
