"""nginx before the service: a configuration that nginx takes, and what requests become behind it."""

import contextlib
import http.client
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.deploy import front
from tests.deploy.described import deployment, full
from tests.functional.running import folder, free_port
from tests.helpers import PATIENCE_S, until
from triglot.deploy import nginx
from triglot.deploy.nginx import Address, Front
from triglot.errors import ConfigError


class Echo(BaseHTTPRequestHandler):
    """Answers what it was asked; `/refuse` in the path gives 503."""

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        said = {"path": self.path, "headers": dict(self.headers.items()), "bytes": len(self.rfile.read(length))}
        body = json.dumps({**said, "port": self.server.server_address[1]}).encode()
        self.send_response(503 if "refuse" in self.path else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def echo() -> Iterator[Address]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield Address("127.0.0.1", server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Hold a folder that nginx's workers may enter, whoever they are."""
    with folder() as made:
        made.chmod(0o755)
        yield made


@pytest.fixture(scope="module")
def port(place: Path) -> Iterator[int]:
    """Hold an nginx before one back end that is there and one that is not, under a prefix."""
    listen = free_port()
    with echo() as there:
        servers = (Address("127.0.0.1", free_port()), there)
        made = full(tls=None)
        (place / "nginx.conf").write_text(
            nginx.configuration(made, Front(Address("127.0.0.1", listen), servers, state=str(place)))
        )
        with front.running(place / "nginx.conf"):
            until((place / "nginx.pid").exists)
            yield listen


def ask(port: int, method: str, path: str, body: bytes = b"") -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    with contextlib.closing(connection):
        connection.request(method, path, body, {"Host": "iris.example.org"})
        answer = connection.getresponse()
        text = answer.read()
    return answer.status, json.loads(text) if text.startswith(b"{") else text


def test_requests_reach_the_service_without_the_public_prefix_and_with_who_asked(port: int) -> None:
    status, said = ask(port, "GET", "/v1/iris/models/m%20n/predict?a=1&b=x+y")
    assert (status, said["path"]) == (200, "/models/m%20n/predict?a=1&b=x+y")
    headers = said["headers"]
    assert headers["Host"] == "iris.example.org"
    assert (headers["X-Forwarded-For"], headers["X-Real-IP"], headers["X-Forwarded-Proto"]) == (
        "127.0.0.1",
        "127.0.0.1",
        "http",
    )
    assert ask(port, "GET", "/v1/iris/alive")[1]["path"] == "/alive"
    assert ask(port, "GET", "/elsewhere")[0] == 404


def test_predictions_go_to_another_back_end_and_changes_never_do(port: int) -> None:
    # every other request meets the back end that is not there
    answers = [ask(port, "POST", "/v1/iris/predict", b"[]") for _ in range(6)]
    assert [status for status, _ in answers] == [200] * 6
    # a connection that was refused has carried nothing, so that anything may be sent again
    assert [ask(port, "POST", "/v1/iris/fit")[0] for _ in range(4)] == [200] * 4
    # but not what a back end has seen
    statuses = {ask(port, "POST", "/v1/iris/fit?refuse")[0] for _ in range(4)}
    assert statuses == {503}


def test_a_body_beyond_the_services_own_limit_is_refused_at_the_door(port: int) -> None:
    limit = full().service.max_body_bytes
    status, said = ask(port, "POST", "/v1/iris/predict", b"x" * limit)
    assert (status, said["bytes"]) == (200, limit)
    with contextlib.suppress(ConnectionError):
        assert ask(port, "POST", "/v1/iris/predict", b"x" * (limit + 1))[0] == 413


def test_nginx_takes_the_configuration_with_a_certificate(place: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "iris.example.org")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (place / "tls.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (place / "tls.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
    tls = {"certificate": str(place / "tls.pem"), "key": str(place / "tls.key")}
    config = place / "tls.conf"
    at = Front(Address("::1", free_port()), state=str(place))
    config.write_text(nginx.configuration(full(tls=tls), at))
    assert "ssl_protocols TLSv1.2 TLSv1.3" in config.read_text()
    assert front.tested(config) == ""
    config.write_text(nginx.configuration(full(), at))  # whose certificate is nowhere
    assert "/etc/tls/iris.pem" in front.tested(config)


def test_nginx_takes_back_ends_from_a_file_and_a_site_into_a_configuration_that_is_there(place: Path) -> None:
    upstream, site, config = place / "iris.upstream", place / "iris.site", place / "whole.conf"
    at = Front(Address("127.0.0.1", free_port()), upstream=str(upstream), state=str(place))
    config.write_text(nginx.configuration(deployment(), at))
    assert "iris.upstream" in front.tested(config)
    upstream.write_text(nginx.upstream([Address("127.0.0.1", 8001), Address("::1", 8002)]))
    assert front.tested(config) == ""
    site.write_text(nginx.site(deployment(), at))
    config.write_text(f"pid {place}/nginx.pid; events {{}} http {{ include {site}; }}")
    assert front.tested(config) == ""


def test_the_file_of_back_ends_is_read_as_it_was_written() -> None:
    servers = [Address("127.0.0.1", 8001), Address("::1", 8002), Address("iris", 8003)]
    assert nginx.servers_of(nginx.upstream(servers)) == servers
    assert nginx.servers_of("# nothing\n") == []
    assert nginx.servers_of("  server 10.0.0.1:80 weight=2;") == [Address("10.0.0.1", 80)]
    with pytest.raises(ConfigError, match="no back end"):
        nginx.upstream([])


@pytest.mark.parametrize(
    "text", ["8000", "host", "host:", "host:port", "ho st:80", "host:0", "a;b:80", "[::1:80", ":80"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--server"):
        nginx.address("--server", text)
