# SPDX-License-Identifier: Apache-2.0
"""`query --curl`: the printed commands, run by a shell, get the answers that promtally gets, whatever the scopes are called;
secrets are not in them and are taken from where the command says."""
import base64
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import prometheus_server, promtally_cli  # noqa: E402: the path is set above
from support.fake_prometheus import FakePrometheus, by_metric  # noqa: E402

BEGIN, END_SECONDS = "2025-06-01T01:00:00Z", 1748743200
SAMPLE_SECONDS = END_SECONDS - 600
SECRET = "s3cr3t-'\"$HOME`id`"
HOSTILE = ["p1", "it's", "'; touch owned #", "$(touch owned)", "`touch owned`", "${HOME}", "\\", "\\'", '"', '"}[1s]) or up{x="', "a\nb",
           "a\n", "\t", "\x1b[2J", "\x7f", "\u0085", "é", "!!", "*", "@/etc/passwd", "<x", "&&", "%41", "a=b", "--url", "-", " ", "\u202e"]
METRICS = {"metrics": {"nasty_usage": {"unit": "u"}}}


def shell(command, cwd, **environment):
    """Standard output of a command that a POSIX shell runs."""
    completed = subprocess.run(["sh", "-c", command], cwd=cwd, env=promtally_cli.environment(**environment), text=True,
                               stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    if completed.returncode != 0:
        raise AssertionError(f"{command}\n{completed.stderr}")
    return completed.stdout


@unittest.skipUnless(shutil.which("curl"), "curl is not installed")
class Curl(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.write("metrics.yml", METRICS)

    def write(self, name, content):
        (self.folder / name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")

    def query(self, *arguments, status=0, **options):
        outcome = promtally_cli.run("query", "metrics.yml", "--curl", "--begin", BEGIN, *arguments, cwd=self.folder, **options)
        self.assertEqual(outcome.returncode, status, str(outcome))
        return outcome

    @unittest.skipUnless(prometheus_server.is_available(), "Prometheus is not installed")
    def test_the_commands_get_what_promtally_gets(self):
        lines = ["# TYPE nasty_usage gauge"]
        for index, scope in enumerate(HOSTILE):
            text = scope.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            lines.append(f'nasty_usage{{project_id="{text}"}} {index} {SAMPLE_SECONDS}')
        scopes = [f"--scope={scope}" for scope in HOSTILE]
        with prometheus_server.PrometheusServer("\n".join(lines + ["# EOF", ""])) as server:
            arguments = ["--url", server.url, "--scope-key", "project_id", "--per-scope", *scopes]
            printed = self.query(*arguments, "--format", "json").lines
            self.assertEqual([line["scope"] for line in printed], HOSTILE)
            commands = self.query(*arguments).stdout
            for index, line in enumerate(printed):
                answer = json.loads(shell(line["curl"], self.folder))
                self.assertEqual(answer, self.ask(server.url, line["query"]), line)
                self.assertEqual([(series["metric"]["project_id"], series["value"][1]) for series in answer["data"]["result"]],
                                 [(line["scope"], str(index))])
                self.assertIn(line["curl"] + "\n", commands)
                self.assertNotIn("\x1b", line["curl"])
            batch = self.query("--url", server.url, "--scope-key", "project_id", *scopes).stdout
            answer = json.loads(shell(batch, self.folder))
            self.assertEqual({series["metric"]["project_id"] for series in answer["data"]["result"]}, set(HOSTILE))
        self.assertEqual([path.name for path in self.folder.iterdir()], ["metrics.yml"])  # nothing was executed

    def ask(self, url, query):
        body = urllib.parse.urlencode({"query": query, "time": END_SECONDS}).encode()
        with urllib.request.urlopen(f"{url}/api/v1/query", data=body, timeout=30) as answer:
            return json.load(answer)

    def run_with_source(self, source, variables, files=None):
        """What a server is sent by the one command for a source of the settings."""
        for name, text in (files or {}).items():
            self.write(name, text)
        with FakePrometheus(by_metric({"nasty_usage": [({}, "1")]})) as server:
            self.write("promtally.yml", {"sources": [{"url": server.url, **source}], "collect": [{"metrics_file": "metrics.yml"}]})
            outcome = self.query("--config", "promtally.yml", env={"SECRET_OF_TEST": SECRET})
            self.assertNotIn(SECRET, outcome.stdout + outcome.stderr)
            self.assertNotIn(base64.b64encode(f"me:{SECRET}".encode()).decode(), outcome.stdout)
            self.assertEqual("note: secrets are left out" in outcome.stderr, bool(variables), outcome.stderr)
            self.assertEqual(server.requests, [])  # nothing is asked to print a command
            answer = json.loads(shell(outcome.stdout, self.folder, **variables))
            self.assertEqual(answer["data"]["result"][0]["value"][1], "1")
            self.assertEqual(len(server.requests), 1)
            return server.requests[0]

    def test_the_request_is_the_one_that_promtally_sends(self):
        sent = self.run_with_source({"timeout": "250ms"}, {})
        self.assertEqual((sent.method, sent.path), ("POST", "/api/v1/query"))
        self.assertEqual(sent.parameters, {"query": "max(max_over_time(nasty_usage{}[3600s])) by ()", "time": str(END_SECONDS),
                                           "timeout": "250ms"})

    def test_a_password_is_a_variable_or_a_file(self):
        header = "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()
        for source, variables, files in (
                ({"basic_auth": {"username": "me", "password": "${SECRET_OF_TEST}"}}, {"PROMTALLY_PASSWORD": SECRET}, {}),
                ({"basic_auth": {"username": "me", "password_file": "it's"}}, {}, {"it's": SECRET + "\n"})):
            self.assertEqual(self.run_with_source(source, variables, files).headers["Authorization"], header)

    def test_a_token_is_a_variable_or_a_file(self):
        for source, variables, files in (
                ({"authorization": {"credentials": "${SECRET_OF_TEST}"}}, {"PROMTALLY_CREDENTIALS": SECRET}, {}),
                ({"authorization": {"credentials_file": "$(touch owned)"}}, {}, {"$(touch owned)": SECRET + "\n"})):
            self.assertEqual(self.run_with_source(source, variables, files).headers["Authorization"], "Bearer " + SECRET)
        self.assertFalse((self.folder / "owned").exists())

    def test_the_tenant_is_shown_and_other_headers_are_variables(self):
        sent = self.run_with_source({"headers": {"X-Scope-OrgID": "tenant-1", "X-Api.Key": "${SECRET_OF_TEST}"}},
                                    {"PROMTALLY_HEADER_X_API_KEY": SECRET})
        self.assertEqual((sent.headers["X-Scope-OrgID"], sent.headers["X-Api.Key"]), ("tenant-1", SECRET))

    @unittest.skipUnless(shutil.which("openssl") and prometheus_server.is_available(), "openssl or Prometheus is not installed")
    def test_client_certificates_and_server_names_are_those_of_the_settings(self):
        for name in ("server", "client"):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                            f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}", "-addext",
                            f"subjectAltName=DNS:{name}.example", "-days", "2"], cwd=self.folder, check=True, capture_output=True)
        self.write("web.yml", {"tls_server_config": {
            "cert_file": str(self.folder / "server.pem"), "key_file": str(self.folder / "server.key"),
            "client_ca_file": str(self.folder / "client.pem"), "client_auth_type": "RequireAndVerifyClientCert"}})
        data = f'# TYPE nasty_usage gauge\nnasty_usage 7 {SAMPLE_SECONDS}\n# EOF\n'
        with prometheus_server.PrometheusServer(data, arguments=[f"--web.config.file={self.folder / 'web.yml'}"]) as server:
            tls = {"ca_file": "server.pem", "cert_file": "client.pem", "key_file": "client.key", "server_name": "server.example"}
            self.write("promtally.yml", {"sources": [{"url": server.url.replace("http:", "https:"), "tls_config": tls}],
                                         "collect": [{"metrics_file": "metrics.yml"}]})
            command = self.query("--config", "promtally.yml").stdout
            self.assertEqual(json.loads(shell(command, self.folder))["data"]["result"][0]["value"][1], "7")
            with self.assertRaisesRegex(AssertionError, r"\ncurl: \("):
                shell(command.replace("--cert 'client.pem' --key 'client.key'", ""), self.folder)
            outcome = promtally_cli.run("query", "--config", "promtally.yml", "--execute", "--begin", BEGIN, "--format", "json",
                                        cwd=self.folder)
            self.assertEqual([line["quantity"] for line in outcome.lines], ["7"], str(outcome))

    def test_csv_and_json_hold_the_command_too(self):
        line, = self.query("--url", "http://localhost:9", "--format", "json").lines
        self.assertTrue(line["curl"].startswith("curl "))
        self.assertEqual(line["query"], "max(max_over_time(nasty_usage{}[3600s])) by ()")
        header, row, _end = self.query("--url", "http://localhost:9", "--format", "csv").stdout.replace("\r", "").split("\n")
        self.assertEqual(header, "name,scope,time,curl")
        self.assertIn("curl --silent", row)

    def test_needs_a_server_and_does_not_execute(self):
        self.assertIn("--curl needs --url URL or --config FILE", self.query(status=2).stderr)
        self.assertIn("take one of them", self.query("--execute", "--url", "http://localhost:9", status=2).stderr)

    def test_says_where_the_scopes_are_only_found_by_asking(self):
        outcome = self.query("--url", "http://localhost:9", "--scope-key", "project_id", "--per-scope")
        self.assertEqual(outcome.stdout, "")
        self.assertIn("is asked once a scope", outcome.stderr)


if __name__ == "__main__":
    unittest.main()
