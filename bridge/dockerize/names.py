"""Names of images: what is safe in a Dockerfile and on a command line."""

import re

from triglot.errors import ConfigError

_PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?"
_NAME = re.compile(rf"((?:{_HOST}/)?{_PART}(?:/{_PART})*)(?::(\w[\w.-]{{0,127}}))?(@sha256:[0-9a-f]{{64}})?", re.ASCII)


def check_image(name: str, *, digest: bool = False) -> str:
    """Return the name of an image; raises `ConfigError` for one that Docker would not take or read as more than a name.

    `digest` allows the name to end in one.
    """
    found = _NAME.fullmatch(name)
    if found is None or ".." in name or (found[3] and not digest):
        raise ConfigError(
            f"{name!r} is no name of an image: write small letters, digits and single '.', '_', '-' between them, "
            "after a registry's address if need be, and a ':tag' if you like, such as team/coffee:1.2"
        )
    return name


def suffixed(name: str, suffix: str) -> str:
    """Return the name of a sister image: `team/coffee:1.2` becomes `team/coffee-predict:1.2`."""
    found = _NAME.fullmatch(check_image(name))
    assert found is not None
    return f"{found[1]}-{suffix}" + (f":{found[2]}" if found[2] else "")
