"""Real places for models: a SQLite file, a folder, an HTTP server and a server of S3's protocol on the loopback."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.helpers import PATIENCE_S
from tests.persisters.other_process import OPEN
from triglot.artefact import Artefact, seal
from triglot.persister import Persister

HERE = Path(__file__).parent
KEY = b"a key for tests, 32 bytes long.."
AWS = {
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


def missing(what: str) -> None:
    """Skip on a laptop; fail where the run promised to have it."""
    if os.environ.get("CI") or what in os.environ.get("TRIGLOT_REQUIRE", "").split():
        pytest.fail(f"{what} is required here and cannot be found")
    pytest.skip(f"{what} is not installed")


def make_artefact(blob: bytes = b"a model", **fields: Any) -> Artefact:
    manifest = {
        "language": "r",
        "task": "classification",
        "spec": {"fit": "fit"},
        "sources": {"model.R": "fit <- function(x, y) lm(y ~ x)  # süß\n"},
        "runtime": {"R": "4.2.2"},
        "classes": ["setosa", "virginica"],
        "created": "2026-01-02T03:04:05+00:00",
    }
    return seal(manifest | fields, blob, KEY)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(command: list[str], port: int, **options: Any) -> Iterator[None]:
    """Hold a server process that listens on a port."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
    )
    try:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, f"{command} ended with {process.returncode}"
            assert time.monotonic() < deadline, f"{command} does not listen"
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


@pytest.fixture(scope="session")
def http_server() -> Iterator[str]:
    """The URL of a server that honours conditions; its user is `user`, the password `secret-word`."""
    port = free_port()
    with running([sys.executable, str(HERE / "http_store.py"), str(port), "user", "secret-word"], port):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The URL of a server of S3's protocol, which the environment names, with the bucket `models`."""
    try:
        import boto3
        import moto  # noqa: F401
    except ImportError:
        missing("moto")
        return
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with pytest.MonkeyPatch.context() as patch, running([sys.executable, str(HERE / "s3_server.py"), str(port)], port):
        for name, value in (AWS | {"AWS_ENDPOINT_URL": url}).items():
            patch.setenv(name, value)
        boto3.session.Session().client("s3").create_bucket(Bucket="models")
        yield url


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[str]:
    """The URL of nginx with its WebDAV module, which ignores conditions; same user and password."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        missing("nginx")
        return
    port, folder = free_port(), tmp_path / "nginx"
    (folder / "www").mkdir(parents=True)
    (folder / "users").write_text("user:{PLAIN}secret-word\n")
    (folder / "nginx.conf").write_text(
        f"""
        {"user root;" if os.geteuid() == 0 else ""}
        daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
        events {{}}
        http {{
            access_log off; client_body_temp_path {folder}/body; client_max_body_size 100m;
            proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
            scgi_temp_path {folder}/s;
            server {{
                listen 127.0.0.1:{port}; root {folder}/www;
                location / {{
                    dav_methods PUT DELETE; create_full_put_path on;
                    auth_basic models; auth_basic_user_file {folder}/users;
                }}
            }}
        }}
        """
    )
    with running([program, "-p", str(folder), "-c", str(folder / "nginx.conf")], port):
        yield f"http://127.0.0.1:{port}"


@dataclass(frozen=True)
class Place:
    """An empty place for models, and what damages a file in it."""

    kind: str
    where: str
    damage: Callable[[], None]

    def open(self) -> Persister:
        """Return a persister of its own on this place."""
        return OPEN[self.kind](self.where)


@pytest.fixture(params=["sql", "file", "rest", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Each kind of place in turn. `damage` flips a bit in the bytes of version 1 of model `iris`."""
    name = uuid4().hex
    if request.param == "sql":
        import sqlalchemy as sa

        def damage_sql() -> None:
            engine = sa.create_engine(f"sqlite:///{tmp_path}/store.db", poolclass=sa.NullPool)
            with engine.begin() as connection:
                connection.execute(sa.text("UPDATE triglot_chunks SET data = :data"), {"data": b"other bytes"})

        return Place("sql", f"sqlite:///{tmp_path}/store.db", damage_sql)
    if request.param == "file":
        file = tmp_path / "deep" / "m-@iris@1.pkl.gz"
        return Place("file", f"{tmp_path}/deep/m-{{version}}", lambda: _flip(file))
    if request.param == "rest":
        import requests

        url = f"{request.getfixturevalue('http_server')}/{name}/m-{{version}}"
        blob, auth = url.format(version="@iris@1") + ".pkl.gz", ("user", "secret-word")

        def damage_rest() -> None:
            data = requests.get(blob, auth=auth, timeout=PATIENCE_S).content
            assert requests.put(blob, data=_flipped(data), auth=auth, timeout=PATIENCE_S).status_code == 204

        return Place("rest", url, damage_rest)
    request.getfixturevalue("s3_server")
    import boto3

    key = f"{name}/m-@iris@1.pkl.gz"

    def damage_s3() -> None:
        client = boto3.session.Session().client("s3")
        data = client.get_object(Bucket="models", Key=key)["Body"].read()
        client.put_object(Bucket="models", Key=key, Body=_flipped(data))

    return Place("s3", f"models/{name}/m-{{version}}", damage_s3)


@pytest.fixture
def persister(place: Place) -> Iterator[Persister]:
    """An empty persister of each kind."""
    made = place.open()
    yield made
    made.close()


@pytest.fixture
def artefact() -> Callable[..., Artefact]:
    return make_artefact


@pytest.fixture
def key() -> bytes:
    return KEY


def _flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1 :]


def _flip(file: Path) -> None:
    file.write_bytes(_flipped(file.read_bytes()))
