"""A project: what the files say, and nothing built before somebody asks for it."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import require
from triglot.drift.terms import DriftTerms
from triglot.errors import ConfigError, ModelNotFound
from triglot.operation import plan
from triglot.project import Project
from triglot.store import ModelStore
from triglot.supervision.crash_loops import CrashLoop
from triglot.tally.quarantine import Quarantine

Open = Callable[..., Project]

IRIS = {"!": "sklearn.linear_model.LogisticRegression", "C": 0.3}
LOADER = {"!": "triglot.dataset.CSV", "path": "iris.data", "target_column": "species"}


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Give the function that returns the project of a configuration."""
    monkeypatch.setattr(sys, "path", list(sys.path))

    def of(config: dict[str, Any], **environ: str) -> Project:
        (tmp_path / "triglot-config.py").write_text(repr(config))
        return Project([], environ, tmp_path)

    return of


def test_one_model_has_the_name_that_the_file_gives_it_or_the_default(opened: Open) -> None:
    assert opened({"model": IRIS, "model_name": "iris"}).names == ("iris",)
    assert opened({"model": IRIS}).names == ("model",)
    assert opened({}).names == ()


def test_several_models_keep_their_order(opened: Open) -> None:
    project = opened({"models": {"b": {"model": IRIS}, "a": {"model": IRIS}}})

    assert project.names == ("b", "a")
    with pytest.raises(ModelNotFound, match="say which model: b, a"):
        _ = project.only_name


def test_a_model_inherits_what_it_does_not_say_itself(opened: Open) -> None:
    own = {**LOADER, "path": "own.csv"}
    project = opened(
        {
            "dataset_loader_train": LOADER,
            "dataset_loader_test": LOADER,
            "models": {
                "a": {"model": IRIS},
                "b": {"model": IRIS, "dataset_loader_train": own, "dataset_loader_test": None},
            },
        }
    )

    assert project.entry("a").train.path == "iris.data"
    assert project.entry("b").train.path == "own.csv"
    assert project.entry("b").test is None
    assert project.entry("a").model.C == 0.3


def test_only_what_is_asked_for_is_built(opened: Open) -> None:
    project = opened({"model": {"!": "no.such.Thing"}, "dataset_loader_train": {"!": "neither.this"}})

    assert project.names == ("model",)
    assert project.store.list() == []
    with pytest.raises(ConfigError, match=r"triglot-config\.py: model: no\.such\.Thing: "):
        project.entry("model")
    project.store.close()


def test_an_error_in_one_of_several_models_names_it(opened: Open) -> None:
    project = opened({"dataset_loader_train": LOADER, "models": {"a": {"model": {"!": "no.such.Thing"}}}})

    with pytest.raises(ConfigError, match="models -> a: "):
        project.entry("a")


def test_an_unknown_model_is_named_with_the_known_ones(opened: Open) -> None:
    with pytest.raises(ModelNotFound, match="no model 'rose' is configured; known are iris"):
        opened({"model": IRIS, "model_name": "iris"}).entry("rose")


def test_where_no_model_is_configured_it_is_said_where_to_add_one(opened: Open) -> None:
    with pytest.raises(
        ModelNotFound, match=r"no model 'rose' is configured, nor any other: add one under 'model' or 'models'$"
    ):
        opened({}).entry("rose")
    with pytest.raises(ModelNotFound, match=r"the configuration has none: add one under 'model' or 'models'$"):
        _ = opened({}).only_name


def test_the_store_is_beside_the_configuration_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    there, cwd = tmp_path / "there", tmp_path / "elsewhere"
    there.mkdir()
    cwd.mkdir()
    for name in ("first.py", "second.py"):
        (there / name).write_text("{}")

    def project(*names: str) -> Project:
        return Project([there / name for name in names], {}, cwd)

    assert project("first.py", "second.py").store.location == f"sqlite+pysqlite:///{there}/triglot.db"
    assert project().store.location == f"sqlite+pysqlite:///{cwd}/triglot.db"
    assert "TRIGLOT_STORE" not in project("first.py").own_environment()
    assert caplog.messages == []

    former = ModelStore(f"sqlite:///{cwd}/triglot.db")
    former.upgrade()
    former.close()
    found = project("first.py")
    assert found.store.location == f"sqlite+pysqlite:///{cwd}/triglot.db"
    (told,) = caplog.messages
    assert f"the model store is {cwd}/triglot.db, where former releases made it" in told
    assert f"move it with its -wal and -shm to {there}, or name it by TRIGLOT_STORE" in told
    children = Project([there / "first.py"], found.own_environment(), cwd)
    assert children.store.location == found.store.location
    assert len(caplog.messages) == 1, "it is told once, and not by each process"

    (cwd / "triglot.db").rename(there / "triglot.db")
    assert project("first.py").store.location == f"sqlite+pysqlite:///{there}/triglot.db"
    assert len(caplog.messages) == 1


def test_the_store_is_a_file_beside_the_configuration_unless_it_is_configured(opened: Open, tmp_path: Path) -> None:
    default = opened({}).store
    default.upgrade()
    assert (tmp_path / "triglot.db").exists()
    default.close()

    url = f"sqlite:///{tmp_path / 'other.db'}"
    given = opened({"model_persister": {"!": "triglot.store.ModelStore", "url": url}}).store
    given.upgrade()
    assert (tmp_path / "other.db").exists()
    given.close()


def test_relative_paths_start_at_the_working_directory(opened: Open, tmp_path: Path) -> None:
    project = opened({"run_dir": "there", "signing_key_file": "key"})

    assert project.run_dir == tmp_path / "there"
    assert project.key_file == tmp_path / "key"
    assert project.python_path == (str(tmp_path),)
    assert opened({}, TRIGLOT_RUN_DIR="/elsewhere").run_dir == Path("/elsewhere")
    assert opened({}).run_dir == tmp_path / "run"


def test_the_plan_has_a_worker_for_each_language_that_is_configured(opened: Open, tmp_path: Path) -> None:
    project = opened({"model": IRIS, "dataset_loader_train": LOADER, "server": {"port": 8123, "processes": 3}})

    made = plan(project, host=None, port=None, workers={})
    project.store.close()

    assert made.workers == {"python": 1}
    assert (made.front_end.host, made.front_end.port, made.front_end.processes) == ("127.0.0.1", 8123, 3)
    assert made.environment["TRIGLOT_CONFIG"] == str(tmp_path / "triglot-config.py")
    assert made.run_dir.stat().st_mode & 0o777 == 0o700


def test_the_command_line_wins_over_the_file_and_the_file_over_the_default(opened: Open) -> None:
    project = opened({"workers": {"python": 2}, "server": {"port": 8123}})

    made = plan(project, host="127.0.0.2", port=9, workers={"python": 3})
    assert made.workers == {"python": 3}
    assert (made.front_end.host, made.front_end.port) == ("127.0.0.2", 9)
    assert plan(project, host=None, port=None, workers={}).workers == {"python": 2}
    project.store.close()


def test_a_language_that_is_not_installed_is_refused_unless_no_worker_is_wanted(opened: Open) -> None:
    project = opened({"workers": {"r": 1}}, PATH="/nonexistent")

    with pytest.raises(ConfigError, match=r"r is off: R is not installed: .* or serve without: --workers r=0"):
        plan(project, host=None, port=None, workers={})
    assert plan(project, host=None, port=None, workers={"r": 0}).workers == {"r": 0}
    project.store.close()


def test_a_model_with_a_worker_of_its_own_has_a_pool_of_its_own(opened: Open) -> None:
    models = {"a": {"model": IRIS}, "b": {"model": IRIS, "worker": "own"}, "c": {"model": IRIS, "worker": "far"}}
    project = opened({"models": models, "workers": {"b": 2}, "dataset_loader_train": LOADER})

    assert project.worker_groups == {"b": "b", "c": "far"}
    made = plan(project, host=None, port=None, workers={"far": 3})
    assert list(made.workers.items()) == [("python", 1), ("python-b", 2), ("python-far", 3)]
    assert project.spelt_groups() == {"b": {"python"}, "far": {"python"}}


def test_where_every_model_has_workers_apart_no_others_are_started(opened: Open) -> None:
    only = opened({"model": IRIS, "worker": "own", "dataset_loader_train": LOADER})
    assert plan(only, host=None, port=None, workers={}).workers == {"python-model": 1}
    models = {"a": {"model": IRIS}, "b": {"model": IRIS, "worker": "far"}}
    shared = opened({"worker": "own", "models": models, "dataset_loader_train": LOADER})
    assert shared.pools() == {"python-a", "python-far"}


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"model": IRIS, "worker": 3}, "model 'model': worker: 3; write 'own', or the name of a group: letters"),
        ({"model": IRIS, "worker": "a group"}, "model 'model': worker: 'a group'; write 'own'"),
        ({"model": IRIS, "worker": "g" * 41}, "at most 40"),
        ({"models": {"a": {"model": IRIS, "worker": "r"}}}, "model 'a': worker: 'r'; .* and no language's name"),
        ({"models": {"r": {"model": IRIS, "worker": "own"}}}, "model 'r': worker: 'own': no group can be called"),
        (
            {"models": {"a": {"model": IRIS, "worker": "own"}, "b": {"model": IRIS, "worker": "a"}}},
            "model 'b': worker: 'a': model 'a' has that group for itself",
        ),
    ],
)
def test_what_is_no_group_of_workers_is_refused_whatever_is_asked(
    opened: Open, config: dict[str, Any], told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        _ = opened(config).names


def test_a_worker_on_another_host_of_a_group_that_no_model_has_is_refused(opened: Open) -> None:
    far = {"name": "far", "language": "python", "address": "ipc:///a", "control": "ipc:///b", "group": "iris"}
    with pytest.raises(ConfigError, match="remote_workers: 'far': group 'iris': no model has it"):
        _ = opened({"model": IRIS, "remote_workers": [far]}).remote_workers
    assert opened({"model": IRIS, "worker": "iris", "remote_workers": [far]}).remote_workers["far"].group == "iris"


@pytest.mark.parametrize("workers", [{"cobol": 1}, {"r": -1}, {"r": "two"}])
def test_a_count_that_is_none_is_refused(opened: Open, workers: dict[str, Any]) -> None:
    project = opened({"workers": workers})

    with pytest.raises(ConfigError, match="write a count for one of python, r, julia"):
        plan(project, host=None, port=None, workers={})
    project.store.close()


def test_an_unknown_setting_of_the_server_is_refused_with_the_known_ones(opened: Open) -> None:
    with pytest.raises(ConfigError, match=r"server: unknown prot; known are .*port"):
        _ = opened({"server": {"prot": 1}}).front_end


def test_predict_services_are_found_by_key_or_class_and_built_with_the_rest_of_the_front_end(opened: Open) -> None:
    service = {"!": "triglot.server.predict.PredictService", "model": "iris"}
    built = opened(
        {
            "model": {"!": "no.such.Thing"},
            "predict_service": service,
            "second": {**service, "entry_point": "/second"},
            "service_metadata": {"name": "flowers"},
            "server": {"timeout_s": 5},
        }
    ).server_options()

    assert built["predict_service"].entry_point == "/predict"
    assert built["second"].entry_point == "/second"
    assert built["service_metadata"] == {"name": "flowers"}
    assert built["server"] == {"timeout_s": 5}


def test_the_store_is_the_configuration_s_else_that_of_the_environment_else_a_file(
    opened: Open, tmp_path: Path
) -> None:
    said = {"model_persister": {"!": "triglot.store.ModelStore", "url": "sqlite:////said.db"}}

    assert "sqlite+pysqlite:////said.db" in str(opened(said, TRIGLOT_STORE="sqlite:////told.db").store)
    assert "sqlite+pysqlite:////told.db" in str(opened({}, TRIGLOT_STORE="sqlite:////told.db").store)
    assert f"{tmp_path}/triglot.db" in str(opened({}).store)


def test_what_counts_as_a_crash_loop_is_the_configuration_s(opened: Open) -> None:
    made = plan(opened({"workers": {"python": 1}, "crash_loop": {"crashes": 3}}), host=None, port=None, workers={})

    assert made.crash_loop == CrashLoop(crashes=3, within_s=60, longest_s=60)


def test_what_is_not_asked_for_ending_workers_is_the_configuration_s(opened: Open) -> None:
    assert opened({}).quarantine() == Quarantine(deaths=6, within_s=300, for_s=300)
    assert opened({"quarantine": {"deaths": 0}}).quarantine().deaths == 0


def test_drift_is_looked_for_where_the_configuration_says_so(opened: Open) -> None:
    assert opened({}).drift() is None
    assert opened({"drift": {}}).drift() == DriftTerms(share=0.1, rows=100, least_rows=500, window_s=3600)
    assert opened({"drift": {"share": 1}}).drift() == DriftTerms(share=1)
    for said, told in ((True, "drift: True; write numbers"), ({"share": 2}, "share is above 0 and at most 1")):
        with pytest.raises(ConfigError, match=told):
            plan(opened({"workers": {"python": 1}, "drift": said}), host=None, port=None, workers={})


def test_columns_of_which_nothing_is_kept_are_the_configuration_s(opened: Open) -> None:
    model = {"model": {"!": "sklearn.linear_model.LinearRegression"}, "dataset_loader_train": None}

    def unprofiled(**said: Any) -> Any:
        return opened({"models": {"iris": model | said}}).entry("iris").terms.unprofiled

    assert unprofiled() == unprofiled(profile=True) == ()
    assert unprofiled(profile=False) is None
    assert unprofiled(profile={"without": ["name"]}) == ("name",)
    for wrong in ("name", {"without": "name"}, {"with": ["name"]}, None):
        with pytest.raises(ConfigError, match=r"model 'iris': profile: .*; write False, or {'without'"):
            unprofiled(profile=wrong)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"death": 3}, "quarantine: .* write numbers for some of deaths, for_s, within_s"),
        (False, "quarantine: False; write numbers"),
        ({"for_s": 0}, "within_s and for_s are above 0"),
    ],
)
def test_a_quarantine_that_makes_no_sense_is_refused_before_anything_is_started(
    opened: Open, said: Any, told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        plan(opened({"workers": {"python": 1}, "quarantine": said}), host=None, port=None, workers={})


@pytest.mark.parametrize("said", [{"crash": 3}, {"within_s": "60"}, {"crashes": True}, 5])
def test_a_crash_loop_of_other_things_than_numbers_is_refused(opened: Open, said: Any) -> None:
    with pytest.raises(ConfigError, match="write numbers for some of crashes, longest_s, within_s"):
        plan(opened({"crash_loop": said}), host=None, port=None, workers={})


@pytest.mark.parametrize(
    ("spelled", "languages"),
    [
        ({"!": "triglot.estimators.RClassifier", "script": "absent.R"}, {"r": 1}),
        ({"!": "triglot.estimators.JuliaRegressor", "script": "absent.jl"}, {"julia": 1}),
        ({"__factory__": "triglot.estimators.RRegressor", "script": "absent.R"}, {"r": 1}),
        (IRIS, {"python": 1}),
    ],
)
def test_the_workers_that_there_are_follow_from_what_the_models_are(
    opened: Open, spelled: dict[str, Any], languages: dict[str, int]
) -> None:
    with_r = {name: os.environ[name] for name in ("PATH", "TRIGLOT_R_HOME", "JULIA_EXE") if name in os.environ}
    for language in languages:
        require(language)

    for config in ({"model": spelled}, {"models": {"a": {"model": spelled}}}, {"model": spelled, "models": {"a": {}}}):
        full = {**config, "dataset_loader_train": LOADER}
        assert plan(opened(full, **with_r), host=None, port=None, workers={}).workers == languages


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"models": ["a"]}, r"models: \['a'\]; write a mapping such as"),
        ({"models": None}, "models: None; write a mapping"),
        ({"models": {"a": 3}}, "models: 'a': 3; write a mapping"),
        ({"workers": 3}, "workers: 3; write a mapping"),
        ({"server": 5}, "server: 5; write a mapping"),
        ({"server": {"port": "x8000"}}, "server: port: 'x8000'; write a whole number from 0 to 65535"),
        ({"server": {"port": 99_999}}, "server: port: 99999; write a whole number"),
        ({"server": {"threads": True}}, "server: threads: True; write a whole number"),
        ({"server": {"host": 5}}, "server: host: 5; write a name or an address"),
    ],
)
def test_an_entry_of_another_kind_is_refused_by_its_name(opened: Open, config: dict[str, Any], said: str) -> None:
    project = opened(config)
    with pytest.raises(ConfigError, match=said):
        _ = project.names, project.spelt_languages(), project.front_end


def test_a_port_may_be_text_as_the_environment_gives_it(opened: Open) -> None:
    assert opened({"server": {"port": "8123"}}).front_end.port == 8123


@pytest.mark.parametrize("said", [-1, "5", True, None])
@pytest.mark.parametrize(
    ("key", "what"), [("patience_s", "requests wait for a worker"), ("timeout_s", "an answer may take")]
)
def test_times_of_the_front_end_are_numbers_of_seconds(opened: Open, key: str, what: str, said: object) -> None:
    with pytest.raises(ConfigError, match=rf"server: {key}: .*; write how many seconds {what}"):
        plan(opened({"server": {key: said}}), host=None, port=None, workers={})


def test_traces_are_wanted_or_not_and_their_library_is_asked_for_where_they_are(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="server: tracing: 'yes'; write True or False"):
        opened({"server": {"tracing": "yes"}}).server()
    wanted = opened({"server": {"tracing": True}})
    assert plan(wanted, host=None, port=None, workers={}).front_end
    for module in ("opentelemetry", "opentelemetry.sdk"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError, match=r"needs OpenTelemetry; run: pip install 'triglot\[tracing\]'"):
        plan(wanted, host=None, port=None, workers={})


def test_requests_need_no_patience_but_time(opened: Open) -> None:
    assert opened({"server": {"patience_s": 0}}).server() == {"patience_s": 0}
    with pytest.raises(ConfigError, match="timeout_s: 0; write how many seconds an answer may take"):
        opened({"server": {"timeout_s": 0}}).server()
