"""`python -m triglot.cli.tethered ARGUMENTS`: a command that lives no longer than the process that started it.

Whoever starts it holds the other end of its standard input. Where that process ends, even by -9, the command ends
in order (its workers are stopped, its folders removed), and what is left of its process group after that is killed.
"""

import os
import signal
import sys
import threading
import time

import click

from triglot.cli.main import main as command_line
from triglot.runner import DONE, ORDERLY_END_S

_READ_BYTES = 4_096


def main() -> None:
    """Run the command line of `triglot`, tied to standard input; what has done its work ends with `DONE`."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    threading.Thread(target=_end_with_input, name="triglot-tether", daemon=True).start()
    try:
        code = command_line.main(sys.argv[1:], prog_name="triglot", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    sys.exit(code or DONE)


def _end_with_input() -> None:
    while os.read(0, _READ_BYTES):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(ORDERLY_END_S)
    if os.getpgid(0) == os.getpid():  # else the group is somebody else's
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
