"""Dotted names: the three forms, and what is said about a name that stands for nothing."""

import collections
import json
import logging.handlers
import os.path
import pprint
import sys

import pytest

from triglot.config import get_config, resolve_dotted_name
from triglot.errors import ConfigError
from triglot.persisters.file import LocalFiles
from triglot.server.predict import PredictService


@pytest.mark.parametrize(
    ("name", "thing"),
    [
        ("json.dumps", json.dumps),
        ("json", json),
        ("os.path", os.path),
        ("logging.handlers", logging.handlers),
        ("pprint.pprint", pprint.pprint),
        ("builtins:dict", dict),
        ("collections:OrderedDict.fromkeys", collections.OrderedDict.fromkeys),
        ("collections.OrderedDict.fromkeys", collections.OrderedDict.fromkeys),
    ],
)
def test_a_name_stands_for_its_object(name, thing):
    assert resolve_dotted_name(name) == thing


def test_an_attribute_comes_before_a_module_of_the_same_name(write, monkeypatch, tmp_path):
    write("def both(): return 'attribute'", "pkg_both/__init__.py")
    write("", "pkg_both/both.py")
    write("", "pkg_both/only.py")
    monkeypatch.syspath_prepend(tmp_path)
    assert resolve_dotted_name("pkg_both.both")() == "attribute"
    assert resolve_dotted_name("pkg_both.only") is sys.modules["pkg_both.only"]


@pytest.mark.parametrize(
    ("name", "thing"),
    [
        ("palladium.persistence.FileIO", LocalFiles),
        ("palladium.persistence:FileIO", LocalFiles),
        ("palladium.server.PredictService", PredictService),
        ("palladium.util.get_config", get_config),
    ],
)
def test_palladiums_names_stand_for_ours(name, thing):
    assert resolve_dotted_name(name) is thing


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("jsn.dumps", "there is no module 'jsn'. Did you mean 'json'"),
        ("zzqqxx.a", "there is no module 'zzqqxx'. Install it, or put it beside the configuration file."),
        ("json.dumsp", "module 'json' has no 'dumsp'. Did you mean 'dump' or 'dumps'?"),
        ("logging.handlrs.SysLogHandler", "module 'logging' has no 'handlrs'. Did you mean 'handlers'"),
        ("logging.handlrs:SysLogHandler", "module 'logging' has no 'handlrs'. Did you mean 'handlers'"),
        ("collections:OrderedDict.formkeys", "class 'OrderedDict' has no 'formkeys'. Did you mean 'fromkeys'"),
        ("palladium.persistence.Nothing", "Palladium is not installed, and nothing here stands for it"),
    ],
)
def test_an_unknown_name_comes_with_the_nearest_one(name, said):
    with pytest.raises(ConfigError) as caught:
        resolve_dotted_name(name)
    assert said in str(caught.value)
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("name", ["", "a..b", "json:", "json.dumps()", ".json", "a:b:c"])
def test_what_is_no_dotted_name_is_refused(name):
    with pytest.raises(ConfigError, match=r"is not a dotted name; write 'package\.module.Name'"):
        resolve_dotted_name(name)


def test_a_module_that_lacks_another_or_fails_is_not_called_missing(write, monkeypatch, tmp_path):
    write("import zzqqxx", "needs_other.py")
    write("1 / 0", "fails_itself.py")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match="module 'needs_other' needs module 'zzqqxx', which is not installed"):
        resolve_dotted_name("needs_other.Thing")
    with pytest.raises(ConfigError, match="importing module 'fails_itself' failed: ZeroDivisionError"):
        resolve_dotted_name("fails_itself.Thing")
