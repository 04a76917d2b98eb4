"""Where configuration files are looked for, how they are evaluated, and what is said when they cannot be."""

import os
import sys
from pathlib import Path

import pytest

from triglot.config import evaluate_file, locate, read_config
from triglot.errors import ConfigError


def test_the_variable_names_several_files_with_blanks_around_the_commas(tmp_path):
    assert locate({"TRIGLOT_CONFIG": " a.py , /b/c.py"}, tmp_path) == [tmp_path / "a.py", Path("/b/c.py")]


def test_palladiums_variable_is_used_where_ours_is_not_set(tmp_path):
    assert locate({"PALLADIUM_CONFIG": "p.py"}, tmp_path) == [tmp_path / "p.py"]
    assert locate({"PALLADIUM_CONFIG": "p.py", "TRIGLOT_CONFIG": "t.py"}, tmp_path) == [tmp_path / "t.py"]


@pytest.mark.parametrize("value", ["", "a.py,", " , a.py"])
def test_a_variable_without_the_name_of_a_file_is_an_error(value, tmp_path):
    with pytest.raises(ConfigError, match=r"variable TRIGLOT_CONFIG is .* lacks the name .* or unset it"):
        locate({"TRIGLOT_CONFIG": value}, tmp_path)


def test_without_a_variable_the_first_default_file_is_found(tmp_path):
    names = [
        "etc/palladium-config.py",
        "palladium-config.py",
        "etc/triglot-config.py",
        "triglot-config.py",
    ]
    assert locate({}, tmp_path) == []
    (tmp_path / "etc").mkdir()
    for name in names:  # from the last to the first, each goes before those that are there
        (tmp_path / name).write_text("{}")
        assert locate({}, tmp_path) == [tmp_path / name]


def test_no_file_gives_a_configuration_of_the_extras(tmp_path):
    assert read_config([], {}, {"__mode__": "fit"}) == {"__mode__": "fit"}


def test_here_is_the_absolute_folder_of_each_file_and_environ_the_environment(write):
    write("{'a': here}", "one/a.py")
    write("{'b': here, 'c': environ['X'], 'd': [environ['X'] + here for _ in range(1)]}", "two/b.py")
    raw = read_config([Path("one/a.py"), Path("two/b.py")], {"X": "x"})
    one, two = os.path.abspath("one"), os.path.abspath("two")
    assert raw == {"a": one, "b": two, "c": "x", "d": ["x" + two]}
    assert raw.origins == {
        "a": Path(one, "a.py"),
        "b": Path(two, "b.py"),
        "c": Path(two, "b.py"),
        "d": Path(two, "b.py"),
    }


def test_comments_lambdas_calls_and_imports_are_part_of_an_expression(read):
    raw = read("# a comment\n{'f': (lambda x: x + 1), 'n': max(1, 2), 'j': __import__('json').dumps([1])}  # and one\n")
    assert (raw["f"](1), raw["n"], raw["j"]) == (2, 2, "[1]")


def test_modules_beside_the_file_can_be_named_and_the_last_files_folder_comes_first(write, tmp_path):
    write("VALUE = 'one'", "one/beside_config.py")
    write("VALUE = 'two'", "two/beside_config.py")
    files = [write("{}", "one/a.py"), write("{'v': __import__('beside_config').VALUE}", "two/b.py")]
    before = sys.path[:]
    assert read_config(files, {})["v"] == "two"
    read_config(files, {})
    assert sys.path == [str(tmp_path / "two"), str(tmp_path / "one"), *before]


def test_a_missing_file_is_named_with_its_nearest_neighbour(write, tmp_path):
    write("{}", "triglot-config.py")
    with pytest.raises(ConfigError) as caught:
        read_config([tmp_path / "triglot-confg.py"], {})
    assert str(tmp_path / "triglot-confg.py") in str(caught.value)
    assert "Did you mean 'triglot-config.py'? Relative paths start at the working directory." in str(caught.value)
    with pytest.raises(ConfigError, match="Its folder does not exist either"):
        read_config([tmp_path / "nowhere" / "c.py"], {})


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_config([tmp_path], {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import os\n{}", r"config.py, line 1: invalid syntax. The file must be one Python expression"),
        ("{\n 'a': 1\n 'b': 2}", r"config.py, line \d: .*one Python expression"),
        ("{\n 'a': heer}", r"config.py, line 2: NameError: name 'heer' is not defined. Did you mean 'here'\?"),
        ("{'a': 1,\n\n'b': 1 / 0}", r"config.py, line 3: ZeroDivisionError: division by zero"),
        ("{'a': environ['NOT_SET']}", r"line 1: the environment variable 'NOT_SET' is not set; set it, or write"),
        ("{'a': {}['b']}", r"config.py, line 1: KeyError: 'b'"),
        ("[1]", r"config.py: the expression gives list; it must give a dict"),
        ("", r"config.py, line \d: .*one Python expression"),
    ],
)
def test_a_file_that_cannot_be_evaluated_is_named_with_its_line(text, said, write):
    with pytest.raises(ConfigError, match=said):
        evaluate_file(write(text), {})


def test_a_syntax_error_of_an_imported_module_is_not_blamed_on_the_expression(write):
    write("def (", "broken_beside.py")
    with pytest.raises(ConfigError, match=r"c.py, line 2: SyntaxError.*broken_beside"):
        read_config([write("{'a':\n__import__('broken_beside')}", "c.py")], {})


def test_a_later_file_replaces_whole_top_level_entries(read):
    assert read("{'a': {'x': 1}, 'b': 1}", "{'a': {'y': 2}, 'c': 3}") == {"a": {"y": 2}, "b": 1, "c": 3}


def test_files_win_over_extras(write):
    assert read_config([write("{'a': 2}")], {}, {"a": 1, "__mode__": "fit"}) == {"a": 2, "__mode__": "fit"}
