# SPDX-License-Identifier: Apache-2.0
"""Tokens of identity providers of others: oidc-provider, and Keycloak with its permission request."""
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.exchange import ask  # noqa: E402: the path is set above
from support.identity_providers import Keycloak, OidcProvider  # noqa: E402
from support.serving import Serving  # noqa: E402
from support.site import Site  # noqa: E402

READ = "/api/v1/status/config"


class Case(unittest.TestCase):
    def serve(self, provider, more="", access="{read: ['role:metrics-writer']}"):
        site = Site(self)
        oidc = f"{{issuer: '{provider.issuer}', audience: '{provider.audience}', jwks_min_refresh: 1s{more}}}"
        site.config.write_text(f"web: {{oidc: {oidc}, access: {access}}}\n", encoding="utf-8")
        service = Serving(site)
        self.addCleanup(service.kill)
        return service

    def status(self, token):
        return ask(self.service, READ, token=token).status

    def until(self, token, status, seconds=20):
        deadline = time.monotonic() + seconds
        while self.status(token) != status:
            self.assertLess(time.monotonic(), deadline)


@unittest.skipUnless(OidcProvider.available(), OidcProvider.reason())
class WithOidcProvider(Case):
    def test_takes_its_tokens_and_follows_its_keys(self):
        with OidcProvider() as provider:
            self.service = self.serve(provider)
            for client in ("a", "a-ps", "a-es", "a-ed"):
                self.assertEqual(self.status(provider.token(client)), 200, client)
            self.assertEqual(self.status(provider.token("b")), 403)
            self.assertEqual(self.status(provider.token("a", resource="urn:promtally:api")), 200)
            old = provider.token("a")
            provider.rotate(keep=True)
            self.until(provider.token("a"), 200)
            self.assertEqual(self.status(old), 200)
            provider.rotate(keep=False)
            self.until(provider.token("a-es"), 200)
            self.assertEqual(self.status(old), 401)


@unittest.skipUnless(Keycloak.available(), Keycloak.reason())
class WithKeycloak(Case):
    @classmethod
    def setUpClass(cls):
        cls.provider = Keycloak()
        cls.provider.__enter__()
        cls.addClassCleanup(cls.provider.__exit__)

    def test_takes_its_tokens_by_role(self):
        self.service = self.serve(self.provider)
        self.assertEqual(self.status(self.provider.token("writer-a", "a-secret")), 200)
        self.assertEqual(self.status(self.provider.token("a-eddsa", "a-secret")), 200)
        self.assertEqual(self.status(self.provider.token("denied-b", "b-secret")), 403)
        self.assertEqual(self.status(self.provider.token("no-aud", "n-secret")), 401)
        form = {"grant_type": "password", "username": "alice", "password": "alice-pw", "scope": "openid"}
        self.assertEqual(self.status(self.provider.token("writer-a", "a-secret", **form)), 200)

    def test_asks_it_what_a_token_may_do(self):
        self.service = self.serve(self.provider, ", uma: {enabled: true, cache: 0s, require: {read: "
                                  "'metrics#metrics:write'}}", "{}")
        self.assertEqual(self.status(self.provider.token("denied-b", "b-secret")), 403)
        form = {"grant_type": "password", "username": "alice", "password": "alice-pw"}
        token = self.provider.token("writer-a", "a-secret", **form)
        self.assertEqual(self.status(token), 200)
        self.provider.administer("", {"realm": "icos", "notBefore": int(time.time()) + 1}, "PUT")
        self.assertEqual(self.status(token), 403)  # a local verifier would not have seen it
        self.provider.administer("", {"realm": "icos", "notBefore": 0}, "PUT")

    def test_follows_its_keys(self):
        self.service = self.serve(self.provider)
        old = self.provider.token("writer-a", "a-secret")
        self.assertEqual(self.status(old), 200)
        config = {"priority": ["200"], "enabled": ["true"], "active": ["true"], "algorithm": ["RS256"], "keySize": ["2048"]}
        realm = self.provider.administer("", None, "GET")["id"]
        self.provider.administer("/components", {"name": "k2", "providerId": "rsa-generated", "parentId": realm,
                                                 "providerType": "org.keycloak.keys.KeyProvider", "config": config})
        self.until(self.provider.token("writer-a", "a-secret"), 200)
        self.assertEqual(self.status(old), 200)


if __name__ == "__main__":
    unittest.main()
