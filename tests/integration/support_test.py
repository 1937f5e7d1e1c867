# SPDX-License-Identifier: Apache-2.0
"""The servers that other tests rely on do what their descriptions say."""
import json
import pathlib
import sys
import threading
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import fake_prometheus, prometheus_server  # noqa: E402: the path is set above

OPENMETRICS = """# TYPE jobs counter
jobs_total{project_id="p1"} 1 1748739600
jobs_total{project_id="p1"} 61 1748743200
# EOF
"""


@unittest.skipUnless(prometheus_server.is_available(), "Prometheus is not installed")
class RealServer(unittest.TestCase):
    def test_serves_the_given_samples_logs_queries_and_leaves_nothing_behind(self):
        with prometheus_server.PrometheusServer(OPENMETRICS, query_log=True) as server:
            series = server.query("max_over_time(jobs_total[3600s])", 1748743200)
            self.assertEqual([entry["value"][1] for entry in series], ["61"])
            self.assertEqual(server.logged_queries(), ["max_over_time(jobs_total[3600s])"])
            folder = server._folder
            self.assertTrue(folder.exists())
        self.assertFalse(folder.exists())


class FakeServer(unittest.TestCase):
    def ask(self, server, body="query=up&time=60", path="/api/v1/query"):
        with urllib.request.urlopen(server.url + path, data=body.encode(), timeout=10) as answer:
            return json.load(answer)

    def test_answers_by_the_callback_and_counts(self):
        with fake_prometheus.FakePrometheus(
                lambda query, time: fake_prometheus.vector([({"q": query}, "1")], time, warnings=["w"])) as server:
            answer = self.ask(server)
            self.assertEqual(answer["data"]["result"], [{"metric": {"q": "up"}, "value": [60.0, "1"]}])
            self.assertEqual(answer["warnings"], ["w"])
            self.assertEqual((server.count(), server.queries()), (1, ["up"]))

    def test_gives_errors_cuts_and_waits(self):
        gate = threading.Event()
        script = iter([
            fake_prometheus.error(422, "execution", "too many samples"),
            fake_prometheus.Answer("{}", announce=100),
            fake_prometheus.Answer(drop=True),
            fake_prometheus.Answer("{}", wait_for=gate),
        ])
        with fake_prometheus.FakePrometheus(lambda _query, _time: next(script)) as server:
            with self.assertRaises(urllib.error.HTTPError) as refused:
                self.ask(server)
            self.assertEqual(refused.exception.code, 422)
            refused.exception.close()
            for _ in range(2):
                with self.assertRaises(Exception):
                    self.ask(server)
            gate.set()
            self.assertEqual(self.ask(server), {})


if __name__ == "__main__":
    unittest.main()
