"""The entry `messages` of a configuration: what it may say, and what whoever misspells it is told."""

from pathlib import Path
from typing import Any

import pytest

from tests.messages.certificates import made as certificates
from triglot.config.brokers import brokers_of
from triglot.errors import ConfigError


def test_a_broker_is_read_with_its_password_which_is_never_shown(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    said = {
        "a": {"url": "amqps://me:p%40ss@[::1]/shop", "once": True},
        "b": {"url": "mqtt://me@host", "password_env": "SECRET"},
        "c": {"url": "kafka://me@one,two:9", "password_file": "secret", "options": {"client.id": "x"}},
    }
    a, b, c = brokers_of(said, tmp_path, {"SECRET": "from outside"})
    assert (a.password, b.password, c.password) == ("p@ss", "from outside", "from a file")
    assert (a.hosts, a.path, a.tls, a.once) == ((("::1", 5671),), "shop", True, True)
    assert c.hosts == (("one", 9092), ("two", 9))
    assert str(a) == "broker 'a' (amqps://[::1]:5671)"
    shown = "".join(map(repr, (a, b, c)))
    assert not [secret for secret in ("p@ss", "p%40ss", "from outside", "from a file") if secret in shown]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (["amqp://host"], "messages: .*; write a mapping such as"),
        ({"a b": {"url": "amqp://host"}}, "messages: 'a b'; a broker's name has"),
        ({"a": {}}, "messages: a: write a mapping with 'url'"),
        ({"a": {"url": "http://me:secret@host"}}, "messages: a: url: write one that begins with amqp://"),
        ({"a": {"url": "amqp://one,two"}}, "messages: a: url: write a host, and a port where it is not 5672"),
        ({"a": {"url": "amqp://host:port"}}, "messages: a: url: write a host"),
        ({"a": {"url": "amqp://host", "prefech": 1}}, "messages: a: unknown prefech; known are ca_file"),
        ({"a": {"url": "amqp://host", "prefetch": 0}}, "messages: a: prefetch: 0; write a whole number"),
        ({"a": {"url": "amqp://host", "retry_s": "1"}}, "messages: a: retry_s: '1'; write how many seconds"),
        ({"a": {"url": "amqp://host", "prefix": "a/b"}}, "messages: a: prefix: 'a/b'; write up to 100 letters"),
        ({"a": {"url": "amqp://host", "client_id": "me"}}, "messages: a: client_id is for mqtt alone"),
        ({"a": {"url": "amqp://host", "ca_file": "ca.pem"}}, "messages: a: ca_file needs TLS"),
        ({"a": {"url": "amqps://host", "ca_file": "ca.pem"}}, "messages: a: ca_file: .* is no file"),
        ({"a": {"url": "amqps://host", "cert_file": "c"}}, "messages: a: cert_file and key_file belong together"),
        ({"a": {"url": "amqp://host", "password_env": "NO"}}, "messages: a: password_env: 'NO' is not set"),
        ({"a": {"url": "amqp://host", "password_file": "no"}}, "messages: a: password_file: .*make the file"),
        ({"a": {"url": "amqp://u:p@host", "password_env": "NO"}}, "messages: a: say the password once"),
        ("amqp://me:secret@host", "messages: it is of type str; write a mapping such as"),
        (["amqp://me:secret@host"], "messages: it is of type list; write a mapping such as"),
        ({"amqp://me:secret@host": {}}, "messages: a url is no name; a broker's name has"),
        ({"a": "amqp://me:secret@host"}, "messages: a: write a mapping with 'url'"),
        ({"a": {"url": "amqp://me:1#secret@host"}}, "messages: a: url: nothing is read behind '\\?' or '#'"),
        ({"a": {"url": "amqp://me:1?secret@host"}}, "messages: a: url: nothing is read behind .*%3F"),
        ({"a": {"url": "amqp://me:1/secret@host"}}, "messages: a: url: a virtual host has no '@'"),
        ({"a": {"url": "mqtt://me:1/secret@host"}}, "messages: a: url: only amqp has a path"),
        ({"a": {"url": "amqp://host?heartbeat=5"}}, "messages: a: url: nothing is read behind"),
        ({"a": {"url": "amqp://ho\nst"}}, "messages: a: url: .*no blank"),
        ({"a": {"url": "amqp://host "}}, "messages: a: url: .*no blank"),
        ({"a": {"url": "kafka://host/topic"}}, "messages: a: url: only amqp has a path"),
        ({"a": {"url": "amqp://host:0"}}, "messages: a: url: write a host, and a port"),
        ({"a": {"url": "amqp://host:99999"}}, "messages: a: url: write a host, and a port"),
        ({"a": {"url": "amqp://"}}, "messages: a: url: write a host"),
        ({"a": {"url": "amqp:host"}}, "messages: a: url: write a host"),
        ({"a": {"url": "amqp://me@host", "password_env": "my secret"}}, "messages: a: password_env: a variable of"),
        (
            {"a": {"url": "mqtt://host", "password_env": "NO"}},
            "messages: a: a password is said and no user; write mqtt",
        ),
        ({"a": {"url": "mqtt://:secret@host"}}, "messages: a: a password is said and no user"),
        (
            {"a": {"url": "kafka://h", "options": {1: 2, "sasl.password": "secret"}}},
            "messages: a: options; write a mapping",
        ),
    ],
)
def test_whoever_misspells_it_is_told_which_entry_and_what_to_write(tmp_path: Path, said: Any, told: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{told}") as caught:
        brokers_of(said, tmp_path, {})
    assert "secret" not in str(caught.value)


def test_a_password_file_that_is_empty_a_folder_or_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text(" \n")
    (tmp_path / "bytes").write_bytes(b"\xffsecret")
    for name, told in (("empty", "is empty; write the password"), ("bytes", "is not UTF-8"), (".", "Is a directory")):
        with pytest.raises(ConfigError, match=told) as caught:
            brokers_of({"a": {"url": "mqtt://me@host", "password_file": name}}, tmp_path, {})
        assert "secret" not in str(caught.value)


def test_certificates_and_keys_are_looked_into_before_anybody_needs_them(tmp_path: Path) -> None:
    files, others = certificates(tmp_path), certificates(_folder(tmp_path / "others"))
    said = {"url": "mqtts://host", "ca_file": str(files.authority)}
    pair = {"cert_file": str(files.certificate), "key_file": str(files.key)}
    (good,) = brokers_of({"a": {**said, **pair}}, tmp_path, {})
    assert good.cert_file == files.certificate
    (tmp_path / "text").write_text("no certificate")
    with pytest.raises(ConfigError, match="a: ca_file: no certificate can be read in it; name one in PEM"):
        brokers_of({"a": {**said, "ca_file": "text"}}, tmp_path, {})
    for wrong in ({"key_file": str(files.locked)}, {"key_file": str(others.key)}, {"cert_file": "text"}):
        with pytest.raises(
            ConfigError, match=r"cert_file and key_file are no certificate and its key.*without a password"
        ):
            brokers_of({"a": {**said, **pair, **wrong}}, tmp_path, {})


def _folder(place: Path) -> Path:
    place.mkdir()
    return place
