"""One RabbitMQ, one Mosquitto and one service that takes requests from both, for all tests here."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.functional.running import EXAMPLES, Running, folder, quick
from tests.helpers import require, until
from tests.messages.brokers import Mosquitto, RabbitMQ, mock_cluster, require_brokers, running
from tests.messages.callers import AmqpCaller, MqttCaller

AUTHORS = Path(__file__).parent / "authors"
SECRET = "what only a sensor knows"


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[RabbitMQ]:
    """Hold a RabbitMQ."""
    require_brokers("rabbitmq-server")
    with running(RabbitMQ) as broker:
        yield broker


@pytest.fixture(scope="session")
def mosquitto() -> Iterator[Mosquitto]:
    """Hold a Mosquitto, which does not run yet."""
    require_brokers("mosquitto")
    with running(Mosquitto) as broker:
        yield broker


@pytest.fixture(scope="session")
def cluster() -> Iterator[int]:
    """Hold the port of librdkafka's own mock of a cluster, which lives in this process."""
    with mock_cluster(("triglot.predict", "triglot.run", "triglot.dead", "answers")) as port:
        yield port


@pytest.fixture(scope="session")
def service(rabbitmq: RabbitMQ, mosquitto: Mosquitto, cluster: int) -> Iterator[Running]:
    """Hold a service that takes the requests of all; when it was started, nobody was there at Mosquitto's port."""
    require("python")
    mosquitto.kill()
    mosquitto.allow("sensor", SECRET)
    with folder() as place:
        shutil.copytree(AUTHORS, place, dirs_exist_ok=True)
        config = place / "messages-config.py"
        environ: dict[str, Any] = {
            "AMQP_PORT": str(rabbitmq.port),
            "MQTT_PORT": str(mosquitto.port),
            "KAFKA_PORT": str(cluster),
            "SENSOR_PASSWORD": SECRET,
            "MARKS": str(place),
            "IRIS": str(EXAMPLES / "data" / "iris.data"),
        }
        fitted = quick("-c", str(config), "fit", "--no-proof", cwd=place, **environ)
        assert fitted.returncode == 0, fitted.stderr
        made = Running(place, config, **environ)
        try:
            made.wait_until_ready()
            mosquitto.start()
            until(
                lambda: f"INFO messages: broker 'things' (mqtt://127.0.0.1:{mosquitto.port}): requests" in made.said()
            )
            yield made
        finally:
            print(made.said())  # for whoever reads of a failure
            made.close()


@pytest.fixture
def amqp(service: Running, rabbitmq: RabbitMQ) -> Iterator[AmqpCaller]:
    """Give somebody who asks by AMQP."""
    with AmqpCaller(rabbitmq.port) as caller:
        yield caller


@pytest.fixture
def mqtt(service: Running, mosquitto: Mosquitto) -> Iterator[MqttCaller]:
    """Give somebody who asks by MQTT."""
    with MqttCaller(mosquitto.port) as caller:
        yield caller
