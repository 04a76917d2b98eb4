"""A language of another package: an entry point names its record, and no file of this one knows of it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.running import EXAMPLES, Running, folder, triglot
from tests.helpers import RUBY, require, until

MODEL = Path(__file__).parents[1] / "conformance" / "models" / "centroids.rb"
PACKAGE = """
from pathlib import Path

from triglot.estimators.base import ForeignClassifier
from triglot.languages.language import Language

RUBY = Language(
    key="ruby", name="Ruby", command=("ruby", {worker!r}), estimators="triglot_ruby.", suffixes=frozenset({{".rb"}}),
    environment={{"RUBYOPT": "-W0"}},
)


class RubyClassifier(ForeignClassifier):
    language = "ruby"

    def __init__(self, script, name):
        self.script = script
        self.name = name

    def author(self):
        path = Path(self.script)
        return {{"script": path.name, "class": self.name}}, {{path.name: path.read_text()}}
"""
CONFIG = """{
    'model_name': 'iris',
    'dataset_loader_train': {
        '!': 'triglot.dataset.CSV', 'path': %r, 'names': ['a', 'b', 'c', 'd', 'species'], 'target_column': 'species',
    },
    'dataset_loader_test': {'__copy__': 'dataset_loader_train'},
    'model': {'!': 'triglot_ruby.RubyClassifier', 'script': here + '/centroids.rb', 'name': 'Centroids'},
}"""


def package(place: Path, entry: str = "triglot_ruby:RUBY") -> Path:
    """Return a folder that holds an installed package with a language."""
    (place / "triglot_ruby.py").write_text(PACKAGE.format(worker=str(RUBY)))
    about = place / "triglot_ruby-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: triglot-ruby\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[triglot.languages]\nruby = {entry}\n")
    return place


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Hold the folder of an author who has that package."""
    require("ruby")
    with folder() as made:
        (made / "packages").mkdir()
        monkeypatch.setenv("PYTHONPATH", f"{package(made / 'packages')}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
        (made / "centroids.rb").write_text(MODEL.read_text())
        (made / "triglot-config.py").write_text(CONFIG % str(EXAMPLES / "data" / "iris.data"))
        yield made


def test_a_model_of_it_is_fitted_listed_served_and_asked(place: Path) -> None:
    fitted = triglot("fit", "--evaluate", cwd=place)
    assert fitted.returncode == 0, fitted.stderr
    assert "Test score:" in fitted.stderr
    listed = triglot("list", "--json", cwd=place)
    assert json.loads(listed.stdout.splitlines()[0])["language"] == "ruby", listed.stdout + listed.stderr

    service = Running(place, place / "triglot-config.py")
    try:
        service.wait_until_ready()
        assert "workers-ruby:ruby-0" in service.processes()
        assert service.get("/predict", a=5.1, b=3.5, c=1.4, d=0.2).result == "Iris-setosa"
        until(lambda: "iris version 1 (ruby) answers on" in service.said())
    finally:
        service.close()


def test_commands_know_it_by_its_record(place: Path) -> None:
    refused = triglot("fit", cwd=place, PATH=str(place))
    assert "ruby" in refused.stderr
    told = triglot("supervisor-config", "--workers", "ruby=2", cwd=place)
    conf = Path(told.stdout.strip()).read_text()
    assert f"command=ruby {RUBY} --name" in conf
    assert 'RUBYOPT="-W0"' in conf


def test_the_doctor_asks_its_record(place: Path) -> None:
    package = place / "packages" / "triglot_ruby.py"
    package.write_text(
        package.read_text().replace("environment=", "missing=lambda environ: environ.get('NO_RUBY'), environment=")
    )
    well, ill = triglot("doctor", "ruby", cwd=place), triglot("doctor", "ruby", cwd=place, NO_RUBY="there is no ruby")
    assert (well.returncode, ill.returncode) == (0, 1)
    assert "Ruby" in well.stdout
    assert "there is no ruby" in ill.stdout


def test_one_whose_package_gives_none_is_told_by_its_name(place: Path) -> None:
    about = place / "packages" / "triglot_ruby-1.0.dist-info" / "entry_points.txt"
    about.write_text("[triglot.languages]\nruby = triglot_ruby:PACKAGE\n")
    done = triglot("supervisor-config", "--workers", "ruby=1", cwd=place)
    assert done.returncode == 1
    assert "language 'ruby': triglot_ruby:PACKAGE cannot be had: AttributeError" in done.stderr
    assert triglot("list", cwd=place).returncode == 0
    (place / "other.py").write_text("{'model': {'!': 'sklearn.dummy.DummyClassifier'}, 'dataset_loader_train': {}}")
    other = triglot("-c", "other.py", "supervisor-config", cwd=place)
    assert (other.returncode, other.stderr) == (0, "")


def test_what_is_started_as_this_programs_own_worker_says_where_its_own_is(place: Path) -> None:
    command = [sys.executable, "-m", "triglot.workers", "ruby", "--name", "ruby-0", "--run-dir", str(place / "run")]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert f"Ruby has a worker of its own; start it by: ruby {RUBY}" in done.stdout
