"""The proof of a fit: what no fresh process answers with is stored, and not activated, with its true cause."""

import os
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import here, run
from tests.helpers import require
from triglot.languages.launch import absolute
from triglot.persister import NOT_PROVED, VersionInfo
from triglot.store import ModelStore

AUTHORS = Path(__file__).parent / "authors"
NUMBERS = "size,wide,kind\n" + "".join(f"{j},{j % 3},{j * 2.5}\n" for j in range(30))
CLASSES = "size,wide,kind\n" + "".join(f"{j},{j % 3},{'large' if j > 14 else 'small'}\n" for j in range(30))
GAPS = "size,wide,kind\n" + "".join(f"{'' if j == 4 else j},{'' if j == 7 else j % 3},{j * 2.5}\n" for j in range(30))
KINDS = {".R": ("r", "R"), ".jl": ("julia", "Julia")}

__all__ = ["here"]


def fit(place: Path, script: str, *arguments: str, data: str = NUMBERS, more: str = "") -> int:
    """Return the exit code of a fit of an author's script to some data."""
    shutil.copy(AUTHORS / script, place)
    (place / "data.csv").write_text(data)
    stem, suffix = Path(script).stem, Path(script).suffix
    kind = "Classifier" if data == CLASSES else "Regressor"
    if suffix == ".py":
        model = f"{{'!': '{stem}.Outside'}}"
    else:
        language, prefix = KINDS[suffix]
        require(language)
        names = f"'fit_function': '{stem}.fit', 'predict_function': '{stem}.predict'" if suffix == ".jl" else ""
        model = f"{{'!': 'triglot.estimators.{prefix}{kind}', 'script': '{script}', {names}}}"
    loader = "{'!': 'triglot.dataset.CSV', 'path': 'data.csv', 'target_column': 'kind'}"
    (place / "triglot-config.py").write_text(f"{{'model': {model}, 'dataset_loader_train': {loader}, {more}}}")
    return run("fit", *arguments)


def version(place: Path) -> VersionInfo:
    """Return the newest version of the store in a working directory."""
    store = ModelStore(f"sqlite:///{place / 'triglot.db'}")
    found = store.list()[-1]
    store.close()
    return found


def why(place: Path) -> str:
    """Return why the newest version was not activated, which it must not have been."""
    found = version(place)
    assert found.aliases == ()
    return str(found.metadata[NOT_PROVED])


@pytest.mark.parametrize(
    ("script", "data", "missing"),
    [("outside.R", CLASSES, "centres"), ("Outside.jl", NUMBERS, "all"), ("outside.py", NUMBERS, "all")],
)
def test_what_fit_keeps_outside_of_the_model_is_named_as_the_cause(
    here: Path, script: str, data: str, missing: str
) -> None:
    assert fit(here, script, data=data) == 3

    said = why(here)
    assert missing in said
    assert "What fit keeps outside of the model that it returns" in said
    assert "compare" not in said
    assert "fit it again" not in said


def test_a_file_that_predict_reads_in_the_folder_of_the_fit_is_named(here: Path) -> None:
    (here / "rates.csv").write_text("rate\n2\n")

    assert fit(here, "file.R") == 3

    assert "It answers in the folder of the fit alone, so it reads rates.csv there" in why(here)
    assert "or declare it inside 'model', next to 'script': 'files': ['rates.csv']" in why(here)


def test_a_model_that_reads_a_file_for_a_few_rows_alone_is_found_out_by_a_sample_of_the_training_data(
    here: Path,
) -> None:
    (here / "rates.csv").write_text("rate\n2\n")

    assert fit(here, "seldom.R") == 3

    assert "gives other answers to 2 of 30 rows of the training data: 4, 12" in why(here)
    assert "It answers in the folder of the fit alone" in why(here)


@pytest.mark.parametrize(("variable", "folder"), [("PYTHONPATH", "lib"), ("R_LIBS", "rlib")])
def test_folders_of_code_that_are_relative_are_found_in_a_proof(
    here: Path, monkeypatch: pytest.MonkeyPatch, variable: str, folder: str
) -> None:
    (here / folder).mkdir()
    monkeypatch.setenv(variable, folder)
    found = absolute(os.environ)
    assert found[variable] == str(here / folder)
    assert found["PATH"] == os.environ["PATH"]


def test_what_belongs_into_a_model_is_refused_beside_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit(here, "file.R", more="'files': ['rates.csv']") == 1

    assert "files stands beside 'model'; write it into 'model', next to 'script'" in capsys.readouterr().err


def test_a_file_beside_a_script_of_julia_that_is_not_declared_is_named(here: Path) -> None:
    (here / "rates.csv").write_text("2\n")

    assert fit(here, "Beside.jl") == 3

    said = why(here)
    assert "It answers in the folder of the fit alone, so it reads rates.csv there" in said
    assert "'files': ['rates.csv']" in said


def test_a_model_that_fails_for_one_row_alone_is_not_activated(here: Path) -> None:
    assert fit(here, "drop.R") == 3

    assert "asked for one row, predict fails, where it answers several" in why(here)


def test_a_model_whose_rows_depend_on_their_company_is_activated_only_where_that_is_declared(here: Path) -> None:
    assert fit(here, "company.R") == 3
    assert "the row (size=0, wide=0) has the answer -14.2 beside others, and 0 alone" in why(here)
    assert "'batch': False" in why(here)

    assert fit(here, "company.R", more="'batch': False") == 0
    assert version(here).aliases == ("active",)


def test_answers_that_are_no_numbers_are_counted_and_refused_unless_they_are_allowed(
    here: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert fit(here, "holes.R", "--evaluate") == 3
    assert "2 of 30 answers are no numbers: rows 29, 30 of the train data" in why(here)
    assert version(here).metrics["score_train"] < 1

    assert fit(here, "holes.R") == 3
    assert "2 of 30 answers are no numbers: rows 29, 30 of the training data" in why(here)

    assert fit(here, "holes.R", more="'answers': {'missing': 'allowed'}") == 0
    assert version(here).aliases == ("active",)


def test_answers_says_in_one_line_what_may_be_written(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit(here, "holes.R", more="'answers': {'missing': True}") == 1

    assert "answers: {'missing': True}; write 'any' or {'missing': 'allowed'}" in capsys.readouterr().err


def test_a_column_without_which_the_model_fails_must_have_a_value_and_the_author_is_told(
    here: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert fit(here, "gaps.R", data=GAPS) == 0

    fields = {field.name: field.nullable for field in version(here).card.schema.fields}
    assert fields == {"size": False, "wide": True}
    assert "size: training had missing values, and the model fails on them" in caplog.text


def test_of_many_columns_with_a_gap_the_one_without_which_the_model_fails_is_found(here: Path) -> None:
    names = [f"v{j}" for j in range(25)]
    rows = "".join(
        f"{'' if j == 100 else j},{','.join('' if j == 10 * k + 5 else str(j % 7) for k in range(25))},{j * 2.5}\n"
        for j in range(300)
    )
    data = f"size,{','.join(names)},kind\n{rows}"

    assert fit(here, "needs.R", data=data) == 0

    fields = {field.name: field.nullable for field in version(here).card.schema.fields}
    assert [name for name, nullable in fields.items() if not nullable] == ["size"]


def test_without_proof_a_version_answers_at_once_and_activating_one_that_failed_says_so(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(here, "company.R", "--no-proof") == 0
    assert version(here).aliases == ("active",)
    assert fit(here, "company.R") == 3

    assert run("activate", "2") == 0

    assert "It did not stand the proof when it was fitted: the row (size=0, wide=0)" in capsys.readouterr().err


def test_a_module_beside_the_configuration_that_has_changed_since_the_fit_is_told_by_its_name(
    here: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    assert fit(here, "beside.py", "--evaluate") == 0
    assert set(version(here).card["modules"]) == {"beside.py"}
    text = (here / "beside.py").read_text()
    (here / "rows.csv").write_text("size,wide\n1,2\n")

    (here / "beside.py").write_text(text + "# a remark\n")
    assert run("predict", "rows.csv", "--output", "answers.csv") == 0
    (here / "beside.py").write_text(text.replace("* FACTOR", "* 3.0"))
    assert run("predict", "rows.csv", "--output", "answers.csv") == 1

    said = capfd.readouterr().err
    assert "does not reproduce its golden rows" in said
    assert "beside.py is not as it was when the model was fitted" in said
