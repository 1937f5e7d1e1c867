# SPDX-License-Identifier: Apache-2.0
"""`query --execute`: exit status, records, what the server is sent, and that secrets are never printed."""
import base64
import json
import pathlib
import socket
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import fake_prometheus, promtally_cli  # noqa: E402: the path is set above
from support.fake_prometheus import Answer, FakePrometheus, by_metric  # noqa: E402
from support.workspace import BEGIN, HOUR, Workspace, hour  # noqa: E402

GOOD = [({"project_id": "p1"}, "1.5")]
SECRET = "s3cr3t-of-the-test"
METRICS = json.dumps({"metrics": {"a": {"unit": "GiB", "metadata": ["flavor"], "factor": 2}}})


class Execute(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.write("metrics.yml", METRICS)

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")

    def query(self, status, *arguments, **options):
        outcome = promtally_cli.run("query", *arguments, cwd=self.folder, **options)
        self.assertEqual(outcome.returncode, status, str(outcome))
        return outcome

    def execute(self, status, answer, form="json"):
        with FakePrometheus(by_metric({"a": answer})) as server:
            return self.query(status, "metrics.yml", "--execute", "--url", server.url, "--scope-key", "project_id",
                              "--begin", hour(0), "--end", hour(1), "--format", form)

    def test_prints_records_without_what_only_a_ledger_has(self):
        outcome = self.execute(0, [({"project_id": "p1", "flavor": "small"}, "1.25")])
        self.assertEqual(outcome.lines, [{
            "metric": "a", "name": "a", "scope": "p1", "begin": hour(0), "end": hour(1), "unit": "GiB",
            "quantity": "2.5", "groupby": {"project_id": "p1"}, "metadata": {"flavor": "small"}, "kind": "measured",
            "source": outcome.lines[0]["source"]}])
        self.assertIn("1 series", outcome.stderr)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["metrics.yml"])  # no ledger

    def test_no_series_is_success(self):
        self.assertEqual(self.execute(0, []).stdout, "")

    def test_a_failed_query_or_a_rejected_series_is_exit_status_1(self):
        outcome = self.execute(1, fake_prometheus.error(400, "bad_data", "1:1: parse error: no expression found"))
        self.assertIn("parse error: no expression found", outcome.stderr)
        outcome = self.execute(1, Answer("", 503))
        self.assertIn("503", outcome.stderr)
        outcome = self.execute(1, GOOD + [({"project_id": "p2"}, "NaN")])
        self.assertEqual([line["scope"] for line in outcome.lines], ["p1"])
        self.assertIn("rejected (nan)", outcome.stderr)

    def test_no_connection_is_exit_status_4(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            self.query(4, "metrics.yml", "--execute", "--url", f"http://127.0.0.1:{closed.getsockname()[1]}")

    def test_a_longer_range_asks_once_a_period_at_its_end(self):
        asked = []

        def answer(_query, time):
            asked.append(time)
            return GOOD
        with FakePrometheus(by_metric({"a": answer})) as server:
            outcome = self.query(0, "metrics.yml", "--execute", "--url", server.url, "--begin", hour(0), "--end", hour(3),
                                 "--format", "json")
        self.assertEqual(asked, [BEGIN + HOUR, BEGIN + 2 * HOUR, BEGIN + 3 * HOUR])
        self.assertEqual([line["scope"] for line in outcome.lines], [None] * 3)

    def test_hostile_label_values_stay_on_their_line(self):
        hostile = 'x"\n\x1b[31m{},;\\'
        for form in ("table", "csv"):
            outcome = self.execute(0, [({"project_id": hostile}, "1")], form)
            self.assertNotIn("\x1b", outcome.stderr + (outcome.stdout if form == "table" else ""))
        outcome = self.execute(0, [({"project_id": hostile}, "1")])
        self.assertEqual([line["scope"] for line in outcome.lines], [hostile])

    def test_needs_a_server(self):
        outcome = self.query(2, "metrics.yml", "--execute")
        self.assertIn("--url", outcome.stderr)
        for url in ("localhost:9090", "ftp://localhost"):
            outcome = self.query(2, "metrics.yml", "--execute", "--url", url)
            self.assertIn("--url must start with http:// or https://", outcome.stderr)


class Secrets(unittest.TestCase):
    """What is configured reaches the server; no output shows it, not even when the server refuses it."""

    def headers(self, source, env=None, files=None):
        """The headers of a collect with these source settings, in which the server refuses everything."""
        with FakePrometheus(lambda _query, _time: Answer("who are you", 401)) as server:
            work = Workspace(self, server.url, ["a"], source=source)
            for name, text in (files or {}).items():
                (work.folder / name).write_text(text, encoding="utf-8")
            outcomes = [work.collect(1, status=1, env=env),
                        work.expect(0, "check", work.config, "metrics.yml", env=env),
                        work.expect(0, "status", "--config", work.config, env=env),
                        work.expect(1, "query", "metrics.yml", "--config", work.config, "--execute", env=env)]
            sent = [request.headers for request in server.requests]
        for outcome in outcomes:
            self.assertNotIn(SECRET, outcome.stdout + outcome.stderr)
            self.assertNotIn(base64.b64encode(f"me:{SECRET}".encode()).decode(), outcome.stdout + outcome.stderr)
        for name in ("promtally.db", "promtally.db-wal"):
            path = work.folder / name
            self.assertNotIn(SECRET.encode(), path.read_bytes() if path.exists() else b"")
        self.assertTrue(sent)
        return sent

    def test_basic_authentication_from_the_file_itself(self):
        for headers in self.headers({"basic_auth": {"username": "me", "password": SECRET}}):
            self.assertEqual(headers["Authorization"], "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode())

    def test_a_bearer_token_from_a_file(self):
        for headers in self.headers({"authorization": {"credentials_file": "token"}}, files={"token": SECRET + "\n"}):
            self.assertEqual(headers["Authorization"], "Bearer " + SECRET)

    def test_a_bearer_token_from_the_environment(self):
        source = {"authorization": {"type": "Token", "credentials": "${TOKEN_OF_TEST}"}}
        for headers in self.headers(source, env={"TOKEN_OF_TEST": SECRET}):
            self.assertEqual(headers["Authorization"], "Token " + SECRET)

    def test_headers_reach_the_server(self):
        source = {"headers": {"X-Scope-OrgID": "tenant", "X-Key": "${KEY_OF_TEST}"}}
        for headers in self.headers(source, env={"KEY_OF_TEST": SECRET}):
            self.assertEqual((headers["X-Scope-OrgID"], headers["X-Key"]), ("tenant", SECRET))

    def test_a_missing_variable_is_an_error_of_the_configuration(self):
        with FakePrometheus(by_metric({"a": GOOD})) as server:
            work = Workspace(self, server.url, ["a"],
                             source={"authorization": {"credentials": "${NO_SUCH_VARIABLE_OF_TEST}"}})
            outcome = work.collect(1, status=3)
            self.assertIn("NO_SUCH_VARIABLE_OF_TEST", outcome.stderr)
            self.assertEqual(server.requests, [])

    def test_http_config_file_says_how_to_talk_to_a_url(self):
        with FakePrometheus(by_metric({"a": GOOD})) as server:
            work = Workspace(self, server.url, ["a"])
            (work.folder / "password").write_text(SECRET, encoding="utf-8")
            (work.folder / "http.yml").write_text("basic_auth: {username: me, password_file: password}\n",
                                                  encoding="utf-8")
            outcome = work.expect(0, "query", "metrics.yml", "--execute", "--url", server.url, "--http.config.file",
                                  "http.yml")
            wanted = "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()
            self.assertEqual({request.headers.get("Authorization") for request in server.requests}, {wanted})
        self.assertNotIn(SECRET, outcome.stdout + outcome.stderr)

    def test_a_password_in_the_url_is_never_shown(self):
        with FakePrometheus(lambda _query, _time: Answer("no", 401)) as server:
            work = Workspace(self, server.url.replace("http://", f"http://me:{SECRET}@"), ["a"])
            for command in (work.collect_arguments(1), ["check", work.config]):
                outcome = work.run(*command)
                self.assertNotIn(SECRET, outcome.stdout + outcome.stderr)

    def test_a_followed_redirect_to_another_host_carries_no_credentials(self):
        with FakePrometheus(by_metric({"a": GOOD})) as second:
            away = Answer("", 307, {"Location": second.url.replace("127.0.0.1", "localhost") + "/api/v1/query"})
            with FakePrometheus(lambda _query, _time: away) as first:
                work = Workspace(self, first.url, ["a"],
                                 source={"follow_redirects": True, "basic_auth": {"username": "me", "password": SECRET}})
                work.run(*work.collect_arguments(1))
            self.assertEqual([request for request in second.requests if "Authorization" in request.headers], [])


if __name__ == "__main__":
    unittest.main()
