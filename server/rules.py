"""Routes that a configuration adds: `{'!': 'triglot.server.rules.add_url_rule', 'rule': '/fit', ...}`.

A rule is only declared while the configuration is read; the application adds it when it is made, so that reading a
configuration never changes an application.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from triglot.config import resolve_dotted_name
from triglot.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Rule:
    """One declared route; `options` are those of Flask's `add_url_rule`."""

    rule: str
    endpoint: str | None
    view_func: Callable[..., Any]
    options: Mapping[str, Any] = field(default_factory=dict)


def add_url_rule(
    rule: str,
    endpoint: str | None = None,
    view_func: Callable[..., Any] | str | None = None,
    app: Any = None,
    **options: Any,
) -> Rule:
    """Return the declaration of a route; `view_func` is a view or its dotted name, `app` is of no account here."""
    if not rule.startswith("/"):
        raise ConfigError(f"the rule {rule!r} must start with '/'")
    if isinstance(view_func, str):
        view_func = resolve_dotted_name(view_func)
    if not callable(view_func):
        raise ConfigError(f"the view of {rule!r} cannot be called; name a function as view_func")
    return Rule(rule, endpoint, view_func, options)


def endpoint_of(number: int, rule: Rule) -> str:
    """Return the name that the application has for a route, the how manieth of the configuration it is."""
    return rule.endpoint or f"rule {number} {rule.rule}"


def declared(node: Any) -> Iterator[Rule]:
    """Give the rules in a configuration, wherever they stand."""
    if isinstance(node, Rule):
        yield node
    elif isinstance(node, Mapping):
        for value in node.values():
            yield from declared(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from declared(value)
