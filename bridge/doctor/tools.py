"""What rpy2 is compiled with: a C compiler, the headers of R and of Python, and the libraries that R links to."""

import shlex
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from triglot.doctor.asking import said
from triglot.languages.remedy import Trouble, apt

DEBIAN_R = Path("/usr/lib/R")
# What an R of one's own is linked to, as Debian names it.
_LIBRARIES = ("libbz2-dev", "libicu-dev", "liblzma-dev", "libpcre2-dev", "libtirpc-dev", "zlib1g-dev")


def lacking(home: str, environ: Mapping[str, str]) -> Trouble | None:
    """Return why nothing can be compiled against this R and this Python, or None where that has just been done."""
    why = _no_python_headers()
    if why is not None:
        return Trouble(why, apt(_python_dev()) if _is_debians_python() else (), "install this Python with its headers")
    why = _no_compiler(environ) or _does_not_compile(home, environ)
    if why is None:
        return None
    packages = ("r-base-dev",) if Path(home) == DEBIAN_R else ("gcc", "make", *_LIBRARIES)
    return Trouble(why, apt(*packages), "" if apt() else "install a C compiler, make and the headers of R")


def _no_python_headers() -> str | None:
    folder = sysconfig.get_path("include")
    return None if Path(folder, "Python.h").is_file() else f"there is no Python.h in {folder}"


def _no_compiler(environ: Mapping[str, str]) -> str | None:
    missing = [name for name in ("gcc", "make") if shutil.which(name, path=environ.get("PATH")) is None]
    return f"there is no {' and no '.join(missing)} to compile rpy2 with" if missing else None


def _does_not_compile(home: str, environ: Mapping[str, str]) -> str | None:
    """Compile and link nothing at all, but with everything that rpy2 asks for."""
    flags: list[str] = []
    for asked in ("--cppflags", "--ldflags"):
        text, why = said([Path(home, "bin", "R"), "CMD", "config", asked], environ)
        if text is None:
            return f"R CMD config {asked} does not answer ({why})"
        flags += shlex.split(text)
    headers = ["-I", sysconfig.get_path("include"), "-include", "Python.h", "-include", "Rinternals.h"]
    done, why = said(
        ["gcc", "-shared", "-fPIC", "-o", "/dev/null", *headers, "-x", "c", "/dev/null", *_after(flags)], environ
    )
    return None if done is not None else f"nothing can be compiled against R ({why})"


def _after(flags: list[str]) -> list[str]:
    """Return flags as they may follow the source: what comes from now on is no C any more."""
    return ["-x", "none", *flags]


def _is_debians_python() -> bool:
    return sys.base_prefix == "/usr"


def _python_dev() -> str:
    return f"python{sys.version_info.major}.{sys.version_info.minor}-dev"
