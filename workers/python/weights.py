"""How many bytes the attributes of an estimator have, as they are stored."""

from typing import Any

import cloudpickle

DEPTH = 5
MOST = 3


def weights(estimator: Any) -> list[tuple[str, float]]:
    """Return the largest attributes by their dotted names, of the estimator or of what makes up most of it."""
    prefix, found = "", _attributes(estimator)
    for _ in range(DEPTH):
        if not found:
            break
        name, size, value = found[0]
        inner = _attributes(value)
        if not inner or inner[0][1] < size / 2:
            break
        prefix, found = f"{prefix}{name}.", inner
    return [(f"{prefix}{name}", float(size)) for name, size, _ in found[:MOST]]


def _attributes(value: Any) -> list[tuple[str, int, Any]]:
    """Return name, pickled bytes and value of each attribute, the largest first."""
    known = getattr(value, "__dict__", None)
    if not isinstance(known, dict) or isinstance(value, type):
        return []
    sizes = [(name, _size(each), each) for name, each in known.items()]
    return sorted(sizes, key=lambda found: -found[1])


def _size(value: Any) -> int:
    try:
        return len(cloudpickle.dumps(value))
    except Exception:  # which its owner's __getstate__ leaves out
        return 0
