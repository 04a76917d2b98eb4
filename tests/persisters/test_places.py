"""HTTP servers as they are: nginx, wrong passwords, redirects, servers that are not there; and S3's refusals."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest

from triglot.artefact import Artefact
from triglot.errors import StoreError
from triglot.persisters.files import ABSENT, Changed
from triglot.persisters.rest import Rest
from triglot.persisters.s3 import S3, BucketFiles

Make = Callable[..., Artefact]


def test_nginx_with_webdav_keeps_models(nginx: str, artefact: Make) -> None:
    persister = Rest(f"{nginx}/models/m-{{version}}", auth=["user", "secret-word"])
    for model in ("model", "Zoë/ß"):
        assert persister.write(model, artefact(b"one"), metadata={"attachments/Übersicht 1.txt": "aGk="}) == 1
        assert persister.write(model, artefact(b"two")) == 2
        persister.activate(model, 2)
        assert persister.read(model).artefact.blob == b"two"
        assert persister.read(model, 1).metadata == {"attachments/Übersicht 1.txt": "aGk="}
        persister.delete(model, 1)
        assert [info.version for info in persister.list(model)] == [2]
        assert persister.write(model, artefact()) == 3
    assert persister.active() == {"model": 2, "Zoë/ß": 2}


def test_a_wrong_password_is_said_without_showing_it(http_server: str, artefact: Make) -> None:
    persister = Rest(f"{http_server.replace('//', '//user:other-word@')}/x/m-{{version}}")
    with pytest.raises(StoreError, match=r"answered 401 .*check the user and the password") as caught:
        persister.write("model", artefact())
    assert "other-word" not in f"{caught.value}{persister!r}{persister.location}"


def test_a_server_that_is_not_there_is_said(artefact: Make) -> None:
    persister = Rest("http://user:secret-word@127.0.0.1:9/m-{version}")
    with pytest.raises(StoreError, match=r"GET http://127\.0\.0\.1:9/m-metadata\.json failed \(ConnectionError\)"):
        persister.active()


class Redirecting(BaseHTTPRequestHandler):
    """Answers reads with 404 and sends every write elsewhere, as a server that asks for a login does."""

    writes: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.answer(200 if self.path == "/login" else 404)

    do_HEAD = do_GET

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(302)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Location", "/login")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def redirecting() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Redirecting) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_redirected_write_does_not_pass_for_one_that_was_carried_out(redirecting: str, artefact: Make) -> None:
    with pytest.raises(StoreError, match=r"PUT .* was answered 302"):
        Rest(f"{redirecting}/m-{{version}}").write("model", artefact())


def test_a_bucket_that_is_not_there_is_said(s3_server: str, artefact: Make) -> None:
    with pytest.raises(StoreError, match=r"s3://nowhere/m-metadata\.json: .*NoSuchBucket.*; make the bucket"):
        S3("s3://nowhere/m-{version}", endpoint_url=s3_server).write("model", artefact())


def test_objects_are_replaced_only_in_the_expected_state(s3_server: str) -> None:
    files = BucketFiles()
    files.put("models/state", b"one", ABSENT)
    with pytest.raises(Changed):
        files.put("models/state", b"two", ABSENT)
    found = files.get("models/state")
    assert found is not None
    files.put("models/state", b"two", found.tag)
    with pytest.raises(Changed):
        files.put("models/state", b"three", found.tag)
    files.delete("models/state")
    files.delete("models/state")
    assert files.get("models/state") is None
    with pytest.raises(Changed):
        files.put("models/state", b"three", found.tag)
