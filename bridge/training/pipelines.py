"""Which language a configured model is of, and which part of it a worker of that language gets.

Nothing here imports scikit-learn: processes that only serve ask these questions, too.
"""

from typing import Any


def declared(model: Any) -> Any:
    """Return the R or Julia model that a pipeline only passes its table on to, or else the model itself.

    A pipeline with other steps before is a model of Python: its own worker asks one of the last step's language.
    """
    steps = getattr(model, "steps", None)
    if not isinstance(steps, (list, tuple)) or not steps or not hasattr(steps[-1][1], "author"):
        return model
    passed_on = all(getattr(step, "keeps_table", False) or step == "passthrough" for _, step in steps[:-1])
    return steps[-1][1] if passed_on else model


def wants_frame(model: Any) -> bool:
    """Return whether the data come to an R or Julia model first, be it inside a search: it knows columns by names."""
    return hasattr(declared(getattr(model, "estimator", model)), "author")


def language_of(model: Any) -> str:
    """Return the language of a configured model; what does not say is Python."""
    return str(getattr(declared(model), "language", "python"))


def languages_within(model: Any) -> set[str]:
    """Return the languages but Python that a model needs beside it, be it a pipeline, or a search over one."""
    parts = (model, *getattr(model, "get_params", dict)().values())
    return {str(part.language) for part in parts if hasattr(part, "author")}
