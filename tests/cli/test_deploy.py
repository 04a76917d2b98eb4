"""`triglot deploy`: what the flags say, where the files go, and what is refused without a trace."""

import json
import stat
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import run
from triglot.deploy.nginx import servers_of

CONFIG = """{
    'model_name': 'iris',
    'server': {'timeout_s': 12, 'max_body_bytes': 1000, 'max_bulk_bytes': 2000},
    'workers': {'r': 2},
    'worker_memory': {'r': '300M'},
    'deploy': {'image': 'iris:1', 'secrets': {'TRIGLOT_SIGNING_KEY': 'iris/signing-key'}},
}"""


@pytest.fixture
def folder(here: Path) -> Path:
    (here / "triglot-config.py").write_text(CONFIG)
    return here


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_flags_replace_what_the_configuration_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("deploy", "marathon") == 0
    plain = json.loads(said(capsys))
    assert (plain["id"], plain["instances"], plain["mem"]) == ("/iris", 2, 2048)
    assert plain["args"][-2:] == ["--workers", "r=2"]
    flags = ("--name", "other", "--image", "iris:2", "--instances", "3", "--cpus", "0.5", "--memory", "3G")
    assert run("deploy", "marathon", *flags) == 0
    made = json.loads(said(capsys))
    assert (made["id"], made["instances"], made["cpus"], made["mem"]) == ("/other", 3, 0.5, 3072)
    assert made["container"]["docker"]["image"] == "iris:2"


def test_what_the_service_says_of_itself_is_what_stands_around_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("deploy", "nginx") == 0
    text = said(capsys)
    assert "proxy_read_timeout 17s;" in text  # five more than the service takes
    assert "client_max_body_size 2000;" in text
    assert run("deploy", "marathon", "--memory", "600M") == 1
    assert "600 MiB are less than the 664 MiB that 2 workers and the front end may take" in capsys.readouterr().err


def test_a_file_is_written_whole_or_not_at_all(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("deploy", "compose", "-o", "compose.yaml") == 0
    assert said(capsys) == ""
    before = (folder / "compose.yaml").read_text()
    assert yaml.safe_load(before)["services"]["iris"]["image"] == "iris:1"
    assert run("deploy", "compose", "--image", 'iris"; rm -rf /', "-o", "compose.yaml") == 1
    assert "deploy -> image" in capsys.readouterr().err
    assert run("deploy", "compose", "-o", "nowhere/compose.yaml") == 1
    assert "--output 'nowhere/compose.yaml': No such file" in capsys.readouterr().err
    assert (folder / "compose.yaml").read_text() == before
    assert sorted(path.name for path in folder.iterdir()) == ["compose.yaml", "triglot-config.py"]


def test_a_file_with_secrets_is_its_owners_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TRIGLOT_SIGNING_KEY")
    assert run("deploy", "kubernetes", "--with-secrets", "-o", "all.yaml") == 1
    assert "set TRIGLOT_SIGNING_KEY in the environment" in capsys.readouterr().err
    monkeypatch.setenv("TRIGLOT_SIGNING_KEY", "a word that nobody knows")
    assert run("deploy", "kubernetes", "--with-secrets", "-o", "all.yaml") == 0
    assert run("deploy", "kubernetes", "-o", "plain.yaml") == 0
    assert stat.S_IMODE((folder / "all.yaml").stat().st_mode) == 0o600
    assert "a word that nobody knows" in (folder / "all.yaml").read_text()
    assert "a word that nobody knows" not in (folder / "plain.yaml").read_text()


def test_kserve_takes_the_place_of_the_deployment(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("deploy", "kubernetes", "--kserve") == 0
    kinds = [each["kind"] for each in yaml.safe_load_all(said(capsys))]
    assert kinds == ["ConfigMap", "InferenceService"]
    assert run("deploy", "kubernetes", "--kserve", "--service-monitor") == 2
    assert "which KServe makes by itself" in capsys.readouterr().err
    assert run("deploy", "kubernetes", "--service-monitor") == 0
    assert "ServiceMonitor" in [each["kind"] for each in yaml.safe_load_all(said(capsys))]


def test_nginx_listens_where_it_is_told_before_those_it_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--listen", "[::1]:9000", "--server", "10.0.0.1:8000", "--server", "10.0.0.2:8000")
    assert run("deploy", "nginx", "--site", *where) == 0
    text = said(capsys)
    assert "listen [::1]:9000;" in text
    assert "events" not in text
    assert [str(each) for each in servers_of(text)] == ["10.0.0.1:8000", "10.0.0.2:8000"]
    assert run("deploy", "nginx", "--upstream", "../iris.upstream") == 0
    assert f"include {folder.parent}/iris.upstream;" in said(capsys)
    assert run("deploy", "nginx", "--server", "10.0.0.1:8000", "--upstream", "iris.upstream") == 1
    assert "say two things" in capsys.readouterr().err
    assert run("deploy", "nginx", "--upstream", "iris.upstream; }") == 1
    assert "--upstream" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("{}", "'image' is missing"),
        ("{'deploy': 'iris'}", "write a mapping such as {'image'"),
        ("{'deploy': {'image': 'iris', 'instnaces': 2}}", "Did you mean 'instances'"),
        ("{'deploy': {'image': 'iris'}, 'model_name': 'Iris Model'}", "deploy -> name: 'Iris Model'; write lower-case"),
    ],
)
def test_a_configuration_without_a_sound_description_is_refused(
    here: Path, config: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "triglot-config.py").write_text(config)
    assert run("deploy", "marathon") == 1
    assert told in capsys.readouterr().err


def test_an_upgrade_is_refused_before_anything_is_started(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "nginx.conf").write_text("")
    known = ("upgrade-service", "--upstream", "iris.upstream", "--nginx-config", "nginx.conf")
    assert run(*known, "--confirm", "predict") == 1
    assert "write a path such as '/predict?" in capsys.readouterr().err
    assert run(*known, "--confirm", "/predict", "--body", "row.json") == 1
    assert "--body 'row.json': No such file" in capsys.readouterr().err
    assert run("upgrade-service", "--upstream", "u", "--nginx-config", "nothing", "--confirm", "/predict") == 1
    assert "name nginx's own file" in capsys.readouterr().err
    assert not list(folder.glob("run/back-ends/*"))
