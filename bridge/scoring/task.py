"""What an engine has done with each part: its rows read, answered and written, wherever it is."""

import errno
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from triglot.bulk.reading import Reader
from triglot.errors import BadRequest, EstimatorFailed, PoisonRequest, TriglotError
from triglot.scoring.inputs import Input
from triglot.scoring.outputs import PartFiles
from triglot.scoring.parts import Done, Part
from triglot.scoring.scorer import BadRow, Scored, Scorer


class _Unreadable(BadRequest):
    """The rows cannot be read; others may."""


@dataclass(frozen=True, slots=True)
class Task:
    """Answers a part; it can be pickled, and the same part may be done any number of times.

    `schema` is that of the answers, `bad` where rows go that have none.
    """

    scorer: Scorer
    input: Input
    output: PartFiles
    schema: Any
    bad: PartFiles

    def __call__(self, part: Part) -> Done:
        """Return what became of a part; raises nothing that another try could not mend."""
        try:
            return self._done(part)
        except _Unreadable as error:
            return Done(part.id, failure=f"{part.place}: {error}", fatal=False)
        except TriglotError as error:
            return Done(part.id, failure=f"{part.place}: {error}{self._remedy(error)}", fatal=True)
        except OSError as error:
            return Done(part.id, failure=of_writing(self.output.root, error), fatal=True)

    def _remedy(self, error: TriglotError) -> str:
        of_a_row = isinstance(error, EstimatorFailed | PoisonRequest)
        if isinstance(error, BadRequest):
            of_a_row = any(problem.row is not None for problem in error.problems)
        return "; --bad-rows FILE puts such rows aside" if of_a_row and self.scorer.bad_rows == "refuse" else ""

    def path(self, part: Part) -> Path:
        """Return where a part's answers are once it is done."""
        return self.output.path(part, self.input.folder(part))

    def bad_path(self, part: Part) -> Path:
        """Return where the rows of a part are that have no answer, if there are any."""
        return self.bad.path(part, Path())

    def bad_schema(self) -> Any:
        """Return the schema of rows that have no answer."""
        known = ("input", "row", "field", "reason")
        kept = [field for field in list(self.schema)[: len(self.scorer.keep)] if field.name not in known]
        types = (pa.string(), pa.int64(), pa.string(), pa.string())
        return pa.schema([*zip(known, types, strict=True), *kept])

    def _done(self, part: Part) -> Done:
        rows = repeated = 0
        bad: list[BadRow] = []
        with self.output.writing(self.path(part), self.schema) as writer:
            for scored in self._scored(part):
                writer.write_batch(scored.batch)
                rows, repeated = rows + scored.rows, repeated + scored.repeated
                bad += scored.bad
            self._put_aside(part, bad)
        return Done(part.id, rows, len(bad), repeated)

    def _scored(self, part: Part) -> Iterator[Scored]:
        wanted = frozenset(self.scorer.columns())
        try:
            reader = self.input.reader(part, wanted)
        except BadRequest as error:
            raise _Unreadable(str(error)) from None
        return self.scorer.scored(
            Reader(reader.names, _readable(reader.batches), reader.written), self.schema, part.first
        )

    def _put_aside(self, part: Part, bad: list[BadRow]) -> None:
        path, schema = self.bad_path(part), self.bad_schema()
        if not bad:
            path.unlink(missing_ok=True)
            return
        with self.bad.writing(path, schema) as writer:
            rows = [self._bad_row(part, row, schema) for row in bad]
            writer.write_batch(pa.RecordBatch.from_pylist(rows, schema=schema))

    def _bad_row(self, part: Part, row: BadRow, schema: Any) -> dict[str, Any]:
        kept = dict(zip(self.scorer.keep, row.kept, strict=True))
        told = {"input": part.place, "row": row.row, "field": row.field, "reason": row.reason}
        return {**kept, **told}


def _readable(batches: Iterator[Any]) -> Iterator[Any]:
    try:
        yield from batches
    except BadRequest as error:
        raise _Unreadable(str(error)) from None


def of_writing(root: Path, error: OSError) -> str:
    """Return what to say of an error of writing there, and what to do."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) or "No space left" in str(error)
    hint = "; make room, then run the same command again: what is done is kept" if full else ""
    return f"output: {str(root)!r} cannot be written: {error.strerror or error}{hint}"
