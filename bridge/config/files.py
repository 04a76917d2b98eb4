"""Configuration files: where they are, and what they say. Each is one Python expression that gives a dict."""

import importlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from triglot.aliases import install
from triglot.config.components import RawConfig
from triglot.config.directives import (
    Location,
    line_of,
    merge,
    nearest,
    resolve_copies,
    run_python,
    spell_components,
)
from triglot.errors import ConfigError, MissingKey

VARIABLES: Final = ("TRIGLOT_CONFIG", "PALLADIUM_CONFIG")
DEFAULT_FILES: Final = (
    "triglot-config.py",
    "etc/triglot-config.py",
    "palladium-config.py",
    "etc/palladium-config.py",
)


def locate(environ: Mapping[str, str], cwd: Path) -> list[Path]:
    """Return the absolute paths of the configuration files, first to last; empty where there are none.

    The first variable that is set decides, else the first default file in the working directory. Files that a
    variable names need not exist yet.
    """
    for variable in VARIABLES:
        if variable in environ:
            parts = [part.strip() for part in environ[variable].split(",")]
            if "" in parts:
                raise ConfigError(
                    f"the environment variable {variable} is {environ[variable]!r}, which lacks the name of a file; "
                    "give paths separated by commas, or unset it"
                )
            return [cwd / part for part in parts]
    return [cwd / name for name in DEFAULT_FILES if (cwd / name).is_file()][:1]


def read_config(paths: Sequence[Path], environ: Mapping[str, str], extra: Mapping[str, Any] | None = None) -> RawConfig:
    """Return what the files say together with `extra`, every directive resolved and no component built.

    A later file replaces whole top-level entries of the files before it. The folder of each file is put in front
    of `sys.path`, so that modules beside it can be named, and these may import what they need as Palladium's.
    """
    install()
    files = [Path(os.path.abspath(path)) for path in paths]

    def evaluated() -> Iterator[tuple[Path, dict[str, Any]]]:
        for file in files:
            put_first_on_path(file.parent)
            yield file, evaluate_file(file, environ)

    return combine(evaluated(), files, extra)


def combine(
    entries: Iterable[tuple[Path | None, Mapping[str, Any]]],
    files: Sequence[Path] = (),
    extra: Mapping[str, Any] | None = None,
) -> RawConfig:
    """Return what several dicts say together with `extra`, every directive resolved and no component built.

    Each comes with the file that it is from, if it is from one; `files` are all of them, for messages.
    """
    tree: dict[str, Any] = dict(extra or {})
    origins: dict[str, Path] = {}
    every = ", ".join(map(str, files)) or "the configuration"
    for file, new in entries:
        name = every if file is None else str(file)
        spelt = spell_components(dict(new), name)
        # Resolved alone and merged afterwards: entries of earlier files have no directives left.
        tree = merge(tree, resolve_copies(spelt, tree, name))
        if file is not None:
            origins.update(dict.fromkeys(spelt, file))

    def source(at: Location) -> str:
        return str(origins.get(at[0], every))  # at is never empty: it ends in the key of the code

    tree = run_python(tree, source)
    tree = resolve_copies(spell_components(tree, every), {}, every)  # for what the code put in
    return RawConfig(tree, files, {key: origins[key] for key in tree if key in origins})


def evaluate_file(path: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the dict that a file's expression gives; it may use `here`, its folder, and `environ`."""
    try:
        text = path.read_bytes().lstrip(b" \t")
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such file. {_neighbours(path)}") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    names = {"here": str(path.parent), "environ": environ}
    try:
        # One dict as globals: functions and comprehensions of the expression then see the names as well.
        value = eval(compile(text, str(path), "eval"), names)
    except SyntaxError as error:
        if error.filename not in (None, str(path)):  # of a module that the expression imports
            raise _failed(path, text, error) from error
        raise ConfigError(
            f"{path}, line {error.lineno}: {error.msg}. The file must be one Python expression, normally a dict: "
            "statements such as import or an assignment cannot stand in it"
        ) from error
    except Exception as error:
        raise _failed(path, text, error) from error
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: the expression gives {type(value).__name__}; it must give a dict")
    return value


def put_first_on_path(folder: Path) -> None:
    """Put a folder in front of `sys.path`, where it then stands once."""
    sys.path[:] = [str(folder), *(entry for entry in sys.path if entry != str(folder))]
    importlib.invalidate_caches()


def _failed(path: Path, text: bytes, error: Exception) -> ConfigError:
    number = line_of(error, str(path))
    where = str(path) if number is None else f"{path}, line {number}"
    line = b"" if number is None else text.splitlines()[number - 1]
    if isinstance(error, KeyError) and b"environ" in line:
        name = error.args[0]
        return MissingKey(
            f"{where}: the environment variable {name!r} is not set; set it, or write environ.get({name!r}, ...)"
        )
    message = f"{where}: {type(error).__name__}: {error}"
    if isinstance(error, NameError) and not isinstance(error, UnboundLocalError):
        close = get_close_matches(str(error.name), ["here", "environ", "True", "False", "None"], n=1)
        guess = f" Did you mean {close[0]!r}?" if close else ""
        return ConfigError(
            f"{message}.{guess} Names that are there are here, environ and the built-in ones; a name of a component "
            "is a string in quotes"
        )
    return ConfigError(f"{message}. Correct the expression.")


def _neighbours(path: Path) -> str:
    start = "Relative paths start at the working directory."
    try:
        names = sorted(entry.name for entry in path.parent.iterdir() if entry.suffix == ".py")
    except OSError:
        return f"Its folder does not exist either. {start}"
    hint = nearest(path.name, names)
    return f"{hint} {start}" if hint.startswith("Did") else start
