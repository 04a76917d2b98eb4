"""`python -m triglot.workers LANGUAGE --name NAME --run-dir DIR`: one worker process.

Supervisors and the command line start this very line; nothing else is needed to bring a worker up.
"""

import os
import sys

from triglot.this_process import end_with_parent


def main(argv: list[str] | None = None) -> int:
    """Run one worker until SIGTERM; return the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    end_with_parent()  # before anything that takes time, as the parent may end meanwhile
    if argv[:1] == ["julia"]:
        from triglot.workers.julia.interpreter import preload

        preload(os.environ)
    # Only now, because it imports numpy.
    from triglot.workers.process import main

    return main(argv)


if __name__ == "__main__":
    sys.exit(main())
