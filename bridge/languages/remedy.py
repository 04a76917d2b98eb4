"""What mends an installation: which rpy2 fits which R, and the commands.

Workers that refuse to start and `triglot doctor` say it alike.
"""

import importlib.metadata
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

# 3.6 calls what R has from 4.5 on. Its parts are packages of their own, which 3.5 knows nothing of.
RPY2_BEFORE_4_5 = "3.5.17"
RPY2 = "3.6.9"
RPY2_PARTS = ("rpy2", "rpy2-rinterface", "rpy2-robjects")
_R_VERSION = re.compile(r"^R version (\d+\.\d+\.\d+)", re.MULTILINE)
_ASK_TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class Command:
    """A command line that mends something; `path_first` is a folder that is to be the first on PATH meanwhile."""

    arguments: tuple[str, ...]
    variables: tuple[tuple[str, str], ...] = ()
    path_first: str = ""
    as_root: bool = False

    def __str__(self) -> str:
        """Return it as one writes it in a shell; with sudo where this user may not."""
        before = [f"{name}={shlex.quote(value)}" for name, value in self.variables]
        if self.path_first:
            before.append(f'PATH={shlex.quote(self.path_first)}:"$PATH"')
        if self.as_root and os.geteuid():
            before.insert(0, "sudo")
        return " ".join([*before, shlex.join(self.arguments)])

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that it is run with."""
        path = {"PATH": f"{self.path_first}{os.pathsep}{environ.get('PATH', '')}"} if self.path_first else {}
        return {**environ, **dict(self.variables), **path}


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with an installation, the commands that mend it, and what no command can do."""

    cause: str
    commands: tuple[Command, ...] = ()
    advice: str = ""

    def told(self, language: str) -> str:
        """Return it as a worker says it: the cause, and under it the commands."""
        lines = [f"    {command}" for command in self.commands]
        if self.advice:
            lines.append(f"    {self.advice}")
        if self.commands:
            lines.append(f"or have them run by: triglot doctor --fix {language}")
        return "\n".join([self.cause, *lines])


def pip(*arguments: str) -> Command:
    """Return a call of this environment's own pip."""
    return Command((sys.executable, "-m", "pip", *arguments))


def pip_install(*requirements: str) -> tuple[Command, ...]:
    """Return what installs packages here; an environment without pip gets it first."""
    return (*_with_pip(), pip("install", *requirements))


def apt(*packages: str) -> tuple[Command, ...]:
    """Return what installs Debian's packages; nothing where there is no apt."""
    if shutil.which("apt-get") is None:
        return ()
    install = ("apt-get", "install", "--yes", "--no-install-recommends", *packages)
    return (Command(("apt-get", "update"), as_root=True), Command(install, as_root=True))


def r_version(home: str | Path) -> str | None:
    """Return the version of the R that stands there, or None where it does not say one."""
    program = Path(home, "bin", "R")
    try:
        asked = [str(program), "--version"]
        answer = subprocess.run(asked, capture_output=True, text=True, errors="replace", timeout=_ASK_TIMEOUT_S)
    except (OSError, subprocess.SubprocessError):
        return None
    found = _R_VERSION.search(answer.stdout)
    return found and found[1]


def fitting_rpy2(r_version: str) -> str:
    """Return the version of rpy2 to install for a version of R."""
    return RPY2 if numbers(r_version) >= (4, 5) else RPY2_BEFORE_4_5


def installed_rpy2() -> dict[str, str]:
    """Return the versions of what is installed of rpy2 and its parts, by name."""
    return installed(RPY2_PARTS)


def installed(names: Iterable[str]) -> dict[str, str]:
    """Return the versions of those of these Python packages that are installed, by name."""
    importlib.invalidate_caches()
    found = {}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def rpy2_trouble(home: str, version: str, installed: Mapping[str, str], error: str) -> Trouble:
    """Return why rpy2 does not work with this R, as far as the versions tell, and how to get one that does.

    `installed` is what is there of rpy2 and its parts; `error` is what the attempt to load it gave.
    """
    wanted = fitting_rpy2(version)
    own = installed.get("rpy2")
    left = sorted(
        name for name in installed if name != "rpy2" and numbers(installed[name])[:2] != numbers(own or "")[:2]
    )
    if not installed:
        cause = "the Python package rpy2 is not installed"
    elif own is None or (left and wanted == RPY2_BEFORE_4_5 and own == wanted):
        names = ", ".join(f"{name} {installed[name]}" for name in left)
        cause = f"{names} {'are' if len(left) > 1 else 'is'} left over and in the way of rpy2 {wanted}"
    elif numbers(own)[:2] != numbers(wanted)[:2]:
        cause = f"rpy2 {own} does not fit R {version}, which needs rpy2 {wanted}"
    else:
        cause = f"rpy2 {own} does not load ({error}); it was built against another R than {version} in {home}"
    return Trouble(cause, rpy2_commands(home, version, installed))


def rpy2_commands(home: str, version: str, installed: Iterable[str] = RPY2_PARTS) -> tuple[Command, ...]:
    """Return what installs the rpy2 that fits this R, compiled against it.

    Neither an earlier build nor pip's cache of one will do; and what is left of 3.6's parts would shadow 3.5's.
    """
    old = tuple(name for name in RPY2_PARTS if name in set(installed))
    away = (pip("uninstall", "--yes", *old),) if old else ()
    build = Command(
        pip("install", "--no-cache-dir", f"rpy2=={fitting_rpy2(version)}").arguments,
        variables=(("R_HOME", str(home)),),
        path_first="" if _is_first(home) else str(Path(home, "bin")),
    )
    return (*_with_pip(), *away, build)


def no_shared_library(home: str) -> Trouble:
    """Return what is to be said of an R that cannot be put into another process."""
    return Trouble(
        f"there is no lib/libR.so in R's home {str(home)!r}: this R was built without its shared library",
        apt("r-base-core", "r-base-dev"),
        "or name the home of another R with TRIGLOT_R_HOME, or build R with ./configure --enable-R-shlib",
    )


def _is_first(home: str) -> bool:
    """Whether this is the R that is found on PATH, which rpy2 asks while it is built."""
    try:
        told = subprocess.run(["R", "RHOME"], capture_output=True, text=True, timeout=_ASK_TIMEOUT_S).stdout
    except (OSError, subprocess.SubprocessError):
        return False
    return os.path.realpath(told.strip()) == os.path.realpath(home)


def _with_pip() -> tuple[Command, ...]:
    there = importlib.util.find_spec("pip") is not None
    return () if there else (Command((sys.executable, "-m", "ensurepip", "--upgrade")),)


def numbers(version: str) -> tuple[int, ...]:
    """Return the first three numbers of a version, for comparing."""
    return tuple(map(int, re.findall(r"\d+", version)[:3]))
