"""What went wrong in the author's code, as the one who called it is told."""

import logging
import sysconfig
import traceback
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from types import TracebackType

from triglot.errors import EstimatorFailed
from triglot.interfaces import PredictError
from triglot.workers.python.answers import is_plain

logger = logging.getLogger("triglot.worker")

_HERE = Path(__file__).parent
_LIBRARIES = (f"{sysconfig.get_path('stdlib')}/", f"{_HERE.parents[1]}/", "<frozen")
# What scikit-learn and numpy say where an array is taken for a DataFrame.
_LOOKS_FOR_NAMES = (
    "only supported for dataframes",
    "only integers, slices (`:`)",
    "'numpy.ndarray' object has no attribute",
)
_INSTALLED = ("site-packages", "dist-packages")


def failed(error: BaseException) -> EstimatorFailed:
    """Return the error that stands for whatever the author's code has raised."""
    if isinstance(error, EstimatorFailed):  # a step in R or Julia, which has told all there is to tell
        return error
    frames = _authors_frames(error.__traceback__)
    message = str(error) or type(error).__name__
    foreseen = None
    if isinstance(error, PredictError):
        message = str(error.error_message)
        # what else an author may have put there has no place on the wire
        foreseen = error.error_code if isinstance(error.error_code, int) and is_plain(error.error_code) else -1
    if isinstance(error, SystemExit):
        message = f"the estimator called exit({error.code})"
    elif isinstance(error, KeyboardInterrupt):
        message = "stopped: the request's deadline passed"
    return EstimatorFailed(
        message,
        language="python",
        native_class=type(error).__name__,
        error_code=foreseen,
        traceback="".join(_told(frames)) + f"{type(error).__name__}: {error}",
    )


def tell_of_names(error: EstimatorFailed) -> None:
    """Add what mends it to a failure of an estimator that got an array and looks for columns by their names."""
    if any(said in str(error) for said in _LOOKS_FOR_NAMES):
        error.args = (f"{error}; the columns are all numbers, so it got an array: write 'x': 'frame' beside 'model'",)


def _told(frames: Sequence[traceback.FrameSummary]) -> Iterator[str]:
    """Yield the lines of a trace from the author's own file on, what libraries call in between as one line.

    Where the log is verbose all of it is told.
    """
    if logger.isEnabledFor(logging.DEBUG):
        yield from traceback.format_list(list(frames))
        return
    mine = [_is_authors(frame) for frame in frames]
    behind = frames[mine.index(True) :] if True in mine else frames
    if not behind:
        return
    for own, part in groupby(behind, _is_authors):
        group = list(part)
        if own:
            yield from traceback.format_list(group)
        elif group[-1] is behind[-1]:  # where it was raised
            yield from _folded(group[:-1])
            yield from traceback.format_list(group[-1:])
        else:
            yield from _folded(group)


def _folded(frames: Sequence[traceback.FrameSummary]) -> Iterator[str]:
    if frames:
        packages = ", ".join(dict.fromkeys(map(_package, frames)))
        yield f"  ... {len(frames)} call{'s' * (len(frames) > 1)} in {packages} ...\n"


def _is_authors(frame: traceback.FrameSummary) -> bool:
    """Return whether a frame is of no library: neither of Python's own, nor of an installed package."""
    parts = Path(frame.filename).parts
    return not frame.filename.startswith(_LIBRARIES) and not set(_INSTALLED) & set(parts)


def _package(frame: traceback.FrameSummary) -> str:
    """Return the name of the package or of the module that a frame is of."""
    parts = Path(frame.filename).parts
    at = next((place for place, part in enumerate(parts) if part in _INSTALLED), None)
    return parts[at + 1].removesuffix(".py") if at is not None else Path(frame.filename).stem


def _authors_frames(trace: TracebackType | None) -> list[traceback.FrameSummary]:
    """Return the frames behind our own, which an author cannot do anything about."""
    return [frame for frame in traceback.extract_tb(trace) if Path(frame.filename).parent != _HERE]
