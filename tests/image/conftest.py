"""The images, and an application made of them, on a real engine; a running container where tests share one."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import KEY, until
from tests.image.engine import BUILD_S, ON_BASE, ROOT, Engine, engine
from tests.image.neighbours import build_neighbours

HERE = Path(__file__).parent
EXAMPLES = ROOT / "examples"
IMAGE = "triglot"
TAGS = ("python", "r", "julia", "latest")
SHOP = "test/shop:1"
PREDICT = "test/shop-predict:1"
FIT = "test/shop-fit:1"
READY_S = 90.0


@dataclass(frozen=True, slots=True)
class Container:
    """A container that serves, at a published port."""

    engine: Engine
    name: str
    started: float

    @property
    def port(self) -> int:
        """The port on 127.0.0.1 that leads to it."""
        return int(self.engine.run("port", self.name, "8000/tcp").splitlines()[0].rpartition(":")[2])

    def ask(self, path: str, body: Any = None) -> tuple[int, Any]:
        """Return status and JSON of a request."""
        return self.engine.ask(self.port, path, body)

    def predict(self, model: str, row: dict[str, Any]) -> Any:
        """Return a model's answer for a row."""
        status, body = self.ask(f"/models/{model}/predict", [row])
        assert status == 200, body
        return body["result"][0]

    def wait(self) -> float:
        """Return the seconds from its start until every model can be answered."""
        until(lambda: self.is_ready(), READY_S)
        return time.monotonic() - self.started

    def is_ready(self) -> bool:
        """Whether every model can be answered."""
        assert self.engine.inspect(self.name, ".State.Running"), self.engine.run("logs", self.name)
        try:
            return self.ask("/ready")[0] == 200
        except OSError:
            return False

    def run(self, *command: str) -> str:
        """Return what a command in it says; it must succeed."""
        return self.engine.run("exec", self.name, *command)

    def kill(self, pid: int) -> None:
        """Kill a process in it, in the container's numbers."""
        self.run("sh", "-c", f"kill -KILL {pid}")

    def pid(self, program: str) -> int:
        """Return the process id of a supervised program, in the container's numbers."""
        return int(self.run("supervisorctl", "pid", program))


def serve(here: Engine, image: str, *options: str) -> Container:
    """Start a container of an image with a port published."""
    started = time.monotonic()
    name = here.run("run", "--detach", "--publish", "127.0.0.1::8000", *options, image)[:12]
    return Container(here, name, started)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hold the folder of the shop: an application with a model in each language, and dependencies in all three."""
    made = tmp_path_factory.mktemp("image") / "shop"
    shutil.copytree(HERE / "shop", made)
    for file in (*EXAMPLES.glob("data/*"), *EXAMPLES.glob("iris-julia/*.*l")):
        shutil.copy(file, made)
    packages = HERE / "packages"
    for kind, name, archive in (("python", "shop_tools", "shop_tools-1.0"), ("r", "shoptools", "shoptools_1.0")):
        (made / f"{kind}_packages").mkdir()
        with tarfile.open(made / f"{kind}_packages" / f"{archive}.tar.gz", "w:gz") as tar:
            tar.add(packages / name, archive if kind == "python" else name)
    return made


def dockerize(here: Engine, folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Return a finished `triglot dockerize`."""
    options = [f"--build-option={option}" for option in here.build_options]
    return subprocess.run(
        [sys.executable, "-m", "triglot", "dockerize", "--docker", here.docker, *options, str(folder), *arguments],
        env={**here.environ, "TRIGLOT_SIGNING_KEY": KEY.decode()},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BUILD_S,
    )


@pytest.fixture(scope="session")
def docker(folder: Path) -> Iterator[Engine]:
    """Hold an engine with all images built on it."""

    def build(here: Engine) -> None:
        command = [ROOT / "docker" / "build.sh", *ON_BASE, *here.build_options]
        subprocess.run(command, env={**here.environ, "DOCKER": here.docker, "IMAGE": IMAGE}, check=True)
        done = dockerize(here, folder, f"{IMAGE}:latest", SHOP)
        assert done.returncode == 0, done.stdout + done.stderr
        build_neighbours(here)

    with engine(build) as made:
        yield made


@pytest.fixture(scope="session")
def shop(docker: Engine) -> Iterator[Container]:
    """Hold a container of the image with the models in it: no way to write but /tmp, and not much memory."""
    made = serve(
        *(docker, PREDICT, "--read-only", "--tmpfs", "/tmp:mode=1777", "--memory", "1500m", "--health-interval", "1s"),
        *("--env", f"TRIGLOT_SIGNING_KEY={KEY.decode()}"),
    )
    yield made
    docker.run("rm", "--force", made.name)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write down what was measured."""
    if FIGURES:
        path = Path(os.environ.get("TRIGLOT_IMAGE_FIGURES", ROOT / "build" / "image-figures.json"))
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(FIGURES, indent=2) + "\n", "utf-8")
        print(f"\n{json.dumps(FIGURES, indent=2)}")


FIGURES: dict[str, float] = {}
