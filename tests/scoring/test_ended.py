"""`triglot score` that is ended in the middle, or begun twice: what is done stays done, and it says what to do."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.functional.running import environment
from tests.helpers import PATIENCE_S, until
from tests.scoring.commands import EXPECTED, Score, contents, of, own, read
from tests.scoring.versions import FAILS_BESIDE, MARKS, WAITS

STOPPED = (
    "triglot: ended by Ctrl-C: 4 of 5 parts are done and stay so; run the same command again, and it goes on there\n"
)


def test_a_bad_row_ends_workers_that_are_busy_with_others_and_nobody_is_warned_of_that(
    place: Path, tmp_path: Path
) -> None:
    pq.write_table(pa.table(of([FAILS_BESIDE, WAITS])), place / "beside.parquet", row_group_size=1)

    process = own(place, "beside.parquet", "beside.csv", "--partitions", "2", "--workers", "2", marks=tmp_path)

    assert process.communicate(timeout=PATIENCE_S)[1].splitlines() == [
        f"triglot: {place}/beside.parquet: row 0: thirteen is too much; --bad-rows FILE puts such rows aside. "
        "0 of 2 parts are done and stay so; mend that and run the command again"
    ]
    assert process.returncode == 1


@pytest.mark.parametrize("target", ["killed", "killed.csv"])
def test_a_command_that_is_killed_goes_on_where_it_ended_and_writes_the_same_bytes(
    place: Path, score: Score, marks: Path, target: str
) -> None:
    for mark in ("waits", "go"):
        (marks / mark).unlink(missing_ok=True)
    values = [float(number) for number in range(20, 120)]
    values[50] = WAITS
    pq.write_table(pa.table(of(values)), place / "waits.parquet", row_group_size=20)
    arguments = ["waits.parquet", target, "--partitions", "5", "--keep", "id"]
    state = place / ("killed/_triglot" if target == "killed" else ".killed.csv.triglot")
    process = subprocess.Popen(
        [sys.executable, "-m", "triglot", "score", "moody.bundle", *arguments],
        cwd=place,
        env=environment(**{MARKS: str(marks)}),
        stderr=subprocess.DEVNULL,
    )
    try:
        until((marks / "waits").exists)
        code, said = score(*arguments)
        assert (code, "another process is writing there" in said) == (1, True)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE_S)
    done = (state / "ledger.jsonl").read_text().splitlines()
    assert sum("done" in json.loads(line) for line in done) == 2
    (marks / "go").touch()
    with (state / "ledger.jsonl").open("a") as ledger:
        ledger.write('{"done": {"id": [0')  # what a sudden end may leave

    code, said = score(*arguments)
    assert code == 0, said
    assert "2 of the parts had been done before" in said
    again = f"again-{target}"
    assert score("waits.parquet", again, "--partitions", "5", "--keep", "id")[0] == 0
    assert contents(place / target) == contents(place / again)
    assert not list(place.rglob(".part-*.part"))


@pytest.mark.parametrize(
    ("target", "by", "said"),
    [
        ("stopped", signal.SIGINT, STOPPED),
        ("stopped.csv", signal.SIGINT, STOPPED),
        ("ended.csv", signal.SIGKILL, ""),
    ],
)
def test_a_command_that_is_ended_says_so_if_it_can_and_of_100_000_rows_none_is_lost_and_none_there_twice(
    place: Path, tmp_path: Path, target: str, by: signal.Signals, said: str
) -> None:
    values = [float(number) for number in range(100_000, 200_000)]
    values[99_000] = WAITS
    text = "".join(f"row {number},{value}\n" for number, value in enumerate(values))
    (place / "long.csv").write_text(f"id,x\n{text}")
    arguments = ["long.csv", target, "--partitions", "5", "--keep", "id", "--output-format", "csv"]
    process = own(place, *arguments, marks=tmp_path)
    until((tmp_path / "waits").exists)

    os.killpg(process.pid, by)  # as a terminal does

    assert process.communicate(timeout=PATIENCE_S)[1] == said
    assert process.returncode == (1 if said else -by)
    (tmp_path / "go").touch()
    again = own(place, *arguments, marks=tmp_path)
    assert again.communicate(timeout=PATIENCE_S)[1].splitlines() == [
        "100,000 rows answered by moody, version 1, in 5 parts",
        "4 of the parts had been done before",
    ]
    files = sorted((place / target).glob("part-*.csv")) or [place / target]
    answered = [read(path) for path in files]
    assert [each for part in answered for each in part["id"]] == [f"row {number}" for number in range(100_000)]
    assert [each for part in answered for each in part["prediction"]] == [2 * value for value in values]


def test_before_any_part_is_done_nothing_is_left_by_ctrl_c(place: Path, tmp_path: Path) -> None:
    pq.write_table(pa.table(of([WAITS])), place / "first.parquet")
    process = own(place, "first.parquet", "first.csv", marks=tmp_path)
    until((tmp_path / "waits").exists)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=PATIENCE_S)[1]
    assert said.startswith("triglot: ended by Ctrl-C: no part is done yet; more of them (--partitions) would be remem")
    assert not list(place.glob("*first.csv*"))


def test_of_several_commands_that_begin_at_once_on_one_place_one_does_it_and_the_others_say_what_to_do(
    place: Path, tmp_path: Path
) -> None:
    (tmp_path / "go").touch()
    begun = [
        own(place, "rows.csv", "once-only.csv", "--keep", "id", "--partitions", "9", marks=tmp_path) for _ in range(3)
    ]
    said = [process.communicate(timeout=PATIENCE_S)[1] for process in begun]

    done = [told for process, told in zip(begun, said, strict=True) if process.returncode == 0]
    assert done, said
    refused = "triglot: output: another process is writing there; wait for its end, or name another\n"
    assert [told for process, told in zip(begun, said, strict=True) if process.returncode] == [refused] * (
        3 - len(done)
    )
    assert read(place / "once-only.csv") == EXPECTED
    assert not list(place.glob(".once-only*"))


def test_a_command_of_its_own_leaves_no_process_and_no_folder(place: Path) -> None:
    (place / "tmp").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "triglot", "score", "moody.bundle", "rows.csv", "own.csv", "--workers", "2"],
        cwd=place,
        env=environment(**{MARKS: str(place), "TMPDIR": str(place / "tmp")}),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert read(place / "own.csv")["prediction"] == EXPECTED["prediction"]
    assert not list((place / "tmp").iterdir())
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(place / "tmp").encode() in read_line(path)]


def read_line(path: Path) -> bytes:
    """Return the command line of a process; that of one that has ended is empty."""
    try:
        return path.read_bytes()
    except OSError:
        return b""
