"""App definitions as Marathon of 2015 and of 2017 take them, and images of Palladium's under it."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import run
from tests.deploy.described import deployment, full
from tests.deploy.marathon import marathon
from tests.deploy.schema import marathon_problems
from tests.deploy.tasks import Processes, ProcessTask
from tests.functional.running import free_port
from tests.helpers import PATIENCE_S
from triglot.deploy import compose, kubernetes
from triglot.deploy.description import Deployment
from triglot.deploy.former_marathon import former, lost
from triglot.deploy.marathon import app
from triglot.errors import ConfigError

# The app definition of the iris service in Palladium's own page on deployment.
PALLADIUMS: dict[str, Any] = {
    "id": "palladium-iris",
    "container": {
        "docker": {
            "image": "user/palladium-iris_predict:0.1",
            "network": "BRIDGE",
            "parameters": [],
            "portMappings": [{"containerPort": 8000, "hostPort": 0, "servicePort": 9000, "protocol": "tcp"}],
        },
        "type": "DOCKER",
        "volumes": [],
    },
    "cpus": 0.2,
    "mem": 256.0,
    "instances": 3,
    "healthChecks": [
        {
            "protocol": "HTTP",
            "portIndex": 0,
            "path": "/alive",
            "gracePeriodSeconds": 5,
            "intervalSeconds": 20,
            "maxConsecutiveFailures": 3,
        }
    ],
    "upgradeStrategy": {"minimumHealthCapacity": 0.5},
}
# The same, said in our words, beside a configuration of Palladium's.
CONFIG = """{
    'service_metadata': {'service_name': 'iris'},
    'deploy': {
        'name': 'palladium-iris',
        'image': 'user/palladium-iris_predict:0.1',
        'made_by': 'palladium',
        'marathon_version': '0.9',
        'service_port': 9000,
        'cpus': 0.2,
        'memory': '256M',
        'instances': 3,
        'load_s': 5,
        'health': {'interval_s': 20},
        'upgrade': {'unavailable': '50%', 'surge': '100%'},
    },
}"""


def leaves(value: Any, at: str = "") -> dict[str, Any]:
    """Return every single value by its place."""
    parts = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    found = {place: leaf for key, part in parts for place, leaf in leaves(part, f"{at}.{key}").items()}
    return found or ({} if isinstance(value, Mapping | list) else {at.lstrip("."): value})


def written(here: Path, *more: str) -> Any:
    assert run("deploy", "marathon", "-o", "app.json", *more) == 0
    return json.loads((here / "app.json").read_text("utf-8"))


def test_the_definition_of_palladium_s_own_page_is_written_field_by_field(here: Path) -> None:
    (here / "palladium-config.py").write_text(CONFIG)
    made = written(here)
    assert "args" not in made
    assert "cmd" not in made
    ours, theirs = leaves(made), leaves(PALLADIUMS)
    assert ours.pop("id") == f"/{theirs.pop('id')}"  # the same app: Marathon takes names from the root on
    assert {place: ours.get(place) for place in theirs} == theirs
    # where that page leaves Marathon's own default, it is written out
    assert {place: value for place, value in ours.items() if place not in theirs} == {
        "container.docker.forcePullImage": False,
        "healthChecks.0.timeoutSeconds": 5,
        "upgradeStrategy.maximumOverCapacity": 1.0,
    }
    assert (
        marathon_problems(made, "0.9") == marathon_problems(made, "1.4") == marathon_problems(PALLADIUMS, "0.9") == []
    )


@pytest.mark.parametrize("made", [deployment(), full(secrets={}), full(secrets={}, path="/", host=None)])
@pytest.mark.parametrize("release", ["0.9", "1.4"])
def test_a_definition_is_valid_for_the_schema_of_its_release(made: Deployment, release: str) -> None:
    todays = app(made)
    assert marathon_problems(todays, release)
    first, _, second = release.partition(".")
    assert marathon_problems(former(todays, (int(first), int(second))), release) == []


def test_of_1_4_everything_is_there_under_the_names_of_then() -> None:
    todays = app(full())
    made = former(todays, (1, 4))
    assert marathon_problems(made, "1.4") == []
    docker = made["container"]["docker"]
    assert (docker["network"], docker["portMappings"]) == ("BRIDGE", todays["container"]["portMappings"])
    assert "portMappings" not in made["container"]
    assert "networks" not in made
    assert made["healthChecks"] == [{**todays["healthChecks"][0], "protocol": "HTTP"}]
    same = ("args", "env", "secrets", "readinessChecks", "taskKillGracePeriodSeconds", "constraints", "labels")
    assert {key: made[key] for key in same} == {key: todays[key] for key in same}
    assert list(lost(todays, (1, 4))) == []


@pytest.mark.parametrize(
    ("release", "absent", "told"),
    [
        ((0, 9), {"readinessChecks", "taskKillGracePeriodSeconds"}, 3),
        ((1, 1), {"taskKillGracePeriodSeconds"}, 2),
        ((1, 3), set(), 1),
        ((1, 5), set(), 0),
    ],
)
def test_what_a_release_does_not_have_is_left_out_and_said(release: Any, absent: set[str], told: int) -> None:
    todays = app(deployment())
    made = former(todays, release)
    assert todays.keys() - made.keys() - {"networks"} == absent
    lines = list(lost(todays, release))
    assert len(lines) == told
    assert any("--docker_stop_timeout=145secs" in line for line in lines) is ("taskKillGracePeriodSeconds" in absent)
    assert made == todays or release < (1, 5)


def test_what_must_not_be_left_out_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"secrets: Marathon 1\.1 keeps none, as it is older than 1\.2"):
        former(app(full()), (1, 1))
    with pytest.raises(ConfigError, match=r"marathon_version: 0\.8 is older than 0\.9"):
        former(app(deployment()), (0, 8))


def test_the_flag_replaces_the_entry(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "triglot-config.py").write_text(
        "{'deploy': {'name': 'iris', 'image': 'iris:1', 'marathon_version': '0.9'}}"
    )
    assert "networks" not in written(here)
    assert "Marathon 0.9 has no readinessChecks: " in capsys.readouterr().err
    assert "networks" in written(here, "--marathon-version", "1.5.1")
    assert run("deploy", "marathon", "--marathon-version", "old") == 1
    assert "marathon_version: 'old'; write a release as text" in capsys.readouterr().err


def test_others_want_an_image_of_ours() -> None:
    for write in (kubernetes.objects, compose.file):
        with pytest.raises(ConfigError, match=r"made_by: 'palladium'; .* one of the same folder: triglot dockerize"):
            write(deployment(made_by="palladium"))


class Images(Processes):
    """Starts what an image of Palladium's starts by itself, with its port 8000 at one of the host's."""

    def start(self, app: Mapping[str, Any], variables: Mapping[str, str]) -> ProcessTask:
        assert not {"args", "cmd"} & app.keys()
        docker = app["container"]["docker"]
        assert (docker["network"], [each["containerPort"] for each in docker["portMappings"]]) == ("BRIDGE", [8000])
        port = free_port()
        command = [sys.executable, "-m", *self.commands[docker["image"]], f"--bind=127.0.0.1:{port}"]
        log = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.started.append(ProcessTask(subprocess.Popen(command, env={**os.environ, **variables}, **log), port))
        return self.started[-1]


@pytest.fixture
def images() -> Iterator[Images]:
    made = Images({"user/palladium-iris_predict:0.1": ["gunicorn", "--workers=1", "palladium.wsgi:app"]})
    yield made
    made.close()


def test_a_marathon_of_2015_deploys_an_image_of_palladium_s(
    here: Path, images: Images, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "palladium-config.py").write_text(CONFIG)
    monkeypatch.setattr("triglot.deploy.post.LOOK_S", 0.05)
    with marathon(images, speed=4.0, release="0.9") as there:
        patience = ("--wait", str(PATIENCE_S), "--instances", "2")
        assert run("deploy", "marathon", "--post", there.url, *patience) == 0, capsys.readouterr().err
        assert "/palladium-iris is deployed" in capsys.readouterr().out
        (first, second) = there.apps["/palladium-iris"].tasks
        for task in (first, second):
            with urllib.request.urlopen(f"http://127.0.0.1:{task.running.port}/alive", timeout=PATIENCE_S) as answer:
                assert json.loads(answer.read())["service_metadata"] == {"service_name": "iris"}
