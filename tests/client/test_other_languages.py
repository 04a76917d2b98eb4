"""The clients of R and Julia: their own tests against a service whose workers are not there yet when they begin."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.functional.running import Running, quick
from tests.helpers import PATIENCE_S, require, require_r_package, until
from triglot.languages.julia import julia_executable

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WORKERS = ("workers-python:python-0", "workers-python:python-1")


def command(language: str, url: str) -> list[str]:
    """Return the command of a language's own tests."""
    require(language)
    if language == "julia":
        return [str(julia_executable(os.environ)), "--startup-file=no", str(HERE / "julia" / "runtests.jl"), url]
    for package in ("curl", "jsonlite", "testthat", "withr"):
        if subprocess.run(["Rscript", "-e", f"library({package})"], capture_output=True).returncode:
            require_r_package(package)
    return ["Rscript", str(HERE / "r" / "run.R"), url]


@pytest.mark.parametrize("language", ["r", "julia"])
def test_a_caller_of_another_language_waits_for_workers_and_gets_what_models_answer(
    service: Running, url: str, language: str, tmp_path: Path
) -> None:
    service.ctl("stop", *WORKERS)
    heard = service.said().count("worker-unavailable")
    try:
        with (tmp_path / "said").open("w") as out:
            tests = subprocess.Popen(command(language, url), stdout=out, stderr=subprocess.STDOUT)
        until(lambda: service.said().count("worker-unavailable") > heard or tests.poll() is not None)
    finally:
        service.ctl("start", *WORKERS)

    assert tests.wait(PATIENCE_S) == 0, (tmp_path / "said").read_text("utf-8", "replace")


@pytest.mark.parametrize(("language", "name"), [("r", "triglot.R"), ("julia", "Triglot.jl")])
def test_the_command_prints_the_file(language: str, name: str, tmp_path: Path) -> None:
    done = quick("client", language, cwd=tmp_path)

    assert done.stdout == (ROOT / "bridge" / "client" / name).read_text("utf-8")
