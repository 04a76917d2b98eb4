"""Building components: order, names, errors, and building only a part."""

import pickle
import sys
from pathlib import Path

import pytest

from triglot.config import Config, RawConfig, instantiate, misspelt_keys
from triglot.errors import ConfigError, MissingKey, TriglotError

PARTS = """
log = []

class Part:
    def __init__(self, name='', **kwargs):
        self.name, self.kwargs = name, kwargs
        log.append(('built', name))

    def initialize_component(self, config):
        log.append(('initialised', self.name))
        self.config = config

    @classmethod
    def made(cls, name):
        return cls('made ' + name)

class Strict:
    def __init__(self, C, tolerance=1):
        raise TypeError('from inside')

class Broken:
    def initialize_component(self, config):
        raise OSError('no disk')

class Slotted:
    __slots__ = ()

def fail(**kwargs):
    raise ValueError('bad weather')

constant = 5
"""


@pytest.fixture
def parts(write):
    write(PARTS, "parts.py")

    def loaded():
        return sys.modules["parts"]

    return loaded


def test_a_component_is_called_with_the_other_entries_and_strings_stay_strings(read, parts):
    part = instantiate(read("{'a': {'!': 'parts.Part', 'name': 'x', 'app': 'json.dumps'}}"))["a"]
    assert (part.name, part.kwargs) == ("x", {"app": "json.dumps"})


@pytest.mark.parametrize("name", ["parts.Part.made", "parts:Part.made"])
def test_any_callable_will_do(name, read, parts):
    assert instantiate(read(f"{{'a': {{'__factory__': '{name}', 'name': 'x'}}}}"))["a"].name == "made x"


def test_children_come_before_parents_in_the_order_of_the_files_and_then_all_are_initialised(read, parts):
    config = instantiate(
        read(
            "{'b': {'!': 'parts.Part', 'name': 'b', 'x': [{'!': 'parts.Part', 'name': 'b.x'}]},"
            " 'a': ('s', {'!': 'parts.Part', 'name': 'a'})}",
            "{'c': {'!': 'parts.Part', 'name': 'c'}}",
        )
    )
    order = ["b.x", "b", "a", "c"]
    expected = [("built", n) for n in order] + [("initialised", n) for n in order]
    assert parts().log == expected
    assert config["b"].config is config
    assert list(config) == ["b", "a", "c"]


def test_a_dict_in_a_tuple_is_built_and_the_tuple_stays_one(read, parts):
    steps = instantiate(read("{'steps': ('name', {'!': 'parts.Part'})}"))["steps"]
    assert type(steps) is tuple
    assert type(steps[1]) is parts().Part


def test_two_copies_of_a_component_are_two_instances(read, parts):
    config = instantiate(read("{'a': {'!': 'parts.Part'}, 'b': {'__copy__': 'a'}, 'c': {'__copy__': 'a'}}"))
    assert len({id(config[key]) for key in "abc"}) == 3


def test_a_component_learns_its_key_or_index_unless_it_refuses(read, parts):
    config = instantiate(read("{'a': {'!': 'parts.Part', 'k': [0, {'!': 'parts.Part'}]}, 's': {'!': 'parts.Slotted'}}"))
    assert config["a"].__pld_config_key__ == "a"
    assert config["a"].kwargs["k"][1].__pld_config_key__ == "1"
    assert not hasattr(config["s"], "__pld_config_key__")


def test_the_root_may_be_a_component_that_gives_a_dict(read, parts):
    assert instantiate(read("{'!': 'builtins:dict', 'a': 1}")) == {"a": 1}
    with pytest.raises(ConfigError, match=r"1\.py: root: the component gives Part; it must give a dict"):
        instantiate(read("{'!': 'parts.Part', 'name': 'x'}"))


def test_only_the_named_entries_are_built_and_nothing_else_is_even_imported(read, parts):
    raw = read(
        "{'model_persister': {'!': 'parts.Part', 'name': 'p'}, 'scoring': 'accuracy', 'plain': {'x': [1]},"
        " 'model': {'!': 'nowhere.Model'}, 'list': [{'!': 'nowhere.Thing'}]}"
    )
    config = instantiate(raw, only={"model_persister", "grid_search"})
    assert parts().log == [("built", "p"), ("initialised", "p")]
    assert set(config) == {"model_persister", "scoring", "plain"}
    with pytest.raises(MissingKey, match="'model' of your configuration was not built here"):
        config["model"]


def test_building_leaves_the_raw_configuration_as_it_was(read, parts):
    raw = read("{'a': {'!': 'parts.Part', 'l': [1]}}")
    first, second = instantiate(raw)["a"], instantiate(raw)["a"]
    assert raw == {"a": {"!": "parts.Part", "l": [1]}}
    assert first is not second
    assert first.kwargs["l"] is not second.kwargs["l"]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("{'!': 'parts.Prat'}", "parts.Prat: module 'parts' has no 'Prat'. Did you mean 'Part'"),
        ("{'!': 'prats.Part'}", "prats.Part: there is no module 'prats'. Did you mean 'parts'"),
        ("{'!': 'parts'}", "parts is of type module and cannot be called; name a class or a function"),
        ("{'!': 'parts.constant'}", "parts.constant is of type int and cannot be called"),
        ("{'!': 3}", "'!' is of type int. Give it a dotted name"),
        ("{'!': 'parts.Strict', 'CC': 1}", "parts.Strict has no argument 'CC'. Did you mean 'C'?"),
        ("{'!': 'parts.Strict', 'C': 1, 'tolerence': 2}", "no argument 'tolerence'. Did you mean 'tolerance'?"),
        ("{'!': 'parts.Strict'}", "parts.Strict needs the argument 'C'; add it"),
        ("{'!': 'parts.Strict', 'C': 1}", "parts.Strict failed: TypeError: from inside"),
        ("{'!': 'parts.fail'}", "parts.fail failed: ValueError: bad weather"),
        ("{'!': 'parts.Part', 1: 2}", "parts.Part takes arguments by name, and 1 is no string"),
    ],
)
def test_a_component_that_cannot_be_built_names_file_key_path_and_remedy(spec, said, read, parts, tmp_path):
    raw = read("{'other': 1}", f"{{'model': {{'steps': [0, ('clf', {spec})]}}}}")
    with pytest.raises(ConfigError) as caught:
        instantiate(raw)
    assert str(caught.value).startswith(f"{tmp_path / '2.py'}: model -> steps[1][1]: ")
    assert said in str(caught.value)


def test_the_original_error_is_the_cause(read, parts):
    with pytest.raises(ConfigError) as caught:
        instantiate(read("{'a': {'!': 'parts.fail'}}"))
    assert isinstance(caught.value.__cause__, ValueError)
    with pytest.raises(ConfigError) as caught:
        instantiate(read("{'a': {'!': 'nowhere_at_all.Thing'}}"))
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_an_initialisation_that_fails_names_the_component(read, parts):
    with pytest.raises(
        ConfigError, match=r"1\.py: l\[0\]: initialising parts\.Broken failed: OSError: no disk"
    ) as caught:
        instantiate(read("{'l': [{'!': 'parts.Broken'}]}"))
    assert isinstance(caught.value.__cause__, OSError)


def test_a_missing_key_is_a_key_error_with_a_hint_and_the_files(tmp_path):
    config = Config({"model_persister": 1}, [tmp_path / "a.py", tmp_path / "b.py"])
    with pytest.raises(KeyError) as caught:
        config["model_persistor"]
    lines = str(caught.value).splitlines()
    assert lines[0] == (
        "The required key 'model_persistor' was not found in your configuration. Did you mean 'model_persister'?"
    )
    assert len([line for line in lines if line.startswith("  ")]) == 4
    assert "TRIGLOT_CONFIG (or PALLADIUM_CONFIG) is not set" in lines[2]
    assert lines[-1] == f"  Files read: {tmp_path / 'a.py'}, {tmp_path / 'b.py'}."
    assert isinstance(caught.value, ConfigError)
    assert isinstance(caught.value, TriglotError)
    assert config.get("nope", 3) == 3
    assert "nope" not in config


def test_a_configuration_survives_pickling():
    config = Config({"a": 1}, [Path("/c.py")], {"a": Path("/c.py")}, ["m"])
    twin = pickle.loads(pickle.dumps(config))
    assert (twin, twin.files, twin.origins, twin.left_out) == (config, config.files, config.origins, config.left_out)


def test_near_misses_of_known_keys_are_found_and_own_names_are_left_alone():
    slips = {
        "modell": "model",
        "dataset_loader_trian": "dataset_loader_train",
        "predict_decorator": "predict_decorators",
    }
    derived = ["model_2", "predict_decorators_json", "my_predict_decorators", "dataset_loader_test_2"]
    assert misspelt_keys(["model", *slips, "_modell", "__mode__", "my_helper", *derived]) == slips


def test_a_near_miss_is_logged_as_a_warning_once(read, caplog):
    raw = read("{'model_presister': 1, 'free': 2}")
    instantiate(raw)
    instantiate(raw)
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("triglot", "WARNING")
    assert record.getMessage().endswith("1.py: model_presister: unknown key; did you mean 'model_persister'?")


def test_a_configuration_made_in_code_needs_no_files():
    assert instantiate(RawConfig({"a": {"!": "builtins.dict", "x": 1}})) == {"a": {"x": 1}}
    with pytest.raises(ConfigError, match=r"the configuration: a: json\.nope: module 'json' has no 'nope'"):
        instantiate(RawConfig({"a": {"!": "json.nope"}}))
