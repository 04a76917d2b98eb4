"""`triglot score`: large data part by part, and what is done is not done again, whatever happened in between."""

import json
import re
import resource
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
import sqlalchemy

from tests.cli.conftest import run
from tests.helpers import KEY, require
from tests.scoring.commands import EXPECTED, Score, of, read
from tests.scoring.versions import DEADLY, FAILS, ONCE, frozen
from triglot.errors import BadRequest
from triglot.scoring.answers_table import OutTable
from triglot.scoring.bundle import Bundle
from triglot.scoring.database import shown


@pytest.mark.parametrize(
    ("source", "target", "parts"),
    [
        ("rows.parquet", "answers", 4),
        ("rows.csv", "answers.parquet", 4),
        ("rows.jsonl", "answers.csv", 4),
        ("rows.arrow", "answers.jsonl", 4),
        ("rows.arrows", "answers.arrow", 1),
        ("rows.parquet", "answers.arrows", 4),
    ],
)
def test_rows_of_any_format_are_answered_in_order_and_in_parts(
    place: Path, score: Score, source: str, target: str, parts: int
) -> None:
    code, said = score(source, target, "--keep", "id", "--partitions", "4", "--workers", "1")

    assert code == 0, said
    many = "1 part" if parts == 1 else f"{parts} parts"
    assert said.splitlines() == [f"2,000 rows answered by moody, version 1, in {many}"]
    assert read(place / target) == EXPECTED
    assert not list(place.glob(".*.triglot"))
    shutil.rmtree(place / "answers", ignore_errors=True)


@pytest.mark.parametrize(
    ("rows", "answers", "bad", "why"),
    [
        ("rows.csv", "rows.csv", None, "output: .* is IN, or within it"),
        ("rows.csv", "../{here}/rows.csv", None, "output: .* is IN, or within it"),
        (".", "answers-within.csv", None, "output: .* is IN, or within it"),
        (".", "answers-within", None, "output: .* is IN, or within it"),
        ("rows.csv", "fine.csv", "rows.csv", "--bad-rows: .* is IN, or within it"),
        ("rows.csv", "fine.csv", "fine.csv", "--bad-rows: 'fine.csv' is OUT as well; name another file"),
        ("rows.csv", "fine.csv", "bad.txt", "--bad-rows: 'bad.txt' has none of the endings .csv, .jsonl"),
        ("rows.csv", "fine.csv", "no/bad.csv", "--bad-rows: 'no/bad.csv' cannot be written: its folder is not there"),
    ],
)
def test_what_is_written_takes_no_place_of_rows_or_answers(
    place: Path, score: Score, rows: str, answers: str, bad: str | None, why: str
) -> None:
    before = (place / "rows.csv").read_bytes()
    code, said = score(rows, answers.format(here=place.name), *([] if bad is None else ["--bad-rows", bad]))

    assert code == 1
    assert re.search(why, said)
    assert (place / "rows.csv").read_bytes() == before
    assert not (place / "fine.csv").exists()


@pytest.mark.parametrize("line", ["garbage", '{"x": 1}', "[]", '{"file": {}}', '{"done": {"id": 1}}'])
def test_a_damaged_ledger_is_told_of_and_left_alone(place: Path, score: Score, line: str) -> None:
    ledger = place / ".damaged.csv.triglot" / "ledger.jsonl"
    ledger.parent.mkdir(exist_ok=True)
    ledger.write_text(f"{line}\n")
    code, said = score("rows.csv", "damaged.csv")

    assert (code, ledger.read_text()) == (1, f"{line}\n")
    assert f"output: '{ledger}' is damaged, so that nobody knows what is done; remove '{ledger.parent}'" in said
    assert "Traceback" not in said


def test_the_folders_of_partitions_are_columns_and_stay_folders(place: Path, score: Score) -> None:
    for year, region in ((2024, "EU"), (2025, "EU"), (2025, "a%2Fb")):
        inner = place / "hive" / f"year={year}" / f"region={region}"
        inner.mkdir(parents=True)
        pq.write_table(pa.table({"x": [float(year), 1.0]}), inner / "rows.parquet")
    (place / "hive" / "_SUCCESS").touch()

    assert score("hive", "by-year", "--keep", "year", "--keep", "region")[0] == 0
    assert score("hive", "by-year.csv", "--keep", "year", "--keep", "region")[0] == 0

    assert sorted(str(path.relative_to(place)) for path in place.glob("by-year/year=*/*/*")) == [
        "by-year/year=2024/region=EU/part-00000-00000.parquet",
        "by-year/year=2025/region=EU/part-00001-00000.parquet",
        "by-year/year=2025/region=a%2Fb/part-00002-00000.parquet",
    ]
    assert read(place / "by-year.csv") == {
        "year": [2024, 2024, 2025, 2025, 2025, 2025],
        "region": ["EU", "EU", "EU", "EU", "a/b", "a/b"],
        "prediction": [4048.0, 2.0, 4050.0, 2.0, 4050.0, 2.0],
    }


def test_rows_without_an_answer_are_put_aside_with_their_number_and_the_reason(place: Path, score: Score) -> None:
    values = [float(number) for number in range(100)]
    values[13], values[40], values[77] = FAILS, float("nan"), DEADLY
    pq.write_table(pa.table(of(values)), place / "bad.parquet", row_group_size=30)
    texts = ["many" if value == DEADLY else f"{value:g}" for value in values]  # a deadly row takes seconds to be found
    pyarrow.csv.write_csv(pa.table(of(texts)), place / "bad.csv")
    reasons = {"bad.parquet": "ends whatever worker answers it", "bad.csv": "must be a number, not the text 'many'"}

    for source, reason in reasons.items():
        code, said = score(source, "good.csv", "--bad-rows", "aside.csv", "--keep", "id", "--partitions", "4")

        assert code == 4, said
        assert said.splitlines()[0] == "97 rows answered by moody, version 1, in 4 parts"
        assert said.splitlines()[-1] == "3 rows without an answer: see aside.csv"
        aside = read(place / "aside.csv")
        assert (aside["row"], aside["id"]) == ([13, 40, 77], ["row 13", "row 40", "row 77"])
        assert set(aside["input"]) == {str(place / source)}
        assert "thirteen is too much" in aside["reason"][0]
        assert "must not be missing" in aside["reason"][1]
        assert (aside["field"][1], aside["reason"][2]) == ("x", reason)
        assert read(place / "good.csv")["id"] == [
            f"row {number}" for number in range(100) if number not in (13, 40, 77)
        ]


def test_without_a_file_for_them_the_first_such_row_ends_all_and_is_named(place: Path, score: Score) -> None:
    pq.write_table(pa.table(of([1.0, 2.0, 3.0, FAILS, 5.0])), place / "fails.parquet", row_group_size=2)

    code, said = score("fails.parquet", "fails-answers", "--partitions", "3")

    assert code == 1
    assert "fails.parquet: row 3: " in said
    assert "; --bad-rows FILE puts such rows aside. " in said
    assert "1 of 3 parts are done and stay so; mend that and run the command again" in said
    assert "Traceback" not in said

    code, said = score("fails.parquet", "fails-answers", "--partitions", "3", "--bad-rows", "late.csv")
    assert (code, "1 of the parts had been done before" in said) == (4, True), said
    assert read(place / "late.csv")["row"] == [3]
    code, said = score("fails.parquet", "fails-answers", "--partitions", "3")
    assert (code, "some rows were put aside; name their file by --bad-rows, or say --restart" in said) == (1, True)


def test_a_corrupt_file_is_named_and_once_it_is_mended_the_others_are_not_done_again(place: Path, score: Score) -> None:
    (place / "many").mkdir()
    for number in range(3):
        pq.write_table(pa.table(of([float(number), 20.0])), place / "many" / f"{number}.parquet")
    whole = (place / "many" / "1.parquet").read_bytes()
    (place / "many" / "1.parquet").write_bytes(whole[: len(whole) // 2])

    code, said = score("many", "many-answers", "--keep", "id")
    assert code == 1
    assert "many/1.parquet: the Parquet file cannot be read" in said
    assert "--bad-rows" not in said
    assert "2 of 3 parts are done and stay so" in said
    before = {path: path.stat().st_mtime_ns for path in (place / "many-answers").glob("*.parquet")}

    (place / "many" / "1.parquet").write_bytes(whole)
    code, said = score("many", "many-answers", "--keep", "id")
    assert code == 0, said
    assert "2 of the parts had been done before" in said
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert read(place / "many-answers")["prediction"] == [0.0, 40.0, 2.0, 40.0, 4.0, 40.0]

    (place / "many" / "0.parquet").write_bytes(whole)
    code, said = score("many", "many-answers", "--keep", "id")
    assert (code, "many/0.parquet has changed since some of its rows were answered" in said) == (1, True)
    (place / "many" / "3.parquet").write_bytes(whole)
    assert "the list of its files has changed" in score("many", "many-answers", "--keep", "id")[1]
    assert score("many", "many-answers", "--keep", "id", "--restart")[0] == 0
    assert read(place / "many-answers")["prediction"] == [2.0, 40.0, 2.0, 40.0, 4.0, 40.0, 2.0, 40.0]


def test_other_work_than_the_one_that_was_begun_is_refused(place: Path, score: Score) -> None:
    pq.write_table(pa.table(of([1.0, FAILS])), place / "begun.parquet", row_group_size=1)
    assert score("begun.parquet", "begun", "--partitions", "2")[0] == 1

    code, said = score("begun.parquet", "begun", "--partitions", "2", "--keep", "id")

    assert code == 1
    assert "what was begun there is other work: --keep was [] and is ['id']; say --restart" in said
    (place / "theirs").mkdir()
    (place / "theirs" / "notes.txt").write_text("mine")
    assert "/theirs' has files that this command did not write" in score("begun.parquet", "theirs")[1]
    assert (place / "theirs" / "notes.txt").read_text() == "mine"


def test_a_worker_that_ends_is_started_again_and_the_part_is_counted(place: Path, score: Score, marks: Path) -> None:
    values = [float(number) for number in range(20, 120)]
    values[50] = ONCE
    pq.write_table(pa.table(of(values)), place / "once.parquet", row_group_size=20)

    code, said = score("once.parquet", "once.csv", "--partitions", "5")

    assert code == 0, said
    assert (marks / "once").exists()
    assert "1 of the parts were asked again, as a worker had ended" in said
    assert read(place / "once.csv")["prediction"] == [2 * value for value in values]


def test_a_full_disk_ends_the_command_and_what_is_done_is_kept(place: Path, score: Score) -> None:
    assert score("rows.csv", "warm.csv")[0] == 0
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        for partitions in (3, 30):  # a part is too large; all of them together are
            code, said = score("rows.csv", "full.jsonl", "--partitions", partitions, "--keep", "id", "--keep", "x")
            assert code == 1
            assert "cannot be written: File too large; make room, then run the same command again" in said
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    code, said = score("rows.csv", "full.jsonl", "--partitions", "30", "--keep", "id", "--keep", "x")
    assert code == 0, said
    assert "30 of the parts had been done before" in said
    assert read(place / "full.jsonl")["prediction"] == EXPECTED["prediction"]


def test_rows_of_a_database_are_parted_by_a_key_and_answers_fill_a_table(place: Path, score: Score) -> None:
    engine = sqlalchemy.create_engine(f"sqlite:///{place}/rows.db")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE flowers (id TEXT, n INTEGER, x REAL, note TEXT)")
        values = [(f"row {number}", number * 3, float(number + 20), "12:30") for number in range(100)]
        connection.exec_driver_sql("INSERT INTO flowers VALUES (?, ?, ?, ?)", values)
    query = "SELECT id, n, x FROM flowers WHERE note = '12:30'"
    url = f"sqlite:///{place}/rows.db"

    for key in ("n", "id"):
        code, said = score(url, f"by-{key}.csv", "--query", query, "--key", key, "--partitions", "7", "--keep", "n")
        assert code == 0, said
        assert said.splitlines()[0].startswith("100 rows answered by moody, version 1, in 7 parts")
        found = read(place / f"by-{key}.csv")
        assert dict(zip(found["n"], found["prediction"], strict=True)) == {n: 2 * x for _, n, x, _ in values}

    for _ in range(2):
        code, said = score(url, url, "--query", query, "--key", "n", "--table", "answers", "--keep", "n")
        with engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT n, prediction FROM answers ORDER BY n").all()
        assert rows == [(n, 2 * x) for _, n, x, _ in values]
    assert (code, "'answers' has 100 rows already" in said) == (1, True)
    with pytest.raises(BadRequest, match="'answers' has 100 rows already"):  # of another's, that was quicker
        OutTable(url, "answers", place).finish([], pa.schema([("n", pa.int64())]))
    assert "no such column: m" in score(url, "x.csv", "--query", "SELECT m FROM flowers", "--key", "m")[1]
    assert score(url, "ended.csv", "--query", "SELECT * FROM flowers; ", "--key", "n")[0] == 0
    assert "100 rows have no 'y'" in score(url, "x.csv", "--query", "SELECT x, NULL AS y FROM flowers", "--key", "y")[1]
    assert "a database needs --query" in score(url, "x.csv")[1]
    engine.dispose()


def test_a_password_in_a_url_is_in_no_message_and_no_file(place: Path, score: Score) -> None:
    url = "postgresql+psycopg://me:geheim@127.0.0.1:1/none?sslpassword=geheim"
    code, said = score(url, "secret.csv", "--query", "SELECT 1", "--key", "x")

    assert code == 1
    assert "geheim" not in said
    assert "postgresql+psycopg://me:***@127.0.0.1:1/none: " in said
    assert shown(url) == "postgresql+psycopg://me:***@127.0.0.1:1/none"
    assert shown("no url") == "the database"
    kept = [path for path in place.rglob("*") if path.is_file() and b"geheim" in path.read_bytes()]
    assert kept == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rows.csv", "x.csv", "--keep", "colour"], "field 'colour': is not there to be kept"),
        (["rows.csv", "x.csv", "--proba"], "'moody' is no classifier and has no probabilities"),
        (
            ["rows.csv", "x.csv.xlsx"],
            "output: 'x.csv.xlsx' has none of the endings .csv, .jsonl, .ndjson, .parquet, .pq,",
        ),
        (["rows.csv", "x.csv.gz", "--output-format", "csv"], "for a folder with a file a part say 'x.csv.gz/'"),
        (["none.csv", "x.csv"], "/none.csv' cannot be read: No such file"),
        (["rows.csv", "nowhere/x.csv"], "/nowhere/x.csv' cannot be written"),
        (["rows.csv", "x.csv", "--scheduler", "tcp://here:1"], "--scheduler is of --engine dask, not of local"),
        (["rows.csv", "x.csv", "--key", "id"], "--query and --key are for databases"),
        (["rows.csv", "sqlite:///x.db"], "a database needs --table"),
        (["nix://", "x.csv", "--query", "a", "--key", "b"], "the database's URL cannot be used"),
        (["mixed", "x.csv"], "has files of the formats csv, jsonl; move others elsewhere"),
        (["empty", "x.csv"], "/empty' has no files"),
        (["rows.csv", "x.csv", "--model-version", "2"], "is version 1; leave --model-version out"),
    ],
)
def test_what_cannot_begin_is_said_and_leaves_no_answers(
    place: Path, score: Score, arguments: list[str], message: str
) -> None:
    for name in ("mixed", "empty"):
        (place / name).mkdir(exist_ok=True)
    for ending in ("csv", "jsonl"):
        (place / "mixed" / f"rows.{ending}").touch()

    code, said = score(*arguments)

    assert (code, message in said) == (1, True), said
    assert not list(place.glob("*x.csv*"))
    assert "Traceback" not in said


def test_columns_that_are_missing_or_of_another_kind_are_named(place: Path, score: Score) -> None:
    pq.write_table(pa.table({"id": ["a"]}), place / "without.parquet")
    pq.write_table(pa.table({"x": [[1.0]]}), place / "lists.parquet")
    (place / "words.csv").write_text("x\nmany\n")
    wrong = {"without": "'x': is missing", "lists": "is of Arrow type list", "words": "not the text"}
    for file, message in wrong.items():
        (path,) = place.glob(f"{file}.*")
        code, said = score(path.name, "x.csv")
        assert (code, message in said) == (1, True), said
        assert not list(place.glob("*x.csv*"))


def test_a_bundle_that_is_unsigned_cut_off_or_changed_answers_nothing(
    place: Path, score: Score, moody_version: Bundle
) -> None:
    whole = (place / "moody.bundle").read_bytes()
    try:
        for content, message in (
            (b"not a bundle", "is no bundle of Triglot"),
            (whole[:-1], "was cut off, or changed"),
            (whole[:-1] + b"!", "SHA-256"),
            (whole.replace(b'"version":1', b'"version":2'), "no signature that holds"),
        ):
            (place / "moody.bundle").write_bytes(content)
            code, said = score("rows.csv", "x.csv")
            assert (code, message in said) == (1, True), said
            assert not (place / "x.csv").exists()
    finally:
        (place / "moody.bundle").write_bytes(whole)


@pytest.mark.parametrize("language", ["r", "julia"])
def test_r_and_julia_answer_a_file_by_a_bundle(place: Path, score: Score, language: str) -> None:
    require(language)
    bundle, rows, answers = frozen(language)
    bundle.write(place / f"{language}.bundle", KEY)
    (place / f"{language}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    code = run("score", f"{language}.bundle", f"{language}.jsonl", f"{language}.csv", "--partitions", "2")

    assert code == 0
    classes = bundle.artefact.card().classes
    expected = [row[0] if classes is None else classes[int(row[0])] for row in answers["predict"]]
    assert read(place / f"{language}.csv")["prediction"] == expected
