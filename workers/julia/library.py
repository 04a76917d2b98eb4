"""libjulia: found, loaded and initialised; its long calls leave Python's other threads free.

What runs for long goes through `ctypes.CDLL` and `CFUNCTYPE`, which release the interpreter lock; pyjulia's own
handle (`PyDLL`) would hold it, and heartbeats with it.
"""

import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triglot.errors import LanguageUnavailable
from triglot.launch import julia_executable

_LIBRARY_NAMES = ("libjulia.so", "libjulia.so.1")
_INIT_NAMES = ("jl_init_with_image", "jl_init_with_image__threading", "jl_init_with_image_file")
_TASKS = Path("/proc/self/task")


@dataclass(frozen=True, slots=True)
class Installation:
    """Where one Julia keeps its parts."""

    bindir: Path
    library: Path
    image: Path


def find(environ: Mapping[str, str]) -> Installation:
    """Return the Julia of JULIA_EXE, else of PATH, else of the user's prefix; raises `LanguageUnavailable`."""
    named = environ.get("JULIA_EXE")
    if named and not Path(named).is_file():
        raise LanguageUnavailable(f"JULIA_EXE is {named!r} and there is no such file; correct or unset it")
    executable = julia_executable(environ)
    if executable is None:
        raise LanguageUnavailable(
            "Julia is not installed: neither JULIA_EXE, PATH nor the private prefix leads to it; "
            "install Julia 1.5 or later, or set JULIA_EXE to its executable"
        )
    return _beside(executable) or _asked(executable)


def _beside(executable: Path) -> Installation | None:
    """Return the installation as its folders show it, which spares the start of a Julia process."""
    bindir = executable.resolve().parent
    lib = bindir.parent / "lib"
    for folder in (lib, *sorted(lib.glob("*-linux-gnu*"))):
        image = folder / "julia" / "sys.so"
        for name in _LIBRARY_NAMES:
            if (folder / name).is_file() and image.is_file():
                return Installation(bindir, folder / name, image)
    return None


def _asked(executable: Path) -> Installation:
    """Return the installation as Julia itself tells it; needed where `julia` is a launcher (juliaup)."""
    from julia.api import JuliaInfo

    try:
        info = JuliaInfo.load(julia=str(executable))
    except (OSError, ValueError, RuntimeError, subprocess.SubprocessError) as error:
        raise LanguageUnavailable(
            f"{executable} does not tell where its library is ({error}); set JULIA_EXE to Julia's own executable"
        ) from error
    if info.libjulia_path is None:
        raise LanguageUnavailable(
            f"{executable} has no shared library to load; install an official build of Julia and set JULIA_EXE"
        )
    return Installation(Path(str(info.bindir)), Path(info.libjulia_path), Path(str(info.sysimage)))


class Library:
    """libjulia in this process, initialised once by the thread that makes this object."""

    def __init__(self, installation: Installation) -> None:
        try:
            from julia.api import LibJulia
        except ImportError as error:
            raise LanguageUnavailable(
                f"the Python package julia cannot be imported ({error}); pip install 'triglot[julia]'"
            ) from error
        before = _tasks()
        try:
            api = LibJulia(str(installation.library), bindir=str(installation.bindir), sysimage=str(installation.image))
            self._c = ctypes.CDLL(str(installation.library))
        except (OSError, RuntimeError, AttributeError) as error:
            raise LanguageUnavailable(f"{installation.library} does not load: {error}") from error
        _initialise(api, self._c, installation)
        new = _tasks() - before
        self._listener = new.pop() if len(new) == 1 else 0
        # Julia blocks SIGTERM in the thread that starts it; the worker's own handler has to see it.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
        # Interrupts are held back from here on; the bridge lets them in around the author's code only.
        self._c.jl_sigatomic_begin()

    def include(self, path: Path) -> int:
        """Include a Julia file into Main and return the pointer that is its value."""
        c = self._c
        for name in ("jl_symbol", "jl_cstr_to_string"):
            _declare(c, name, ctypes.c_void_p, ctypes.c_char_p)
        _declare(c, "jl_get_global", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
        _declare(c, "jl_call2", ctypes.c_void_p, *[ctypes.c_void_p] * 3)
        _declare(c, "jl_exception_occurred", ctypes.c_void_p)
        _declare(c, "jl_unbox_voidpointer", ctypes.c_void_p, ctypes.c_void_p)
        main = ctypes.c_void_p.in_dll(c, "jl_main_module")
        value = c.jl_call2(self._base("include"), main, c.jl_cstr_to_string(os.fsencode(path)))
        if not value:
            raise LanguageUnavailable(f"Julia cannot read {path}: {self._failure()}")
        pointer: int | None = c.jl_unbox_voidpointer(value)
        assert pointer is not None
        return pointer

    def interrupt(self) -> None:
        """Have Julia throw an InterruptException into what it runs; may be called from any thread."""
        libc = ctypes.CDLL(None)
        # A Python thread that is older than Julia has SIGINT unblocked and would take a signal that is sent to
        # the process; Julia's own listener is addressed where it is known.
        if not self._listener or not hasattr(libc, "tgkill"):
            os.kill(os.getpid(), signal.SIGINT)
        else:
            libc.tgkill(os.getpid(), self._listener, int(signal.SIGINT))

    def _base(self, name: str) -> int:
        base = ctypes.c_void_p.in_dll(self._c, "jl_base_module")
        found: int = self._c.jl_get_global(base, self._c.jl_symbol(name.encode()))
        return found

    def _failure(self) -> str:
        """Return the text of the exception that Julia just threw."""
        _declare(self._c, "jl_string_ptr", ctypes.c_char_p, ctypes.c_void_p)
        thrown = self._c.jl_exception_occurred()
        text = self._c.jl_call2(self._base("sprint"), self._base("showerror"), thrown) if thrown else None
        return self._c.jl_string_ptr(text).decode("utf-8", "replace") if text else "it throws"


def _initialise(api: Any, c: ctypes.CDLL, installation: Installation) -> None:
    """Initialise by pyjulia; by the symbol's newer name where pyjulia does not know it."""
    known = next((name for name in _INIT_NAMES if hasattr(c, name)), None)
    if known is None:
        raise LanguageUnavailable(f"{installation.library} exports none of {', '.join(_INIT_NAMES)}; use Julia 1.5+")
    if known in _INIT_NAMES[:2]:
        api.init_julia()
        return
    function = _declare(c, known, None, ctypes.c_char_p, ctypes.c_char_p)
    function(os.fsencode(installation.bindir), os.fsencode(installation.image))


def _declare(c: ctypes.CDLL, name: str, result: Any, *arguments: Any) -> Any:
    function = getattr(c, name)
    function.restype = result
    function.argtypes = list(arguments)
    return function


def _tasks() -> set[int]:
    """Return the kernel's ids of this process's threads, of whatever language."""
    return {int(task.name) for task in _TASKS.iterdir()} if _TASKS.is_dir() else set()
