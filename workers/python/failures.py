"""What went wrong in the author's code, as the one who called it is told."""

import traceback
from pathlib import Path
from types import TracebackType

from triglot.errors import EstimatorFailed
from triglot.interfaces import PredictError
from triglot.workers.python.answers import is_plain

_HERE = Path(__file__).parent


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
        traceback="".join(traceback.format_list(frames)) + f"{type(error).__name__}: {error}",
    )


def _authors_frames(trace: TracebackType | None) -> list[traceback.FrameSummary]:
    """Return the frames behind our own, which an author cannot do anything about."""
    return [frame for frame in traceback.extract_tb(trace) if Path(frame.filename).parent != _HERE]
