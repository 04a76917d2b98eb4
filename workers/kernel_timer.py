"""A timer of the kernel's own that ends this process without a thread of ours, and that no author's alarm touches."""

import ctypes
import os
import signal

_CLOCK_MONOTONIC = 1
_SIGEV_SIGNAL = 0
LONGEST_S = 10.0**9


class _Event(ctypes.Structure):
    """`struct sigevent` of Linux, which has 64 bytes."""

    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signal", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("rest", ctypes.c_byte * 48),
    )


class _Times(ctypes.Structure):
    """`struct itimerspec`: the interval, which stays 0, and the time until the signal."""

    _fields_ = tuple((name, ctypes.c_long) for name in ("interval_s", "interval_ns", "s", "ns"))


class KernelTimer:
    """Sends this process a signal, SIGVTALRM by default, whose effect is its end; raises `OSError` where there is none.

    SIGALRM is left to authors: `signal.alarm` has one timer for the whole process.
    """

    def __init__(self, number: signal.Signals = signal.SIGVTALRM) -> None:
        libc = ctypes.PyDLL(None, use_errno=True)  # the calls take less time than to give the lock away
        if not hasattr(libc, "timer_create"):  # before glibc 2.34
            libc = ctypes.PyDLL("librt.so.1", use_errno=True)
        self._set = libc.timer_settime
        self._timer = ctypes.c_void_p()
        event = _Event(signal=number, notify=_SIGEV_SIGNAL)
        if libc.timer_create(_CLOCK_MONOTONIC, ctypes.byref(event), ctypes.byref(self._timer)):
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))

    def start(self, seconds: float) -> None:
        """Send the signal in so many seconds, and not when that was asked for before."""
        whole, part = divmod(min(max(seconds, 1e-6), LONGEST_S), 1.0)
        self._arm(_Times(s=int(whole), ns=int(part * 1e9)))

    def stop(self) -> None:
        """Send nothing."""
        self._arm(_Times())

    def _arm(self, times: _Times) -> None:
        self._set(self._timer, 0, ctypes.byref(times), None)
