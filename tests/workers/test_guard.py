"""Two models in one worker, of each language: neither changes what the other answers, or one is refused by name."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.helpers import until
from tests.workers.homes import NEIGHBOURS, Home, X, fitted, fitted_in
from tests.workers.kinds import KEPT, REFUSED
from triglot.dispatch.blocking import Client
from triglot.serving.service import Question, Service
from triglot.store import ModelStore
from triglot.workers.ending import EXIT_SPOILT
from triglot.workers.verdicts import FILE, Known, Verdict, Verdicts

LANGUAGES = ("python", "r", "julia")


def pairs(kinds: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    return [(language, name) for language in LANGUAGES for name in kinds[language]]


@pytest.fixture
def home() -> Iterator[Callable[[str], Home]]:
    """Give what starts a worker that is kept."""
    homes: list[Home] = []

    def made(language: str) -> Home:
        homes.append(Home(language))
        return homes[-1]

    yield made
    for each in homes:
        each.close()


@pytest.mark.parametrize(("language", "name"), pairs(REFUSED))
def test_a_newcomer_that_changes_an_answer_is_refused_and_the_elder_answers_on(
    home: Callable[[str], Home], language: str, name: str
) -> None:
    _, alone = fitted(language, "witness")
    fitted(language, name)
    worker = home(language)
    assert worker.ask("witness") == alone
    told = worker.refusal(name)
    assert f"version 1 of model '{name}' changes what version 1 of model 'witness' answers" in told
    assert "'worker': 'own'" in told
    assert worker.codes == [EXIT_SPOILT]
    assert worker.ask("witness") == alone
    assert worker.refusal(name) == told
    assert worker.ask("witness") == alone
    assert worker.codes == [EXIT_SPOILT]


@pytest.mark.parametrize(("language", "name"), pairs(REFUSED))
def test_a_newcomer_that_another_one_changes_is_refused_with_the_name_of_that_one(
    home: Callable[[str], Home], language: str, name: str
) -> None:
    _, alone = fitted(language, name)
    fitted(language, "witness")
    worker = home(language)
    assert worker.ask(name) == alone
    told = worker.refusal("witness")
    assert "does not reproduce its golden rows" in told
    assert f"in this process before it: version 1 of model '{name}'" in told
    assert worker.ask(name) == alone
    assert worker.codes == []


@pytest.mark.parametrize("order", ["witness first", "witness last"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_each_model_has_for_itself_touches_no_other(
    home: Callable[[str], Home], language: str, order: str
) -> None:
    alone = {name: fitted(language, name)[1] for name in ("witness", *KEPT[language])}
    worker = home(language)
    names = ["witness", *KEPT[language]] if order == "witness first" else [*KEPT[language], "witness"]
    for name in [*names, *reversed(names)]:
        assert worker.ask(name) == alone[name], name
    for name in names:
        assert worker.ask(name) == alone[name], name
        assert worker.ask("witness") == alone["witness"], name
    assert worker.codes == []


def test_of_one_model_the_later_version_takes_the_place_and_the_earlier_comes_back_in_a_new_process(
    home: Callable[[str], Home], tmp_path: Path
) -> None:
    earlier, was = fitted("python", "witness")
    later, becomes = fitted("python", "patches_numpy")
    worker = home("python")
    store = ModelStore(f"sqlite:///{tmp_path / 'models.db'}")
    service = Service(store, Client(worker.hive.run_dir))

    def answers() -> list[float]:
        service.refresh()
        return service.predict(Question(service.served("m")), X).values

    try:
        store.activate("m", store.write("m", earlier))
        assert answers() == was
        store.activate("m", store.write("m", later))
        assert answers() == becomes
        assert worker.codes == []
        assert "version 1 of model 'm' answers otherwise since version 2 of model 'm' was loaded" in worker.said()
        store.activate("m", 1)
        assert answers() == was
        assert worker.codes == [0]
        store.activate("m", 2)
        assert answers() == becomes
        assert worker.codes == [0]
    finally:
        service.close()
        store.close()


def test_a_version_is_given_another_chance_where_its_elder_has_a_successor(home: Callable[[str], Home]) -> None:
    _, alone = fitted("python", "witness")
    worker = home("python")
    assert worker.ask("witness") == alone
    worker.refusal("patches_numpy")
    assert worker.ask("witness", fitted("python", "numpy_errors")[0], version=2) == fitted("python", "numpy_errors")[1]
    assert worker.ask("patches_numpy") == fitted("python", "patches_numpy")[1]
    assert worker.codes == [EXIT_SPOILT]


def test_a_request_that_waits_while_a_process_is_given_up_has_its_answer(home: Callable[[str], Home]) -> None:
    _, alone = fitted("python", "witness")
    fitted("python", "patches_numpy")
    worker = home("python")
    assert worker.ask("witness") == alone
    with ThreadPoolExecutor() as pool:
        asked = [pool.submit(worker.ask, "witness") for _ in range(4)]
        refused = pool.submit(worker.refusal, "patches_numpy")
        asked += [pool.submit(worker.ask, "witness") for _ in range(20)]
        assert all(each.result() == alone for each in asked)
        assert "'witness'" in refused.result()
    assert worker.codes == [EXIT_SPOILT]


def test_two_projects_may_have_modules_of_the_same_name(home: Callable[[str], Home]) -> None:
    worker = home("python")
    for name in ("one/model_one", "two/model_two", "one/model_one", "two/model_two"):
        assert worker.ask(name) == fitted("python", name)[1]
    assert worker.ask("one/model_one")[0] == 11.0
    assert worker.ask("two/model_two")[0] == 22.0


def test_a_module_that_has_changed_is_read_anew_by_the_next_version_and_the_earlier_keeps_its_own(
    home: Callable[[str], Home], tmp_path: Path
) -> None:
    project = tmp_path / "project"
    shutil.copytree(NEIGHBOURS / "python" / "one", project)
    worker = home("python")
    earlier = fitted_in(project, "model_one")
    assert worker.ask("m", earlier) == [11.0, 11.0, 11.0]
    (project / "helpers.py").write_text("NUMBER = 3.0  # another one\n")
    assert worker.ask("m", fitted_in(project, "model_one"), version=2) == [33.0, 33.0, 33.0]
    assert worker.ask("m", earlier) == [11.0, 11.0, 11.0]
    assert worker.codes == []


def test_random_numbers_go_on_for_each_model_as_if_it_were_alone(home: Callable[[str], Home]) -> None:
    drawing = fitted("python", "draws")[0]
    alone = home("python")
    expected = [alone.ask("draws", drawing) for _ in range(4)]
    worker = home("python")
    found = []
    for _ in range(4):
        found.append(worker.ask("draws", drawing))
        worker.ask("another", drawing)
        worker.ask("witness")
    assert found == expected
    assert len({tuple(each) for each in expected}) == 4


def test_a_worker_drains_whatever_a_model_does_to_its_signals_and_its_log(home: Callable[[str], Home]) -> None:
    worker = home("python")
    for name in ("handlers", "logs"):
        assert worker.ask(name) == fitted("python", name)[1]
    worker.hive.workers[0].process.terminate()
    until(lambda: worker.codes == [0])
    said = worker.hive.workers[0].said()
    assert "the model has changed signal handlers, which is put back after each call" in said
    assert "drained" in said


@pytest.mark.parametrize("what", ["threads", "open files", "child processes"])
def test_what_predictions_leave_behind_is_told_once(home: Callable[[str], Home], what: str) -> None:
    worker = home("python")
    name = f"leaves_{what.partition(' ')[0] if what == 'threads' else what.rpartition(' ')[2]}"
    for _ in range(6):
        worker.ask(name)
    told = f"version 1 of model '{name}' leaves something behind in its worker with each prediction: 3 {what} so far"
    until(lambda: told in worker.said())
    assert worker.said().count("leaves something behind") == 1


def verdict(refused: str, beside: str, number: int = 1) -> Verdict:
    return Verdict(Known(refused, number, "a"), Known(beside, 1, "b"), "because")


def test_of_two_versions_one_alone_is_refused_whoever_judges_later(tmp_path: Path) -> None:
    verdicts = Verdicts(tmp_path)
    assert verdicts.note(verdict("new", "old")) == verdict("new", "old")
    turned = Verdict(Known("old", 1, "b"), Known("new", 1, "a"), "the other way round")
    assert Verdicts(tmp_path).note(turned) == verdict("new", "old")
    assert verdicts.all() == [verdict("new", "old")]
    verdicts.drop(lambda each: each.beside.model == "old")
    assert verdicts.all() == []


def test_what_was_found_out_elsewhere_does_not_hold_in_a_group(tmp_path: Path) -> None:
    Verdicts(tmp_path).note(verdict("new", "old"))
    group = Verdicts(tmp_path, "apart")
    assert group.all() == []
    group.note(verdict("one", "two"))
    assert Verdicts(tmp_path).all() == [verdict("new", "old")]
    assert Verdicts(tmp_path, "apart").all() == [verdict("one", "two")]


def test_a_file_of_verdicts_that_is_damaged_counts_for_none(tmp_path: Path) -> None:
    for text in ("", "{", "[1]", '[{"refused": {}}]', "{}"):
        (tmp_path / FILE).write_text(text)
        assert Verdicts(tmp_path).all() == []
    Verdicts(tmp_path).note(verdict("new", "old"))
    assert Verdicts(tmp_path).all() == [verdict("new", "old")]
    assert [each.name for each in tmp_path.iterdir()] == [FILE]


def test_where_a_verdict_cannot_be_kept_the_process_ends_all_the_same(home: Callable[[str], Home]) -> None:
    worker = home("python")
    assert worker.ask("witness") == fitted("python", "witness")[1]
    (worker.hive.run_dir / FILE).mkdir()
    assert worker.ask("patches_numpy") == fitted("python", "patches_numpy")[1]  # alone, in the next process
    assert worker.codes == [EXIT_SPOILT]
    assert "This cannot be written into the run directory" in worker.said()
    assert "'patches_numpy'" in worker.refusal("witness")
