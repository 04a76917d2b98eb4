"""libjulia: loaded and initialised; its long calls leave Python's other threads free.

What runs for long goes through `ctypes.CDLL` and `CFUNCTYPE`, which release the interpreter lock; otherwise it would
hold up state, draining and deadlines.
"""

import contextlib
import ctypes
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from triglot.errors import LanguageUnavailable
from triglot.workers.julia.installation import Installation, find

logger = logging.getLogger("triglot.worker")

# Julia 1.6 has only the second, 1.12 no longer has it.
_INIT_NAMES = ("jl_init_with_image", "jl_init_with_image__threading", "jl_init_with_image_file")
OPTIMISATION = "TRIGLOT_JULIA_OPTIMIZE"
_LEVELS = ("0", "1", "2", "3")
_TASKS = Path("/proc/self/task")
_WORDS_AT_MOST = 2_000
_AT_EXIT = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Library:
    """libjulia in this process, initialised once by the thread that makes this object."""

    def __init__(self, installation: Installation) -> None:
        before = _tasks()
        try:
            # Compiled Julia code looks for libjulia's functions among those that are everybody's.
            self._c = ctypes.CDLL(str(installation.library), ctypes.RTLD_GLOBAL)
        except OSError as error:
            raise LanguageUnavailable(f"{installation.library} does not load: {error}") from error
        optimise(self._c, os.environ.get(OPTIMISATION, ""))
        initialise(self._c, installation)
        self._threads = _tasks() - before
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
        # A thread that is older than Julia has SIGINT unblocked and would take a signal that is sent to the process.
        # Of Julia's own, all of which block it, one waits for it: with the others it stays pending and does nothing.
        if not hasattr(libc, "tgkill"):
            os.kill(os.getpid(), signal.SIGINT)
            return
        for thread in self._threads:
            libc.tgkill(os.getpid(), thread, int(signal.SIGINT))

    def end(self) -> None:
        """Let Julia end as it does by itself: what authors' code registered with `atexit` runs, and finalisers."""
        self._c.jl_atexit_hook(0)

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


def optimise(c: Any, level: str) -> None:
    """Have a Julia that is not initialised yet compile as after `julia -O LEVEL`; without one as it does by itself.

    Raises `LanguageUnavailable` for a level that Julia has not.
    """
    if not level:
        return
    if level not in _LEVELS:
        raise LanguageUnavailable(f"{OPTIMISATION} is {level!r}; write {', '.join(_LEVELS)}, or unset it")
    words = (ctypes.c_char_p * 3)(b"julia", f"-O{level}".encode(), None)
    count, first = ctypes.c_int(2), ctypes.cast(words, ctypes.c_void_p)
    parse = _declare(c, "jl_parse_opts", None, ctypes.c_void_p, ctypes.c_void_p)
    parse(ctypes.byref(count), ctypes.byref(first))


def initialise(c: Any, installation: Installation) -> None:
    """Initialise by the first name that this libjulia has for it; raises `LanguageUnavailable` where it has none."""
    known = next((name for name in _INIT_NAMES if hasattr(c, name)), None)
    if known is None:
        raise LanguageUnavailable(f"{installation.library} exports none of {', '.join(_INIT_NAMES)}; use Julia 1.5+")
    function = _declare(c, known, None, ctypes.c_char_p, ctypes.c_char_p)
    function(os.fsencode(installation.bindir), os.fsencode(installation.image.absolute()))


def preload(environ: Mapping[str, str]) -> None:
    """Load libjulia, and the C++ library that came with it, before numpy brings the system's, which may be too old.

    Nothing is initialised, and what is wrong is told when it is.
    """
    with contextlib.suppress(LanguageUnavailable, OSError):
        library = str(find(environ).library)

        def told() -> NoReturn:
            print(f"julia is off: {library} ends the process that loads it; its words are above", file=sys.stderr)
            sys.stderr.flush()
            os._exit(os.EX_UNAVAILABLE)

        with when_it_exits(told):
            ctypes.CDLL(library)


def give_up(installation: Installation, said: str) -> NoReturn:
    """Tell the log, in Julia's own words, why there is no Julia, and end this process: libjulia is about to."""
    logger.error(
        "julia is off: %s ends the process in which it is initialised: %s. Install this Julia anew, or set JULIA_EXE "
        "to another",
        installation.library,
        "; ".join(said.strip().splitlines())[:_WORDS_AT_MOST] or "it does not say why",
    )
    logging.shutdown()
    os._exit(os.EX_UNAVAILABLE)


@contextlib.contextmanager
def when_it_exits(last: Callable[[], NoReturn]) -> Iterator[None]:
    """Have `last` called where C code ends the process by `exit()` within this block; Python would not hear of it.

    libjulia does so for whatever it finds wrong while it is loaded and initialised.
    """
    entered = True

    def handle(_: int | None) -> None:
        if entered:
            last()

    libc = ctypes.CDLL(None)
    handler, library = _AT_EXIT(handle), ctypes.byref(ctypes.c_char())  # as if a library of its own had asked for it
    _declare(libc, "__cxa_atexit", ctypes.c_int, _AT_EXIT, ctypes.c_void_p, ctypes.c_void_p)(handler, None, library)
    try:
        yield
    finally:
        entered = False
        # Calls the handler once more, and forgets it: there is no Python any more when the process ends in order.
        _declare(libc, "__cxa_finalize", None, ctypes.c_void_p)(library)


def _declare(c: ctypes.CDLL, name: str, result: Any, *arguments: Any) -> Any:
    function = getattr(c, name)
    function.restype = result
    function.argtypes = list(arguments)
    return function


def _tasks() -> set[int]:
    """Return the kernel's ids of this process's threads, of whatever language."""
    return {int(task.name) for task in _TASKS.iterdir()} if _TASKS.is_dir() else set()
