"""`triglot deploy marathon --post`: a definition is sent, carried out and waited for; a refusal says what to do."""

import json
import re
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import run
from tests.deploy.marathon import Marathon, marathon
from tests.deploy.tasks import Processes
from tests.helpers import PATIENCE_S, until

INSTANCE = Path(__file__).parent / "instance.py"
IMAGES = {f"iris:{what}": [sys.executable, "-S", str(INSTANCE), what] for what in ("1", "2", "sick", "crashing")}
SPEED = 60.0
CONFIG = """{
    'workers': {'python': 1, 'r': 0, 'julia': 0},
    'deploy': {
        'name': 'iris', 'image': 'iris:1', 'environment': {'WORDS': 'open'}, 'secrets': {'HIDDEN': 'iris/words'},
        'instances': 3, 'load_s': 30,
    },
}"""

Post = Callable[..., int]


@pytest.fixture
def agent() -> Iterator[Processes]:
    made = Processes(IMAGES)
    yield made
    made.close()


@pytest.fixture
def there(agent: Processes) -> Iterator[Marathon]:
    with marathon(agent, speed=SPEED, secrets={"iris/words": "hidden"}) as made:
        yield made


@pytest.fixture
def post(here: Path, there: Marathon, monkeypatch: pytest.MonkeyPatch) -> Post:
    """Give the function that sends the definition to the stand-in, as the command does."""
    for name in ("MARATHON_TOKEN", "MARATHON_USER", "MARATHON_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("triglot.deploy.post.LOOK_S", 0.01)
    (here / "triglot-config.py").write_text(CONFIG)
    return lambda *more: run("deploy", "marathon", "--post", there.url, "--wait", str(PATIENCE_S), *more)


def versions(there: Marathon) -> set[str]:
    """Return what the instances themselves say they are."""
    found = set()
    for task in there.apps["/iris"].tasks:
        with urllib.request.urlopen(f"http://127.0.0.1:{task.running.port}/ready", timeout=PATIENCE_S) as answer:
            found.add(json.loads(answer.read())["version"])
    return found


def test_an_app_is_deployed_scaled_and_replaced_without_a_gap(
    post: Post, there: Marathon, agent: Processes, capsys: pytest.CaptureFixture[str]
) -> None:
    assert post() == 0
    told = capsys.readouterr()
    assert re.fullmatch(r"/iris is deployed, version \S+\n", told.out)
    assert "3 of 3 instances run, 3 are healthy" in told.err
    app = there.apps["/iris"]
    assert app.definition["env"]["HIDDEN"] == {"secret": "hidden"}
    assert versions(there) == {"1"}
    first = {task.id for task in app.tasks}

    assert post("--instances", "4") == 0  # scaled: those that run are left alone
    assert first < {task.id for task in app.tasks}
    assert len(app.tasks) == 4

    assert post("--instances", "3", "--image", "iris:2") == 0
    assert versions(there) == {"2"}
    assert len(app.tasks) == 3
    assert app.fewest_healthy >= 3
    assert app.most <= 5
    assert all(task.signals == ["SIGTERM"] for task in agent.started if task.ended() is not None)


def test_what_a_later_definition_leaves_out_is_gone(post: Post, there: Marathon, here: Path) -> None:
    assert post("--instances", "1") == 0
    (here / "triglot-config.py").write_text(CONFIG.replace("'secrets': {'HIDDEN': 'iris/words'},", ""))
    assert post("--instances", "1") == 0
    assert "HIDDEN" not in there.apps["/iris"].definition["env"]
    assert "secrets" not in there.apps["/iris"].definition


def test_a_version_that_is_never_well_leaves_the_old_one_in_place(
    post: Post, there: Marathon, capsys: pytest.CaptureFixture[str]
) -> None:
    assert post("--instances", "2") == 0
    assert run("deploy", "marathon", "--post", there.url, "--image", "iris:sick", "--wait", "4", "--instances=2") == 1
    said = capsys.readouterr().err
    assert "/iris is not deployed after 4 s" in said
    assert "/alive failed 3 times" in said
    assert sum(task.healthy for task in there.apps["/iris"].tasks) == 2

    assert post("--instances", "2", "--image", "iris:2") == 1
    assert "409 App is locked by one or more deployments.; another deployment of it goes on" in capsys.readouterr().err
    assert post("--instances", "2", "--image", "iris:2", "--force") == 0
    assert versions(there) == {"2"}


def test_an_instance_that_ends_is_told_of_and_started_again(
    post: Post, there: Marathon, agent: Processes, capsys: pytest.CaptureFixture[str]
) -> None:
    assert post("--instances", "2") == 0
    agent.started[0].process.kill()
    until(lambda: len(agent.started) == 3 and sum(task.healthy for task in there.apps["/iris"].tasks) == 2)
    assert run("deploy", "marathon", "--post", there.url, "--image", "iris:crashing", "--wait", "3") == 1
    assert "TASK_FAILED exit code 3" in capsys.readouterr().err


def test_a_marathon_that_wants_credentials_gets_them_from_the_environment(
    post: Post, there: Marathon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there.token = "token=a long word"
    assert post("--instances", "1") == 1
    assert "401 Invalid username or password.; set MARATHON_TOKEN" in capsys.readouterr().err
    monkeypatch.setenv("MARATHON_TOKEN", "a long word")
    assert post("--instances", "1") == 0
    monkeypatch.delenv("MARATHON_TOKEN")
    there.token = "Basic bWU6d29yZA=="
    monkeypatch.setenv("MARATHON_USER", "me")
    assert post("--instances", "1") == 1
    assert "set both MARATHON_USER and MARATHON_PASSWORD" in capsys.readouterr().err
    monkeypatch.setenv("MARATHON_PASSWORD", "word")
    assert post("--instances", "1") == 0
    capsys.readouterr()
    assert run("deploy", "marathon", "--post", "http://marathon.example.org") == 1
    said = capsys.readouterr().err
    assert "not sent over http" in said
    assert "word" not in said.replace("password", "")


def test_what_marathon_refuses_is_said_with_its_reasons(
    post: Post, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("triglot.deploy.marathon.PORT_NAME", 80)
    assert post() == 1
    assert "422 Object is not valid /: " in capsys.readouterr().err


class Elsewhere(BaseHTTPRequestHandler):
    def do_PUT(self) -> None:
        self.send_response(307)
        self.send_header("Location", "https://leader.example.org/v2/apps/iris")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.mark.usefixtures("post")
def test_nothing_is_sent_on_to_somewhere_else(capsys: pytest.CaptureFixture[str]) -> None:
    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    assert run("deploy", "marathon", "--post", f"http://127.0.0.1:{server.server_port}") == 1
    thread.join()
    server.server_close()
    assert "it sends one on to 'https://leader.example.org/v2/apps/iris': give that URL" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("marathon.example.org", "write the URL of Marathon"),
        ("http://me:word@127.0.0.1:1", "leave user and password out of the URL"),
        ("http://127.0.0.1:1", "cannot reach Marathon .* is the URL right"),
    ],
)
@pytest.mark.usefixtures("post")
def test_a_url_that_leads_nowhere_is_refused(url: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("deploy", "marathon", "--post", url) == 1
    assert re.search(told, capsys.readouterr().err)
