"""The examples in docker/ are what the commands write."""

from pathlib import Path

import pytest

from tests.cli.conftest import run

DOCKER = Path(__file__).parents[2] / "docker"
EXAMPLES = {
    "marathon.json": ["marathon"],
    "kubernetes.yaml": ["kubernetes"],
    "compose.yaml": ["compose"],
    "nginx.conf": ["nginx", "--compose"],
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_what_the_command_writes(name: str, tmp_path: Path) -> None:
    made = tmp_path / name
    assert run("-c", str(DOCKER / "example-config.py"), "deploy", *EXAMPLES[name], "--output", str(made)) == 0
    assert made.read_text("utf-8") == (DOCKER / name).read_text("utf-8"), (
        f"write it anew: triglot -c docker/example-config.py deploy {' '.join(EXAMPLES[name])} -o docker/{name}"
    )
