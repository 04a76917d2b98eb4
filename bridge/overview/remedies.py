"""What somebody does about a trouble, in the words of the runbook (docs/runbook.md)."""

import shlex
from collections.abc import Mapping
from typing import Final

# By the code of an error, the exit code of a process, or a word of our own. Words in capitals are filled in.
REMEDIES: Final[Mapping[str, str]] = {
    "estimator-failed": (
        "look for the request's id in the log, where the trace is; go back: triglot activate NUMBER MODEL; "
        "tell the author"
    ),
    "poison-request": (
        "go back: triglot activate NUMBER MODEL; a model that does it often gets a worker of its own, so that it "
        "costs nobody else an answer"
    ),
    "version-quarantined": (
        "go back: triglot activate NUMBER MODEL, which holds at once. Without an earlier version: find the caller by "
        "the ids of the requests in the log, have them stop, and triglot release MODEL"
    ),
    "deadline-exceeded": (
        "triglot_prediction_stage_seconds_total: where queue grows, triglot scale LANGUAGE=N; where infer does, the "
        "model is slow for such rows: fewer at a time, or a larger timeout_s"
    ),
    "overloaded": "triglot scale LANGUAGE=N, a container more, or rates for the caller that asks so much",
    "worker-unavailable": (
        "supervisorctl status: BACKOFF or FATAL has the reason, the worker's log more; triglot doctor LANGUAGE tries "
        "it and prints what mends it"
    ),
    "version-not-loadable": "activate another version, or mend it: it is tried again by itself",
    "drift": (
        "ask whoever sends these columns whether a unit or a default has changed; where the world has, fit it to newer "
        "data: triglot fit MODEL"
    ),
    "program-down": "its log says why; mend that, then supervisorctl restart PROGRAM",
    "no-runner": "supervisorctl status jobs; restart it: supervisorctl restart jobs",
    "store-away": ("triglot doctor store; nobody can fit or activate until it is back, and nothing else needs doing"),
    "exit code 70": "both are named in the log",
    "exit code 71": "the log says how much; raise worker_memory, or bound batch of the model",
    "exit code 75": "the model hangs: go back to the version before, tell the author",
    "a signal": "fewer workers or models in this container, or more memory for it",
    "crash": "it was started again by itself; the log has the cause, at that time",
}


def remedy(kind: str, *, model: str = "", number: int | None = None, language: str = "", program: str = "") -> str:
    """Return what to do about a trouble of a kind, with what it is about filled in as far as it is known."""
    text = REMEDIES.get(kind, REMEDIES["estimator-failed"])
    said = {"NUMBER": "" if number is None else str(number), "LANGUAGE": language}
    said |= {"MODEL": shlex.quote(model) if model else "", "PROGRAM": shlex.quote(program) if program else ""}
    for word, value in said.items():
        text = text.replace(word, value or word)
    return text


def kind_of(how: str) -> str:
    """Return the kind of trouble that the end of a process is, by what is said of it: 'exit code 71 (...)', say."""
    known = [kind for kind in REMEDIES if how == kind or how.startswith(f"{kind} ")]
    return known[0] if known else "crash"
