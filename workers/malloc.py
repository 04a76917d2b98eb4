"""The memory of this process that is free and kept: what a piece of a table took is there again for the next one."""

import ctypes

# Of glibc's malloc: what is larger is given back as soon as it is free (and is never part of the heap) ...
LARGEST_BYTES = 4 * 2**20
# ... and what is free at the end of the heap is kept up to this size.
KEPT_BYTES = 16 * 2**20
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h: M_TRIM_THRESHOLD, M_MMAP_THRESHOLD


def keep() -> None:
    """Have arrays of some megabytes use the same memory again; does nothing with another C library than glibc.

    By itself glibc gives such memory back to the kernel, and each page that is asked for again has to be cleared: for
    a quick model that costs more time than the model takes.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, LARGEST_BYTES)
        mallopt(_TRIM_THRESHOLD, KEPT_BYTES)
