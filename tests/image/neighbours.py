"""What deployments are tried with: a small application, the images beside it in a Compose file, and Compose itself."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.helpers import KEY
from tests.image.engine import BUILD_S, ON_BASE, ROOT, Engine
from triglot.deploy.compose import DATABASE_IMAGE, FRONT_IMAGE

HERE = Path(__file__).parent
CONFIG = HERE / "iris" / "triglot-config.py"
IRIS = "test/iris:1"
IRIS_PREDICT = "test/iris-predict:1"
ROW = {"sepal length": 6.3, "sepal width": 2.5, "petal length": 4.9, "petal width": 1.5}
EXPECTED = "Iris-versicolor"


def build_neighbours(here: Engine) -> None:
    """Have the images of the application, of PostgreSQL and of nginx: true ones where they can be pulled."""
    for image in (DATABASE_IMAGE, FRONT_IMAGE):
        # an engine that builds with options of its own is one that the tests have started, and pulls nothing
        if here.build_options:
            _stand_in(here, image)
        elif not here.has(image):
            here.run("pull", image)
    with tempfile.TemporaryDirectory() as work:
        folder = shutil.copytree(CONFIG.parent, Path(work) / "iris")
        shutil.copy(ROOT / "examples" / "data" / "iris.data", folder)
        options = [f"--build-option={option}" for option in here.build_options]
        options += ["--docker", here.docker, "--image", "app", "--image", "predict"]
        subprocess.run(
            [sys.executable, "-m", "triglot", "dockerize", *options, str(folder), "triglot:python", IRIS],
            env={**here.environ, "TRIGLOT_SIGNING_KEY": KEY.decode()},
            check=True,
            timeout=BUILD_S,
        )


def compose_command(here: Engine) -> list[str]:
    """Return the command of Compose: Docker's plug-in, else Debian's program."""
    plugged = subprocess.run([here.docker, "compose", "version"], env=here.environ, capture_output=True).returncode == 0
    return [here.docker, "compose"] if plugged else ["docker-compose"]


def _stand_in(here: Engine, image: str) -> None:
    command = [here.docker, "build", *ON_BASE, *here.build_options, "--target", image.partition(":")[0], "--tag", image]
    environ = {**here.environ, "DOCKER_BUILDKIT": "1"}
    subprocess.run([*command, str(HERE / "beside")], env=environ, check=True, timeout=BUILD_S)
