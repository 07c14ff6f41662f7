"""An identity provider: keys of its own, tokens by two libraries, and a server of its key set that can misbehave."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
import time

import jwt as pyjwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc import jwk as joserfc_jwk
from joserfc import jwt as joserfc_jwt

ISSUER = "https://id.example/"
AUDIENCE = "pressroom"


def part(value):
    data = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def claims(**changes):
    """Good for ten minutes; a claim that is None is left out."""
    now = int(time.time())
    all_claims = {"iss": ISSUER, "aud": AUDIENCE, "tenant": "acme", "sub": "ada", "scope": "read write", "iat": now,
                  "exp": now + 600, **changes}
    return {name: value for name, value in all_claims.items() if value is not None}


class Key:
    """A private key for one algorithm."""

    def __init__(self, kid, algorithm):
        self.kid = kid
        self.algorithm = algorithm
        if algorithm.startswith("ES"):
            self.private = ec.generate_private_key({"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}[algorithm])
        elif algorithm == "EdDSA":
            self.private = ed25519.Ed25519PrivateKey.generate()
        else:
            self.private = rsa.generate_private_key(65537, 2048)
        self.pem = self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self.public_pem = self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.joserfc = {"ES": joserfc_jwk.ECKey, "Ed": joserfc_jwk.OKPKey}.get(algorithm[:2], joserfc_jwk.RSAKey).import_key(self.pem)

    @property
    def public(self):
        return {**self.joserfc.as_dict(private=False), "kid": self.kid, "use": "sig", "alg": self.algorithm}

    def pyjwt(self, header=None, **changes):
        return pyjwt.encode(claims(**changes), self.pem, self.algorithm, headers={"kid": self.kid, **(header or {})})

    def joserfc_token(self, header=None, **changes):
        return joserfc_jwt.encode({"alg": self.algorithm, "kid": self.kid, **(header or {})}, claims(**changes), self.joserfc,
                                  algorithms=[self.algorithm])

    def minters(self):
        return {"pyjwt": self.pyjwt, "joserfc": self.joserfc_token}


def unsigned(algorithm="none", **changes):
    return f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part(claims(**changes))}."


def signed_with_public_key(key, **changes):
    """The classic confusion: the public key, which everyone has, as the secret of HS256. The libraries refuse to make it."""
    text = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': key.kid})}.{part(claims(**changes))}"
    return f"{text}.{part(hmac.new(key.public_pem, text.encode(), hashlib.sha256).digest())}"


class KeySetServer:
    """Serves a key set on a free port, or what `behave` says instead."""

    def __init__(self, keys):
        self.keys = keys
        self.behaviour = None
        self.count = 0
        self.over = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.count += 1
                if outer.behaviour:
                    return outer.behaviour(self)
                outer.reply(self, json.dumps({"keys": [key.public for key in outer.keys]}).encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/jwks.json"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def reply(request, body, status=200, headers=()):
        request.send_response(status)
        request.send_header("content-type", "application/json")
        request.send_header("content-length", str(len(body)))
        for name, value in headers:
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    def hang(self):
        """Takes connections, and never answers."""
        self.behaviour = lambda request: self.over.wait(120)

    def stop(self):
        """As when its machine dies: nothing listens any more."""
        self.over.set()
        self.server.shutdown()
        self.server.server_close()
