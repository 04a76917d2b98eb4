"""Caches on disk, as decorators: a second process, or the same one tomorrow, finds what was computed.

    'load_data_decorators': [{'!': 'triglot.cache.diskcache',
                              'compute_key': {'!': 'triglot.cache.compute_key_attrs', 'attrs': ['path']}}],

What is read back can run code, as all pickles can. So only files are opened that this very user wrote and nobody
else may write; anything else is computed again, with a warning. Entries do not expire: remove their files.
"""

import functools
import inspect
import logging
import os
import pickle
import secrets
import stat
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import joblib

from triglot.errors import ConfigError

logger = logging.getLogger("triglot")

KEY_DIGITS: Final = 32

ComputeKey = Callable[..., Any]


class _Untrusted(Exception):
    """A file that somebody else may have written."""


class abstractcache(ABC):
    """A decorator that keeps what a function returns in one file for each key.

    Args:
        compute_key: Gives the key for the function's arguments; by default these themselves, whichever way they were
            passed.
        ignore: True, or a function of the arguments, leaves the cache out.
        filename_tmpl: Where a file is, with {module}, {func} and {key}.

    Raises:
        ConfigError: `filename_tmpl` has no {key}; or, at a call, the arguments make no key.
    """

    def __init__(
        self,
        compute_key: ComputeKey | None = None,
        ignore: bool | Callable[..., bool] = False,
        filename_tmpl: str | None = None,
    ) -> None:
        if filename_tmpl is not None and "{key}" not in filename_tmpl:
            raise ConfigError(f"filename_tmpl {filename_tmpl!r} must contain '{{key}}', or all calls share one file")
        self.compute_key = compute_key
        self.ignore = ignore
        self.filename_tmpl = filename_tmpl or f"{_folder()}/cache-{{module}}.{{func}}-{{key}}.pickle"

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function with its results kept."""

        @functools.wraps(func)
        def cached(*args: Any, **kwargs: Any) -> Any:
            ignored = self.ignore(*args, **kwargs) if callable(self.ignore) else self.ignore
            if ignored:
                return func(*args, **kwargs)
            path = self.filename(func, *args, **kwargs)
            try:
                return self._read(path)
            except FileNotFoundError:
                pass
            except _Untrusted as error:
                logger.warning("%s; it is not opened, and computed again", error)
            except Exception as error:  # a pickle that is cut off or of other libraries can raise anything
                logger.warning("cache file %s is damaged (%s: %s); computed again", path, type(error).__name__, error)
            value = func(*args, **kwargs)
            try:
                self._write(path, value)
            except Exception as error:  # without a cache the work is done all the same
                logger.warning("cannot write cache file %s (%s: %s)", path, type(error).__name__, error)
            return value

        cached.__cache__ = self  # type: ignore[attr-defined]  # for whoever would change its settings
        return cached

    def filename(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> Path:
        """Return the file of a call; the same call gives the same file in every process."""
        key = (self.compute_key or functools.partial(_arguments, func))(*args, **kwargs)
        try:
            digest = str(joblib.hash(key, hash_name="sha1"))[:KEY_DIGITS]
        except Exception as error:
            raise ConfigError(
                f"the arguments of {func.__qualname__} make no key ({error}); give the cache a compute_key"
            ) from error
        return Path(self.filename_tmpl.format(module=func.__module__, func=func.__name__, key=digest))

    @abstractmethod
    def load(self, file: BinaryIO) -> Any:
        """Return what `dump` wrote."""

    @abstractmethod
    def dump(self, value: Any, file: BinaryIO) -> None:
        """Write a value."""

    def _read(self, path: Path) -> Any:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
                raise _Untrusted(f"cache file {path} belongs to another user, or others may write it")
            return self.load(file)

    def _write(self, path: Path, value: Any) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with open(descriptor, "wb") as file:
                self.dump(value, file)
            draft.replace(path)  # whoever reads meanwhile sees the old file or the new one, never half of it
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


class diskcache(abstractcache):
    """A cache in joblib's format, which is quick for large arrays.

    Examples:
        >>> folder = tempfile.mkdtemp()
        >>> @diskcache(filename_tmpl=folder + "/{func}-{key}")
        ... def squared(number):
        ...     print("computing")
        ...     return number**2
        >>> squared(3), squared(3)
        computing
        (9, 9)
    """

    def load(self, file: BinaryIO) -> Any:
        return joblib.load(file)

    def dump(self, value: Any, file: BinaryIO) -> None:
        joblib.dump(value, file)


class picklediskcache(abstractcache):
    """A cache in pickle's format."""

    def load(self, file: BinaryIO) -> Any:
        return pickle.load(file)

    def dump(self, value: Any, file: BinaryIO) -> None:
        pickle.dump(value, file, protocol=pickle.HIGHEST_PROTOCOL)


def compute_key_attrs(attrs: Sequence[str]) -> ComputeKey:
    """Return a function that makes a key of these attributes of a call's first argument (a loader's path, say).

    Examples:
        >>> from triglot.dataset import CSV
        >>> compute_key_attrs(["path", "target_column"])(CSV("iris.data", target_column="species"))
        ('iris.data', 'species')
    """

    def compute_key(first: Any, *args: Any, **kwargs: Any) -> Any:
        return tuple(getattr(first, attr) for attr in attrs)

    return compute_key


def _arguments(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return a call's arguments by name, defaults included, so that f(1) and f(a=1) are one call."""
    bound = inspect.signature(func).bind(*args, **kwargs)
    bound.apply_defaults()
    return dict(bound.arguments)


def _folder() -> Path:
    return Path(tempfile.gettempdir()) / f"triglot-cache-{os.geteuid()}"
