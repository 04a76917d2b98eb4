"""What a configuration says of a model beside the model itself, read and checked."""

from collections.abc import Mapping
from typing import Any

from triglot.errors import ConfigError
from triglot.protocol.batching import Limits
from triglot.protocol.runtime import Unprofiled, unprofiled_of
from triglot.tables.labels import AnswersWanted
from triglot.training.entry import Terms
from triglot.training.pipelines import language_of

# What is built of a configured model's entries when it is fitted.
MODEL_KEYS = (
    *("model", "dataset_loader_train", "dataset_loader_test"),
    *("unseen_levels", "batch", "answers", "x", "profile"),
)
# Arguments of R and Julia models that are looked for beside them.
MISPLACED = ("files", "lib_paths", "predict_params", "predict_proba_params")


def refuse_misplaced(name: str, entry: Mapping[str, Any], model: Any) -> None:
    """Refuse what is written beside a model of R or Julia and belongs into it, where nobody would look for it."""
    for key in MISPLACED:
        if key in entry and language_of(model) != "python":
            raise ConfigError(f"model {name!r}: {key} stands beside 'model'; write it into 'model', next to 'script'")


def terms_of(name: str, built: Mapping[str, Any], *, palladium: bool = False) -> Terms:
    """Return what is said beside a model; raises `ConfigError`, naming model and entry, for a slip in it.

    palladium: whether the configuration is one of Palladium's, whose models may answer whatever they like.
    """
    batch = built.get("batch", True)
    try:
        Limits.of(batch)
    except ConfigError as error:
        raise ConfigError(f"model {name!r}: {error}") from None
    return Terms(
        built.get("unseen_levels"),
        batch,
        _form(name, built.get("x"), built["model"]),
        _missing_allowed(name, built.get("answers", {})),
        _answers(name, built, palladium=palladium),
        _unprofiled(name, built.get("profile", True)),
    )


def _form(name: str, x: Any, model: Any) -> str | None:
    """Return how a model of Python gets its data, where its `x` says so."""
    if x is None:
        return None
    if language_of(model) != "python":
        raise ConfigError(f"model {name!r}: x stands beside a model of {language_of(model)}; write it into the model")
    if x not in ("frame", "matrix"):
        raise ConfigError(f"model {name!r}: x: {x!r}; write 'frame' for a DataFrame, or 'matrix' for an array")
    return str(x)


def _missing_allowed(name: str, answers: Any) -> bool:
    """Return whether a model's `answers` say that it may answer with what is no number."""
    if answers not in ("any", {}, {"missing": "allowed"}, {"missing": "refused"}):
        raise ConfigError(
            f"model {name!r}: answers: {answers!r}; write 'any' or {{'missing': 'allowed'}}, or leave it out"
        )
    return bool(answers == {"missing": "allowed"})


def _answers(name: str, built: Mapping[str, Any], *, palladium: bool) -> AnswersWanted:
    """Return whether a model may answer any JSON: it is said, or it is one of Palladium's and nothing is said."""
    language = language_of(built["model"])
    if built.get("answers") == "any":
        if language != "python":
            raise ConfigError(
                f"model {name!r}: answers: 'any' is for models of Python; one of {language} answers labels or numbers"
            )
        return "any"
    return "either" if palladium and "answers" not in built and language == "python" else "typed"


def _unprofiled(name: str, profile: Any) -> Unprofiled:
    try:
        return unprofiled_of(profile)
    except ValueError:
        raise ConfigError(
            f"model {name!r}: profile: {profile!r}; write False, or {{'without': ['a column']}}, or leave it out"
        ) from None
