"""Made installations, where a real one of the kind cannot be had: a home of an R, a program of another machine."""

import os
from collections.abc import Iterable
from pathlib import Path

from triglot.doctor.finding import Finding

# What the kernel reads of a program for x86 of 32 bits.
OF_32_BITS = b"\x7fELF\x01\x01\x01" + bytes(9) + b"\x02\x00\x03\x00" + bytes(32)


def verdicts(findings: Iterable[Finding]) -> dict[str, str]:
    """Return what was found, by check."""
    return {finding.check: finding.verdict for finding in findings}


def script(path: Path, text: str) -> Path:
    """Return a program of a few lines of shell."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def r_home(folder: Path, version: str = "4.9.9", library: bytes | None = None) -> Path:
    """Return the home of an R that tells its version and its home, and can do nothing else."""
    told = f'case "$1" in RHOME) echo "{folder}";; *) echo "R version {version} (2026-01-01)";; esac'
    script(folder / "bin" / "R", told)
    if library is not None:
        (folder / "lib").mkdir()
        (folder / "lib" / "libR.so").write_bytes(library)
    return folder


def rpy2_of_another_r(folder: Path, **versions: str) -> Path:
    """Return a folder for PYTHONPATH with an rpy2 that does not load, and these versions of its parts."""
    (folder / "rpy2").mkdir(parents=True)
    (folder / "rpy2" / "__init__.py").touch()
    lacking = "raise ImportError('/usr/lib/R/lib/libR.so: undefined symbol: R_getVar')\n"
    (folder / "rpy2" / "rinterface.py").write_text(lacking)
    for name, version in versions.items():
        about = folder / f"{name}-{version}.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n")
    return folder


def programs_without(folder: Path, *missing: str) -> str:
    """Return a PATH on which every program of this machine is, except these."""
    folder.mkdir()
    for place in ("/bin", "/usr/bin", "/usr/local/bin"):
        for program in Path(place).iterdir() if Path(place).is_dir() else ():
            if program.name not in missing and not os.path.lexists(folder / program.name):
                (folder / program.name).symlink_to(program)
    return str(folder)
