"""`python -m benchmarks.alternatives`: install all alternatives; say of each what it is or why it is absent."""

import sys

from benchmarks.alternatives import environments


def main() -> int:
    """Install; return 0 whatever is absent, since a run says so and does without."""
    for name in [*environments.names(), environments.PLUMBER]:
        print(f"{name} ... ", end="", flush=True)
        reason = environments.absent(name) if name == environments.PLUMBER else environments.install(name)
        print(f"absent: {reason}" if reason else environments.version(name), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
