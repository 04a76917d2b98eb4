"""What is installed is what is in the three rooms."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from importlib.metadata import entry_points, requires, version
from importlib.resources import files
from pathlib import Path

import pytest
from trove_classifiers import classifiers

import triglot

ROOT = Path(__file__).parent.parent
ROOMS = {"bridge": "triglot", "server": "triglot.server", "workers": "triglot.workers"}
TEMPLATES = ROOT / "bridge" / "templates"  # data of the package, whose folders are no packages
SOURCES = {".css", ".csv", ".md", ".py", ".R", ".jl", ".toml", ".typed"}
INSTALLERS = ("install_julia.sh", "julia_works.sh")  # of scripts/, for those who have no checkout
# What is made in a checkout, and belongs to nobody else.
MADE = shutil.ignore_patterns(".git", ".venv", "build", "run", "*.egg-info", "__pycache__", ".*_cache", ".hypothesis")


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
    assert found | {"triglot.scripts"} == declared


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
    program = "import triglot.server.app, triglot.workers.worker, triglot.protocol.wire"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def run(*command: str | Path, cwd: Path) -> str:
    """Return what a command prints; fails with what it says where it fails."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TRIGLOT_", "PYTHON"))}
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Hold the wheel and the source distribution, built from a checkout whose path has blanks."""
    checkout = tmp_path_factory.mktemp("build") / "a check out"
    shutil.copytree(ROOT, checkout, ignore=MADE)
    run(sys.executable, "-m", "build", "--no-isolation", ".", cwd=checkout)
    wheel, source = sorted((checkout / "dist").iterdir(), key=lambda path: path.suffix, reverse=True)
    assert (wheel.suffix, source.suffix) == (".whl", ".gz")
    return {"wheel": wheel, "sdist": source}


def packaged() -> set[str]:
    """Return the files of the rooms by the names that they are installed under."""
    rooms = {
        path: f"{ROOMS[room].replace('.', '/')}/{path.relative_to(ROOT / room)}"
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
    }
    return {
        *(name for path, name in rooms.items() if path.is_file() and "__pycache__" not in path.parts),
        *(f"triglot/scripts/{name}" for name in INSTALLERS),
        "palladium.py",
    }


def test_the_wheel_holds_every_file_of_the_rooms_and_nothing_else(distributions: dict[str, Path]) -> None:
    with zipfile.ZipFile(distributions["wheel"]) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == packaged()


def test_the_source_distribution_holds_what_a_checkout_does(distributions: dict[str, Path]) -> None:
    with tarfile.open(distributions["sdist"]) as source:
        held = {name.partition("/")[2] for name in source.getnames()}
    folders = ("bridge", "server", "workers", "docs", "examples", "scripts", "tests", "benchmarks", "docker")
    expected = {
        str(path.relative_to(ROOT))
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    single = {
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "LICENSE",
        "Makefile",
        "README.md",
        "palladium.py",
        "pyproject.toml",
        "requirements.lock",
    }
    assert not (expected | single) - held


def copied(stage: str) -> list[Path]:
    """Return what a stage of the images' Dockerfile copies from the checkout."""
    text = (ROOT / "docker" / "Dockerfile").read_text("utf-8").partition(f" AS {stage}\n")[2].partition("\nFROM ")[0]
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    return [Path(name) for line in lines for name in line.split()]


def test_the_image_is_built_of_all_that_the_package_is_made_of(tmp_path: Path) -> None:
    sent = {Path(line[1:]) for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line[0] == "!"}
    for path in copied("python-builder"):
        assert sent & {path, *path.parents}, f".dockerignore keeps {path} from the engine"
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, tmp_path / path, ignore=MADE)
        else:
            shutil.copy(ROOT / path, tmp_path / path)
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", ".", cwd=tmp_path)

    with zipfile.ZipFile(next((tmp_path / "dist").iterdir())) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
        about = wheel.read(next(name for name in wheel.namelist() if name.endswith("/METADATA"))).decode()
    assert held == packaged()
    assert about.endswith((ROOT / "docs" / "package.md").read_text("utf-8"))


def test_both_are_as_an_index_wants_them(distributions: dict[str, Path]) -> None:
    run(sys.executable, "-m", "twine", "check", "--strict", *distributions.values(), cwd=ROOT)


def test_the_page_of_an_index_leads_to_nothing_that_is_not_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(project["classifiers"]) <= classifiers
    links = re.findall(r"\]\(([^)]+)\)", (ROOT / project["readme"]).read_text("utf-8"))
    assert all(link.startswith("https://") for link in links)


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_what_is_installed_into_an_empty_environment_runs(
    kind: str, distributions: dict[str, Path], tmp_path: Path
) -> None:
    home = tmp_path / "an environment"
    venv.create(home)
    python, site = home / "bin" / "python", next(home.glob("lib/python*/site-packages"))
    (site / "others.pth").write_text(sysconfig.get_path("purelib"))  # what Triglot needs is here already
    install = ("install", "--no-deps", "--no-build-isolation", "--quiet", distributions[kind])
    run(sys.executable, "-m", "pip", "--python", python, *install, cwd=tmp_path)

    triglot = home / "bin" / "triglot"
    assert run(triglot, "--version", cwd=tmp_path).strip() == f"triglot {version('triglot')}"
    assert "Python worker     ready after" in run(triglot, "doctor", "python", cwd=tmp_path)
    for language in ("r", "julia", "python"):
        run(triglot, "new", language, f"my-{language}", cwd=tmp_path)
        assert (tmp_path / f"my-{language}" / "triglot-config.py").is_file()
    there = {str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()}
    assert packaged() <= there
