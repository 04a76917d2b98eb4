"""docs/own-authorisation.md keeps its word: its passwords, and its tokens, fetched from its authorization server."""

import base64
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from tests.helpers import PATIENCE_S, until
from tests.reading import Reader

QUERY = "/predict?sepal+length=6.3&sepal+width=2.5&petal+length=4.9&petal+width=1.5"
ROWS = [{"sepal length": 5.1, "sepal width": 3.5, "petal length": 1.4, "petal width": 0.2}]
COMMANDS = 11


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Hold the service and the authorization server of the document, which was followed to its end."""
    made = Reader(tmp_path_factory.mktemp("authorisation"))
    try:
        assert made.follow("docs/own-authorisation.md") == COMMANDS
        yield made
    finally:
        made.close()


def ask(url: str, authorization: str | None = None, data: Any = None) -> tuple[int, dict[str, Any], str]:
    """Return status, body and challenge."""
    headers = {"Content-Type": "application/json"} if data else {}
    if authorization is not None:
        headers["Authorization"] = authorization
    request = urllib.request.Request(url, json.dumps(data).encode() if data else None, headers)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
            return response.status, json.load(response), ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error), error.headers.get("WWW-Authenticate", "")


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def fetched(service: Reader, scope: str) -> str:
    """Return a token that the authorization server gave the robot for its secret."""
    secret = (service.folder / "robot.secret").read_text().strip()
    form = urllib.parse.urlencode({"grant_type": "client_credentials", "scope": scope}).encode()
    request = urllib.request.Request(service.url("/token", 9000), form, {"Authorization": basic("robot", secret)})
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
        answer = json.load(response)
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 3600
    return str(answer["access_token"])


def signed(service: Reader, key: Any = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """Return a token that is good but for what is said here; without a key it is signed by the server's own."""
    if key is None:
        key = ECKey.import_key((service.folder / "issuer.pem").read_text())
        key.ensure_kid()
    now = int(time.time())
    said = {"iss": service.url("", 9000), "aud": "iris", "sub": "robot", "client_id": "robot", "scope": "predict"}
    said |= {"iat": now, "exp": now + 60, "jti": "1"} | claims
    head = {"alg": "ES256", "typ": "at+jwt", "kid": key.kid} | (header or {})
    good, bare = ({name: value for name, value in part.items() if value is not None} for part in (head, said))
    return jwt.encode(good, bare, key)


def unsigned(service: Reader) -> str:
    """Return a good token whose header says that nobody signed it."""
    payload = signed(service).split(".")[1]
    return base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').decode().rstrip("=") + f".{payload}."


def by_the_public_key(service: Reader) -> str:
    """Return a token signed by HMAC with what everybody knows of the key."""
    with urllib.request.urlopen(service.url("/jwks", 9000), timeout=PATIENCE_S) as response:
        known = response.read()
    return signed(service, OctKey.import_key(known), {"alg": "HS256"})


def test_a_good_token_opens_every_route_of_predictions(service: Reader) -> None:
    for token in (fetched(service, "predict"), signed(service)):
        status, body, _ = ask(service.url(QUERY), f"Bearer {token}")
        assert (status, body["result"]) == (200, "Iris-versicolor")
    status, body, _ = ask(service.url("/models/iris/predict_proba"), f"Bearer {signed(service)}", ROWS)
    assert status == 200
    for path in ("/models/iris/predict", "/models/iris/predict_proba"):
        assert ask(service.url(path), data=ROWS)[0] == 401
    assert ask(service.url("/ready"))[0] == 200


BAD = {
    "expired": lambda service: signed(service, exp=int(time.time()) - 1),
    "without an end": lambda service: signed(service, exp=None),
    "for another audience": lambda service: signed(service, aud="tooth"),
    "of another issuer": lambda service: signed(service, iss="http://127.0.0.1:1"),
    "no access token": lambda service: signed(service, header={"typ": "JWT"}),
    "signed by a stranger": lambda service: signed(service, ECKey.generate_key("P-256", auto_kid=True)),
    "changed after it was signed": lambda service: signed(service)[:-6] + "AAAAAA",
    "unsigned": unsigned,
    "signed by the public key": by_the_public_key,
    "nothing that could be a token": lambda service: "abc",
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_token_is_refused_with_a_challenge(service: Reader, kind: str) -> None:
    status, body, challenge = ask(service.url(QUERY), f"Bearer {BAD[kind](service)}")

    assert status == 401
    assert challenge == 'Bearer realm="iris", scope="predict", error="invalid_token"'
    assert body["metadata"]["status"] == "ERROR"
    assert "result" not in body


def test_a_token_without_the_scope_is_told_which_it_needs(service: Reader) -> None:
    for token in (fetched(service, "list"), signed(service, scope="predictions other"), signed(service, scope=None)):
        status, body, challenge = ask(service.url(QUERY), f"Bearer {token}")
        assert (status, body["metadata"]["code"]) == (403, "http")
        assert challenge == 'Bearer realm="iris", scope="predict", error="insufficient_scope"'


def test_no_token_is_no_error_of_the_token(service: Reader) -> None:
    assert ask(service.url(QUERY))[2] == 'Bearer realm="iris", scope="predict"'
    for authorization in (basic("ada", "x"), "Bearer", "Bearer \u00e4.\u00e4.\u00e4"):
        status, _, challenge = ask(service.url(QUERY), authorization)
        assert (status, challenge.split()[0]) == (401, "Bearer")


def test_a_password_opens_the_list_and_only_the_right_one_does(service: Reader) -> None:
    password = (service.folder / "ada.password").read_text().strip()
    assert ask(service.url("/list"), basic("ada", password))[0] == 200
    wrong = [basic("ada", password + "x"), basic("ada", ""), basic("eve", password), basic("eve", ""), "Basic abc"]
    for authorization in [*wrong, f"Bearer {signed(service)}", None]:
        status, body, challenge = ask(service.url("/list"), authorization)
        assert (status, challenge) == (401, "Basic realm=iris, charset=UTF-8")
        assert "models" not in body


def test_a_wrong_secret_gets_no_token(service: Reader) -> None:
    form = {"grant_type": "client_credentials", "scope": "predict"}
    request = urllib.request.Request(
        service.url("/token", 9000), urllib.parse.urlencode(form).encode(), {"Authorization": basic("robot", "x")}
    )
    with pytest.raises(urllib.error.HTTPError) as refused, urllib.request.urlopen(request, timeout=PATIENCE_S):
        pass
    with refused.value as error:
        assert error.code == 401


def test_a_new_key_of_the_authorization_server_is_found(service: Reader) -> None:
    old = signed(service)
    key = ECKey.generate_key("P-256")
    Path(service.folder / "issuer.pem").write_bytes(key.as_pem(private=True))

    until(lambda: ask(service.url(QUERY), f"Bearer {fetched(service, 'predict')}")[0] == 200)
    until(lambda: ask(service.url(QUERY), f"Bearer {old}")[0] == 401)
