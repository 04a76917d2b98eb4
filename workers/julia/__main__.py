"""`python -m triglot.workers.julia`: brings Julia up as a worker does, and says its version, or why there is none."""

import os
import sys


def main() -> int:
    """Return 0 where Julia starts within this process."""
    from triglot.workers.julia.interpreter import preload

    preload(os.environ)
    # Only now, because it imports numpy.
    from triglot.errors import LanguageUnavailable
    from triglot.workers.julia.runtime import JuliaRuntime

    runtime = JuliaRuntime()
    try:
        runtime.start()
    except LanguageUnavailable as error:
        print(f"julia is off: {error}", file=sys.stderr)
        return os.EX_UNAVAILABLE
    print(runtime.versions()["language"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
