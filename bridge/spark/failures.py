"""What an executor said, out of the errors in which Spark tells it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from triglot.errors import TriglotError

# what Python writes last of an error, up to where Java goes on
_OURS = re.compile(
    r"^(?:\w+\.)*\w+: (?P<said>the executor on .+?)(?=\s*\n\s+at [\w.$/]+\(|\s*\n+(?:JVM|Driver) stack|\s*\Z)",
    re.MULTILINE | re.DOTALL,
)


def reason(error: BaseException) -> str | None:
    """Return what an executor of ours said, without the traces of Python and Java around it, or None."""
    found = _OURS.search(str(error))
    return found["said"] if found else None


@contextmanager
def plain_errors() -> Iterator[None]:
    """Raise what executors say as a `TriglotError` of one sentence, where Spark's own has traces of Python and Java.

    Examples:
        with plain_errors():
            predict(frame, "iris.triglot").write.parquet("answers")

    Raises:
        TriglotError: An executor could not answer; the message names its host and says what to do.
    """
    try:
        yield
    except Exception as error:
        said = reason(error)
        if said is None:
            raise
        raise TriglotError(said) from None
