"""What frames of a cluster have where a row cannot be answered."""

from typing import Final, Literal, TypeAlias, cast, get_args

from triglot.errors import BadRequest
from triglot.scoring.scorer import BadRows

# It ends the work, it is left out, or it is answered with nothing. With "reason" a column of that name says why it is.
InFrames: TypeAlias = Literal["refuse", "aside", "null", "reason"]
REASON: Final = "reason"


def handled(said: str) -> BadRows:
    """Return what a scorer does with such rows; raises `BadRequest` for what is no way with them."""
    if said not in get_args(InFrames):
        raise BadRequest(f"bad_rows is {said!r}; use one of {', '.join(get_args(InFrames))}")
    return "null" if said == REASON else cast(BadRows, said)
