# SPDX-License-Identifier: Apache-2.0
"""An OpenID provider of the tests' own: discovery, keys that rotate, tokens of any form, faults, and Keycloak's permission
request as Keycloak 26.7 answers it.

    with TokenIssuer() as issuer:
        issuer.url, issuer.token(roles=["metrics-reader"])
        issuer.rotate(); issuer.fault = "500"; issuer.requests["/keys"]
"""
import base64
import collections
import http.server
import json
import threading
import time
import urllib.parse

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)


def encode(data):
    if isinstance(data, (dict, list)):
        data = json.dumps(data)
    if isinstance(data, str):
        data = data.encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(value, size=None):
    return encode(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


class Key:
    def __init__(self, algorithm, kid):
        self.algorithm, self.kid = algorithm, kid
        if algorithm == "ES256":
            self.private = ec.generate_private_key(ec.SECP256R1())
        elif algorithm == "EdDSA":
            self.private = ed25519.Ed25519PrivateKey.generate()
        else:
            self.private = rsa.generate_private_key(65537, 2048)

    def jwk(self):
        head = {"kid": self.kid, "alg": self.algorithm, "use": "sig"}
        public = self.private.public_key()
        if self.algorithm == "ES256":
            point = public.public_numbers()
            return {**head, "kty": "EC", "crv": "P-256", "x": number(point.x, 32), "y": number(point.y, 32)}
        if self.algorithm == "EdDSA":
            return {**head, "kty": "OKP", "crv": "Ed25519", "x": encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw))}
        return {**head, "kty": "RSA", "n": number(public.public_numbers().n), "e": number(public.public_numbers().e)}

    def sign(self, text):
        if self.algorithm == "ES256":
            r, s = utils.decode_dss_signature(self.private.sign(text, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        if self.algorithm == "EdDSA":
            return self.private.sign(text)
        return self.private.sign(text, PSS if self.algorithm == "PS256" else padding.PKCS1v15(), hashes.SHA256())

    def verify(self, text, signature):
        public = self.private.public_key()
        if self.algorithm == "ES256":
            pair = utils.encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
            public.verify(pair, text, ec.ECDSA(hashes.SHA256()))
        elif self.algorithm == "EdDSA":
            public.verify(signature, text)
        else:
            public.verify(signature, text, PSS if self.algorithm == "PS256" else padding.PKCS1v15(), hashes.SHA256())


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        issuer = self.server.issuer
        issuer.requests[self.path] += 1
        if issuer.fault == "500":
            self.reply(500, "no")
        elif self.path == issuer.path + "/.well-known/openid-configuration":
            self.reply(200, {"issuer": issuer.stated or issuer.url, "jwks_uri": issuer.base + "/keys",
                             "token_endpoint": issuer.base + "/token"})
        elif self.path == "/keys":
            self.reply(200, {"keys": issuer.foreign_keys + [key.jwk() for key in issuer.published]})
        else:
            self.reply(404, {"error": "not found"})

    def do_POST(self):
        issuer = self.server.issuer
        issuer.requests[self.path] += 1
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        self.reply(*issuer.permission_answer(self.headers.get("Authorization", ""), form))

    def reply(self, status, body):
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments):
        pass


class TokenIssuer:
    def __init__(self, audience="promtally"):
        self.audience = audience
        self.path = "/realms/test"
        self.requests = collections.Counter()
        self.fault = ""            # "500": discovery and keys; "uma500": permission requests
        self.stated = ""           # another issuer in the discovery document
        self.foreign_keys = [{"kid": "enc", "kty": "RSA", "use": "enc", "alg": "RSA-OAEP", "n": "AQ", "e": "AQAB"}]
        self.generation = 0
        self.published = []
        self.rotate()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.issuer = self
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.url = self.base + self.path
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_details):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def rotate(self, keep=False):
        self.generation += 1
        fresh = [Key(algorithm, f"{algorithm}-{self.generation}") for algorithm in ALGORITHMS]
        self.published = fresh + (self.published if keep else [])

    def key(self, algorithm):
        return next(key for key in self.published if key.algorithm == algorithm)

    def claims(self, roles=(), **more):
        now = int(time.time())
        return {"iss": self.url, "aud": [self.audience, "account"], "sub": "caller", "typ": "Bearer", "iat": now,
                "exp": now + 300, "azp": "caller", "scope": "profile email", "realm_access": {"roles": list(roles)}, **more}

    def token(self, roles=(), algorithm="ES256", header=None, key=None, **more):
        """Claims that are None are left out."""
        key = key or self.key(algorithm)
        claims = {name: value for name, value in self.claims(roles, **more).items() if value is not None}
        text = encode({"alg": key.algorithm, "typ": "JWT", "kid": key.kid, **(header or {})}) + "." + encode(claims)
        return text + "." + encode(key.sign(text.encode()))

    def believed(self, token):
        """The claims as Keycloak sees them for a permission request (it does not look at aud); None: Invalid bearer token."""
        try:
            head, payload, signature = token.split(".")
            kid = json.loads(decode(head))["kid"]
            key = next(key for key in self.published if key.kid == kid)
            key.verify(f"{head}.{payload}".encode(), decode(signature))
            claims = json.loads(decode(payload))
        except (ValueError, KeyError, StopIteration, InvalidSignature):
            return None
        return claims if claims["iss"] == self.url and claims["exp"] > time.time() and claims["typ"] == "Bearer" else None

    def permission_answer(self, authorization, form):
        if self.fault == "uma500":
            return 500, {"error": "unknown_error"}
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            return 401, {"error": "invalid_client", "error_description": "Invalid client or Invalid client credentials"}
        if form.get("grant_type") != ["urn:ietf:params:oauth:grant-type:uma-ticket"]:
            return 400, {"error": "invalid_request", "error_description": "Missing form parameter: grant_type"}
        if form.get("audience") != [self.audience]:
            return 400, {"error": "invalid_request", "error_description": "Unknown resource server id: [nope]"}
        claims = self.believed(token)
        if claims is None:
            return 400, {"error": "invalid_grant", "error_description": "Invalid bearer token"}
        roles = claims["realm_access"]["roles"]
        scopes = ["metrics:write"] * ("metrics-writer" in roles) + \
                 ["metrics:read"] * ("metrics-writer" in roles or "metrics-reader" in roles)
        if "bare-resource" in roles:
            return 200, [{"rsid": "80dbd744", "rsname": "noscope"}]
        if not scopes:
            return 403, {"error": "access_denied", "error_description": "not_authorized"}
        if form.get("response_mode") == ["decision"]:
            return 200, {"result": True}
        return 200, [{"scopes": scopes, "rsid": "61592142", "rsname": "metrics"}]
