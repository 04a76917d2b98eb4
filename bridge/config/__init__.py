"""The configuration language: Python expressions in files, whose dicts name components by dotted name.

    {
        'dataset_loader_train': {'!': 'triglot.dataset.CSV', 'path': 'iris.data', 'target_column': 'species'},
        'model': {'!': 'sklearn.linear_model.LogisticRegression', 'C': 0.3},
    }

`files` finds and evaluates them, `directives` resolves what refers to something else, `components` builds the
objects, `process` keeps one configuration a process. Commands call `load_config`, or `read_config`,
`configure_logging` and `instantiate` one by one.
"""

from triglot.config.components import KNOWN_KEYS, Config, RawConfig, instantiate, misspelt_keys
from triglot.config.files import combine, evaluate_file, locate, read_config
from triglot.config.names import resolve_dotted_name
from triglot.config.process import (
    MissingArguments,
    args_from_config,
    building,
    configure_logging,
    decorator_lists,
    get_config,
    initialize_config,
    known_config,
    load_config,
    note_config,
    use_config,
)
from triglot.errors import ConfigError, MissingKey

__all__ = [
    "KNOWN_KEYS",
    "Config",
    "ConfigError",
    "MissingArguments",
    "MissingKey",
    "RawConfig",
    "args_from_config",
    "building",
    "combine",
    "configure_logging",
    "decorator_lists",
    "evaluate_file",
    "get_config",
    "initialize_config",
    "instantiate",
    "known_config",
    "load_config",
    "locate",
    "misspelt_keys",
    "note_config",
    "read_config",
    "resolve_dotted_name",
    "use_config",
]
