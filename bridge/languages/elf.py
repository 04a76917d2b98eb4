"""Programs and libraries as the kernel sees them: whether a file can be loaded into a process of this machine."""

from pathlib import Path

_MAGIC = b"\x7fELF"
_BITS = {1: 32, 2: 64}
OURS = Path("/proc/self/exe")


def misfit(path: Path) -> str | None:
    """Return why a library or program cannot share a process with this Python: '32 bits', 'another processor'.

    None where it can, and where the file is none of the kernel's own format (a script, say).
    """
    found, own = kind(path), kind(OURS)
    if found is None or own is None or found == own:
        return None
    return f"{found[0]} bits, and this Python has {own[0]}" if found[0] != own[0] else "for another kind of processor"


def kind(path: Path) -> tuple[int, bytes] | None:
    """Return the width of addresses and the processor that a file is made for; None for one of another format."""
    try:
        with path.open("rb") as file:
            start = file.read(20)
    except OSError:
        return None
    return (_BITS.get(start[4], 0), start[18:20]) if start[:4] == _MAGIC and len(start) == 20 else None
