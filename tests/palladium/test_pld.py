"""Palladium's commands beside their work: usage, exit codes, scoring, decorators and modules of the user's own."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import PATIENCE_S
from tests.palladium.conftest import lines, pld
from triglot import __version__
from triglot.cli import pld as commands
from triglot.cli.fit import fit

DATA = """
    'dataset_loader_train': {'!': 'mine.Loader', 'rows': 40},
    'dataset_loader_test': {'!': 'mine.Loader', 'rows': 20},
    'model': {'!': 'mine.Threshold', 'at': 0.5},
"""
MINE = """
from palladium.interfaces import DatasetLoader, Model, annotate
from palladium.util import get_config, logger, process_store
import numpy as np

class Loader(DatasetLoader):
    def __init__(self, rows):
        self.rows = rows
    def __call__(self):
        X = np.linspace(0, 1, self.rows).reshape(-1, 1)
        return X, np.where(X[:, 0] > 0.5, 'high', 'low')

class Threshold(Model):
    def __init__(self, at=0.0):
        self.at = at
    def fit(self, X, y=None):
        return self
    def predict(self, X, **kwargs):
        return np.where(X[:, 0] > self.at, 'high', 'low')

def share_of_high(model, X, y):
    return float((model.predict(X) == 'high').mean())

def loud(func):
    def call(*args, **kwargs):
        logger.warning('%s of %s for %s', func.__name__, args[0].__class__.__name__, get_config()['service_metadata'])
        return func(*args, **kwargs)
    return call
"""


@pytest.mark.parametrize("name", commands.COMMANDS)
def test_help_is_on_standard_output_and_bad_usage_shows_the_usage_on_standard_error(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = commands.COMMANDS[name]

    assert callable(getattr(commands, f"pld_{name.replace('-', '_')}"))
    assert commands.run(f"pld-{name}", command, ["--help"]) == 0
    assert f"Usage: pld-{name}" in capsys.readouterr().out
    assert commands.run(f"pld-{name}", command, ["--nonsense"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert f"Usage: pld-{name}" in told.err
    assert "--nonsense" in told.err


def test_version_needs_no_configuration(tmp_path: Path) -> None:
    done = pld("pld-version", cwd=tmp_path, PALLADIUM_CONFIG="gone.py")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{__version__}\n", "")


def test_no_configuration_says_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in ("PALLADIUM_CONFIG", "TRIGLOT_CONFIG"):
        monkeypatch.delenv(variable, raising=False)
    assert commands.run("pld-fit", fit, []) == 1
    said = capsys.readouterr().err
    assert "pld-fit: The configuration has no model" in said
    assert "PALLADIUM_CONFIG" in said


def test_modules_that_import_palladium_work_unchanged_up_to_the_worker(place: Path) -> None:
    (place / "mine.py").write_text(MINE)
    (place / "config.py").write_text(
        "{"
        + DATA
        + """
    'scoring': {'acc': 'accuracy', 'high': __import__('mine').share_of_high},
    'load_data_decorators': ['mine.loud'],
    'fit_decorators': ['mine.loud'],
    'write_model_decorators': ['mine.loud'],
    'service_metadata': 'm',
}"""
    )
    fitted = pld("pld-fit", "-e", cwd=place, PALLADIUM_CONFIG=" config.py ")

    assert fitted.returncode == 0, fitted.stderr
    said = lines(fitted.stderr)
    assert "Train score: acc: 1.0, high: 0.5" in said
    assert "Wrote model with version 1." in said
    warned = [line for line in said if line.startswith("WARNING:palladium:")]
    assert [line.split()[0].split(":")[-1] for line in warned] == ["fit", "load_data", "load_data", "write_model"]
    assert all(line.endswith("for m") for line in warned)

    tested = pld("pld-test", cwd=place, PALLADIUM_CONFIG="config.py")
    assert tested.returncode == 0, tested.stderr
    assert "INFO:palladium:Score: acc: 1.0\n       high: 0.5." in tested.stderr


@pytest.mark.parametrize("name", ["palladium", "triglot"])
def test_logging_settings_that_name_palladiums_logger_get_our_lines(name: str, tmp_path: Path) -> None:
    settings = {
        "loggers": {name: {"level": "DEBUG", "handlers": ["out"]}},
        "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "plain"}},
        "formatters": {"plain": {"format": "%(name)s %(message)s"}},
    }
    program = (
        "import logging; from triglot.config import RawConfig, configure_logging; "
        f"configure_logging(RawConfig({{'logging': {settings!r}}})); "
        "logging.getLogger('triglot').debug('one'); logging.getLogger('triglot.service').info('two')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=PATIENCE_S
    )
    assert done.stderr.splitlines() == [f"{name} one", f"{name}.service two"]


@pytest.mark.parametrize(
    ("scoring", "arguments", "said"),
    [
        ("{'a': 'accuracy'}", ["--save-if-better-than=0.5"], "needs one score, and scoring gives several"),
        ("'acuracy'", ["--evaluate"], "there is no scorer 'acuracy'. Did you mean 'accuracy'"),
    ],
)
def test_a_scoring_that_cannot_be_used_says_why_before_the_fit(
    place: Path, scoring: str, arguments: list[str], said: str
) -> None:
    (place / "mine.py").write_text(MINE)
    (place / "config.py").write_text("{" + DATA + f"'scoring': {scoring}}}")
    done = pld("pld-fit", *arguments, cwd=place, PALLADIUM_CONFIG="config.py")

    assert done.returncode == 1
    assert said in done.stderr
    assert "Loading data" not in done.stderr
