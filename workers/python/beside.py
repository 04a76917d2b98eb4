"""An author's own modules, which lie beside a configuration: two projects may have modules of the same name.

Python finds a module by its name alone. So those of one project are taken out of what Python knows while a model of
another is called, and put back with its next call.
"""

import hashlib
import importlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from types import ModuleType

_EXTENSIONS = (".so", ".pyd")  # which Python loads only once
_INSTALLED = ("site-packages", "dist-packages")


class Beside:
    """The modules of one project: what its models have imported from its folders.

    shared: names of modules that were there before any model, and are everybody's.
    """

    def __init__(self, folders: Iterable[str], shared: frozenset[str]) -> None:
        self._folders = tuple(os.path.join(folder, "") for folder in folders)
        self._shared = shared
        self._modules: dict[str, ModuleType] = {}
        self._written: dict[str, tuple[int, int]] = {}
        self._count = 0
        importlib.invalidate_caches()

    def note(self) -> None:
        """Look for what has been imported, soon after it was, so that a file that changes later is found out."""
        if self._folders and len(sys.modules) != self._count:
            self._look()
            self._count = len(sys.modules)

    def hide(self) -> None:
        """Take them out of what Python knows."""
        self.note()
        for name in self._modules:
            sys.modules.pop(name, None)

    def show(self) -> None:
        """Put them back."""
        sys.modules.update(self._modules)
        self._count = len(sys.modules)

    def has_changed(self) -> bool:
        """Whether a file is another one than was imported, so that what is loaded now must import it anew."""
        return any(_written(file) != known for file, known in self._written.items())

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of each file that was imported, by its path below its folder."""
        return {self._below(file): digest(file) for file in self._written}

    def _below(self, file: str) -> str:
        return next(file.removeprefix(folder) for folder in self._folders if file.startswith(folder))

    def _look(self) -> None:
        for name, module in list(sys.modules.items()):
            if name in self._shared or name in self._modules or not self._is_beside(file := _file(module)):
                continue
            self._modules[name] = module
            if os.path.isfile(file):
                self._written[file] = _written(file)

    def _is_beside(self, file: str) -> bool:
        return file.startswith(self._folders) and not file.endswith(_EXTENSIONS) and not _is_installed(file)


def digest(file: str) -> str:
    """Return the SHA-256 of a file in hex, empty where there is none."""
    with suppress(OSError), open(file, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
    return ""


def changes(digests: Mapping[str, str], folders: Iterable[str]) -> Iterator[str]:
    """Yield which of these files below the folders have other bytes than these, and which are not there."""
    places = tuple(folders)
    for name, known in digests.items():
        found = [digest(os.path.join(folder, name)) for folder in places]
        if not any(found):
            yield f"{name} lay beside the configuration when the model was fitted, and is not there now: put it back"
        elif known not in found:
            yield f"{name} is not as it was when the model was fitted; fit it again if its code counts"


def _file(module: ModuleType) -> str:
    """Return where a module's code is; for a package without any, one of its folders."""
    with suppress(Exception):  # what stands among modules may be anything, and it may raise
        known = vars(module)
        return str(known.get("__file__") or next(iter(known.get("__path__", ())), ""))
    return ""


def _is_installed(file: str) -> bool:
    return any(f"{os.sep}{folder}{os.sep}" in file for folder in _INSTALLED)


def _written(file: str) -> tuple[int, int]:
    try:
        told = os.stat(file)
    except OSError:
        return (0, 0)
    return told.st_mtime_ns, told.st_size
