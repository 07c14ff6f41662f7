"""What tokens open, by two libraries that mint them, and what becomes of them when the provider does not answer."""

import concurrent.futures
import http.client
import json
import time
import urllib.parse

import jwt as pyjwt
import pytest

from conftest import SETTINGS, add_node, api_key
from issuer import Key, KeySetServer, claims, part, signed_with_public_key, unsigned


def ask(node, token, path="/api/v1/me", timeout=30):
    """(status, body, headers)"""
    address = urllib.parse.urlsplit(node.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"authorization": f"Bearer {token}"})
        response = connection.getresponse()
        text = response.read().decode()
        return response.status, json.loads(text) if text else None, response.headers
    finally:
        connection.close()


def status(node, token):
    return ask(node, token)[0]


def refused(node, token, saying=""):
    code, problem, headers = ask(node, token)
    assert code == 401, problem
    assert headers["www-authenticate"].startswith("Bearer realm=")
    assert saying in problem["detail"]
    # What was sent is not sent back: a log of responses would hold it.
    assert len(token) < 40 or token not in json.dumps(problem)
    return True


@pytest.mark.parametrize("library", ["pyjwt", "joserfc"])
@pytest.mark.parametrize("algorithm", ["RS256", "PS384", "ES256", "ES384", "EdDSA"])
def test_good_tokens_say_who_they_are(node, keys, algorithm, library):
    token = keys[algorithm].minters()[library](sub=f"user of {library}", groups=["editors"], scope="read stream")
    code, me, _ = ask(node, token)
    assert code == 200, me
    assert (me["tenant_id"], me["user_id"], me["groups"], me["mode"]) == ("acme", f"user of {library}", ["editors"], "token")
    assert me["scopes"] == ["read", "stream"]


@pytest.mark.parametrize("library", ["pyjwt", "joserfc"])
@pytest.mark.parametrize("changes, saying", [
    ({"exp": None}, "exp"), ({"exp": "soon"}, "exp"), ({"exp": 10**30}, "exp"), ({"iss": "https://evil.example/"}, "iss"),
    ({"iss": None}, "iss"), ({"aud": "another"}, "aud"), ({"aud": ["a", "b"]}, "aud"), ({"aud": None}, "aud"),
    ({"tenant": None}, "tenant"), ({"tenant": ""}, "tenant"), ({"tenant": ["acme"]}, "tenant"), ({"sub": ""}, "sub"),
    ({"sub": None}, "sub"), ({"sub": "e\u0301"}, "normal form"),
])
def test_other_claims_are_refused(node, keys, library, changes, saying):
    key = keys["ES256"]
    try:
        token = key.minters()[library](**changes)
    except (TypeError, ValueError):
        pytest.skip(f"{library} does not make such a token")
    assert refused(node, token, saying)


@pytest.mark.parametrize("library", ["pyjwt", "joserfc"])
def test_times_are_checked_with_the_leeway(node, keys, library):
    mint = keys["EdDSA"].minters()[library]
    now = int(time.time())
    assert refused(node, mint(exp=now - 60), "expired")
    assert refused(node, mint(nbf=now + 60), "nbf")
    assert status(node, mint(nbf=now - 60)) == 200
    # It ends while it is in use.
    token = mint(exp=now + 1)
    assert status(node, token) == 200
    deadline = time.monotonic() + 30
    while status(node, token) == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert refused(node, token, "expired")


def test_forged_tokens_are_refused(node, keys):
    key = keys["RS256"]
    good = key.pyjwt()
    head, body, signature = good.split(".")
    assert status(node, good) == 200
    for token in [
        unsigned(), unsigned("None"), unsigned("NONE"), unsigned(""), f"{part({'alg': 'none'})}.{body}.{signature}",
        signed_with_public_key(key), signed_with_public_key(keys["ES256"]),
        f"{head}.{part(claims(sub='root'))}.{signature}", f"{head}.{body}.", f"{head}.{body}", f"{head}.{body}.{signature[:-4]}AAAA",
        f"{part({'alg': 'RS256', 'kid': keys['ES256'].kid})}.{body}.{signature}",
        f"{part({'alg': 'ES256', 'kid': key.kid})}.{body}.{signature}",
        key.pyjwt(header={"crit": ["x"], "x": 1}), Key("key-RS256", "RS256").pyjwt(), Key("key-ES256", "ES256").joserfc_token(),
        "a.b.c", "..", ".", "", "null", good + ".x", good.replace(".", "..", 1), "e30.e30.e30", f"{part([])}.{body}.{signature}",
    ]:
        assert refused(node, token)


def test_a_key_in_the_header_is_not_believed(node):
    """`jwk`, `jku` and `x5u` would let a token bring the key that verifies it."""
    stranger = Key("stranger", "ES256")
    for header in [{"jwk": stranger.public}, {"jku": "https://evil.example/jwks.json"}, {"x5u": "https://evil.example/x.pem"}]:
        assert refused(node, stranger.pyjwt(header=header))
        assert refused(node, stranger.pyjwt(header={**header, "kid": "key-ES256"}))


def test_oversized_tokens_are_refused_soon(node, keys):
    key = keys["ES256"]
    assert status(node, key.pyjwt(groups=["x" * 100] * 30)) == 200
    assert refused(node, key.pyjwt(groups=["x" * 100] * 100), "at most")
    # Far beyond it the header section is too large for any request.
    assert ask(node, "x" * 100_000)[0] in (401, 431)
    assert status(node, key.pyjwt()) == 200


def test_a_session_and_its_scopes_come_from_the_token(node, keys):
    token = keys["ES256"].pyjwt(scope="read")
    assert ask(node, token, "/api/v1/tasks")[0] == 200
    code, problem, _ = ask(node, token, "/api/v1/api-keys")
    assert code == 403 and problem["scope"] == "admin"
    code, problem, _ = ask(node, keys["ES256"].pyjwt(scope=None), "/api/v1/tasks")
    assert code == 403 and problem["scope"] == "stream"


def test_an_unknown_key_is_looked_for_once_in_a_while(own_node, key_set):
    assert status(own_node, Key("first", "ES256").pyjwt()) == 401
    count = key_set.count
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(lambda number: status(own_node, Key(f"unknown-{number}", "ES256").pyjwt()), range(64)))
    assert set(codes) == {401}
    assert key_set.count - count <= 1, "each unknown key was a request to the provider"


def test_rotated_keys_are_found_and_those_taken_back_are_not(own_node, key_set, keys):
    old, new = keys["ES256"], Key("next", "ES256")
    assert status(own_node, old.pyjwt()) == 200
    key_set.keys = [new]
    # A token with the new key makes the service look, at the earliest 30 s after it did before.
    deadline = time.monotonic() + 60
    while status(own_node, new.joserfc_token()) != 200:
        assert time.monotonic() < deadline, "the new key was not found"
        time.sleep(0.5)
    assert refused(own_node, old.pyjwt())


def broken(request, kind):
    if kind == "html":
        KeySetServer.reply(request, b"<html>gone</html>")
    elif kind == "json":
        KeySetServer.reply(request, b'{"keys": {"kid": 1}}')
    elif kind == "number":
        KeySetServer.reply(request, b"7")
    elif kind == "deep":
        KeySetServer.reply(request, b'{"keys":' + b"[" * 50_000 + b"]" * 50_000 + b"}")
    elif kind == "error":
        KeySetServer.reply(request, b"{}", status=500)
    elif kind == "redirect":
        KeySetServer.reply(request, b"", status=302, headers=[("location", "http://127.0.0.1:1/jwks.json")])
    elif kind == "cut":
        request.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"keys\": [")
        request.close_connection = True
    elif kind == "huge":
        body = b'{"keys": [' + b'{"kty": "EC"},' * 800_000 + b'{"kty": "EC"}]}'
        assert len(body) > 10 << 20
        try:
            KeySetServer.reply(request, body)
        except OSError:
            pass  # the service hangs up


@pytest.mark.parametrize("kind", ["html", "json", "number", "deep", "error", "redirect", "cut", "huge"])
def test_nonsense_of_the_provider_opens_nothing_and_breaks_nothing(own_node, key_set, keys, cluster, kind):
    key_set.behaviour = lambda request: broken(request, kind)
    started = time.monotonic()
    # A set without a usable key is a set: the token's key is unknown.
    code, problem, _ = ask(own_node, keys["ES256"].pyjwt())
    assert code in (503, 401), problem
    assert time.monotonic() - started < 20
    assert status(own_node, api_key(cluster)) == 200
    with open(f"/proc/{own_node.process.pid}/status") as file:
        resident = next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))
    assert resident < 1 << 20, "kilobytes"


def test_a_provider_that_hangs_holds_up_nobody_else(own_node, key_set, keys, cluster):
    key_set.hang()
    key = api_key(cluster)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(ask, own_node, keys["ES256"].pyjwt()) for _ in range(8)]
        for _ in range(20):
            started = time.monotonic()
            assert status(own_node, key) == 200
            assert time.monotonic() - started < 3
        for answer in waiting:
            code, problem, _ = answer.result(timeout=30)
            assert code == 503, problem
    assert key_set.count == 1, "all of them wait for one read"


def test_keys_are_kept_while_the_provider_is_dead(own_node, key_set, keys):
    assert status(own_node, keys["ES256"].pyjwt()) == 200
    key_set.stop()
    for algorithm in keys:
        assert status(own_node, keys[algorithm].pyjwt()) == 200
    # What needs it to be read again is refused, and delays nothing that is known.
    assert refused(own_node, Key("unknown", "ES256").pyjwt())
    assert status(own_node, keys["EdDSA"].joserfc_token()) == 200


def test_a_dead_provider_from_the_start_is_unavailable_not_unauthorized(cluster, key_set, keys):
    key_set.stop()
    node = add_node(cluster, key_set)
    try:
        code, problem, _ = ask(node, keys["ES256"].pyjwt())
        assert code == 503, problem
        assert refused(node, unsigned()) and refused(node, signed_with_public_key(keys["ES256"]))
        assert status(node, api_key(cluster)) == 200
    finally:
        node.stop()


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_shared_secret_verifies_hs_and_nothing_else(cluster, keys, algorithm, monkeypatch):
    secret = "0123456789abcdef" * 4
    monkeypatch.setenv("TOKENS_SECRET", secret)
    node = cluster.add({"auth.modes": "jwt", "auth.jwt.secret_env": "TOKENS_SECRET", **SETTINGS})
    try:
        assert status(node, pyjwt.encode(claims(), secret, algorithm)) == 200
        for token in [pyjwt.encode(claims(), secret + "x", algorithm), keys["RS256"].pyjwt(), keys["ES256"].joserfc_token(), unsigned()]:
            assert refused(node, token)
        # Keys are not among the modes of this one.
        assert refused(node, api_key(cluster), "not accepted")
    finally:
        node.stop()
