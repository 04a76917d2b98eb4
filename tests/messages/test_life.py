"""How the program is with brokers that are away, silent, or do not let it in, and what it tells nobody."""

import gc
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.functional.running import Running, descendants
from tests.helpers import until
from tests.messages.brokers import Mosquitto, RabbitMQ, free_ports, require_brokers, running
from tests.messages.callers import MqttCaller
from tests.messages.certificates import made as certificates
from tests.messages.conftest import SECRET
from tests.messages.taking import Taking, taking
from triglot.config.brokers import brokers_of
from triglot.doctor import brokers as doctor
from triglot.errors import ConfigError
from triglot.messages.message import Message, Outcome
from triglot.project import Project

WRONG = "not the word"
# paho leaves a socket whose handshake failed to whoever collects garbage
PAHO_S_OWN = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def answering(message: Message) -> Outcome:
    return Outcome(message.body)


def tried(url: str, times: int = 1, **more: Any) -> Taking:
    """Return what taking requests from a broker came to, once it has failed so often."""
    (broker,) = brokers_of({"b": {"url": url, **more}}, Path.cwd(), {"WRONG": WRONG})
    with taking(broker, answering) as took:
        until(lambda: len(took.lost) >= times)
    gc.collect()  # what paho has left open is this test's
    return took


def test_a_password_is_in_no_log_no_command_line_no_configuration_of_supervisord_and_no_answer(
    service: Running,
) -> None:
    told = [service.said(), (service.folder / "run" / "supervisord.conf").read_text()]
    told += [Path(f"/proc/{pid}/cmdline").read_text() for pid in descendants(service.process.pid)]
    told += [str(service.get(path).body) for path in ("/alive", "/ready", "/list", "/models", "/openapi.json")]
    told.append(repr(Project([service.config], {"SENSOR_PASSWORD": SECRET, "IRIS": ""}, service.folder).brokers))
    assert "sensor" in told[-1]
    assert not [each for each in told if SECRET in each]


@pytest.mark.parametrize("protocol", ["amqp", "mqtt"])
def test_a_wrong_password_is_told_without_it_and_tried_again(
    request: pytest.FixtureRequest, protocol: str, service: Running
) -> None:
    port = request.getfixturevalue("rabbitmq" if protocol == "amqp" else "mosquitto").port
    user = "guest" if protocol == "amqp" else "sensor"
    took = tried(f"{protocol}://{user}@127.0.0.1:{port}", 2, password_env="WRONG")
    assert ("ACCESS_REFUSED" if protocol == "amqp" else "Not authorized") in took.lost[0]
    assert WRONG not in "".join(took.lost)


@PAHO_S_OWN
@pytest.mark.parametrize("protocol", ["amqp", "amqps", "mqtt", "mqtts"])
def test_where_nobody_listens_and_where_somebody_says_nothing_the_link_is_lost(protocol: str) -> None:
    assert "refused" in tried(f"{protocol}://127.0.0.1:{free_ports(1)[0]}").lost[0]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert tried(f"{protocol}://127.0.0.1:{silent.getsockname()[1]}").lost[0]


@PAHO_S_OWN
def test_a_broker_whose_certificate_nobody_has_signed_or_that_is_another_s_is_not_spoken_to(tmp_path: Path) -> None:
    require_brokers("mosquitto")
    files, others = certificates(tmp_path), certificates(_folder(tmp_path / "others"))
    lines = (f"cafile {files.authority}", f"certfile {files.certificate}", f"keyfile {files.key}")
    with running(lambda folder: Mosquitto(folder, *lines)) as mosquitto:
        for protocol in ("mqtts", "amqps"):  # the handshake is before all that they say
            url = f"{protocol}://127.0.0.1:{mosquitto.port}"
            for more in ({}, {"ca_file": str(others.authority)}):
                assert "CERTIFICATE_VERIFY_FAILED" in tried(url, **more).lost[0]
            another = tried(url.replace("127.0.0.1", "localhost"), ca_file=str(files.authority)).lost[0]
            assert "certificate is not valid for 'localhost'" in another
        plain = tried(f"mqtt://127.0.0.1:{mosquitto.port}")
        assert plain.lost[0]


def test_an_authority_that_vanishes_is_told_and_tried_again(tmp_path: Path) -> None:
    for protocol in ("mqtts", "amqps"):
        files = certificates(_folder(tmp_path / protocol))
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"{protocol}://127.0.0.1:{silent.getsockname()[1]}"
            (broker,) = brokers_of({"b": {"url": url, "ca_file": str(files.authority)}}, tmp_path, {})
            files.authority.unlink()
            with taking(broker, answering) as took:
                until(lambda: len(took.lost) >= 2)
            assert "No such file" in took.lost[0]


def test_a_mosquitto_that_goes_away_and_comes_back_is_taken_from_again() -> None:
    require_brokers("mosquitto")
    with running(Mosquitto) as mosquitto:
        (broker,) = brokers_of({"b": {"url": f"mqtt://127.0.0.1:{mosquitto.port}"}}, Path.cwd(), {})
        with taking(broker, answering) as took:
            until(lambda: "as triglot-b-" in mosquitto.said())
            mosquitto.kill()
            until(lambda: bool(took.lost))
            mosquitto.start()
            until(lambda: mosquitto.said().count("as triglot-b-") >= 2)


def asked(took: Taking, mosquitto: Mosquitto) -> None:
    """Ask four times, each time for an answer before the next one: a member that is away would keep some."""
    with MqttCaller(mosquitto.port) as caller:
        until(lambda: bool(caller.ask(b"is somebody there?") and took.took))
        until(took.is_quiet)
        caller.clear()
        for number in range(4):
            assert caller.answer([number]).content == [number]


def test_who_shares_a_group_leaves_it_when_it_is_stopped_unless_it_has_a_name_to_come_back_by() -> None:
    require_brokers("mosquitto")
    with running(Mosquitto) as mosquitto:
        url = {"url": f"mqtt://127.0.0.1:{mosquitto.port}"}
        said = {"passing": url, "staying": url, "kept": {**url, "client_id": "k"}}
        *_, kept = shared = brokers_of(said, Path.cwd(), {})
        for one in shared:
            with taking(one, answering) as took:
                asked(took, mosquitto)
        with MqttCaller(mosquitto.port) as caller:
            sent = [caller.ask([number]) for number in range(3)]
            with taking(kept, answering):
                assert sorted(each.correlation for each in caller.letters(3)) == sorted(sent)


# --- as the doctor sees them


def looked(tmp_path: Path, **brokers: Any) -> list[tuple[str, str]]:
    """Return verdict and text of what the doctor finds."""
    (tmp_path / "triglot-config.py").write_text(repr({"messages": brokers}))
    project = Project([tmp_path / "triglot-config.py"], {"WRONG": WRONG, "RIGHT": SECRET}, tmp_path)
    found = [(each.verdict, f"{each.found} | {each.advice}") for each in doctor.look(project)]
    gc.collect()  # what paho has left open is this test's
    assert not [text for _, text in found if WRONG in text or SECRET in text]
    return found


def test_the_doctor_is_let_in_by_brokers_that_run(
    rabbitmq: RabbitMQ, mosquitto: Mosquitto, cluster: int, service: Running, tmp_path: Path
) -> None:
    found = looked(
        tmp_path,
        a={"url": f"amqp://127.0.0.1:{rabbitmq.port}"},
        b={"url": f"mqtt://sensor@127.0.0.1:{mosquitto.port}", "password_env": "RIGHT"},
        c={"url": f"kafka://127.0.0.1:{cluster}"},
    )
    assert [verdict for verdict, _ in found] == ["ok"] * 3
    assert found[0][1].startswith(f"broker 'a' (amqp://127.0.0.1:{rabbitmq.port}) lets us in")
    # it has taken nothing from anybody, and thrown nobody out
    assert service.get("/ready").status == 200
    assert service.said().count("disconnected: Session taken over") == 0


@PAHO_S_OWN
def test_the_doctor_tells_of_brokers_that_are_away_or_do_not_let_us_in_and_of_each_by_itself(
    rabbitmq: RabbitMQ, mosquitto: Mosquitto, service: Running, tmp_path: Path
) -> None:
    files, (nobody,) = certificates(tmp_path), free_ports(1)
    found = looked(
        tmp_path,
        away={"url": f"amqp://127.0.0.1:{nobody}"},
        gone={"url": f"mqtt://127.0.0.1:{nobody}"},
        amqp={"url": f"amqp://guest@127.0.0.1:{rabbitmq.port}", "password_env": "WRONG"},
        shop={"url": f"amqp://127.0.0.1:{rabbitmq.port}/shop"},
        mqtt={"url": f"mqtt://sensor@127.0.0.1:{mosquitto.port}", "password_env": "WRONG"},
        tls={"url": f"mqtts://127.0.0.1:{mosquitto.port}", "ca_file": str(files.authority)},
        cluster={"url": f"kafka://127.0.0.1:{nobody}"},
    )
    told = ("refused", "refused", "ACCESS_REFUSED", "vhost shop not found", "Not authorized", "", "_TRANSPORT")
    assert [verdict for verdict, _ in found] == ["warn"] * len(told)
    assert [each in text for each, (_, text) in zip(told, found, strict=True)] == [True] * len(told), found
    assert all("check that it runs and that url, user and password are right" in text for _, text in found)


def test_the_doctor_tells_what_is_wrong_with_the_entry_itself(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="messages: a: password_env: 'NO_SUCH_VARIABLE' is not set; export it"):
        looked(tmp_path, a={"url": "amqp://host", "password_env": "NO_SUCH_VARIABLE"})


def _folder(place: Path) -> Path:
    place.mkdir()
    return place
