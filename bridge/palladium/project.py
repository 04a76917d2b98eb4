"""What Palladium's functions need beside their arguments: where workers come from, and what the model is called."""

import os
from pathlib import Path
from typing import Any

from triglot.config import get_config
from triglot.errors import ModelNotFound
from triglot.languages.launch import Workshop
from triglot.persister import Persister
from triglot.training.entry import Terms
from triglot.training.terms import terms_of

NAME = "model"
TERMS = ("unseen_levels", "batch", "answers", "x")


def workshop() -> Workshop:
    """Return where the fresh workers of this process's configuration come from."""
    config = get_config()
    key = config.get("signing_key_file")
    folders = tuple(dict.fromkeys(str(file.absolute().parent) for file in config.files))
    return Workshop(dict(os.environ), None if key is None else Path.cwd() / str(key), folders)


def terms(model: Any) -> Terms:
    """Return what this process's configuration says beside a model of Palladium's."""
    config = get_config()
    said = {key: config[key] for key in TERMS if key in config}
    return terms_of(model_name(), {**said, "model": model}, palladium=True)


def model_name(persister: Persister | None = None) -> str:
    """Return the name of the configuration's model, or else of the only one that is stored."""
    config = get_config()
    if "model_name" in config or persister is None:
        return str(config.get("model_name", NAME))
    known = sorted({info.model for info in persister.list()})
    if len(known) > 1 and NAME not in known:
        raise ModelNotFound(f"say which model: add 'model_name' to the configuration, one of {', '.join(known)}")
    return known[0] if len(known) == 1 else NAME
