"""Persisters as scripts of Palladium's ask them: by a version alone, of the configuration's one model."""

from typing import Any

from triglot.errors import ConfigError
from triglot.palladium.listing import models_of, properties_of
from triglot.palladium.project import model_name, workshop
from triglot.persister import ACTIVE


class ByVersion:
    """Puts the methods that Palladium's persisters had before a persister's own, which are as they were for a name."""

    def read(self, model: Any = None, version: int | None = None) -> Any:
        """Return a version, the active one by default, as a model whose answers a worker computes.

        With the name of a model it is what is stored of the version.
        """
        from triglot.training.evaluation import FittedModel  # a front end has persisters and fits nothing

        if isinstance(model, str):
            return self._by_name.read(model, version)
        name = model_name(self._by_name)
        stored = self._by_name.read(name, version if model is None else int(model))
        where = workshop()
        known = stored.metrics, stored.version, None, stored.metadata
        return FittedModel(name, stored.artefact, where.environ, where.key_file, *known)

    def write(self, model: Any, artefact: Any = None, **about: Any) -> int:
        """Return the number of the new version of a model that a fit gave, or `read`."""
        from triglot.training.evaluation import FittedModel

        if isinstance(model, str):
            return int(self._by_name.write(model, artefact, **about))
        if not isinstance(model, FittedModel):
            raise ConfigError(
                f"{type(model).__name__} cannot be stored as it is, because no columns are known of it; have it fitted "
                "by palladium.fit.fit(), which stores it, or by pld-fit"
            )
        about = {"metrics": dict(model.metrics), "metadata": dict(model.metadata)}
        model.version = int(self._by_name.write(model.name, model.artefact, **about))
        return model.version

    def activate(self, model: Any, version: int | None = None, alias: str = ACTIVE) -> None:
        """Make a version the active one; raises `LookupError` where there is no such version."""
        self._by_name.activate(*_named(self, model, version), alias)

    def delete(self, model: Any, version: int | None = None) -> None:
        """Remove a version; raises `LookupError` where there is no such version."""
        self._by_name.delete(*_named(self, model, version))

    def list_models(self) -> list[dict[str, Any]]:
        """Return what is known of each version, in ascending order."""
        return models_of(self._by_name)

    def list_properties(self) -> dict[str, str]:
        """Return facts of the store, the active version among them."""
        return properties_of(self._by_name)

    @property
    def _by_name(self) -> Any:
        """The persister itself."""
        return super()


def _named(persister: Any, model: Any, version: int | None) -> tuple[str, int]:
    """Return name and number of a version that is meant by its number alone, or by both."""
    if isinstance(model, str) and version is not None:
        return model, version
    return model_name(persister), int(model)
