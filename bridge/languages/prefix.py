"""The folder of what belongs to one user on this machine."""

from collections.abc import Mapping
from pathlib import Path


def user_prefix(environ: Mapping[str, str]) -> Path:
    """Return TRIGLOT_HOME, else the folder `triglot` of the XDG data folder."""
    if environ.get("TRIGLOT_HOME"):
        return Path(environ["TRIGLOT_HOME"])
    data = environ.get("XDG_DATA_HOME") or Path(environ.get("HOME", "~")).expanduser() / ".local" / "share"
    return Path(data) / "triglot"
