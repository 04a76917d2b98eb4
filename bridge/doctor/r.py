"""R: found, a shared library, and with an rpy2 that fits it; a worker of it starts."""

import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path

from triglot.doctor import tools
from triglot.doctor.asking import said, start
from triglot.doctor.finding import Finding, Verdict
from triglot.errors import TriglotError
from triglot.languages.elf import misfit
from triglot.languages.remedy import (
    Trouble,
    apt,
    installed_rpy2,
    no_shared_library,
    r_version,
    rpy2_commands,
    rpy2_trouble,
)


def look(environ: Mapping[str, str], wanted: bool) -> Iterator[Finding]:
    """Yield what there is of R, up to the first thing that is wrong."""
    installed = installed_rpy2()
    homes = _homes(environ)
    if not homes:
        verdict: Verdict = "fail" if wanted else "warn" if installed else "off"
        yield Finding.of("R", verdict, _no_r())
        return
    home = homes[0]
    version = r_version(home)
    if version is None:
        yield Finding("R", "fail", _does_not_run(home, environ), advice="name another with TRIGLOT_R_HOME")
        return
    yield _which(homes, version, "TRIGLOT_R_HOME" in environ)
    library = Path(home, "lib", "libR.so")
    if not library.exists():
        yield Finding.of("libR", "fail", no_shared_library(home))
    elif why := misfit(library):
        yield Finding("libR", "fail", f"{library} is {why}", advice="name another R with TRIGLOT_R_HOME")
    elif not installed:
        yield Finding.of("rpy2", "fail" if wanted else "off", _with_tools(home, version, environ, ""))
    else:
        yield _started(home, version, installed, environ)


def _started(home: str, version: str, installed: Mapping[str, str], environ: Mapping[str, str]) -> Finding:
    try:
        seconds = start("r", environ)
    except TriglotError as error:
        loaded, why = said(
            [sys.executable, "-c", "import rpy2.rinterface"], {**environ, "R_HOME": home, "PYTHONWARNINGS": "ignore"}
        )
        if loaded is None:
            return Finding.of("rpy2", "fail", _with_tools(home, version, environ, why))
        return Finding("R worker", "fail", str(error), advice=f"rpy2 loads, so look at R itself: {home}/bin/R")
    return Finding("rpy2", "ok", f"{installed['rpy2']}; an R worker was ready after {seconds:.1f} s")


def _with_tools(home: str, version: str, environ: Mapping[str, str], error: str) -> Trouble:
    """Return what is wrong with rpy2, with what it takes to compile another."""
    trouble = rpy2_trouble(home, version, installed_rpy2(), error)
    packages = sysconfig.get_path("purelib")
    if not os.access(packages, os.W_OK):
        return Trouble(trouble.cause, trouble.commands, f"{packages} is not yours to change: run this as its owner")
    lack = tools.lacking(home, environ)
    if lack is None:
        return trouble
    cause = f"{trouble.cause}; besides, {lack.cause}"
    return Trouble(cause, (*lack.commands, *rpy2_commands(home, version, installed_rpy2())), lack.advice)


def _which(homes: list[str], version: str, named: bool) -> Finding:
    """Say which R is taken, and of which others it might have been."""
    others = {home: r_version(home) or "an unknown version" for home in homes[1:]}
    told = "".join(f"; not taken: {other} in {home}" for home, other in others.items())
    found = f"{version} in {homes[0]}{' (TRIGLOT_R_HOME)' if named else ''}{told}"
    if named or set(others.values()) <= {version}:
        return Finding("R", "ok", found)
    return Finding("R", "warn", found, advice=f"name the one you mean: export TRIGLOT_R_HOME={homes[0]}")


def _homes(environ: Mapping[str, str]) -> list[str]:
    """Return the homes of the Rs that are here, the one that is taken first."""
    found = [environ["TRIGLOT_R_HOME"]] if environ.get("TRIGLOT_R_HOME") else []
    for folder in environ.get("PATH", "").split(os.pathsep):
        if program := shutil.which("R", path=folder or os.curdir):
            told, _ = said([program, "RHOME"], environ)
            found += [told.strip()] if told else []
    by_place: dict[str, str] = {}
    for home in found:
        by_place.setdefault(os.path.realpath(home), home)
    return list(by_place.values())


def _does_not_run(home: str, environ: Mapping[str, str]) -> str:
    _, why = said([Path(home, "bin", "R"), "--version"], environ)
    source = "TRIGLOT_R_HOME names a home without a working R: " if environ.get("TRIGLOT_R_HOME") == home else ""
    return f"{source}{home}/bin/R does not run ({why or 'it does not say its version'})"


def _no_r() -> Trouble:
    return Trouble(
        "R is not installed: neither TRIGLOT_R_HOME nor PATH leads to it",
        apt("r-base-core", "r-base-dev"),
        "" if apt() else "install R with its headers (Fedora: R-devel, openSUSE: R-base-devel, Arch: r and gcc)",
    )
