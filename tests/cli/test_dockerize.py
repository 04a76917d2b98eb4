"""`triglot dockerize`: the files that it writes, and what it refuses before it has written any."""

import io
import json
import os
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import run
from triglot.dockerize.application import CONFIGS, Application
from triglot.dockerize.files import contents

LOCK = {"R": {"Version": "4.2.2"}, "Packages": {"ranger": {"Package": "ranger", "Version": "0.14.1"}}}


def lay_out(folder: Path, more: Mapping[str, str] | None = None) -> Path:
    """Return a new folder `coffee` with an application and these further files."""
    files = {"triglot-config.py": "{}", "model.R": "fit <- function(x, y) lm(y ~ ., x)\n", **(more or {})}
    for name, text in files.items():
        path = folder / "coffee" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder / "coffee"


def packed(data: bytes) -> dict[str, tarfile.TarInfo]:
    """Return the entries of an archive by name."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {entry.name: entry for entry in tar}


def dockerfile(found: Mapping[str, bytes], name: str = "Dockerfile-app") -> list[str]:
    """Return the instructions of one Dockerfile."""
    return found[name].decode().splitlines()[1:]


def test_a_plain_folder_is_unpacked_on_its_base_and_served_by_nobody_special(tmp_path: Path) -> None:
    found = contents(Application.read(lay_out(tmp_path)), "triglot:r", "coffee:1")

    assert list(found) == ["Dockerfile-app", "Dockerfile-predict", "Dockerfile-fit", "app.tar.gz"]
    assert dockerfile(found) == [
        "FROM triglot:r",
        "USER 0:0",
        "ADD --chown=10001:10001 app.tar.gz /app/",
        "USER 10001:10001",
        "ENV TRIGLOT_CONFIG=/app/triglot-config.py",
    ]
    assert packed(found["app.tar.gz"]).keys() == {"model.R", "triglot-config.py"}


def test_the_model_is_fitted_into_the_image_with_a_key_that_stays_out_of_it(tmp_path: Path) -> None:
    lines = dockerfile(contents(Application.read(lay_out(tmp_path)), "triglot:r", "coffee:1"), "Dockerfile-predict")

    assert lines[0] == "FROM coffee:1"
    assert "ENV TRIGLOT_STORE=sqlite:////model/triglot.db" in lines
    assert lines[-2].startswith("RUN --mount=type=secret,id=signing_key,")
    assert " triglot fit " in lines[-2]


def test_the_image_that_fits_ends_after_it(tmp_path: Path) -> None:
    lines = dockerfile(contents(Application.read(lay_out(tmp_path)), "triglot:r", "coffee"), "Dockerfile-fit")

    assert lines == ["FROM coffee", 'CMD ["triglot", "fit"]', "HEALTHCHECK NONE"]


@pytest.mark.parametrize("name", CONFIGS)
def test_the_configuration_has_any_of_its_names(tmp_path: Path, name: str) -> None:
    folder = lay_out(tmp_path)
    (folder / "triglot-config.py").unlink()
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("{}")

    found = contents(Application.read(folder), "triglot", "coffee")

    assert f"ENV TRIGLOT_CONFIG=/app/{name}" in dockerfile(found)


def test_everything_that_a_folder_asks_for_is_installed_in_a_build_that_keeps_no_compiler(tmp_path: Path) -> None:
    more = {
        "requirements.txt": "six==1.17.0\n",
        "python_packages/own-1.0.tar.gz": "",
        "pyproject.toml": "[project]\nname = 'coffee'\n",
        "renv.lock": json.dumps(LOCK),
        "packages.R": 'install.packages("glmnet")\n',
        "Project.toml": '[deps]\nStatistics = "10745b16-79ce-11e8-11f9-7d13ad32a3b2"\n',
    }
    found = contents(Application.read(lay_out(tmp_path, more)), "triglot", "coffee")
    for name in ("Dockerfile-app", "Dockerfile-predict", "Dockerfile-fit"):
        linted = subprocess.run(
            ["hadolint", "--ignore", "DL3006", "-"], input=found[name], capture_output=True, check=False
        )
        assert linted.returncode == 0, linted.stdout.decode()

    builder, _, image = found["Dockerfile-app"].decode().partition("\n\n")
    assert "RUN Rscript restore.R /opt/r-library" in builder.splitlines()
    assert "r-base-dev" in builder
    assert image.splitlines() == [
        "FROM triglot",
        "USER 0:0",
        "ADD dependencies.tar.gz /opt/dependencies/",
        "RUN pip install --no-cache-dir --use-pep517 --requirement /opt/dependencies/requirements.txt \\",
        "    && pip install --no-cache-dir --use-pep517 /opt/dependencies/python_packages/*.*",
        "COPY --from=r-library /opt/r-library /opt/r-library",
        "ENV R_LIBS=/opt/r-library",
        "ADD --chown=10001:10001 app.tar.gz /app/",
        "RUN pip install --no-cache-dir --use-pep517 /app \\",
        '    && JULIA_DEPOT_PATH=/opt/julia-depot: "$JULIA_EXE" --startup-file=no --project=/app '
        "/opt/dependencies/restore.jl",
        "USER 10001:10001",
        "ENV TRIGLOT_CONFIG=/app/triglot-config.py",
    ]
    assert packed(found["dependencies.tar.gz"]).keys() == {
        *("requirements.txt", "python_packages", "python_packages/own-1.0.tar.gz", "renv.lock", "packages.R"),
        *("restore.R", "restore.jl"),
    }


def test_a_project_file_of_settings_alone_installs_nothing(tmp_path: Path) -> None:
    folder = lay_out(tmp_path, {"pyproject.toml": "[tool.ruff]\nline-length = 100\n", "Project.toml": 'name = "X"\n'})

    assert contents(Application.read(folder), "triglot", "coffee").keys() == {
        *("Dockerfile-app", "Dockerfile-predict", "Dockerfile-fit", "app.tar.gz")
    }


def test_secrets_caches_and_what_belongs_to_one_machine_stay_at_home(tmp_path: Path) -> None:
    left = [
        ".git/HEAD",
        ".env",
        "signing.key",
        "sub/curve.key_secret",
        "run/web.json",
        "venv/pyvenv.cfg",
    ]
    left += [
        "triglot.db",
        "triglot.db-wal",
        "sub/triglot.db",
        "sub/__pycache__/x.pyc",
        "app.tar.gz",
    ]
    kept = ["sub/run/notes.txt", "data.db", "model.jl", ".Rprofile"]
    folder = lay_out(tmp_path, dict.fromkeys([*left, *kept], "x"))
    os.mkfifo(folder / "pipe")

    names = packed(contents(Application.read(folder), "triglot", "coffee")["app.tar.gz"]).keys()

    assert names == {
        *("model.R", "triglot-config.py", "sub", "sub/run", "sub/run/notes.txt", "data.db", "model.jl", ".Rprofile")
    }


def test_the_same_folder_makes_the_same_bytes_whoever_and_whenever(tmp_path: Path) -> None:
    folder = lay_out(tmp_path, {"requirements.txt": "six\n"})
    first = contents(Application.read(folder), "triglot", "coffee")
    for path in folder.iterdir():
        os.utime(path, (1, 1))
        path.chmod(0o600)

    again = contents(Application.read(folder), "triglot", "coffee")

    assert again == first
    entry = packed(again["app.tar.gz"])["model.R"]
    assert (entry.uid, entry.gid, entry.uname, entry.mode) == (10001, 10001, "", 0o644)


def test_d_writes_the_files_and_builds_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lay_out(here)

    code = run("dockerize", "-d", "coffee", "triglot:r", "coffee:1", "--docker", "/nonexistent")

    assert code == 0
    written = {path.name for path in here.iterdir()} - {"coffee"}
    assert written == {"Dockerfile-app", "Dockerfile-predict", "Dockerfile-fit", "app.tar.gz"}
    assert set(capsys.readouterr().out.split()) == written


@pytest.mark.parametrize(
    ("more", "arguments", "said"),
    [
        ({}, ("nowhere", "triglot", "coffee"), "'nowhere' is no folder; name the one with your configuration"),
        ({}, (".", "triglot", "coffee"), "'.' has no configuration; put one of triglot-config.py, "),
        ({}, ("coffee", "triglot", "my coffee"), "'my coffee' is no name of an image"),
        ({}, ("coffee", "triglot\nRUN id", "coffee"), "is no name of an image"),
        ({}, ("coffee", "triglot", "../coffee"), "'../coffee' is no name of an image"),
        ({"renv.lock": '{"R": '}, ("coffee", "triglot", "coffee"), "'coffee/renv.lock' is broken: "),
        ({"renv.lock": "[]"}, ("coffee", "triglot", "coffee"), "is no lock file of renv: it lacks Packages"),
        ({"Project.toml": "[deps"}, ("coffee", "triglot", "coffee"), "'coffee/Project.toml' is broken: "),
        ({"Manifest.toml": "[[x"}, ("coffee", "triglot", "coffee"), "'coffee/Manifest.toml' is broken: "),
        ({"pyproject.toml": "="}, ("coffee", "triglot", "coffee"), "'coffee/pyproject.toml' is broken: "),
    ],
)
def test_what_cannot_become_an_image_is_refused_with_nothing_written(
    here: Path,
    capsys: pytest.CaptureFixture[str],
    more: dict[str, str],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    lay_out(here, more)

    assert run("dockerize", "-d", *arguments) == 1
    assert said in capsys.readouterr().err
    assert [path.name for path in here.iterdir()] == ["coffee"]


def test_an_engine_that_is_missing_is_said(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lay_out(here)

    assert run("dockerize", "coffee", "triglot", "coffee", "--docker", "/nonexistent/docker") == 1
    assert "'/nonexistent/docker' cannot be run: No such file or directory; install Docker, or use -d" in (
        capsys.readouterr().err
    )
    assert [path.name for path in here.iterdir()] == ["coffee"]


def docker(folder: Path, script: str) -> str:
    """Return a program in Docker's place that notes what it is asked in `asked`."""
    program = folder / "docker"
    program.write_text(f'#!/bin/sh\necho "$@" >>"{folder}/asked"\n{script}\n')
    program.chmod(0o755)
    return str(program)


def test_a_base_that_is_neither_here_nor_to_be_had_is_said(here: Path, capsys: Any) -> None:
    lay_out(here)
    program = docker(here, 'echo "Error: pull access denied for triglot" >&2; exit 1')

    assert run("dockerize", "coffee", "triglot:gone", "coffee", "--docker", program) == 1
    assert (
        "there is no base image 'triglot:gone' here, and it cannot be pulled: Error: pull access denied for triglot"
        in capsys.readouterr().err
    )


def test_images_are_built_in_order_and_the_key_reaches_the_fit_alone(here: Path) -> None:
    lay_out(here)
    program = docker(here, "")

    assert run("dockerize", "coffee", "triglot", "coffee:1", "--docker", program, "--build-option=--network=host") == 0
    builds = [line.split() for line in (here / "asked").read_text().splitlines() if line.startswith("build")]
    assert [line[line.index("--tag") + 1] for line in builds] == ["coffee:1", "coffee-fit:1", "coffee-predict:1"]
    assert ["--secret" in line for line in builds] == [False, False, True]
    assert all("--network=host" in line for line in builds)
    assert not {path.name for path in here.iterdir()} - {"coffee", "docker", "asked"}


def test_a_build_that_fails_is_named(here: Path, capsys: Any) -> None:
    lay_out(here)
    program = docker(here, '[ "$1" != build ]')

    assert run("dockerize", "coffee", "triglot", "coffee", "--docker", program, "--image", "fit") == 1
    assert "docker build of coffee-fit failed with exit code 1; its output says why" in capsys.readouterr().err
