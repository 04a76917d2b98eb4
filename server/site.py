"""The routes of one application: where offers and a configuration's rules become routes, and what is known of each."""

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from flask import Flask

from triglot.errors import ConfigError
from triglot.server import admin, errors
from triglot.server.context import Options, View
from triglot.server.fast_path import Shortcut
from triglot.server.offers import Offer
from triglot.server.openapi.described import Described
from triglot.server.rules import Rule, endpoint_of

logger = logging.getLogger("triglot.server")

_NAME = "<name>/"


class Note(NamedTuple):
    """What is known of a route: what to say of it, the key of its decorators, whether it wants the admin token."""

    described: Described | None
    decorators: str = ""
    admin: bool = False


class Site:
    """Adds routes to an application.

    By endpoint `scopes` has what callers must be allowed to do, and `notes` what a document says. `fixed` has shortcuts
    by their path; `named` by what stands before a model's name, shortcuts by what stands behind it.
    """

    def __init__(self, app: Flask, options: Options) -> None:
        self._app = app
        self._options = options
        self._firm: set[str] = set()
        self._taken = {rule.rule for rule in options.rules}
        self._shapes: dict[str, errors.Shape] = {}
        app.extensions[errors.SHAPES] = self._shapes
        self.scopes: dict[str, str] = {}
        self.notes: dict[str, Note] = {}
        self.fixed: dict[str, Shortcut] = {}
        self.named: dict[str, dict[str, Shortcut]] = {}

    def add(self, offer: Offer) -> None:
        """Add what is offered, unless the configuration has a route of its own in that place."""
        if offer.firm:
            self._firm.add(offer.rule)
        elif offer.rule in self._taken:
            return
        if offer.admin and not self._options.may_change:
            return
        view = self._decorated(offer.decorators, offer.view)
        if offer.admin:
            view = admin.behind_token(view, offer.wants)
        self._app.add_url_rule(offer.rule, offer.endpoint, view, methods=list(offer.methods))
        self._know(offer, offer.endpoint, behind_token=offer.admin)
        if offer.quick is not None:
            self._shorten(offer.rule, Shortcut(offer.rule, offer.endpoint, offer.view, offer.quick))

    def add_rules(self, rules: Sequence[Rule], ours: Mapping[View, Offer]) -> None:
        """Add the routes of a configuration; `ours` are offers by their views, which may be put at such routes, too."""
        for number, rule in enumerate(rules):
            if rule.rule in self._firm:
                raise ConfigError(
                    f"flask_add_url_rules: {rule.rule!r} is a route of the service itself; choose another"
                )
            view, endpoint = rule.view_func, endpoint_of(number, rule)
            if view in ours:
                view = self._of_ours(rule.rule, endpoint, ours[view])
            self._app.add_url_rule(rule.rule, endpoint, view, **rule.options)

    def _of_ours(self, rule: str, endpoint: str, offer: Offer) -> View:
        """Return a view of ours at a route of the configuration's: inside its decorators, or else behind the token."""
        view = self._decorated(offer.decorators, offer.view)
        behind_token = offer.admin and not self._options.decorators.get(offer.decorators)
        if behind_token and self._options.may_change:
            view = admin.behind_token(view)
        elif behind_token:
            logger.warning(
                "whoever reaches %s may use it: set an admin token, or guard it by %s", rule, offer.decorators
            )
        self._know(offer, endpoint, behind_token=behind_token and self._options.may_change)
        return view

    def _know(self, offer: Offer, endpoint: str, *, behind_token: bool) -> None:
        self.notes[endpoint] = Note(offer.described, offer.decorators, behind_token)
        if offer.wants:
            self.scopes[endpoint] = offer.wants
        if offer.errors is not None:
            self._shapes[endpoint] = offer.errors

    def _shorten(self, rule: str, shortcut: Shortcut) -> None:
        before, name, behind = rule.partition(_NAME)
        if name:
            self.named.setdefault(before, {})[behind] = shortcut
        else:
            self.fixed[rule] = shortcut

    def _decorated(self, name: str, view: View) -> View:
        # The first of a list is innermost, as configuration files expect it.
        for decorator in self._options.decorators.get(name, ()):
            view = decorator(view)
        return view
