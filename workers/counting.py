"""What a worker counts for the service's metrics: loads, fits, and what failed."""

from triglot.errors import ArtefactNeeded, TableNeeded
from triglot.hooks import Hook, LoadedVersion, WorkerCall
from triglot.tally.counters import Counters

_ASKED_AGAIN = (ArtefactNeeded, TableNeeded)  # which are no failures: whoever asked sends what was lacking
_PREDICTIONS = ("predict", "predict_proba")


class Counting(Hook):
    """Adds to the counters of the run directory; predictions that succeed are counted where they are asked for."""

    def __init__(self, counters: Counters, language: str) -> None:
        self._counters = counters
        self._language = language

    def call_ended(self, call: WorkerCall, seconds: float) -> None:
        """Count the time of a fit, a load or a reading of data."""
        if call.op not in _PREDICTIONS:
            self._counters.timed(round(seconds * 1e9), "work", call.op, call.model, self._language)

    def call_failed(self, call: WorkerCall, error: BaseException, seconds: float) -> None:
        """Count a failure by the code of its error."""
        if not isinstance(error, _ASKED_AGAIN):
            code = getattr(error, "code", "error")
            self._counters.count("worker-failure", call.op, call.model, self._language, code)

    def version_loaded(self, loaded: LoadedVersion) -> None:
        """Count a version that is about to answer."""
        self._counters.count("load", loaded.model, str(loaded.version), self._language)
