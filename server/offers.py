"""Offers: what a module of this room has to say of a route that it wants the application to have.

Such a module, or package, has a function `routes(service, options)`, which yields its offers. The application adds all
of them (`triglot.server.site`), inside the decorators of its configuration and behind its token.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from triglot.access.scopes import ADMIN, PREDICT
from triglot.server.context import Options, View
from triglot.server.exchange import Quick
from triglot.server.openapi.described import Described
from triglot.serving.service import Service

PREDICT_DECORATORS = "predict_decorators"


@dataclass(frozen=True, slots=True)
class Offer:
    """One route.

    rule: as Flask writes it. endpoint: a name of its own among all of the application. decorators: the key of the
    configuration whose decorators wrap the view; what predicts must have `predict_decorators`, as they may be what
    keeps strangers out. admin: it is there only where somebody may change something, and for those alone, or where it
    has a scope for those who have that one. quick: the
    same as the view for ordinary requests, of a rule that has nothing variable but one `<name>` in it. scope: what a
    caller must be allowed to do, where neither decorators nor admin says it: 'read', or 'open' for what probes ask; a
    route of which nobody has said it wants 'admin'. described: what the service's document says of it. errors: what
    becomes of the body and the status of an error there, for clients that look for more than all others do. firm: no
    route of a configuration may take its place.
    """

    rule: str
    endpoint: str
    view: View
    methods: tuple[str, ...] = ("GET",)
    decorators: str = ""
    admin: bool = False
    quick: Quick | None = None
    errors: Callable[[Mapping[str, Any], int], tuple[Mapping[str, Any], int]] | None = None
    described: Described | None = None
    scope: str = ""
    firm: bool = False

    @property
    def wants(self) -> str:
        """What a caller must be allowed to do; empty where nobody has said it."""
        predicts = PREDICT if self.decorators == PREDICT_DECORATORS else ""
        return self.scope or (ADMIN if self.admin else predicts)


Routes = Callable[[Service, Options], Iterable[Offer]]
