"""What a configuration spells: as much of its components as can be told without building or importing any."""

from collections.abc import Mapping
from typing import Any

from triglot.config.directives import COMPONENT
from triglot.languages.known import language_of_estimator


def spelt_model(raw: Mapping[str, Any], name: str) -> str:
    """Return the dotted name of what makes a configured model, empty where none is spelt.

    What a model does not say itself, the top level says.
    """
    return factory_of({**raw, **raw.get("models", {}).get(name, {})}.get("model"))


def languages_of_models(raw: Mapping[str, Any]) -> set[str]:
    """Return the languages of all models that are spelt, that of the top level among them."""
    models = [raw, *raw.get("models", {}).values()]
    return {language for said in models if (language := language_of_estimator(factory_of(said.get("model"))))}


def languages_of_groups(raw: Mapping[str, Any], groups: Mapping[str, str]) -> dict[str, set[str]]:
    """Return the languages of each group's models, of the group of each model; Python's where none is spelt."""
    found: dict[str, set[str]] = {group: set() for group in groups.values()}
    for name, group in groups.items():
        found[group].add(language_of_estimator(spelt_model(raw, name)) or "python")
    return found


def predict_services(raw: Mapping[str, Any]) -> set[str]:
    """Return the top-level keys of predict services, by their name or by their class's."""
    return {
        str(key) for key, value in raw.items() if "predict_service" in str(key) or "PredictService" in factory_of(value)
    }


def factory_of(value: Any) -> str:
    """Return the dotted name of what makes a component; empty for what is none."""
    return str(value.get(COMPONENT, "")) if isinstance(value, Mapping) else ""
