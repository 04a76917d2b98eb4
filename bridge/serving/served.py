"""Which version of a model answers, as a value, and how the model stands that it answers for."""

import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from triglot.dispatch.loads import Refusal, Version
from triglot.drift.asked import Watched
from triglot.drift.profile import Profile
from triglot.errors import VersionNotLoadable
from triglot.languages.pools import pool_of
from triglot.persister import NOT_PROVED, VersionInfo
from triglot.protocol.batching import Limits
from triglot.scope_names import is_of_a_family, parted
from triglot.tables.labels import Labels
from triglot.tables.schema import Schema


@dataclass(frozen=True)
class Served:
    """One version as the request path needs it; parsed once, then only read. `group` has the workers that answer."""

    info: VersionInfo
    group: str = ""

    @property
    def key(self) -> Version:
        """What workers know it by."""
        return (self.info.model, self.info.version, self.info.sha256)

    @property
    def model(self) -> str:
        """The model's name."""
        return self.info.model

    @property
    def version(self) -> int:
        """The version's number."""
        return self.info.version

    @property
    def language(self) -> str:
        """The language of the workers that answer."""
        return self.info.language

    @cached_property
    def pool(self) -> str:
        """The pool whose workers answer."""
        return pool_of(self.info.language, self.group)

    @cached_property
    def counted(self) -> tuple[str, int]:
        """What its predictions are counted under: model and version; those of scopes together, as their family's."""
        info = self.info
        return (parted(info.model)[0], 0) if is_of_a_family(info.model, info.metadata) else (info.model, info.version)

    @cached_property
    def watched(self) -> Watched | None:
        """What its rows are compared with to find drift; None without a profile, and of scopes' models."""
        profile = None if self.counted[1] == 0 else Profile.from_json(self.info.card.get("profile"))
        if profile is None or not profile.fits(self.schema):  # nobody has looked at its signature here
            return None
        return Watched(self.model, self.version, self.schema, profile)

    @property
    def __metadata__(self) -> dict[str, Any]:
        """What is known of the version, under the names that Palladium gave it."""
        info = self.info
        return {"version": info.version, "train_timestamp": info.created.isoformat(), **info.metrics, **info.metadata}

    @property
    def batch(self) -> bool:
        """Whether its answers are the same whatever rows stand beside; its author may have declared that not."""
        return not Limits.of(self.info.card.batch).alone

    @property
    def is_proved(self) -> bool:
        """Whether its fit did not refuse to activate it."""
        return NOT_PROVED not in self.info.metadata

    @property
    def schema(self) -> Schema:
        """The columns that the model was fitted on."""
        return self.info.card.schema

    @cached_property
    def any_answers(self) -> bool:
        """Whether the answers are any JSON, and neither labels nor numbers."""
        return self.info.card.any_answers

    @property
    def labels(self) -> Labels | None:
        """The classes of a classifier, else None."""
        return self.info.card.labels


@dataclass(frozen=True)
class Standing:
    """How a model stands: the version that is active, the one that answers, and why that is another or none.

    Until workers have come, the active version stands for the answer. `refusal` is why it does not load everywhere.
    """

    active: Served
    answers: Served | None
    loaded: bool = False
    refusal: Refusal | None = None

    @property
    def error(self) -> VersionNotLoadable | None:
        """What callers are told of the active version, if it does not load."""
        return None if self.refusal is None else self.refusal.error(self.active.key, time.monotonic())
