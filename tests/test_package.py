"""What is installed is what is in the three rooms."""

import subprocess
import sys
import tomllib
from importlib.metadata import entry_points, requires, version
from importlib.resources import files
from pathlib import Path

import pytest

import triglot

ROOT = Path(__file__).parent.parent
ROOMS = {"bridge": "triglot", "server": "triglot.server", "workers": "triglot.workers"}
TEMPLATES = ROOT / "bridge" / "templates"  # data of the package, whose folders are no packages
SOURCES = {".css", ".csv", ".md", ".py", ".R", ".jl", ".toml", ".typed"}


@pytest.mark.parametrize("room", ROOMS)
def test_every_source_file_of_a_room_is_installed(room: str) -> None:
    installed = files(ROOMS[room])
    found = [path for path in sorted((ROOT / room).rglob("*")) if path.suffix in SOURCES or path.name == "py.typed"]
    missing = [
        str(path.relative_to(ROOT))
        for path in found
        if not installed.joinpath(*path.relative_to(ROOT / room).parts).is_file()
    ]
    assert found
    assert not missing, "run `pip install -e . --no-deps` again, and see [tool.setuptools] in pyproject.toml"


def test_every_folder_with_sources_is_a_declared_package() -> None:
    declared = set(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["packages"])
    found = {
        ".".join([package, *path.parent.relative_to(ROOT / room).parts])
        for room, package in ROOMS.items()
        for path in (ROOT / room).rglob("*.py")
        if TEMPLATES not in path.parents
    }
    assert found == declared


def test_the_version_is_one_and_the_same_everywhere() -> None:
    assert version("triglot") == triglot.__version__


def test_the_command_is_installed_and_leads_to_the_command_line() -> None:
    (command,) = entry_points(group="console_scripts", name="triglot")
    assert command.value == "triglot.cli.main:main"
    assert callable(command.load())


def test_the_heavy_and_the_foreign_are_extras() -> None:
    needed = requires("triglot") or []
    base = {line.split(";")[0].strip() for line in needed if "extra ==" not in line}
    assert not [line for line in base if line.startswith(("rpy2", "julia", "psycopg", "pymysql"))]
    assert [line for line in needed if line.startswith("rpy2") and "extra ==" in line]


def test_a_models_folder_of_the_same_names_does_not_break_the_package(tmp_path: Path) -> None:
    for name in ("server", "workers", "bridge"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('not yours')")
    program = "import triglot.server.app, triglot.workers.worker, triglot.wire"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
