# SPDX-License-Identifier: Apache-2.0
"""`promtally serve` with bearer tokens: what is let in, roles and scopes of groups, rotation and outages of the provider,
Keycloak's permission request, and what holds where nothing is configured."""
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import promtally_cli  # noqa: E402: the path is set above
from support.exchange import ask  # noqa: E402
from support.serving import Serving  # noqa: E402
from support.site import Site  # noqa: E402
from support.token_issuer import ALGORITHMS, Key, TokenIssuer, encode  # noqa: E402
from support.waiting import until  # noqa: E402

READ, ADMIN = "/api/v1/status/config", "/-/reload"
ACCESS = "{read: ['role:metrics-reader', 'role:metrics-writer'], admin: ['role:metrics-admin', 'scope:metrics.admin']}"


def serving(test_case, web, *arguments, address="127.0.0.1:0"):
    site = Site(test_case)
    site.config.write_text(f"web: {{{web}}}\n", encoding="utf-8")
    service = Serving(site, address, *arguments)
    service.config = site.config
    test_case.addCleanup(service.kill)
    return service


class Tokens(unittest.TestCase):
    def setUp(self):
        self.issuer = TokenIssuer()
        self.addCleanup(self.issuer.__exit__)

    def serve(self, more="", access=ACCESS, *arguments):
        oidc = f"{{issuer: '{self.issuer.url}', audience: promtally, jwks_min_refresh: 1s{more}}}"
        return serving(self, f"oidc: {oidc}, access: {access}", "--web.enable-lifecycle", *arguments)

    def test_each_algorithm_is_taken_and_the_public_groups_need_none(self):
        service = self.serve()
        for algorithm in ALGORITHMS:
            token = self.issuer.token(["metrics-reader"], algorithm)
            self.assertEqual(ask(service, READ, token=token).status, 200, algorithm)
        self.assertEqual(ask(service, "/metrics").status, 200)
        self.assertEqual(ask(service, "/-/healthy").status, 200)
        self.assertEqual(ask(service, "/metrics", token="junk").status, 200)
        self.assertEqual(ask(service, "/").status, 401)
        self.assertEqual(ask(service, "/", token=self.issuer.token()).status, 200)
        self.assertEqual(self.issuer.requests["/keys"], 1)

    def test_says_what_is_missing(self):
        service = self.serve()
        none = ask(service, READ)
        self.assertEqual((none.status, none.challenges()), (401, ['Bearer realm="promtally"']))
        bad = ask(service, READ, token="x.y.z")
        self.assertEqual((bad.status, bad.challenges()), (401, ['Bearer realm="promtally", error="invalid_token"']))
        for token in (self.issuer.token(), self.issuer.token(["Metrics-Reader", "metrics-reader2"])):
            weak = ask(service, READ, token=token)
            self.assertEqual((weak.status, weak.challenges()),
                             (403, ['Bearer realm="promtally", error="insufficient_scope"']))
            self.assertNotIn(token, weak.text)
        self.assertEqual(ask(service, ADMIN, "POST", token=self.issuer.token(["metrics-reader"])).status, 403)
        self.assertEqual(ask(service, ADMIN, "POST", token=self.issuer.token(scope="a metrics.admin")).status, 200)
        self.assertEqual(ask(service, ADMIN, "POST", token=self.issuer.token(["metrics-admin"])).status, 200)

    def test_refuses_every_attack(self):
        service = self.serve()
        issuer, roles, now = self.issuer, ["metrics-reader"], int(time.time())
        stranger = Key("ES256", issuer.key("ES256").kid)
        good = issuer.token(roles)
        head, payload, signature = good.split(".")
        none = encode({"alg": "none", "kid": issuer.key("ES256").kid})
        rsa = issuer.key("RS256")
        attacks = {
            "unsigned": f"{none}.{payload}.", "none with a signature": f"{none}.{payload}.{signature}",
            "no signature": f"{head}.{payload}.", "two parts": f"{head}.{payload}", "four parts": good + ".x",
            "zeros": f"{head}.{payload}.{encode(bytes(64))}", "padding": good + "==",
            "another key": issuer.token(roles, key=stranger),
            "its own key": issuer.token(roles, key=stranger, header={"jwk": stranger.jwk()}),
            "jku": issuer.token(roles, key=stranger, header={"jku": issuer.base + "/evil"}),
            "kid path": issuer.token(roles, header={"kid": "../../../dev/null"}),
            "another algorithm of the key": issuer.token(roles, key=rsa, header={"alg": "PS256"}),
            "HS256": issuer.token(roles, key=rsa, header={"alg": "HS256"}),
            "crit": issuer.token(roles, header={"crit": ["exp"]}),
            "type": issuer.token(roles, header={"typ": "dpop+jwt"}),
            "ID token": issuer.token(roles, typ="ID"), "refresh token": issuer.token(roles, typ="Refresh"),
            "expired": issuer.token(roles, exp=now - 60), "no exp": issuer.token(roles, exp=None),
            "exp as text": issuer.token(roles, exp=str(now + 300)), "future": issuer.token(roles, nbf=now + 120),
            "issued ahead": issuer.token(roles, iat=now + 120), "another audience": issuer.token(roles, aud="account"),
            "no audience": issuer.token(roles, aud=None), "another issuer": issuer.token(roles, iss=issuer.url + "/"),
            "empty subject": issuer.token(roles, sub=""), "deep": issuer.token(roles, x=[[[[[[[[1]]]]]]]]),
            "large": issuer.token(roles, x="a" * 8192),
        }
        for what, token in attacks.items():
            self.assertEqual(ask(service, READ, token=token).status, 401, what)
        self.assertEqual(ask(service, READ, token=good).status, 200)
        self.assertEqual(issuer.requests["/evil"], 0)
        self.assertLessEqual(issuer.requests["/keys"], 3)

    def test_follows_rotation_and_forgets_withdrawn_keys(self):
        service = self.serve()
        old = self.issuer.token(["metrics-reader"])
        self.assertEqual(ask(service, READ, token=old).status, 200)
        self.issuer.rotate(keep=True)
        self.assertEqual(ask(service, READ, token=self.issuer.token(["metrics-reader"])).status, 200)
        self.assertEqual(ask(service, READ, token=old).status, 200)
        self.issuer.rotate()
        fresh = self.issuer.token(["metrics-reader"])
        deadline = time.monotonic() + 20
        while ask(service, READ, token=fresh).status != 200:  # once a second at most
            self.assertLess(time.monotonic(), deadline)
        self.assertEqual(ask(service, READ, token=old).status, 401)

    def test_lives_through_an_outage_up_to_the_age_of_its_keys(self):
        service = self.serve(", jwks_max_age: 2s")
        token = self.issuer.token(["metrics-reader"])
        self.assertEqual(ask(service, READ, token=token).status, 200)
        self.issuer.fault = "500"
        self.assertEqual(ask(service, READ, token=token).status, 200)
        deadline = time.monotonic() + 20
        while ask(service, READ, token=token).status != 503:
            self.assertLess(time.monotonic(), deadline)
        self.assertEqual(ask(service, READ, token="junk").status, 401)
        self.assertEqual(ask(service, "/metrics").status, 200)
        self.issuer.fault = ""
        while ask(service, READ, token=token).status != 200:
            self.assertLess(time.monotonic(), deadline)

    def test_starts_without_its_provider_and_believes_no_other(self):
        self.issuer.stated = "https://evil.example"
        service = self.serve()
        answer = ask(service, READ, token=self.issuer.token(["metrics-reader"]))
        self.assertEqual(answer.status, 503)
        self.assertEqual(answer.headers["Retry-After"], "5")
        until(lambda: "another issuer" in "".join(service.log), "the log line")
        page = ask(service, "/metrics").text
        self.assertRegex(page, r"(?m)^promtally_identity_provider_faults_total [1-9]")
        until(lambda: ask(service, "/-/ready").status == 200, "readiness")

    def test_asks_keycloak_what_the_token_may_do(self):
        service = self.serve(", uma: {enabled: true, require: {read: 'metrics#metrics:write'}}", "{}")
        write, read = self.issuer.token(["metrics-writer"]), self.issuer.token(["metrics-reader"])
        self.assertEqual(ask(service, READ, token=write).status, 200)
        self.assertEqual(ask(service, READ, token=read).status, 403)
        self.assertEqual(ask(service, "/", token=read).status, 200)  # any permission with a scope
        self.assertEqual(ask(service, "/", token=self.issuer.token(["bare-resource"])).status, 403)
        self.assertEqual(ask(service, READ, token=self.issuer.token()).status, 403)
        asked = self.issuer.requests["/token"]
        self.assertEqual(ask(service, READ, token=write).status, 200)
        self.assertEqual(self.issuer.requests["/token"], asked)  # the answer is kept
        self.assertEqual(ask(service, READ, token="junk").status, 401)
        self.assertEqual(self.issuer.requests["/token"], asked)  # junk never gets there
        self.issuer.fault = "uma500"
        self.assertEqual(ask(service, READ, token=write).status, 200)
        other = self.issuer.token(["metrics-writer"], jti="2")
        self.assertEqual(ask(service, READ, token=other).status, 503)
        self.issuer.fault = ""
        self.assertEqual(ask(service, READ, token=other).status, 200)

    def test_takes_a_denial_of_an_unknown_client_for_one(self):
        self.issuer.audience = "promtally"
        service = self.serve(", uma: {enabled: true, audience: nope}", "{}")
        self.assertEqual(ask(service, READ, token=self.issuer.token(["metrics-writer"])).status, 403)
        until(lambda: "invalid_request" in "".join(service.log), "the log line")

    def test_a_reload_takes_other_rules(self):
        service = self.serve()
        token = self.issuer.token(["metrics-admin"])
        self.assertEqual(ask(service, READ, token=token).status, 403)
        text = service.config.read_text(encoding="utf-8")
        service.config.write_text(text.replace("'role:metrics-reader'", "'role:metrics-admin'"), encoding="utf-8")
        self.assertEqual(ask(service, ADMIN, "POST", token=token).status, 200)
        self.assertEqual(ask(service, READ, token=token).status, 200)


class Unconfigured(unittest.TestCase):
    def statuses(self, service, headers=None):
        return [ask(service, path, headers=headers).status for path in ("/-/healthy", "/metrics", "/", READ)]

    def test_is_open_on_loopback_but_not_through_a_proxy(self):
        service = serving(self, "")
        self.assertEqual(self.statuses(service), [200] * 4)
        for header in ("Forwarded", "X-Forwarded-For", "x-forwarded-for"):
            self.assertEqual(self.statuses(service, {header: "for=127.0.0.1"}), [200, 200, 403, 403], header)

    def test_is_closed_elsewhere_and_says_how_to_open_it(self):
        service = serving(self, "", address="0.0.0.0:0")
        self.assertEqual(self.statuses(service), [200, 200, 403, 403])
        answer = ask(service, READ)
        self.assertIn("web.oidc", answer.text)
        self.assertIn("basic_auth_users", answer.text)
        until(lambda: "Only public routes" in "".join(service.log), "the log line")

    def test_does_what_authentication_says(self):
        self.assertEqual(self.statuses(serving(self, "authentication: required")), [200, 200, 403, 403])
        service = serving(self, "authentication: none, access: {public: []}", address="0.0.0.0:0")
        self.assertEqual(self.statuses(service), [200] * 4)
        until(lambda: "everybody" in "".join(service.log), "the log line")

    def test_closes_what_is_not_public(self):
        service = serving(self, "authentication: required, access: {public: [docs]}")
        self.assertEqual(self.statuses(service), [200, 403, 200, 403])

    def test_refuses_a_change_that_a_foreign_page_sends(self):
        service = serving(self, "", "--web.enable-lifecycle")
        for origin in ("https://evil.example", "null"):
            answer = ask(service, ADMIN, "POST", headers={"Origin": origin})
            self.assertEqual(answer.status, 403, origin)
            self.assertEqual(ask(service, "/nowhere", "POST", headers={"Origin": origin}).status, 403)
        self.assertEqual(ask(service, ADMIN, "POST", headers={"Origin": service.url}).status, 200)
        self.assertEqual(ask(service, ADMIN, "POST").status, 200)
        self.assertEqual(ask(service, READ, headers={"Host": "evil.example"}).status, 403)

    def test_refuses_settings_that_cannot_hold(self):
        site = Site(self)
        site.config.write_text("web: {oidc: {issuer: 'http://id.example', audience: a}}\n", encoding="utf-8")
        outcome = promtally_cli.run("serve", "--config", site.config)
        self.assertEqual(outcome.returncode, 3)
        self.assertIn("must be an https URL", outcome.stderr)


if __name__ == "__main__":
    unittest.main()
