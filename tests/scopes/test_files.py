"""Files of scopes: what is read, what is refused and where, what a run leaves behind."""

import contextlib
from pathlib import Path

import pytest

from triglot.errors import ConfigError
from triglot.scopes import files


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hold the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(text: str, name: str = "shops.csv") -> Path:
    path = Path(name)
    path.write_text(text, "utf-8")
    return path


def test_scopes_are_read_in_order_as_text(here: Path) -> None:
    scopes = files.read(written('\ufeffstore,product\n007,"a, b"\n\n8,c/d\n'), "sales")
    assert scopes.columns == ("store", "product")
    assert scopes.rows == [{"store": "007", "product": "a, b"}, {"store": "8", "product": "c/d"}]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "there is no header; write a first line such as store,product"),
        ("\n \n", "there is no header; write a first line such as store,product"),
        ("why it failed\nit rained\n", "there is no header; write a first line such as store,product"),
        ("store\n", "there is no scope below the header; write one a line"),
        ("a store\n1\n", "'a store' cannot name a column, as the dataset loader gets the values by their names; write"),
        ("1,a\n2,b\n", "'1' cannot name a column"),
        ("store;product\n1;2\n", "'store;product' cannot name a column"),
        ("store,\n1,2\n", "'' cannot name a column"),
        ("store,store\n1,2\n", "a column is there twice: store; take one of them out"),
        ("store,product\n1\n", "line 2 has 1 value, and the header 2 names; there is none for product"),
        ("store\n1\n2,3\n", "line 3 has 2 values, and the header 1 name; there is no name for the last"),
        ("store,product\n1,\n", "line 2: product: a value is empty; write what stands for nothing"),
        ("store\n1\n2\n1\n", "line 4: store='1' is there twice, in line 2 too; take one of them out"),
        (f"store,product\n1,{'long ' * 60}\n", "line 2: product: scope 'sales/1/long .*: the name would have 3"),
        (f"store\n{'long' * 50_000}\n", r"line 2 cannot be read: field larger than field limit \(131072\)"),
    ],
)
def test_what_is_wrong_is_told_in_a_line_with_file_and_place_and_remedy(text: str, reason: str, here: Path) -> None:
    with pytest.raises(ConfigError, match=f"^scopes 'shops.csv': {reason}") as raised:
        files.read(written(text), "sales")
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 250


def test_slashes_blanks_and_letters_of_any_kind_are_values_like_others(here: Path) -> None:
    values = ["a/b", " ", " ends ", "../..", "ключ", "100 %", "tab\t", "two\nlines", "\x00", "'; DROP"]
    scopes = files.read(written("store\n" + "".join(f'"{value}"\n' for value in values if value.strip())), "sales")
    assert [row["store"] for row in scopes.rows] == [value for value in values if value.strip()]


def test_a_file_that_is_not_there_or_no_text_or_a_folder_is_told(here: Path) -> None:
    with pytest.raises(ConfigError, match=r"^scopes 'gone.csv': cannot be read: No such file or directory; give a CSV"):
        files.read(Path("gone.csv"), "sales")
    Path("folder.csv").mkdir()
    with pytest.raises(ConfigError, match=r"^scopes 'folder.csv': cannot be read: Is a directory; give a CSV file"):
        files.read(Path("folder.csv"), "sales")
    Path("bytes.csv").write_bytes(b"store\n1\n\xff\n")
    with pytest.raises(ConfigError, match=r"^scopes 'bytes.csv': line 3 is no UTF-8; give a CSV file in UTF-8$"):
        files.read(Path("bytes.csv"), "sales")


def test_where_the_files_of_a_run_cannot_be_written_it_is_said_which_and_what_to_do(here: Path) -> None:
    scopes = files.read(written("store\n1\n"), "sales")
    Path("shops.sales.run").mkdir()
    told = "'shops.sales.run' cannot be written: Is a directory; run the command in a folder that you may write to"
    with pytest.raises(ConfigError, match=told), files.run(scopes, "sales"):
        pass
    long = files.read(written("store\n1\n", f"{'shop' * 62}.csv"), "sales")
    with pytest.raises(ConfigError, match="cannot be written: File name too long; run"), files.run(long, "sales"):
        pass

    failures = files.Failures(scopes)
    Path("shops.failed.csv.part").mkdir()
    with pytest.raises(ConfigError, match=r"'shops.failed.csv.part' cannot be written: Is a directory"):
        failures.add({"store": "1"}, "no rows")
    Path("shops.failed.csv.part").rmdir()
    Path("shops.failed.csv").write_bytes(b"\xff somebody else's")
    failures.close()
    assert Path("shops.failed.csv").read_bytes() == b"\xff somebody else's"


def test_what_a_run_that_was_ended_has_noted_of_failures_goes_with_the_next(here: Path) -> None:
    scopes = files.read(written("store\n1\n"), "sales")
    Path("shops.failed.csv.part").write_text("store,why it failed\n1,no rows\n")
    files.Failures(scopes).close()
    assert sorted(path.name for path in here.iterdir()) == ["shops.csv"]


def test_failed_scopes_are_a_file_of_scopes_again_until_none_fails(here: Path) -> None:
    first = files.Failures(files.read(written("store,product\n1,a\n2,b\n"), "sales"))
    first.add({"store": "2", "product": "b"}, "it\nhas no rows")
    first.close()

    again = files.read(Path("shops.failed.csv"), "sales")
    assert again.rows == [{"store": "2", "product": "b"}]
    assert "it has no rows" in Path("shops.failed.csv").read_text()

    files.Failures(again).close()
    assert sorted(path.name for path in here.iterdir()) == ["shops.csv"]


def ended(scopes: files.Scopes) -> str:
    """Return the id of a run that begins anew and is ended."""
    begun: list[str] = []
    with contextlib.suppress(KeyboardInterrupt), files.run(scopes, "sales") as (run, goes_on):
        assert not goes_on
        begun.append(run)
        raise KeyboardInterrupt
    return begun[0]


def test_a_run_that_was_ended_goes_on_unless_the_file_is_another_one(here: Path) -> None:
    scopes = files.read(written("store\n1\n"), "sales")
    first = ended(scopes)
    with files.run(scopes, "sales") as (second, goes_on):
        assert (second, goes_on) == (first, True)
        with pytest.raises(ConfigError, match="another process is fitting 'sales'"), files.run(scopes, "sales"):
            pass
    with files.run(scopes, "sales") as (third, goes_on):
        assert (third != first, goes_on) == (True, False)
    ended(scopes)
    with files.run(files.read(written("store\n2\n"), "sales"), "sales") as (_, goes_on):
        assert not goes_on
