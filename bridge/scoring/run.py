"""A piece of work as a whole: parted, done part by part, remembered, and put together."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from triglot.bulk import files
from triglot.bulk.reading import Reader
from triglot.bulk.writing import batch_writer
from triglot.errors import BadRequest, TriglotError
from triglot.scoring.inputs import Input
from triglot.scoring.ledger import Ledger, changed
from triglot.scoring.outputs import Output, PartFiles, batches_of, sweep
from triglot.scoring.parts import Done, File, Part
from triglot.scoring.scorer import Scorer
from triglot.scoring.task import Task, of_writing

MOST_TOLD = 10  # failures of parts that are told in full


class Incomplete(TriglotError):
    """Some parts have no answers; what is done stays done, and the message says what to do."""


class Engine(Protocol):
    """What has parts done; see `triglot.engines`."""

    def run(self, doing: Callable[[Part], Done], parts: Sequence[Part]) -> Iterator[Done]:
        """Yield what became of each part."""
        ...


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of all: rows read and put aside, parts, those that were done before, and those asked again."""

    rows: int
    bad: int
    parts: int
    before: int
    repeated: int


@dataclass(frozen=True, slots=True)
class Work:
    """All rows of an input, answered into an output; `bad_rows` is the file of those that have no answer."""

    scorer: Scorer
    input: Input
    output: Output
    bad_rows: Path | None = None
    partitions: int | None = None

    def do(self, engine: Engine, show: Callable[[int, int, int], None], *, restart: bool = False) -> Summary:
        """Have done what is not done yet; `show` is told of parts done, of how many, and of rows.

        Raises `BadRequest` where what was begun is other work, and `Incomplete` where parts could not be done.
        """
        self.scorer.answers()
        self.output.check()
        with Ledger(self.output.folder) as ledger, self._told(ledger):
            if restart:
                self._forget(ledger)
            self._plan(ledger)
            sweep(self.output.parts.root)
            task = self._task(ledger)
            before = len(ledger.done)
            self._answer(engine, task, ledger, show)
            summary = _summary(ledger, before)
            self._finish(task, ledger.parts)
        return summary

    @contextmanager
    def _told(self, ledger: Ledger) -> Iterator[None]:
        """Tell what went wrong where the work writes down what it does; where nothing is done nothing is left."""
        try:
            yield
        except OSError as error:
            raise Incomplete(of_writing(self.output.folder, error)) from None
        finally:
            if not ledger.done:
                self.output.forget()

    def _plan(self, ledger: Ledger) -> None:
        """Part the rows, or where that was done see whether they are still the same."""
        places, described = self.input.places(), self.described()
        if ledger.work is None or not ledger.done:
            share = self.input.share(places, self.partitions)
            found = [self.input.file(number, place, share) for number, place in enumerate(places)]
            ledger.begin({**described, "share": share}, found)
            return
        share = ledger.work["share"]
        ledger.check({**described, "share": share}, aside=self.bad_rows is not None)
        if [file.place for file in ledger.files] != places:
            raise changed("the list of its files")
        for file in ledger.files:
            if self.input.mark(file.place) != file.mark:
                self._replan(ledger, file, share)

    def _replan(self, ledger: Ledger, file: File, share: int) -> None:
        if ledger.is_begun(file):
            raise changed(file.place)
        ledger.replace(self.input.file(file.number, file.place, share))

    def _task(self, ledger: Ledger) -> Task:
        bad = PartFiles(self.output.folder / "bad", "arrow")
        return Task(self.scorer, self.input, self.output.parts, self._schema(ledger.parts), bad)

    def _schema(self, parts: Sequence[Part]) -> Any:
        """Return the schema of the answers, by the first rows that can be read."""
        wanted = frozenset(self.scorer.columns())
        failures: list[BadRequest] = []
        for part in parts:
            try:
                reader = self.input.reader(part, wanted)
                first = next(reader.batches, None)
            except BadRequest as error:
                failures.append(BadRequest(f"{part.place}: {error}"))
                continue
            return self.scorer.begun(Reader(reader.names, iter([] if first is None else [first])))[0]
        raise failures[0]

    def _answer(self, engine: Engine, task: Task, ledger: Ledger, show: Callable[[int, int, int], None]) -> None:
        parts = ledger.parts
        waiting = [part for part in parts if part.id not in ledger.done]
        failures: list[str] = []
        show(len(ledger.done), len(parts), sum(each.rows for each in ledger.done.values()))
        for done in engine.run(task, waiting) if waiting else ():
            if done.failure:
                failures.append(done.failure)
                if done.fatal:
                    break
            else:
                ledger.note(done)
            show(len(ledger.done), len(parts), sum(each.rows for each in ledger.done.values()))
        if failures:
            raise _incomplete(failures, len(ledger.done), len(parts))

    def _finish(self, task: Task, parts: Sequence[Part]) -> None:
        if self.bad_rows is not None:
            found = [path for part in parts if (path := task.bad_path(part)).exists()]
            with files.written(self.bad_rows) as sink:
                writer = batch_writer(files.format_of(self.bad_rows, None, "bad-rows"), sink, task.bad_schema())
                for batch in batches_of(found):
                    writer.write_batch(batch)
                writer.close()
        self.output.finish([task.path(part) for part in parts], task.schema)

    def _forget(self, ledger: Ledger) -> None:
        for part in ledger.parts:
            self.output.parts.path(part, self.input.folder(part)).unlink(missing_ok=True)
        shutil.rmtree(self.output.folder / "bad", ignore_errors=True)
        ledger.forget()

    def described(self) -> Mapping[str, Any]:
        """Return what makes this other work than another, as JSON and without secrets."""
        bundle = self.scorer.version()
        return {
            "model": bundle.model,
            "version": bundle.version,
            "its SHA-256": bundle.artefact.sha256,
            "--proba": self.scorer.proba,
            "--keep": list(self.scorer.keep),
            "--partitions": self.partitions,
            **self.input.described(),
            **self.output.described(),
        }


def _summary(ledger: Ledger, before: int) -> Summary:
    done = ledger.done.values()
    return Summary(
        rows=sum(each.rows for each in done),
        bad=sum(each.bad for each in done),
        parts=len(ledger.parts),
        before=before,
        repeated=sum(each.repeated > 0 for each in done),
    )


def _incomplete(failures: Sequence[str], done: int, parts: int) -> Incomplete:
    more = f"; and {len(failures) - MOST_TOLD} more" if len(failures) > MOST_TOLD else ""
    told = "; ".join(failures[:MOST_TOLD])
    return Incomplete(
        f"{told}{more}. {done} of {parts} parts are done and stay so; mend that and run the command again"
    )
