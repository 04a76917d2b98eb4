"""Bodies that are compressed, both ways."""

import gzip
import zlib

import orjson
import pytest

from tests.server.conftest import Open
from tests.server.v2.conftest import MATRIX, Asking
from tests.server.v2.test_infer import RECORDED

BODY = orjson.dumps({"inputs": [MATRIX]})


def packed(coding: str, body: bytes) -> bytes:
    return gzip.compress(body) if coding == "gzip" else zlib.compress(body)


def unpacked(coding: str | None, body: bytes) -> bytes:
    return body if coding is None else zlib.decompress(body, 47)


@pytest.mark.parametrize("sent", ["gzip", "deflate", "GZIP", "x-gzip", "identity"])
def test_a_compressed_request_is_read_whose_lengths_are_those_before(ask: Asking, sent: str) -> None:
    coding = sent.lower().removeprefix("x-")
    body = RECORDED if coding == "identity" else packed(coding, RECORDED)
    answer = ask.send(body, header=135, Content_Encoding=sent)
    assert (answer.status_code, answer.data) == (200, ask.send(RECORDED, header=135).data)


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("deflate", "deflate"),
        ("gzip, deflate, br, zstd", "gzip"),
        ("gzip;q=0.5, deflate", "deflate"),
        ("br, gzip;q=0.5", "gzip"),
        ("gzip;q=0", None),
        ("br", None),
        ("*", "gzip"),
        ("", None),
    ],
)
def test_an_answer_is_compressed_as_the_caller_takes_it(ask: Asking, accepted: str, coding: str | None) -> None:
    plain = ask.send(RECORDED, header=135)
    answer = ask.send(RECORDED, header=135, Accept_Encoding=accepted)
    assert answer.headers.get("Content-Encoding") == coding
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert unpacked(coding, answer.data) == plain.data
    length = "Inference-Header-Content-Length"
    assert answer.headers[length] == plain.headers[length]


def test_gzip_may_have_several_members(ask: Asking) -> None:
    body = gzip.compress(BODY[:9]) + gzip.compress(BODY[9:])
    assert ask.send(body, Content_Encoding="gzip").status_code == 200


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_what_is_broken_is_told(ask: Asking, coding: str) -> None:
    good = packed(coding, BODY)
    for body in (BODY, good[:-1], good[:2], good + b"more", good[:12] + b"\0\0\0\0" + good[16:]):
        answer = ask.send(body, Content_Encoding=coding)
        assert (answer.status_code, answer.content_type) == (400, "application/json")
        assert f"the body is not the {coding} that Content-Encoding says: " in answer.json["error"]
    assert "the body is empty" in ask.send(b"", Content_Encoding=coding).json["error"]


@pytest.mark.parametrize("coding", ["br", "compress", "gzip, gzip", "*"])
def test_another_coding_is_of_no_known_type(ask: Asking, coding: str) -> None:
    answer = ask.send(BODY, Content_Encoding=coding)
    assert (answer.status_code, answer.json["code"]) == (415, "unsupported-media-type")


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_small_body_does_not_become_a_large_one(open_app: Open, coding: str) -> None:
    ask = Asking(open_app(max_body_bytes=10_000))
    assert ask.send(packed(coding, BODY + b" " * (10_000 - len(BODY))), Content_Encoding=coding).status_code == 200
    for bomb in (packed(coding, BODY + b" " * (10_001 - len(BODY))), packed(coding, b" " * 5_000_000)):
        answer = ask.send(bomb, Content_Encoding=coding)
        assert (answer.status_code, answer.json["code"]) == (413, "too-large")
        assert "10,000 bytes" in answer.json["error"]
