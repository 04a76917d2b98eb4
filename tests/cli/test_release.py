"""`triglot release`: versions in quarantine are asked again by the service of the same run directory."""

from pathlib import Path

import pytest

from tests.cli.conftest import run
from triglot.tally.cases import Cases
from triglot.tally.quarantine import Quarantine


def held(run_dir: Path) -> Cases:
    """Return what a front end of a run directory knows, where two models are in quarantine."""
    run_dir.mkdir(mode=0o700)
    cases = Cases(run_dir, Quarantine(deaths=1))
    for model in ("iris", "moody"):
        cases.died((model, 7, "ab"), "r", "predict", "")
    return cases


def test_a_model_is_released_and_then_all_are(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "triglot-config.py").write_text("{'models': {'iris': {}, 'moody': {}}, 'quarantine': {'within_s': 60}}")
    cases = held(here / "run")

    assert run("release", "iris") == 0
    assert capsys.readouterr().out == "Released model iris with version 7: it is asked again.\n"
    assert [model for model, _, _ in cases.held()] == ["moody"]
    assert run("release", "iris") == 0
    assert "No version of model iris is in quarantine." in capsys.readouterr().err
    assert run("release") == 0
    assert "moody with version 7" in capsys.readouterr().out
    assert cases.held() == {}
