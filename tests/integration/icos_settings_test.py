# SPDX-License-Identifier: Apache-2.0
"""etc/icos.yml is a drop-in for the ICOS service's container environment: it loads and serves with and without each of its
variables, and names them all."""
import http.client
import pathlib
import shutil
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import promtally_cli, server_process  # noqa: E402: the path is set above
from support.serving import Serving  # noqa: E402
from support.site import Site  # noqa: E402
from support.waiting import until  # noqa: E402

FILE = promtally_cli.ROOT / "etc" / "icos.yml"
# As a chart of the service sets them.
SERVICE = {
    "PORT": "9600", "INTELLIGENCE_API_BASE_URL": "http://intelligence:3000/", "GRAFANA_API_BASE_URL": "http://grafana/",
    "GRAFANA_SERVICE_ACCOUNT_BEARER_TOKEN": "secret-1", "GRAFANA_INTERVAL_MS": "60000", "GRAFANA_UTC_OFFSET": "7200",
    "GRAFANA_UTC_OFFSET_SEC": "7200", "GRAFANA_DATASOURCE_UID": "P4169E866C3094E38", "INTERVAL_IN_SECONDS_FOR_METRICS_EXPORT": "60",
    "DATACLAY_HOST": "dataclay", "DATACLAY_USERNAME": "user", "DATACLAY_PASSWORD": "secret-2", "PROMETHEUS_METRICS_DISABLED": "False",
    "SECURITY_DISABLED": "False", "KEYCLOAK_SERVER_URL": "https://keycloak.invalid/auth/", "KEYCLOAK_REALM_NAME": "icos-realm",
    "KEYCLOAK_CLIENT_ID": "metrics", "KEYCLOAK_CLIENT_SECRET_KEY": "secret-3", "KEYCLOAK_RESOURCE_SERVER_ID": "rs",
    "KEYCLOAK_AUDIENCE": "metrics-aud", "AGGREGATOR_URL": "http://aggregator/", "REQUESTS_CA_BUNDLE": "/etc/ssl/certs/ca-certificates.crt",
}
GAUGE = '{"metric_type": 2, "metric_name": "g", "value": 1}'


class IcosSettings(unittest.TestCase):
    def serve(self, address="127.0.0.1:0", **environment):
        site = Site(self)
        shutil.copy(FILE, site.config)
        service = Serving(site, address, env=environment)
        self.addCleanup(service.kill)
        self.site, self.port = site, int(service.address.rsplit(":", 1)[1])
        until(lambda: self.ask("GET", "/-/ready")[0] == 200, "ready")
        return service

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def test_names_each_variable_of_the_service(self):
        text = FILE.read_text(encoding="utf-8")
        for name in SERVICE:
            self.assertIn(name, text)

    def test_is_sound_with_and_without_them(self):
        for environment in ({}, SERVICE, dict.fromkeys(SERVICE, "")):
            outcome = promtally_cli.run("check", "--strict", FILE, env=environment)
            self.assertEqual((outcome.returncode, outcome.stderr), (0, ""), str(outcome))

    def test_each_variable_alone_is_taken(self):
        for name, value in SERVICE.items():
            with self.subTest(name=name):
                self.assertEqual(promtally_cli.run("check", "--strict", FILE, env={name: value}).returncode, 0)

    def test_without_variables_it_serves_and_lets_nobody_write(self):
        service = self.serve()
        self.assertEqual(self.ask("GET", "/healthz"), (200, '{"status":"ok"}'))
        for path in ("/metrics", "/docs", "/openapi.json"):
            self.assertEqual(self.ask("GET", path)[0], 200, path)
        self.assertEqual(self.ask("POST", "/create_metric", GAUGE), (401, '{"message":"No authorization header."}'))
        self.assertEqual(self.ask("POST", "/create_metric", GAUGE, Authorization="Bearer")[0], 401)
        self.assertEqual(self.ask("GET", "/api/v1/metrics")[0], 401)
        self.assertEqual(service.terminate(), 0)

    def test_the_services_variables_say_where_it_listens_and_whose_tokens_it_takes(self):
        port = server_process.free_ports(1)[0]
        service = self.serve(None, **{**SERVICE, "PORT": str(port), "PROMTALLY_AUTHENTICATION": "none"})
        self.assertEqual(self.port, port)
        yaml = self.ask("GET", "/api/v1/status/config")[1]
        for part in ("https://keycloak.invalid/auth/realms/icos-realm", "metrics-aud", "/etc/ssl/certs/ca-certificates.crt"):
            self.assertIn(part, yaml)
        self.assertNotIn("secret-", yaml)
        self.assertEqual(service.terminate(), 0)

    def test_where_security_was_disabled_one_word_keeps_it_so(self):
        service = self.serve(PROMTALLY_AUTHENTICATION="none", **{**SERVICE, "SECURITY_DISABLED": "True"})
        self.assertEqual(self.ask("POST", "/create_metric", GAUGE), (200, '{"message":"Metric updated successfully."}'))
        self.assertIn("\ng 1\n", self.ask("GET", "/metrics")[1])
        self.assertTrue(any("everybody" in line for line in service.log), service.log)
        self.assertTrue((self.site.folder / "promtally.db.metrics").exists())

    def test_where_metrics_needed_a_token_one_word_keeps_it_so(self):
        self.serve(PROMTALLY_METRICS_GROUP="health", **SERVICE)
        self.assertEqual(self.ask("GET", "/metrics")[0], 401)
        self.assertEqual(self.ask("GET", "/healthz")[0], 200)

    def test_a_keycloak_that_tokens_could_be_stolen_from_is_refused(self):
        outcome = promtally_cli.run("check", FILE, env={**SERVICE, "KEYCLOAK_SERVER_URL": "http://keycloak:8080/"})
        self.assertEqual(outcome.returncode, 3)
        self.assertIn("https", outcome.stdout + outcome.stderr)


if __name__ == "__main__":
    unittest.main()
