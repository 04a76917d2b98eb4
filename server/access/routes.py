"""Which scope a route wants. A route that nobody has classified wants the most."""

from collections.abc import Mapping

from werkzeug.routing import Rule

from triglot.access.scopes import ADMIN


class RouteScopes:
    """What each route of an application wants.

    said: by the configuration, by rule, which comes first. known: by endpoint, from those who added the routes.
    """

    def __init__(self, said: Mapping[str, str], known: Mapping[str, str]) -> None:
        self._said = said
        self._known = known

    def of(self, rule: Rule) -> str:
        """Return the scope that a route wants, or 'open'."""
        return self._classified(rule) or ADMIN

    def added(self, rule: Rule) -> str:
        """Return what a route was added as, whatever the configuration says; empty where nobody said it."""
        return self._known.get(rule.endpoint, "")

    def is_classified(self, rule: Rule) -> bool:
        """Whether somebody has said what this route wants."""
        return bool(self._classified(rule))

    def _classified(self, rule: Rule) -> str | None:
        return self._said.get(rule.rule) or self._known.get(rule.endpoint)
