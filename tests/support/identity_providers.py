# SPDX-License-Identifier: Apache-2.0
"""Identity providers of others, as processes of a test: oidc-provider where Node is, Keycloak where Java is. tools/test-servers
fetches both.

    with Keycloak() as provider:
        provider.issuer, provider.token("writer-a", "a-secret")
"""
import json
import pathlib
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

from . import server_process

START_SECONDS = 120


def answer_of(url, form=None, body=None, method=None, token=None):
    """The JSON of an answer; None where it has no body."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = urllib.parse.urlencode(form).encode() if form else None
    if body is not None:
        data = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as response:
        text = response.read()
        return json.loads(text) if text else None


class Provider:
    name = None

    @classmethod
    def available(cls):
        return server_process.find_program(cls.name) is not None and shutil.which(cls.needs) is not None

    @classmethod
    def reason(cls):
        return server_process.missing(cls.name)

    def __init__(self):
        self.program = server_process.find_program(self.name)
        self.port = server_process.free_ports(1)[0]
        self.folder = tempfile.TemporaryDirectory(prefix="promtally-provider-")
        self.base = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        self.log = open(pathlib.Path(self.folder.name) / "log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(self.arguments(), stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError(f"{self.name} does not start")
            try:
                self.process.wait(0.2)
            except subprocess.TimeoutExpired:
                pass
        return self

    def __exit__(self, *_details):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        self.folder.cleanup()

    def is_ready(self):
        try:
            return "issuer" in answer_of(self.issuer + "/.well-known/openid-configuration")
        except (OSError, ValueError):
            return False


class OidcProvider(Provider):
    name, needs = "oidc_provider", "node"
    audience = "urn:promtally:api"

    def arguments(self):
        return ["node", self.program, str(self.port)]

    @property
    def issuer(self):
        return self.base

    def token(self, client, **more):
        form = {"grant_type": "client_credentials", "client_id": client, "client_secret": client + "-secret", **more}
        return answer_of(self.base + "/token", form)["access_token"]

    def rotate(self, keep):
        answer_of(self.base + "/test/rotate", body={"keep": keep})


class Keycloak(Provider):
    name, needs = "keycloak", "java"
    audience = "metrics-export"

    def arguments(self):
        return [self.program, self.folder.name, str(self.port)]

    @property
    def issuer(self):
        return self.base + "/realms/icos"

    def token(self, client, secret, **more):
        form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret, **more}
        return answer_of(self.issuer + "/protocol/openid-connect/token", form)["access_token"]

    def administer(self, path, body, method="POST"):
        form = {"grant_type": "password", "client_id": "admin-cli", "username": "admin", "password": "admin"}
        token = answer_of(self.base + "/realms/master/protocol/openid-connect/token", form)["access_token"]
        return answer_of(f"{self.base}/admin/realms/icos{path}", body=body, method=method, token=token)
