"""`!`, `__copy__`, `__default__` and `__python__`, on trees that are not built yet."""

from collections import OrderedDict, namedtuple
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triglot.config.directives import key_path, resolve_copies, spell_components
from triglot.errors import ConfigError


def resolved(*trees):
    """Return what files with these dicts come to."""
    tree = {}
    for new in trees:
        tree = {**tree, **resolve_copies(spell_components(new, "c.py"), tree, "c.py")}
    return tree


def test_a_location_reads_as_keys_and_indexes():
    assert key_path(("model", "steps", 1, 1)) == "model -> steps[1][1]"
    assert key_path(()) == "root"


def test_the_old_spelling_is_a_synonym_at_any_depth():
    assert spell_components({"__factory__": "a", "l": [({"__factory__": "b"},)]}, "c.py") == {
        "!": "a",
        "l": [({"!": "b"},)],
    }


def test_both_spellings_in_one_entry_contradict_each_other():
    with pytest.raises(ConfigError, match=r"c\.py: model: '!' and '__factory__' mean the same"):
        spell_components({"model": {"!": "a", "__factory__": "b"}}, "c.py")


def test_a_copy_is_deep():
    tree = resolved({"a": {"l": [1]}, "b": {"__copy__": "a"}, "c": {"__copy__": "a.l"}})
    assert tree == {"a": {"l": [1]}, "b": {"l": [1]}, "c": [1]}
    tree["b"]["l"].append(2)
    assert tree["a"] == {"l": [1]}
    assert tree["c"] == [1]


def test_the_files_own_tree_is_left_as_it_was():
    tree = {"a": {"l": [1]}, "b": {"__copy__": "a", "x": {"__copy__": "a.l"}}}
    resolved(tree)
    assert tree == {"a": {"l": [1]}, "b": {"__copy__": "a", "x": {"__copy__": "a.l"}}}


def test_siblings_replace_entries_of_the_copy_and_the_class_is_one_of_them():
    tree = resolved({"a": {"!": "A", "x": 1, "y": {"z": 1}}, "b": {"__copy__": "a", "__factory__": "B", "y": 2}})
    assert tree["b"] == {"!": "B", "x": 1, "y": 2}


def test_only_magic_siblings_are_dropped():
    assert resolved({"a": 1, "b": {"__copy__": "a", "__python__": "x", "__default__": 3}})["b"] == 1


def test_magic_siblings_beside_others_stay_except_the_default():
    tree = resolved({"a": {"x": 1}, "b": {"__copy__": "a", "y": 2, "__python__": "pass", "__default__": {"q": 1}}})
    assert tree["b"] == {"x": 1, "y": 2, "__python__": "pass"}


def test_a_plain_value_takes_no_siblings():
    with pytest.raises(ConfigError, match=r"c\.py: b: 'a' is of type int, so 'x' cannot be set in its copy\. Remove"):
        resolved({"a": 1, "b": {"__copy__": "a", "x": 2}})


def test_the_default_is_used_where_the_path_does_not_exist_and_siblings_are_then_ignored():
    assert resolved({"b": {"__copy__": "a.b", "__default__": {"q": 1}, "x": 2}})["b"] == {"q": 1}
    assert resolved({"a": 5, "b": {"__copy__": "a.b", "__default__": None}})["b"] is None


def test_a_default_may_be_a_directive_itself():
    assert resolved({"z": 7, "b": {"__copy__": "a", "__default__": {"__copy__": "z"}}})["b"] == 7


def test_list_entries_are_reached_by_index():
    tree = resolved({"l": [1, ({"k": 5},)], "v": {"__copy__": "l.1.0.k"}})
    assert tree["v"] == 5


def test_copies_in_lists_and_tuples_are_resolved_and_the_containers_keep_their_type():
    Pair = namedtuple("Pair", "left right")
    tree = resolved(
        {
            "a": 1,
            "l": [[{"__copy__": "a"}]],
            "t": ("name", {"__copy__": "a"}),
            "n": Pair({"__copy__": "a"}, 2),
            "o": OrderedDict(x={"__copy__": "a"}),
        }
    )
    assert (tree["l"], tree["t"], tree["n"], tree["o"]) == ([[1]], ("name", 1), Pair(1, 2), OrderedDict(x=1))
    assert type(tree["o"]) is OrderedDict
    assert type(tree["n"]) is Pair


def test_an_entry_of_a_later_file_may_copy_its_namesake_of_an_earlier_one():
    tree = resolved({"a": {"x": 1, "y": 1}}, {"a": {"__copy__": "a", "x": 2}}, {"a": {"__copy__": "a", "z": 3}})
    assert tree["a"] == {"x": 2, "y": 1, "z": 3}


def test_inside_a_replaced_entry_its_old_content_can_still_be_reached():
    first = {"grid_search": {"!": "G", "param_grid": {"C": [1]}, "cv": 3}}
    second = {"grid_search": {"!": "D", "param_grid": {"__copy__": "grid_search.param_grid"}}}
    patched = {"grid_search": {"__copy__": "grid_search", "grid": {"__copy__": "grid_search.param_grid"}}}
    assert resolved(first, second)["grid_search"] == {"!": "D", "param_grid": {"C": [1]}}
    assert resolved(first, patched)["grid_search"] == {**first["grid_search"], "grid": {"C": [1]}}


def test_an_entry_that_holds_the_copy_means_the_one_of_an_earlier_file():
    assert resolved({"a": 1}, {"a": {"old": {"__copy__": "a"}}})["a"] == {"old": 1}


def test_the_file_itself_comes_before_earlier_ones():
    assert resolved({"a": 1}, {"a": 2, "b": {"__copy__": "a"}})["b"] == 2


def test_files_are_resolved_one_at_a_time():
    assert resolved({"a": 1, "b": {"__copy__": "a"}}, {"a": 2})["b"] == 1
    with pytest.raises(ConfigError, match="'__copy__' refers to 'later', which does not exist"):
        resolved({"b": {"__copy__": "later"}}, {"later": 1})


def test_a_path_leads_through_directives_to_siblings_copied_entries_and_defaults():
    tree = resolved(
        {
            "a": {"__copy__": "b", "own": 1},
            "b": {"k": {"deep": 2}},
            "d": {"__copy__": "nowhere", "__default__": {"k": 3}},
            "v": [{"__copy__": "a.own"}, {"__copy__": "a.k.deep"}, {"__copy__": "d.k"}],
        }
    )
    assert tree["v"] == [1, 2, 3]


def test_a_copied_component_keeps_what_was_resolved_inside_it():
    tree = resolved({"x": {"__copy__": "y"}, "y": {"!": "A", "p": {"__copy__": "z"}}, "z": [1]})
    assert tree["x"] == {"!": "A", "p": [1]}


def test_a_class_can_be_copied_by_either_spelling():
    assert resolved({"a": {"!": "A"}, "b": {"__copy__": "a.!"}, "c": {"__copy__": "a.__factory__"}})["c"] == "A"


@given(st.permutations(range(12)), st.integers(1, 11))
def test_chains_of_any_length_resolve_in_any_order(order, files):
    """Entry n copies n - 1; whatever stands in one file may come in any order."""
    link = {n: {"__copy__": str(n - 1), f"k{n}": n} if n else {"k0": 0} for n in range(12)}
    whole = {f"k{n}": n for n in range(12)}
    assert resolved({str(n): link[n] for n in order})["11"] == whole
    first = {str(n): link[n] for n in order if n < files}
    second = {str(n): link[n] for n in order if n >= files}
    assert resolved(first, second)["11"] == whole


@given(st.lists(st.integers(0, 7), min_size=8, max_size=8))
def test_every_graph_of_copies_is_resolved_or_refused_as_a_cycle(targets):
    """Entry n copies targets[n]; entry 8 is the only plain value. Nothing stays unresolved in silence."""
    tree = {str(n): {"__copy__": str(target + 1)} for n, target in enumerate(targets)} | {"8": "end"}

    def ends(n):
        seen = set()
        while n != 8 and n not in seen:
            seen.add(n)
            n = targets[n] + 1
        return n == 8

    if all(ends(n) for n in range(8)):
        assert set(resolved(tree).values()) == {"end"}
    else:
        with pytest.raises(ConfigError, match=r"copy each other|holds this very entry"):
            resolved(tree)


def test_a_cycle_is_named_link_by_link():
    with pytest.raises(ConfigError) as caught:
        resolved({"a": {"p": {"__copy__": "b"}}, "b": {"q": [{"__copy__": "a"}]}})
    said = "c.py: entries copy each other: a -> p copies 'b', b -> q[0] copies 'a'. Write the value out in one of them."
    assert str(caught.value) == said


def test_a_cycle_through_what_lies_inside_copies_is_found():
    with pytest.raises(ConfigError, match=r"copy each other: a copies 'b\.x', b copies 'a\.y'"):
        resolved({"a": {"__copy__": "b.x"}, "b": {"__copy__": "a.y"}})


def test_an_entry_of_the_first_file_cannot_copy_itself_but_may_have_a_default():
    with pytest.raises(ConfigError, match="'a', which holds this very entry, and no earlier file has one"):
        resolved({"a": {"__copy__": "a", "x": 2}})
    assert resolved({"a": {"__copy__": "a", "__default__": 1}})["a"] == 1


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("modle", "the configuration has no 'modle'. Did you mean 'model'?"),
        ("model.stepz", "'model' has no 'stepz'. Did you mean 'steps'?"),
        ("model.steps.7", "'model.steps' is a list with 2 entries, counted from 0, and has no '7'."),
        ("model.name.x", "'model.name' is of type str and holds no 'x'."),
        ("patched.stepz", "'patched' has no 'stepz'. Did you mean 'steps'?"),
    ],
)
def test_an_unknown_path_names_file_place_and_the_nearest_names(target, said):
    tree = {
        "model": {"steps": [1, 2], "name": "m"},
        "patched": {"__copy__": "model", "extra": 1},
        "v": {"in": [{"__copy__": target}]},
    }
    with pytest.raises(ConfigError) as caught:
        resolved(tree)
    start = f"c.py: v -> in[0]: '__copy__' refers to {target!r}, which does not exist: "
    assert str(caught.value) == f"{start}{said} Or give a '__default__'."


def test_a_path_must_be_a_string_and_a_value_must_be_copyable():
    with pytest.raises(ConfigError, match=r"c\.py: b: '__copy__' is of type list\. Give it a dotted path"):
        resolved({"b": {"__copy__": ["a"]}})
    with pytest.raises(ConfigError, match=r"b: 'a' cannot be copied .*Make it a component"):
        resolved({"a": __import__("threading").Lock(), "b": {"__copy__": "a"}})


def test_code_sees_the_whole_tree_also_in_functions_and_comprehensions_and_vanishes(read):
    raw = read(
        """{
            'n': 2,
            'inner': {'__python__': 'C["m"] = [cfg["n"] for _ in range(config["n"])]', 'k': 1},
            '__python__': '''
                def double():
                    return C["n"] * 2
                C["d"] = double()
                C["inner"]["seen"] = "m" in C
            ''',
        }"""
    )
    assert raw == {"n": 2, "inner": {"k": 1, "seen": True}, "m": [2, 2], "d": 4}


def test_code_runs_after_all_copies_and_may_put_in_directives(read):
    raw = read(
        "{'a': {'x': 1}, 'b': {'__copy__': 'a'}, '__python__': 'C[\"a\"][\"x\"] = 5; C[\"c\"] = dict(__copy__=\"a\")'}",
        "{'m': {'__python__': 'C[\"b\"][\"__factory__\"] = \"builtins:dict\"'}}",
    )
    assert raw == {"a": {"x": 5}, "b": {"x": 1, "!": "builtins:dict"}, "c": {"x": 5}, "m": {}}


def test_code_of_a_later_file_replaces_that_of_an_earlier_one(read):
    assert read("{'__python__': 'C[\"a\"] = 1'}", "{'__python__': 'C[\"b\"] = 2'}") == {"b": 2}


def test_code_that_fails_is_named_with_file_place_and_line(read, tmp_path):
    with pytest.raises(ConfigError) as caught:
        read("{'a': [{'__python__': 'x = 1\\nC[\"nope\"]'}]}")
    said = "a[0] -> __python__, line 2: KeyError: 'nope'. Correct the code."
    assert str(caught.value) == f"{Path(tmp_path, '1.py')}: {said}"
    assert isinstance(caught.value.__cause__, KeyError)
    with pytest.raises(ConfigError, match=r"1\.py: root|1\.py: __python__, line 1: SyntaxError"):
        read("{'__python__': 'x ='}")
    with pytest.raises(ConfigError, match="a -> __python__: the code must be a string, not int"):
        read("{'a': {'__python__': 1}}")
