"""Bearer tokens: real ones, signed by real keys that a real issuer tells over HTTP."""

import base64
import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests.access.authority import AUDIENCE, Authority, authority, new_key
from tests.access.test_rates import Clock
from tests.helpers import until
from triglot.access.issuer import AGE_S, PAUSE_S, IssuerKeys
from triglot.access.refusals import IssuerUnavailable, NotAuthenticated
from triglot.access.token_terms import ALGORITHMS, TokenTerms, terms_of
from triglot.access.tokens import Tokens
from triglot.errors import ConfigError


@pytest.fixture
def issuer() -> Iterator[Authority]:
    with authority() as made:
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock()


def judge(issuer: Authority, clock: Clock, **terms: Any) -> Tokens:
    said = terms_of({"issuer": issuer.url, "audience": AUDIENCE} | terms)
    return Tokens(said, IssuerKeys(said, clock))


def test_a_good_token_says_who_it_is_what_it_may_and_until_when(issuer: Authority, clock: Clock) -> None:
    end = int(time.time()) + 100
    tokens = judge(issuer, clock)
    caller = tokens.caller(issuer.token(scope="openid read predict", exp=end, aud=["other", AUDIENCE]))
    assert (caller.kind, caller.name, caller.scopes) == ("token", "robot", {"predict", "read"})
    assert caller.until == end + 60


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (RSAKey.generate_key(2048, auto_kid=True), "RS256"),
        (RSAKey.generate_key(2048, auto_kid=True), "PS256"),
        (ECKey.generate_key("P-384", auto_kid=True), "ES384"),
        (OKPKey.generate_key("Ed25519", auto_kid=True), "Ed25519"),
    ],
)
def test_keys_of_every_usual_kind_are_taken(issuer: Authority, clock: Clock, key: Any, algorithm: str) -> None:
    issuer.keys = [key]
    assert judge(issuer, clock).caller(issuer.token(header={"alg": algorithm})).name == "robot"


@pytest.mark.parametrize(
    ("claim", "path", "value"),
    [
        ("scp", "scp", ["predict"]),
        ("scope", "scope", "profile predict"),
        ("realm_access", "realm_access.roles", {"roles": ["predict", "other"]}),
        ("https://example.com/scopes", "https://example.com/scopes", "predict"),
    ],
)
def test_scopes_stand_where_the_configuration_says(
    issuer: Authority, clock: Clock, claim: str, path: str, value: Any
) -> None:
    tokens = judge(issuer, clock, scope_claim=path)
    assert tokens.caller(issuer.token(**{"scope": None, claim: value})).scopes == {"predict"}


@pytest.mark.parametrize("value", [None, 5, {"predict": True}, [5, None], "", "PREDICT", "open"])
def test_a_token_without_scopes_may_nothing(issuer: Authority, clock: Clock, value: Any) -> None:
    assert judge(issuer, clock).caller(issuer.token(scope=value)).scopes == frozenset()


def test_the_issuer_s_words_are_understood_as_the_configuration_says(issuer: Authority, clock: Clock) -> None:
    tokens = judge(issuer, clock, scopes={"iris.ask": "predict", "iris.tell": "read"}, name_claim="client_id")
    caller = tokens.caller(issuer.token(scope="iris.ask iris.tell iris.do", client_id="batch"))
    assert (caller.name, caller.scopes) == ("batch", {"predict", "read"})


BAD = {
    "expired": (lambda issuer: issuer.token(exp=int(time.time()) - 61), "the token has expired; fetch a new one"),
    "without an end": (lambda issuer: issuer.token(exp=None), "it lacks a claim"),
    "with an end that is no number": (lambda issuer: issuer.token(exp="never"), "it has another exp"),
    "with an end that is no time": (lambda issuer: issuer.token(exp=float("nan")), "it has another exp"),
    "not good yet": (lambda issuer: issuer.token(nbf=int(time.time()) + 90), "it has another nbf"),
    "of the future": (lambda issuer: issuer.token(iat=int(time.time()) + 90), "it has another iat"),
    "for another audience": (lambda issuer: issuer.token(aud="tooth"), "it has another aud"),
    "for nobody": (lambda issuer: issuer.token(aud=None), "it lacks a claim"),
    "of another issuer": (lambda issuer: issuer.token(iss="https://elsewhere"), "it has another iss"),
    "of nobody": (lambda issuer: issuer.token(sub=None), "it lacks a claim"),
    "signed by a stranger": (lambda issuer: issuer.token(new_key()), "by a key that its issuer does not have"),
    "signed by a stranger in its issuer's name": (
        lambda issuer: issuer.token(new_key(), {"kid": issuer.keys[0].kid}),
        "signature is not its issuer's",
    ),
    "changed after it was signed": (
        lambda issuer: ".".join([*issuer.token().split(".")[:2], issuer.token(sub="eve").split(".")[2]]),
        "signature is not its issuer's",
    ),
    "unsigned": (lambda issuer: issuer.unsigned(), "no token that can be read"),
    "signed by the public key": (lambda issuer: issuer.by_the_public_key(), "no token that can be read"),
    "critical of what is not known": (lambda issuer: issuer.critical(), "no token that can be read"),
    "nothing that could be a token": (lambda issuer: "a.b.c", "no token that can be read"),
    "no ASCII": (lambda issuer: "ä.ö.ü", "no token that can be read"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_token_is_refused_and_the_message_says_why_and_not_what_it_was(
    issuer: Authority, clock: Clock, kind: str
) -> None:
    make, said = BAD[kind]
    token = make(issuer)
    with pytest.raises(NotAuthenticated) as refused:
        judge(issuer, clock).caller(token)
    assert said in str(refused.value)
    assert token not in str(refused.value)
    assert "robot" not in str(refused.value)


def test_clocks_may_differ_by_as_much_as_the_configuration_says(issuer: Authority, clock: Clock) -> None:
    now = int(time.time())
    for claims in ({"exp": now - 30}, {"nbf": now + 30}, {"iat": now + 30}):
        assert judge(issuer, clock).caller(issuer.token(**claims))
        with pytest.raises(NotAuthenticated):
            judge(issuer, clock, leeway_s=0).caller(issuer.token(**claims))


def test_a_type_of_tokens_is_asked_for_where_the_configuration_names_one(issuer: Authority, clock: Clock) -> None:
    tokens = judge(issuer, clock, typ="at+jwt")
    for good in ("at+jwt", "AT+JWT", "application/at+jwt"):
        assert tokens.caller(issuer.token(header={"typ": good}))
    with pytest.raises(NotAuthenticated, match=r"not of the type at\+jwt"):
        tokens.caller(issuer.token())


# --- the issuer's keys


def test_keys_are_fetched_once_from_where_the_issuer_says_that_they_are(issuer: Authority, clock: Clock) -> None:
    tokens = judge(issuer, clock)
    assert issuer.asked == []
    for _ in range(5):
        tokens.caller(issuer.token())
    assert issuer.asked == ["/.well-known/openid-configuration", "/jwks"]


def test_an_issuer_without_discovery_has_its_keys_where_the_configuration_says(issuer: Authority, clock: Clock) -> None:
    assert judge(issuer, clock, jwks_uri=f"{issuer.url}/keys").caller(issuer.token())
    assert issuer.asked == ["/keys"]


def test_a_new_key_is_found_and_the_old_one_is_worth_nothing_then(issuer: Authority, clock: Clock) -> None:
    tokens = judge(issuer, clock, jwks_uri=f"{issuer.url}/jwks")
    old = issuer.token()
    tokens.caller(old)
    issuer.rotate()
    clock.now += PAUSE_S
    assert tokens.caller(issuer.token())
    with pytest.raises(NotAuthenticated, match="by a key that its issuer does not have"):
        tokens.caller(old)


def test_whoever_sends_tokens_of_strangers_does_not_have_the_issuer_asked_again_and_again(
    issuer: Authority, clock: Clock
) -> None:
    tokens = judge(issuer, clock, jwks_uri=f"{issuer.url}/jwks")
    for _ in range(30):
        with pytest.raises(NotAuthenticated):
            tokens.caller(issuer.token(new_key()))
        clock.now += 1
    assert len(issuer.asked) == 30 / PAUSE_S


def test_old_keys_are_fetched_anew_beside_the_requests(issuer: Authority, clock: Clock) -> None:
    tokens = judge(issuer, clock, jwks_uri=f"{issuer.url}/jwks")
    old = issuer.token()
    tokens.caller(old)
    issuer.rotate()
    clock.now += AGE_S

    def is_refused() -> bool:
        try:
            return not tokens.caller(old)
        except NotAuthenticated:
            return True

    until(is_refused)
    assert len(issuer.asked) == 2


def test_without_keys_no_token_is_judged_and_with_old_ones_the_outage_goes_unnoticed(
    issuer: Authority, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    tokens = judge(issuer, clock)
    issuer.is_up = False
    for _ in range(3):
        with pytest.raises(IssuerUnavailable, match="their issuer does not answer; try again"):
            tokens.caller(issuer.token())
    assert len(issuer.asked) == 1
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    issuer.is_up = True
    clock.now += PAUSE_S
    assert tokens.caller(issuer.token())
    issuer.is_up = False
    clock.now += PAUSE_S
    with pytest.raises(NotAuthenticated):
        tokens.caller(issuer.token(new_key()))
    assert tokens.caller(issuer.token())


@pytest.mark.parametrize(
    "says", [{"issuer": "https://other"}, {"jwks_uri": "http://example.com/jwks"}, {"jwks_uri": "file:///etc/passwd"}]
)
def test_an_issuer_that_sends_elsewhere_is_not_followed(issuer: Authority, clock: Clock, says: dict[str, str]) -> None:
    issuer.says = says
    with pytest.raises(IssuerUnavailable):
        judge(issuer, clock).caller(issuer.token())
    assert issuer.asked == ["/.well-known/openid-configuration"]


def test_a_redirection_is_not_followed(issuer: Authority, clock: Clock) -> None:
    with pytest.raises(IssuerUnavailable):
        judge(issuer, clock, jwks_uri=f"{issuer.url}/elsewhere").caller(issuer.token())
    assert issuer.asked == ["/elsewhere"]


def test_keys_that_are_of_no_use_do_not_spoil_the_others(issuer: Authority, clock: Clock) -> None:
    odd = [
        {"kty": "AKP", "kid": "1", "alg": "ML-DSA-44", "pub": "AA"},
        {"kty": "EC", "kid": "2", "crv": "P-0", "x": "AA", "y": "AA"},
        {"kty": "oct", "kid": "3", "k": base64.urlsafe_b64encode(b"x" * 32).decode()},
        {"kid": "4"},
    ]
    issuer.published = [*odd, issuer.keys[0].as_dict(private=False)]
    assert judge(issuer, clock).caller(issuer.token())


# --- what may be configured


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"issuer": "http://id.example.com"}, "issuer: .*; write an https URL"),
        ({"issuer": 5}, "issuer: 5"),
        ({"issuer": "https://[x"}, "issuer"),
        ({"jwks_uri": "ftp://id.example.com"}, "jwks_uri"),
        ({"audience": []}, "audience"),
        ({"audience": ""}, "audience"),
        ({"secret": "x"}, "write 'issuer' and 'audience'"),
        ({"algorithms": ["HS256"]}, "algorithms: HS256; take some of RS256"),
        ({"algorithms": ["none"]}, "algorithms: none"),
        ({"leeway_s": 3600}, "leeway_s: 3600"),
        ({"leeway_s": float("nan")}, "leeway_s"),
        ({"scopes": {"a": "write"}}, "scopes"),
        ({"scopes": ["a"]}, "scopes"),
        ({"scope_claim": ""}, "scope_claim"),
        ({"typ": 5}, "typ"),
    ],
)
def test_what_is_wrong_in_the_configuration_is_named(terms: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=f"^access: oidc: {said}"):
        terms_of({"issuer": "https://id.example.com", "audience": "a"} | terms)


def test_no_algorithm_is_taken_by_which_whoever_checks_could_sign() -> None:
    assert not [name for name in ALGORITHMS if name.startswith("HS") or name == "none"]
    assert TokenTerms("https://i", ("a",)).algorithms == ALGORITHMS
