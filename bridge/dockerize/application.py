"""The folder of an application: where its configuration is, what it depends on, and what of it goes into an image."""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from triglot.config.files import DEFAULT_FILES
from triglot.errors import ConfigError

CONFIGS = (*DEFAULT_FILES[:2], "config.py", *DEFAULT_FILES[2:])
# What describes dependencies, and nothing else: as long as it stays the same they are not installed again.
DEPENDENCIES = ("requirements*.txt", "constraints*.txt", "python_packages", "r_packages", "renv.lock", "packages.R")
# Caches, what belongs to one machine, and secrets; in any folder.
LEFT_OUT = (
    *(".git", ".hg", ".svn", ".venv", "__pycache__", "*.pyc", ".pytest_cache", ".mypy_cache", ".ruff_cache"),
    *("*.key", "*.key_secret", "*.pem", ".env", ".netrc", ".pypirc"),
    "triglot.db*",  # beside the configuration
)
# The same, in the application's own folder alone: what `triglot fit`, `serve` and `dockerize` leave there.
LEFT_OUT_AT_TOP = (
    *("run", "python_packages", "r_packages"),
    *("app.tar.gz", "dependencies.tar.gz", "Dockerfile-*"),
)


@dataclass(frozen=True, slots=True)
class Application:
    """What an image of a folder needs; `config` is the configuration's path in it."""

    folder: Path
    config: str
    requirements: bool
    python_packages: bool
    installable: bool
    renv: bool
    r_packages: bool
    julia: bool

    @classmethod
    def read(cls, folder: Path) -> "Application":
        """Return what a folder asks for; raises `ConfigError` where it cannot become an image."""
        if not folder.is_dir():
            raise ConfigError(f"{str(folder)!r} is no folder; name the one with your configuration")
        config = next((name for name in CONFIGS if (folder / name).is_file()), None)
        if config is None:
            raise ConfigError(f"{str(folder)!r} has no configuration; put one of {', '.join(CONFIGS)} there")
        if (folder / "renv.lock").is_file():
            _check_lock(folder / "renv.lock")
        _toml(folder / "Manifest.toml")
        return cls(
            folder=folder,
            config=config,
            requirements=(folder / "requirements.txt").is_file(),
            python_packages=any((folder / "python_packages").glob("*.*")),
            installable=(folder / "setup.py").is_file()
            or not {"project", "build-system"}.isdisjoint(_toml(folder / "pyproject.toml")),
            renv=(folder / "renv.lock").is_file(),
            r_packages=(folder / "packages.R").is_file(),
            julia=bool(_toml(folder / "Project.toml").get("deps")),
        )

    @property
    def r(self) -> bool:
        """Whether packages of R are to be installed."""
        return self.renv or self.r_packages

    @property
    def dependencies(self) -> bool:
        """Whether anything is to be installed before the application itself is there."""
        return self.r or self.requirements or self.python_packages

    def files(self) -> Iterator[Path]:
        """Yield the paths of what goes into the image, folders before their files, in a fixed order."""
        for path in sorted(self.folder.iterdir()):
            if not any(fnmatch(path.name, pattern) for pattern in LEFT_OUT_AT_TOP):
                yield from _below(path)

    def dependency_files(self) -> Iterator[Path]:
        """Yield the paths of what describes the dependencies, in a fixed order."""
        for path in sorted(self.folder.iterdir()):
            if any(fnmatch(path.name, pattern) for pattern in DEPENDENCIES):
                yield from _below(path)


def _below(path: Path) -> Iterator[Path]:
    if any(fnmatch(path.name, pattern) for pattern in LEFT_OUT) or (path / "pyvenv.cfg").exists():
        return
    if path.is_symlink() or path.is_file() or path.is_dir():
        yield path
    if path.is_dir() and not path.is_symlink():
        for child in sorted(path.iterdir()):
            yield from _below(child)


def _check_lock(path: Path) -> None:
    """Refuse what renv could not read, before hours of building."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (ValueError, OSError) as error:
        raise ConfigError(f"{str(path)!r} is broken: {error}; make it anew with renv::snapshot()") from None
    packages = found.get("Packages") if isinstance(found, dict) else None
    if not isinstance(packages, dict) or not all(
        isinstance(one, dict) and "Version" in one for one in packages.values()
    ):
        raise ConfigError(f"{str(path)!r} is no lock file of renv: it lacks Packages with a Version each")


def _toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file says; nothing where there is none."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, OSError) as error:
        raise ConfigError(f"{str(path)!r} is broken: {error}") from None
