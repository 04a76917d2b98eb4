"""How a worker ends itself in the middle of whatever it does, and what it leaves said."""

import contextlib
import logging
import os
from collections.abc import Callable
from typing import TypeAlias

logger = logging.getLogger("triglot.worker")

EXIT_STUCK = 75  # sysexits.h: EX_TEMPFAIL
EXIT_MEMORY = 71  # sysexits.h: EX_OSERR
EXIT_SPOILT = 70  # sysexits.h: EX_SOFTWARE

# ends the process by an exit code, with the reason
End: TypeAlias = Callable[[int, str], None]


def ending(last_word: Callable[[str], None]) -> End:
    """Return what ends this process at once, after `last_word` was given the reason."""

    def end(code: int, reason: str) -> None:
        logger.error("%s", reason)
        with contextlib.suppress(OSError):
            last_word(reason)
        logging.shutdown()
        os._exit(code)

    return end
