"""What Palladium left in a store of models, as long as nothing of it has been moved in."""

import contextlib
import logging

from triglot.errors import TriglotError
from triglot.persister import Persister
from triglot.persisters.cached import innermost
from triglot.persisters.database import Database
from triglot.persisters.filelike import FileLike
from triglot.persisters.palladium_folder import PalladiumFolder
from triglot.persisters.palladium_source import PalladiumSource

logger = logging.getLogger("triglot")


def source_in(persister: Persister) -> PalladiumSource | None:
    """Return Palladium's models where a persister of its kind finds its own, or None for other persisters."""
    own = innermost(persister)
    if isinstance(own, Database):
        return own.palladium()
    return PalladiumFolder(own) if isinstance(own, FileLike) else None


def tell_of_what_waits(persister: Persister) -> None:
    """Warn where Palladium's versions are in a store and ours are not: nothing answers before they are moved."""
    with contextlib.suppress(TriglotError):  # which whoever is asked next will tell
        source = source_in(persister)
        waiting = () if source is None else source.contents().versions
        if source is None or not waiting or any(info.card for info in innermost(persister).list()):
            return
        are = "versions of Palladium's are" if len(waiting) > 1 else "version of Palladium's is"
        logger.warning("%d %s in %s; pld-upgrade moves what can be moved in", len(waiting), are, source.identity)
