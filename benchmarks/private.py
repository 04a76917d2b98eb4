"""Private virtual environments, made once from pinned requirements.

An environment is as good as its mark, a file with the digest of the requirements that were installed. One that could
not be made leaves the reason instead.
"""

import hashlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Environments:
    """Environments below a folder, one for each file of requirements; `hint` says what installs them."""

    requirements: Path
    folder: Path
    hint: str
    options: tuple[str, ...] = ()

    def names(self) -> list[str]:
        """Return the environments that there are requirements for."""
        return sorted(path.stem for path in self.requirements.glob("*.txt"))

    def python(self, name: str) -> Path:
        """Return the interpreter of an environment."""
        return self.folder / name / "bin" / "python"

    def absent(self, name: str) -> str | None:
        """Return why an environment cannot be used, or None."""
        mark = self.folder / name / "installed"
        if mark.exists() and mark.read_text("ascii") == self._digest(name):
            return None
        reason = self.folder / f"{name}.reason"
        return reason.read_text("utf-8") if reason.exists() else self.hint

    def install(self, name: str) -> str | None:
        """Make an environment, unless it is there; return why it could not be made, or None."""
        if self.absent(name) is None:
            return None
        shutil.rmtree(self.folder / name, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        reason = self.folder / f"{name}.reason"
        pip = [str(self.python(name)), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        wanted = ["--prefer-binary", *self.options, "--requirement", str(self._file(name))]
        for step in ([sys.executable, "-m", "venv", str(self.folder / name)], [*pip, "install", *wanted]):
            run = subprocess.run(step, capture_output=True, text=True)
            if run.returncode:
                said = [line for line in run.stderr.splitlines() if line.startswith("ERROR")] or run.stderr.splitlines()
                reason.write_text(f"pip could not install it: {said[-1] if said else run.returncode}", "utf-8")
                return reason.read_text("utf-8")
        reason.unlink(missing_ok=True)
        (self.folder / name / "installed").write_text(self._digest(name), "ascii")
        return None

    def version(self, name: str, package: str) -> str | None:
        """Return the version that an environment pins of a package, or None."""
        pins = (line.partition("==") for line in self._file(name).read_text("ascii").splitlines())
        return next((version for pinned, _, version in pins if pinned.lower() == package), None)

    def _file(self, name: str) -> Path:
        return self.requirements / f"{name}.txt"

    def _digest(self, name: str) -> str:
        return hashlib.sha256(self._file(name).read_bytes()).hexdigest()
