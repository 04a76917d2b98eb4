"""The directives of a configuration, as pure functions over dicts: merge, `__factory__`, `__copy__`, `__python__`.

No function changes what it is given, except that the code of a `__python__` directive may do to its copy what it
likes. Locations are tuples of dict keys and list indexes.
"""

import copy
import textwrap
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, Final, TypeAlias

from triglot.errors import ConfigError, MissingKey

Location: TypeAlias = tuple[Any, ...]

COMPONENT: Final = "!"
FACTORY: Final = "__factory__"
COPY: Final = "__copy__"
DEFAULT: Final = "__default__"
PYTHON: Final = "__python__"

_ABSENT: Final = object()
_SHOWN_NAMES: Final = 8


def key_path(at: Location) -> str:
    """Return a location as people read it: `model -> steps[1][1]`; the whole tree is `root`."""
    if not at:
        return "root"
    text = str(at[0])
    for part in at[1:]:
        text += f"[{part}]" if isinstance(part, int) else f" -> {part}"
    return text


def nearest(name: str, known: list[str]) -> str:
    """Return the sentence that names the nearest of the known names, or else the known names themselves."""
    close = get_close_matches(name, known, n=3)
    if close:
        return f"Did you mean {' or '.join(map(repr, close))}?"
    if not known:
        return "There is nothing in it."
    more = ", ..." if len(known) > _SHOWN_NAMES else ""
    return f"There are {', '.join(map(repr, known[:_SHOWN_NAMES]))}{more}."


def rebuild(node: Any, child: Callable[[Any, Any], Any]) -> Any:
    """Return a dict, list or tuple of the same type with each entry replaced by `child(entry, key)`, in order.

    Everything else is returned as it is.
    """
    if isinstance(node, dict):
        entries = {key: child(value, key) for key, value in node.items()}
        return entries if type(node) is dict else _refill(node, entries)
    if isinstance(node, list):
        items = [child(value, index) for index, value in enumerate(node)]
        return items if type(node) is list else _refill(node, items)
    if isinstance(node, tuple):
        items = [child(value, index) for index, value in enumerate(node)]
        return type(node)(*items) if hasattr(node, "_fields") else type(node)(items)
    return node


def merge(previous: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return `previous` with each top-level entry of `new` put in its place; nothing is merged deeply."""
    return {**previous, **new}


def spell_components(node: Any, source: str, at: Location = ()) -> Any:
    """Return the tree with every key `__factory__` spelt `!`."""
    tree = rebuild(node, lambda value, key: spell_components(value, source, (*at, key)))
    if not isinstance(tree, dict) or FACTORY not in tree:
        return tree
    if COMPONENT in tree:
        raise ConfigError(f"{source}: {key_path(at)}: '!' and '__factory__' mean the same; keep one of them")
    return _refill(tree, {COMPONENT if key == FACTORY else key: value for key, value in tree.items()})


def resolve_copies(new: Mapping[str, Any], previous: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Return the tree of one file with every `__copy__` replaced by a deep copy of what it refers to.

    A path is looked up in the file itself, then in `previous`, which holds what the files before it came to. Chains
    may be of any length. Raises `ConfigError` for a path that does not exist and has no `__default__`, and for
    entries that copy each other.
    """
    tree: dict[str, Any] = _Copies(new, previous, source).resolve(new, ())
    return tree


def run_python(tree: Mapping[str, Any], source: Callable[[Location], str]) -> dict[str, Any]:
    """Return the tree after the code of each `__python__` was run on it, inner entries before outer ones.

    The code sees the whole tree as `C`, `cfg` and `config`, in its functions and comprehensions as well.
    `source` tells the file of the location of a `__python__`, for error messages.
    """
    root: dict[str, Any] = _containers(tree)

    def visit(node: Any, at: Location) -> None:
        if isinstance(node, dict):
            for key in list(node):
                if key in node:  # code that ran meanwhile may have taken it away
                    visit(node[key], (*at, key))
            if PYTHON in node:
                _execute(node.pop(PYTHON), root, (*at, PYTHON), source((*at, PYTHON)))
        elif isinstance(node, (list, tuple)):
            for index, value in enumerate(tuple(node)):
                visit(value, (*at, index))

    visit(root, ())
    return root


def line_of(error: BaseException, filename: str) -> int | None:
    """Return the last line of `filename` that the error passed through."""
    line = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == filename:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _refill(container: Any, entries: Any) -> Any:
    """Return a container of the same type and settings (an OrderedDict, a defaultdict) with other entries."""
    if type(container) is dict:
        return entries
    fresh = copy.copy(container)
    fresh.clear()
    if isinstance(entries, dict):
        fresh.update(entries)
    else:
        fresh.extend(entries)
    return fresh


def _containers(node: Any) -> Any:
    return rebuild(node, lambda value, _: _containers(value))


def _execute(code: Any, root: dict[str, Any], at: Location, source: str) -> None:
    where = f"{source}: {key_path(at)}"
    if not isinstance(code, str):
        raise ConfigError(f"{where}: the code must be a string, not {type(code).__name__}")
    # One dict as globals: functions and comprehensions of the code then see the names as well.
    names = {"__name__": PYTHON, "C": root, "cfg": root, "config": root}
    try:
        exec(compile(textwrap.dedent(code), where, "exec"), names)
    except Exception as error:
        line = error.lineno if isinstance(error, SyntaxError) else line_of(error, where)
        number = f", line {line}" if line else ""
        raise ConfigError(f"{where}{number}: {type(error).__name__}: {error}. Correct the code.") from error


def _is_magic(key: Any) -> bool:
    return isinstance(key, str) and len(key) > 4 and key.startswith("__") and key.endswith("__")


def _step(node: Any, part: str) -> tuple[Any, Any]:
    """Return the entry of a plain container that a part of a path means, and its key."""
    if isinstance(node, dict):
        key = COMPONENT if part == FACTORY else part
        return node.get(key, _ABSENT), key
    if isinstance(node, (list, tuple)) and part.isdecimal() and int(part) < len(node):
        return node[int(part)], int(part)
    return _ABSENT, part


def _walk(node: Any, parts: list[str]) -> Any:
    for part in parts:
        node, _ = _step(node, part)
    return node


class _Copies:
    """The copies of one file, each value resolved when it is first asked for and then remembered.

    What a directive refers to, before its siblings are applied, has a location of its own: the directive's
    location and `__copy__`.
    """

    def __init__(self, new: Mapping[str, Any], previous: Mapping[str, Any], source: str) -> None:
        self._new = new
        self._previous = previous
        self._source = source
        self._done: dict[Location, Any] = {}
        self._active: dict[Location, str] = {}  # location -> what it copies, in the order of entering

    def resolve(self, node: Any, at: Location) -> Any:
        """Return the node at a location of the file without any directive in it."""
        if not isinstance(node, (dict, list, tuple)):
            return node
        if isinstance(node, dict) and COPY in node:
            return self._once(at, "", lambda: self._directive(node, at))
        return self._once(at, "", lambda: rebuild(node, lambda value, key: self.resolve(value, (*at, key))))

    def _once(self, at: Location, target: str, compute: Callable[[], Any]) -> Any:
        if at in self._done:
            return self._done[at]
        if at in self._active:
            raise self._cycle(at)
        self._active[at] = target
        try:
            self._done[at] = compute()
        finally:
            del self._active[at]
        return self._done[at]

    def _directive(self, node: dict[Any, Any], at: Location) -> Any:
        base = self._base(node, at)
        if base is _ABSENT:
            if DEFAULT in node:
                return self.resolve(node[DEFAULT], (*at, DEFAULT))
            raise self._unknown(node[COPY], at)
        try:
            base = copy.deepcopy(base)
        except Exception as error:
            raise self._error(
                at, f"{node[COPY]!r} cannot be copied ({error}). Make it a component, with '!'."
            ) from error
        siblings = {key: self.resolve(value, (*at, key)) for key, value in node.items() if key not in (COPY, DEFAULT)}
        if all(map(_is_magic, siblings)):
            return base
        if not isinstance(base, dict):
            names = ", ".join(map(repr, siblings))
            raise self._error(
                at,
                f"{node[COPY]!r} is of type {type(base).__name__}, so {names} cannot be set in its copy. "
                "Remove them, or copy a dictionary.",
            )
        base.update(siblings)
        return base

    def _base(self, node: dict[Any, Any], at: Location) -> Any:
        """Return what the directive at `at` refers to, or `_ABSENT`."""
        target = node[COPY]
        if not isinstance(target, str):
            raise self._error(
                at,
                f"'__copy__' is of type {type(target).__name__}. Give it a dotted path, such as 'grid_search.cv'.",
            )
        return self._once((*at, COPY), target, lambda: self._look_up(target.split("."), at))

    def _look_up(self, parts: list[str], at: Location) -> Any:
        found = self._in_file(parts, at)
        return _walk(self._previous, parts) if found is _ABSENT else found

    def _in_file(self, parts: list[str], at: Location) -> Any:
        node: Any = self._new
        here: Location = ()
        for index, part in enumerate(parts):
            own = _ABSENT if part in (COPY, DEFAULT) else _step(node, part)[0]
            if own is _ABSENT and isinstance(node, dict) and COPY in node:  # so it is in what that one copies
                base = self._base(node, here)
                if base is _ABSENT and DEFAULT in node:
                    base = self.resolve(node[DEFAULT], (*here, DEFAULT))
                return _walk(base, parts[index:])
            node, key = _step(node, part)
            if node is _ABSENT:
                return _ABSENT
            here = (*here, key)
        if here == at[: len(here)]:  # an entry that copies itself means the one of the files before
            return _ABSENT
        return self.resolve(node, here)

    def _cycle(self, at: Location) -> ConfigError:
        entered = list(self._active.items())
        ring = entered[list(self._active).index(at) :]
        steps = [f"{key_path(place[:-1])} copies {target!r}" for place, target in ring if target]
        return ConfigError(
            f"{self._source}: entries copy each other: {', '.join(steps)}. Write the value out in one of them."
        )

    def _unknown(self, target: str, at: Location) -> ConfigError:
        node: Any = merge(self._previous, self._new)
        parts = target.split(".")
        for index, part in enumerate(parts):
            base = self._done.get((*parts[:index], COPY))
            if isinstance(base, dict) and isinstance(node, dict):
                node = {**base, **node}
            entry, _ = _step(node, part)
            if entry is _ABSENT:
                break
            node = entry
        else:
            return self._error(
                at, f"'__copy__' refers to {target!r}, which holds this very entry, and no earlier file has one."
            )
        holder = repr(".".join(parts[:index])) if index else "the configuration"
        if isinstance(node, dict):
            hint = nearest(part, [str(key) for key in node if not _is_magic(key)])
            reason = f"{holder} has no {part!r}. {hint}"
        elif isinstance(node, (list, tuple)):
            reason = f"{holder} is a list with {len(node)} entries, counted from 0, and has no {part!r}."
        else:
            reason = f"{holder} is of type {type(node).__name__} and holds no {part!r}."
        text = f"'__copy__' refers to {target!r}, which does not exist: {reason} Or give a '__default__'."
        return MissingKey(str(self._error(at, text)))

    def _error(self, at: Location, message: str) -> ConfigError:
        return ConfigError(f"{self._source}: {key_path(at)}: {message}")
