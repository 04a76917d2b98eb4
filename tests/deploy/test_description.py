"""The description of a deployment: one place where each value is checked, before any file is made of it."""

from dataclasses import replace
from typing import Any

import pytest

from tests.deploy.described import FULL, PLAIN, SERVICE, deployment, full
from triglot.deploy.description import Deployment, Instances, Upgrade, count_of, describe
from triglot.errors import ConfigError
from triglot.supervision.supervisord import FrontEnd, Plan, supervisord_conf

EVIL = ("two words", 'quo"te', "apo'strophe", "line\nbreak", "../up", "a/../b", "$(id)", "`id`", "semi;colon", "{{x}}")
# keys whose values stand as they are in generated files, and what is around the value
NAMED: dict[str, Any] = {
    "name": lambda value: value,
    "image": lambda value: value,
    "host": lambda value: value,
    "path": lambda value: f"/{value}/",
    "workers": lambda value: {value: 1},
    "environment": lambda value: {value: "x"},
    "secrets": lambda value: {"A": f"iris/{value}"},
    "database": lambda value: value,
    "volumes": lambda value: [{"name": value, "path": "/a"}],
    "volumes[0] -> path": lambda value: [{"name": "a", "path": f"/{value}"}],
    "volumes[0] -> host": lambda value: [{"name": "a", "path": "/a", "host": f"/{value}"}],
    "constraints": lambda value: {"only": {"disk": value}},
    "tls": lambda value: {"certificate": f"/{value}", "key": "/k"},
}


@pytest.mark.parametrize("value", EVIL)
def test_names_that_could_break_out_of_their_place_are_refused_whatever_the_key(value: str) -> None:
    for key, around in NAMED.items():
        entry = key.partition("[")[0]
        with pytest.raises(ConfigError, match=f"deploy -> {entry}"):
            deployment(**{entry: around(value)})


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("name", "Iris", "lower-case"),
        ("name", "-iris", "a letter first"),
        ("name", "i" * 54, "at most 53"),
        ("image", "", "an image's name"),
        ("image", "iris:", "then a tag"),
        ("image", "iris@sha256:abc", "digest"),
        ("port", 80, "from 1024"),
        ("port", "8000", "whole number"),
        ("port", True, "whole number"),
        ("instances", 0, "from 1"),
        ("instances", {"min": 3, "max": 2}, "instances -> max"),
        ("instances", {"min": 3}, "'max' is missing"),
        ("instances", {"least": 3}, "'least' is unknown"),
        ("upgrade", {"unavailable": 0, "surge": 0}, "would never end"),
        ("upgrade", {"unavailable": 3}, "fewer instances"),
        ("upgrade", {"unavailable": "50 %"}, "a share such as '50%'"),
        ("upgrade", {"unavailable": 0.5}, "a whole number .* or a share"),
        ("upgrade", {"unavailable": "40%", "surge": "0%"}, "would never end"),
        ("health", {"interval_s": 0}, "health -> interval_s"),
        ("health", {"interval": 10}, "Did you mean 'interval_s'"),
        ("made_by", "docker", "write 'triglot' or"),
        ("marathon_version", 1.4, "as text, such as '1.4'"),
        ("cpus", 0, "from 0.01"),
        ("cpus", float("nan"), "number of processors"),
        ("memory", "lots", "write a size"),
        ("memory", 2, "write a size"),
        ("workers", {"cobol": 1}, "'cobol' is unknown"),
        ("environment", {"A": None}, "environment -> A"),
        ("environment", {"A": "x\ny"}, "line breaks"),
        ("environment", {"ADMIN_TOKEN": "x"}, "looks like a secret"),
        ("environment", {"URL": "postgresql://me:word@db/iris"}, "looks like a secret"),
        ("environment", "A=b", "write a dict"),
        ("volumes", [{"name": "a", "path": "/a"}, {"name": "b", "path": "/a/"}], "two have the path"),
        ("volumes", [{"name": "a"}], "'path' is missing"),
        ("volumes", [{"name": "a", "path": "/a", "read_only": "no"}], "True or False"),
        ("volumes", "data", "write a list"),
        ("volumes", [{"name": "a", "path": "/srv/" + 60 * "a" + ";"}], "write an absolute path"),
        ("load_s", 0, "from 1"),
        ("stop_s", 10, "supervisord may take 145 s to drain"),
        ("path", "/iris", "begins and ends with '/'"),
        ("outgoing_ports", [0], r"outgoing_ports\[0\]"),
        ("instnces", 2, "Did you mean 'instances'"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_key_and_a_remedy(key: str, value: Any, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as refused:
        deployment(**{key: value})
    assert str(refused.value).startswith("deploy")


def test_an_image_or_a_name_that_is_missing_is_asked_for() -> None:
    with pytest.raises(ConfigError, match="'image' is missing"):
        describe({"name": "iris"}, SERVICE)
    assert describe({"image": "triglot"}, SERVICE, name="by-default").name == "by-default"


def test_what_may_be_a_secret_is_never_repeated() -> None:
    for said in ({"secrets": {"A": "hunter2 hunter2"}}, {"environment": {"DB_PASSWORD": "hunter2"}}):
        with pytest.raises(ConfigError) as refused:
            deployment(**said)
        assert "hunter2" not in str(refused.value)


def test_a_variable_is_either_open_or_secret() -> None:
    with pytest.raises(ConfigError, match="both under"):
        deployment(environment={"A": "x"}, secrets={"A": "iris/a"})


def test_workers_that_may_take_more_memory_than_there_is_are_refused() -> None:
    service = replace(SERVICE, workers={"r": 3, "julia": 1}, worker_memory="r=1G,julia=2G")
    assert deployment(service=service, memory="6G").memory == 6144
    with pytest.raises(ConfigError, match="4096 MiB are less than the 5184 MiB that 4 workers"):
        deployment(service=service, memory="4G")
    with pytest.raises(ConfigError, match="256 MiB are less"):  # as small as in many an old example
        deployment(workers={"python": 1, "r": 2, "julia": 1}, memory="256M")


def test_a_share_of_the_instances_is_rounded_down() -> None:
    made = deployment(instances=3, upgrade={"unavailable": "50%", "surge": "100%"}).upgrade
    assert (made, count_of(made.unavailable, 3), count_of(made.surge, 3)) == (Upgrade(0.5, 1.0), 1, 3)
    assert [count_of(0.29, 100), count_of(0.5, 1), count_of(2, 1)] == [29, 0, 2]


def test_an_image_of_palladium_s_has_neither_workers_nor_supervisord() -> None:
    service = replace(SERVICE, workers={"r": 3}, worker_memory="r=1G", grpc_port=9001)
    made = deployment(service=service, made_by="palladium", memory="256M", load_s=5)
    assert (made.command, made.workers, made.service.ports, made.stop_s) == ([], {}, {}, 35)
    assert deployment(made_by="palladium", stop_s=3).stop_s == 3
    with pytest.raises(ConfigError, match="workers: an image of Palladium's has none"):
        deployment(made_by="palladium", workers={"r": 1})


def test_the_workers_of_groups_count_for_the_command_the_memory_and_the_grace_to_stop() -> None:
    groups = {"risks": {"r"}, "mixed": {"julia", "python"}}
    service = replace(SERVICE, workers={"r": 1, "mixed": 2}, worker_memory="r=1G,julia=2G", groups=groups)
    made = deployment(service=service, memory="7G")
    assert made.command[-6:] == ["--workers", "r=1", "--workers", "mixed=2", "--workers", "risks=1"]
    with pytest.raises(ConfigError, match="6144 MiB are less than the 6336 MiB that 6 workers"):
        deployment(service=service, memory="6G")
    assert made.stop_s == deployment(service=replace(service, groups={}, workers={"r": 1}), memory="7G").stop_s + 3 * 31
    assert deployment(service=service, memory="7G", workers={"risks": 0}).stop_s == made.stop_s - 31
    with pytest.raises(ConfigError, match=r"deploy -> workers: 'risk' is unknown\. Did you mean 'risks'"):
        deployment(service=service, memory="7G", workers={"risk": 1})


def test_what_is_said_is_read_and_what_is_not_is_sound() -> None:
    plain, said = deployment(), full()
    assert (plain.instances, plain.upgrade, plain.port) == (Instances(2, 2), Upgrade(0, 1), 8000)
    assert (said.instances, said.upgrade, said.memory) == (Instances(3, 9), Upgrade(1, 2), 1500)
    assert said.secrets["DATABASE_URL"] == ("iris", "database.url")
    assert said.scratch == ("/tmp",)
    assert plain.scratch == ("/tmp", "/data")
    assert FULL.keys() == {field for field in Deployment.__slots__ if field != "service"}
    assert deployment(instances=5).instances == Instances(5, 5)


def test_the_command_says_where_to_listen_and_how_many_workers_there_are() -> None:
    line = " ".join(full().command)
    assert line == "triglot serve --host 0.0.0.0 --port 8001 --workers python=1 --workers r=2 --workers julia=0"


def test_the_grace_to_stop_is_what_supervisord_may_take_for_all_its_groups(tmp_path: Any) -> None:
    workers = {"python": 2, "r": 1, "julia": 0}
    plan = Plan(run_dir=tmp_path, directory=tmp_path, workers=workers, front_end=FrontEnd(), jobs=True)
    waits = [int(line.partition("=")[2]) for line in supervisord_conf(plan, {}).splitlines() if "stopwaitsecs" in line]
    assert len(waits) == 4
    assert deployment(workers=workers).stop_s == sum(waits) + len(waits)
    assert deployment().stop_s > deployment(workers={"r": 0}).stop_s


def test_the_plain_deployment_needs_a_name_and_an_image_only() -> None:
    assert PLAIN.keys() == {"name", "image"}
