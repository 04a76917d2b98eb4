"""Reading and writing of models as points that the configuration's decorators wrap, whichever persister does it."""

from collections.abc import Mapping
from typing import Any

from triglot.artefact import Artefact
from triglot.decorators import pluggable
from triglot.persister import Persister, StoredVersion


@pluggable("read_model_decorators")
def read_model(persister: Persister, model: str, version: int | None = None) -> StoredVersion:
    """Return a version, the active one by default."""
    return persister.read(model, version)


@pluggable("write_model_decorators")
def write_model(
    persister: Persister,
    model: str,
    artefact: Artefact,
    *,
    metrics: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> int:
    """Return the number of the version that was written."""
    return persister.write(model, artefact, metrics=metrics, metadata=metadata)
