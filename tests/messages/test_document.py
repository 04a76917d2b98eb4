"""docs/messages.md keeps its word: its configuration is served, its programs are run, their answers compared."""

from pathlib import Path

from tests.helpers import until
from tests.messages.brokers import Mosquitto, RabbitMQ
from tests.reading import ROOT, Reader
from triglot.config.brokers import BROKER_KEYS


class Patient(Reader):
    """A reader who waits until the service takes requests of both brokers: what is published before finds nobody."""

    def _serve(self, line: str, port: int, path: str) -> None:
        super()._serve(line, port, path)
        log = self.folder / f"{port}.log"
        until(lambda: log.read_text("utf-8").count("requests are taken") == 2)


def test_the_programs_of_the_document_get_the_answers_that_it_shows(
    rabbitmq: RabbitMQ, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    reader = Patient(tmp_path)
    reader.ports |= {5672: rabbitmq.port, 1883: mosquitto.port}
    try:
        assert reader.follow("docs/messages.md") == 4
    finally:
        reader.close()


def test_every_key_of_a_broker_is_documented() -> None:
    text = (ROOT / "docs" / "messages.md").read_text("utf-8")
    assert not [key for key in BROKER_KEYS if f"`{key}`" not in text]
