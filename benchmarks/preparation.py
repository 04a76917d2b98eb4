"""What systems serve: models, fitted in each environment with what is installed there, and the answers to expect."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import ours
from benchmarks.alternatives import environments
from benchmarks.data import FILE, MANY, flowers, many
from benchmarks.processes import ROOT
from benchmarks.systems import CONFIG, HERE, OWN, System

AGREEMENT = 0.9  # with the truth, of models of which nothing else is known

Expected = dict[str, dict[str, list[str]]]


class Preparation:
    """A folder of models by environment; the answers that they give without a server; who is absent and why."""

    def __init__(self, folder: Path, systems: Sequence[System]) -> None:
        self.folder = folder
        self.absent: dict[str, str] = {}
        self._expected: dict[str, Expected] = {}
        for environment in dict.fromkeys(system.environment for system in systems):
            named = [system for system in systems if system.environment == environment]
            reason = None if environment == OWN else environments.absent(environment)
            if reason is None:
                reason = self._fit(environment, named[0].python)
            if reason is not None:
                self.absent |= {system.name: reason for system in named}
        for system in (system for system in systems if system.is_ours):
            try:
                ours.fit(self.place(system.name), CONFIG)
            except RuntimeError as error:
                self.absent[system.name] = str(error)

    def models(self, environment: str) -> Path:
        """Return the folder of an environment's models."""
        return self.folder / "models" / environment

    def place(self, name: str) -> Path:
        """Return a system's own folder."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder

    def check(self, system: System, model: str, one: list[Any], thousand: list[Any]) -> None:
        """Raise `RuntimeError` unless these labels of one row and of a thousand are those that they should be."""
        expected = self._expected.get(system.environment, {}).get(model)
        check(thousand, expected and expected["rows"])
        wanted = expected["one"] if expected else ["Iris-versicolor"] if model == "r-forest" else one
        if one != wanted or len(one) != 1:
            raise RuntimeError(f"{system.name} answered {one!r} for one row, not {wanted!r}")

    def fitted(self, language: str) -> Path:
        """Return a folder with models of `sklearn` or `r`; raises `RuntimeError` where they cannot be fitted."""
        environment = environments.PLUMBER if language == "r" else OWN
        if not self.models(environment).exists() and (reason := self._fit(environment, Path(sys.executable))):
            raise RuntimeError(reason)
        return self.models(environment)

    def _fit(self, environment: str, python: Path) -> str | None:
        """Fit an environment's models; return why they could not be, or None."""
        folder = self.models(environment)
        folder.mkdir(parents=True)
        commands = [[str(python), "-m", "benchmarks.alternatives.fit", str(folder)]]
        if environment == environments.PLUMBER:
            script, author = HERE / "alternatives" / "fit.R", ROOT / "examples" / "iris-r" / "iris.R"
            commands = [["Rscript", str(script), str(author), str(FILE), str(folder)]]
        elif environment == "mlflow":
            commands.append([str(python), "-m", "benchmarks.alternatives.mlflow_model", str(folder)])
        for command in commands:
            run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            if run.returncode:
                return f"its models could not be fitted: {run.stderr[-500:]}"
        expected = folder / "expected.json"
        if expected.exists():
            self._expected[environment] = json.loads(expected.read_text("utf-8"))
        return None


def check(labels: list[Any], expected: Sequence[str] | None) -> None:
    """Raise `RuntimeError` unless the labels of a thousand rows are those that are expected of the 150.

    Where none are known, nine in ten labels must be true.
    """
    if len(labels) != MANY:
        raise RuntimeError(f"{len(labels)} labels for {MANY} rows")
    wanted = many(list(expected or flowers()[1]))
    agreed = sum(label == other for label, other in zip(labels, wanted, strict=True)) / MANY
    if agreed < (1.0 if expected else AGREEMENT):
        raise RuntimeError(f"only {agreed:.0%} of the labels are as expected")
