"""R inside this process: started once, entered from the main thread only, its console kept as text.

What is written in R stands in the .R files beside this one; they are read into one environment, and this module
calls their functions.
"""

import logging
import os
import resource
import shutil
import signal
import subprocess
import threading
import warnings
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

from triglot.errors import EstimatorFailed, LanguageUnavailable
from triglot.languages.remedy import installed_rpy2, no_shared_library, r_version, rpy2_trouble
from triglot.workers.r.output import Console

_UNLIMITED_STACK = 8 * 2**20
_EMBED_OPTIONS: Any = ("rpy2", "--quiet", "--no-save", "--vanilla")


class Interpreter:
    """The one R of this process."""

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        """Start R; raises `LanguageUnavailable` with the reason where that cannot be."""
        if threading.current_thread() is not threading.main_thread():
            raise LanguageUnavailable("R can only be started in a process's main thread")
        _prepare(environ)
        self.console = Console()
        self.rinterface = _start(self.console)
        from rpy2.rinterface_lib import openrlib

        self._lib: Any = openrlib.rlib
        self._shim = self._read_shim()
        self._shim["draw_nowhere"]()
        self._thread = threading.get_ident()
        signal.signal(signal.SIGURG, lambda *_: None)

    def __getitem__(self, name: str) -> Any:
        """Return a function of the .R files."""
        return self._shim[name]

    def call(self, function: Any, /, *args: Any, **named: Any) -> Any:
        """Return what an R function answers.

        A flag to interrupt that was set while R did nothing is forgotten: it was meant for an earlier call.
        """
        self._lib.R_interrupts_pending = 0
        try:
            return function(*args, **named)
        except self.rinterface.embedded.RRuntimeError as error:
            raise EstimatorFailed(
                f"the call was left for R's top level: {str(error).strip() or 'without a message'}",
                language="r",
                native_class="simpleError",
                output=self.console.peek(),
            ) from None
        finally:
            self._lib.R_interrupts_pending = 0

    def interrupt(self) -> None:
        """Have R leave the running call at its next check; may be called from any thread.

        This is the flag that R's own handler of SIGINT sets. The signal itself would go to Python; another one, of
        which nothing follows, wakes R where it waits (in `Sys.sleep`, say), so that it looks at the flag.
        """
        self._lib.R_interrupts_pending = 1
        signal.pthread_kill(self._thread, signal.SIGURG)

    def _read_shim(self) -> Any:
        base = self.rinterface.baseenv
        shim = base["new.env"](parent=base)
        for path in sorted(Path(__file__).parent.glob("*.R")):
            base["sys.source"](str(path), shim)
        return shim


def _prepare(environ: MutableMapping[str, str]) -> None:
    """Set what R reads from the environment: where it stands, UTF-8, and no start-up files of a person."""
    home = environ.get("TRIGLOT_R_HOME") or _home_from_path(environ)
    if not Path(home, "lib", "libR.so").exists():
        raise LanguageUnavailable(no_shared_library(home).told("r"))
    environ.update(R_HOME=home, LC_ALL="C.UTF-8", R_PROFILE_USER=os.devnull, R_ENVIRON_USER=os.devnull)


def _home_from_path(environ: Mapping[str, str]) -> str:
    program = shutil.which("R", path=environ.get("PATH"))
    if program is None:
        raise LanguageUnavailable("R is not on the PATH. Install it (triglot doctor r says how), or set TRIGLOT_R_HOME")
    try:
        answer = subprocess.run([program, "RHOME"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise LanguageUnavailable(f"{program} RHOME does not tell R's home: {error}") from None
    return answer.stdout.strip()


def _start(console: Console) -> Any:
    """Return rpy2's low-level interface, with R running behind it."""
    logging.getLogger("rpy2").setLevel(logging.WARNING)  # it tells how it found R, at each start
    try:
        from rpy2 import situation

        # it would start a second R to ask for it, which takes longer than the start of this one
        situation.r_ld_library_path_from_subprocess = _library_path
        from rpy2 import rinterface
        from rpy2.rinterface_lib import callbacks, embedded, openrlib
    except Exception as error:  # a missing module, but also a libR that does not fit rpy2
        raise LanguageUnavailable(_no_rpy2(os.environ["R_HOME"], error)) from error
    embedded.set_initoptions(_EMBED_OPTIONS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _plain_start(rinterface)
    except Exception as error:
        raise LanguageUnavailable(
            f"R does not start: {type(error).__name__}: {error}. What else may be wrong: triglot doctor r"
        ) from error
    lib: Any = openrlib.rlib
    ffi: Any = openrlib.ffi
    # rpy2 switches the check off, and endless recursion would then end the process.
    lib.R_CStackLimit = ffi.cast("uintptr_t", _stack_limit())
    lib.R_Interactive = False
    callbacks.consolewrite_print = console.write
    callbacks.consolewrite_warnerror = console.write
    callbacks.showmessage = console.write
    callbacks.consoleread = lambda prompt: ""  # nobody sits there
    return rinterface


def _library_path(home: str) -> str:
    """Return the LD_LIBRARY_PATH of an R process, by the file of R's own in which its start-up script sets it."""
    return subprocess.run(
        ["/bin/sh", "-c", '. "$R_HOME/etc$R_ARCH/ldpaths" && printf %s "$LD_LIBRARY_PATH"'],
        env={"R_ARCH": "", **os.environ, "R_HOME": home},
        capture_output=True,
        text=True,
        timeout=30,
    ).stdout


def _plain_start(rinterface: Any) -> None:
    """Start R in this process, and no second R whose environment is copied into this one.

    Until 3.5, rpy2 has a start of its own for that. From 3.6 on it has one start alone, whose copying is left out here:
    it takes as long as the start itself, and leaves the name of a session's folder that is gone (`R_SESSION_TMPDIR`).
    """
    if hasattr(rinterface, "initr_simple"):
        rinterface.initr_simple()
        return
    copying = getattr(rinterface, "_setrenvvars", None)
    rinterface._setrenvvars = lambda actions: None
    try:
        rinterface.initr()
    finally:
        rinterface._setrenvvars = copying


def _no_rpy2(home: str, error: Exception) -> str:
    """Return why rpy2 cannot be used, and the commands that install one that fits this R."""
    version = r_version(home)
    if version is None:
        return f"{home}/bin/R does not run; name the home of another R with TRIGLOT_R_HOME"
    why = f"{type(error).__name__}: {error}".strip().splitlines()[-1]
    return rpy2_trouble(home, version, installed_rpy2(), why).told("r")


def _stack_limit() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_STACK)
    return int(0.9 * (_UNLIMITED_STACK if soft == resource.RLIM_INFINITY else soft))
