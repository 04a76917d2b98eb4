"""`python -m triglot.wake`: an event listener of supervisord that acknowledges and does nothing else.

supervisord looks after its children once a second unless something wakes it. The traffic of a listener that
subscribes to PROCESS_STATE does, so that a worker that died is restarted within milliseconds.
"""

import sys
from typing import TextIO


def main(events: TextIO = sys.stdin, answers: TextIO = sys.stdout) -> int:
    """Acknowledge events until supervisord closes the pipe."""
    while True:
        answers.write("READY\n")
        answers.flush()
        header = events.readline()
        if not header:
            return 0
        length = dict(pair.split(":", 1) for pair in header.split())["len"]
        events.read(int(length))
        answers.write("RESULT 2\nOK")
        answers.flush()


if __name__ == "__main__":
    sys.exit(main())
