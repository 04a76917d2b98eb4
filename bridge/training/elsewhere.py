"""What a model answers in another process: in an empty folder and another time zone, fitted again, beside another."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from triglot.artefact import Artefact
from triglot.errors import TriglotError
from triglot.languages.launch import Workshop
from triglot.tables.likeness import alike
from triglot.training.fit_worker import Bench, starting_bench
from triglot.training.proof import Version, prover
from triglot.training.subject import Finding, Subject
from triglot.training.weight import in_words

# Far from everybody's, and from each other by no whole number of hours.
ZONES = ("Asia/Kathmandu", "America/St_Johns")


@contextmanager
def elsewhere(language: str, workshop: Workshop) -> Iterator[Callable[[], Bench]]:
    """Start a worker in an empty folder and in another time zone, and give what waits for it."""
    zone = next(zone for zone in ZONES if zone != workshop.environ.get("TZ"))
    environ = {**workshop.environ, "TZ": zone}
    with (
        tempfile.TemporaryDirectory(prefix="triglot-") as folder,
        starting_bench(language, environ, workshop.key_file, cwd=Path(folder)) as ready,
    ):
        yield ready


def after_loading(subject: Subject, fresh: Bench, version: Version, workshop: Workshop) -> Finding:
    """A process in another folder and time zone answers as the one that fitted the model."""
    check = "elsewhere"
    try:
        same = alike(subject.shares(subject.X), replace(subject, worker=fresh).shares(subject.X))
        found = "a fresh process answers differently"
    except TriglotError as error:
        same, found = False, str(error)
    if same or not alike(subject.shares(subject.X), subject.shares(subject.X)):
        size = in_words(len(subject.artefact.blob))
        return Finding(check, "ok", f"{size}; in another process, folder and time zone it answers the same")
    with prover(fresh.language, workshop) as proof:
        why = None if proof is None else proof.why_not(version)
    if why is not None:
        cause, _, remedy = why.partition("\n")
        return Finding(check, "fail", cause, remedy or "see the message")
    return Finding(
        check,
        "fail",
        f"in another time zone {found}",
        "name the zone wherever times are read or shown: tz = 'UTC' in R, ZoneInfo('UTC') in Python",
    )


def after_refit(subject: Subject, refitted: Artefact, fresh: Bench) -> Iterator[Finding]:
    """The same data give the same model again, and that one changes nothing of the first, which is beside it then."""
    again, before = replace(subject, worker=fresh, artefact=refitted), subject.shares(subject.X)
    if alike(before, again.shares(subject.X)):
        yield Finding("reproducibility", "ok", "fitted again, it answers the same")
    else:
        seeded = "random_state of the estimator" if subject.card.language == "python" else "'seed' in the configuration"
        yield Finding("reproducibility", "warn", "fitted again, it answers differently", f"set {seeded}")
    if alike(before, replace(subject, worker=fresh).shares(subject.X)):
        yield Finding("beside another", "ok", "with a second version in the same process it answers the same")
    elif alike(before, subject.shares(subject.X)):
        yield Finding(
            "beside another",
            "fail",
            "a second version in the same process changes its answers",
            "keep what belongs to a model in what fit returns, not in globals that both share",
        )
