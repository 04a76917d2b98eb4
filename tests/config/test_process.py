"""The configuration of the process: loaded once, never left half done, with logging set up before components."""

import logging
import os
import subprocess
import sys
import threading

import pytest

from tests.helpers import PATIENCE_S
from triglot.config import (
    args_from_config,
    configure_logging,
    get_config,
    initialize_config,
    load_config,
    use_config,
)
from triglot.errors import ConfigError


def test_the_configuration_is_loaded_once(write, monkeypatch):
    monkeypatch.setenv("TRIGLOT_CONFIG", str(write("{'o': {'!': 'builtins.object'}}")))
    config = get_config(__mode__="fit")
    assert config["__mode__"] == "fit"
    assert get_config(__mode__="other") is config
    with pytest.raises(RuntimeError, match="Configuration was already initialized"):
        initialize_config()


def test_initialising_takes_extras(write):
    write("{'a': 1}", "triglot-config.py")
    assert initialize_config(__mode__="fit") == {"__mode__": "fit", "a": 1}


def test_without_any_file_the_configuration_is_empty_and_still_loaded_once():
    config = get_config()
    assert config == {}
    assert get_config() is config


def test_a_load_that_fails_fails_again_and_a_mended_file_is_then_read(write, monkeypatch):
    monkeypatch.setenv("TRIGLOT_CONFIG", str(write("{'a': {'!': 'nowhere.Thing'}}")))
    for _ in range(2):
        with pytest.raises(ConfigError, match="there is no module 'nowhere'"):
            get_config()
    with pytest.raises(ConfigError, match="there is no module 'nowhere'"):
        initialize_config()
    write("{'a': 1}")
    assert get_config() == {"a": 1}


def test_components_that_ask_while_they_are_built_get_what_the_files_say(write, monkeypatch):
    write(
        "from triglot.config import get_config\n"
        "class Curious:\n"
        "    def __init__(self): self.built = dict(get_config())\n"
        "    def initialize_component(self, config): self.initialised = dict(get_config())\n",
        "curious.py",
    )
    monkeypatch.setenv("TRIGLOT_CONFIG", str(write("{'c': {'!': 'curious.Curious'}, 'predict_decorators': ['x.y']}")))
    curious = get_config(__mode__="fit")["c"]
    raw = {"__mode__": "fit", "c": {"!": "curious.Curious"}, "predict_decorators": ["x.y"]}
    assert curious.built == raw
    assert curious.initialised == raw


def test_threads_that_ask_at_once_share_one_configuration(write, monkeypatch):
    monkeypatch.setenv(
        "TRIGLOT_CONFIG", str(write("{'o': {'!': 'builtins.object'}, 's': __import__('time').sleep(.05)}"))
    )
    found = []
    threads = [threading.Thread(target=lambda: found.append(get_config())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len({id(config) for config in found}) == 1


def test_a_command_loads_given_files_and_a_part_and_code_sees_that(write):
    config = load_config(
        [write("{'p': {'!': 'builtins.object'}, 'm': {'!': 'nowhere.M'}}")], os.environ, {"__mode__": "fit"}, {"p"}
    )
    assert set(config) == {"__mode__", "p"}
    assert get_config() is config


def test_arguments_come_from_the_configuration_unless_the_caller_gives_them(write, monkeypatch):
    @args_from_config
    def fit(dataset_loader_train, model, evaluate=False, *, scoring=None):
        """Fit."""
        return dataset_loader_train, model, evaluate, scoring

    monkeypatch.setenv("TRIGLOT_CONFIG", str(write("{'dataset_loader_train': 1, 'model': 2, 'evaluate': True}")))
    assert fit() == (1, 2, True, None)
    assert fit(7, evaluate=None, scoring="r2") == (7, 2, None, "r2")
    assert (fit.__name__, fit.__doc__) == ("fit", "Fit.")
    with pytest.raises(TypeError, match="unexpected keyword argument 'nope'"):
        fit(nope=1)


def test_missing_arguments_are_all_named_with_the_hint():
    @args_from_config
    def fit(dataset_loader_train, model, model_persister, evaluate=False):
        return model

    @args_from_config
    def test(model_persister):
        return model_persister

    with pytest.raises(TypeError) as caught:
        fit()
    said, *hint = str(caught.value).splitlines()
    names = "'dataset_loader_train', 'model' and 'model_persister'"
    assert said == f"fit() missing 3 required positional arguments: {names}"
    assert "TRIGLOT_CONFIG" in hint[1]
    assert hint[-1] == "  Files read: none."
    assert isinstance(caught.value, ConfigError)
    with pytest.raises(TypeError, match=r"test\(\) missing 1 required positional argument: 'model_persister'\n"):
        test()


def test_a_configuration_made_elsewhere_can_be_that_of_the_process(read):
    raw = read("{'a': 1}")
    use_config(raw)
    assert get_config() is raw


def run(code, **environ):
    """Run Python in a process of its own, where nothing has set up logging yet, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environ},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    return done.stdout, done.stderr


def test_logging_is_up_before_components_are_built_and_says_which_file_was_found(write, tmp_path):
    write(
        "import logging\ndef talk():\n logging.getLogger('triglot').info('filled')\n logging.debug('no')\n", "talk.py"
    )
    write("{'t': {'!': 'talk.talk'}, 'modell': 1}", "triglot-config.py")
    out, err = run("from triglot.config import get_config; get_config()")
    assert out == ""
    assert err.splitlines() == [
        f"WARNING:triglot:{tmp_path / 'triglot-config.py'}: modell: unknown key; did you mean 'model'?",
        "INFO:triglot:filled",
        f"INFO:triglot:Using configuration at {tmp_path / 'triglot-config.py'}",
    ]


def test_loggers_that_exist_stay_enabled_unless_the_configuration_says_otherwise(read):
    logger = logging.getLogger("triglot.test.early")
    configure_logging(read("{'logging': {'version': 1}}"))
    assert not logger.disabled
    configure_logging(read("{'logging': {'version': 1, 'disable_existing_loggers': True}}"))
    try:
        assert logger.disabled
    finally:
        configure_logging(read("{'logging': {'loggers': {'triglot.test.early': {'level': 'INFO'}}}}"))
        for name in list(logging.root.manager.loggerDict):
            logging.getLogger(name).disabled = False


def test_the_logging_entry_may_hold_components(read):
    configure_logging(read("{'logging': {'root': {'level': {'!': 'builtins.str', 'object': 'ERROR'}}}}"))
    assert logging.getLogger().level == logging.ERROR


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{'logging': 'INFO'}", r"1\.py: logging: must be a dict for logging.config.dictConfig, not str"),
        ("{'logging': {'root': {'handlers': ['nope']}}}", r"1\.py: logging: .*nope.* Correct the entry"),
    ],
)
def test_a_bad_logging_entry_is_named(text, said, read):
    with pytest.raises(ConfigError, match=said):
        configure_logging(read(text))


def test_reading_a_configuration_does_not_import_pandas_or_sqlalchemy():
    out, _ = run("import sys, triglot.config, triglot.dataset; print({'pandas', 'sqlalchemy'} & set(sys.modules))")
    assert out.strip() == "set()"
