# SPDX-License-Identifier: Apache-2.0
"""Real servers with small limits: what is too much for one query or one list is asked in parts, and nothing is lost."""
import contextlib
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.prometheus_server import PrometheusServer  # noqa: E402: the path is set above
from support.workspace import BEGIN, HOUR, Workspace, hour, spec  # noqa: E402

VICTORIA_METRICS = shutil.which("victoria-metrics")
MINUTE = 60


def scope(number):
    return f"p{number:04}"


def exposition(scopes, hours, milliseconds, metric="a"):
    """A gauge of `number + 1` a scope, a sample a minute; times in milliseconds or seconds."""
    unit = 1000 if milliseconds else 1
    for number in range(scopes):
        for moment in range(BEGIN + MINUTE, BEGIN + hours * HOUR + 1, MINUTE):
            yield f'{metric}{{project_id="{scope(number)}"}} {number + 1} {moment * unit}\n'


def openmetrics(scopes, hours):
    return "# TYPE a gauge\n" + "".join(exposition(scopes, hours, False)) + "# EOF\n"


@contextlib.contextmanager
def victoria_metrics(scopes, hours, *flags):
    """A VictoriaMetrics with data; its URL. It does not say which port it got, so one is chosen before."""
    with tempfile.TemporaryDirectory(prefix="promtally-victoria-") as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        process = subprocess.Popen(
            [VICTORIA_METRICS, f"-storageDataPath={folder}/data", f"-httpListenAddr=127.0.0.1:{port}",
             "-retentionPeriod=100y", "-loggerLevel=ERROR", *flags],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        url = f"http://127.0.0.1:{port}"
        try:
            deadline = time.monotonic() + 60
            while True:
                with contextlib.suppress(urllib.error.URLError, ConnectionError):
                    urllib.request.urlopen(f"{url}/health", timeout=5).close()
                    break
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("VictoriaMetrics did not start")
            body = "".join(exposition(scopes, hours, True)).encode()
            urllib.request.urlopen(f"{url}/api/v1/import/prometheus", body, timeout=60).close()
            urllib.request.urlopen(f"{url}/internal/force_flush", timeout=60).close()
            yield url
        finally:
            process.terminate()
            process.wait(30)


class SmallLimits(unittest.TestCase):
    def check(self, work, scopes, hours):
        """Every scope of every period is there, once; verify agrees."""
        expected = {(scope(number), hour(index)): str(number + 1)
                    for number in range(scopes) for index in range(hours)}
        self.assertEqual(work.quantities("a"), expected)
        work.verify()

    @staticmethod
    def series_of_queries(work):
        """For each period the number of series of each of its answers."""
        rows = work.sql("select period_id, series from query order by query_id")
        return [[series for period, series in rows if period == wanted] for wanted in sorted({row[0] for row in rows})]


class PrometheusLimits(SmallLimits):
    def test_too_many_samples_become_batches_and_the_size_that_works_is_remembered(self):
        # In memory at once are the samples of one series and a few of each series before.
        with PrometheusServer(openmetrics(250, 2), arguments=["--query.max-samples=200"], query_log=True) as server:
            work = Workspace(self, server.url, ["a"], source={"concurrency": 1})
            work.collect(2)
            asked = [query for query in server.logged_queries() if "(a{" in query]
        self.check(work, 250, 2)
        self.assertEqual(self.series_of_queries(work), [[50] * 5, [50] * 5])
        self.assertEqual(len(asked), 1 + 1 + 5 + 5)  # all, a hundred, then what works, also in the second period

    def test_a_query_time_out_is_split_and_never_a_failure(self):
        # How many scopes fit into the time is the machine's matter; all of them never do.
        with PrometheusServer(openmetrics(5000, 2), arguments=["--query.timeout=1ms"], query_log=True) as server:
            work = Workspace(self, server.url, ["a"], source={"concurrency": 1})
            work.run(*work.collect_arguments(1))
            asked = [query for query in server.logged_queries() if "(a{" in query]
        self.assertTrue(any("project_id=" in query for query in asked), asked[:3])
        specs, unfinished = work.status()
        if specs["a"]["committed"]:
            self.check(work, 5000, 1)
        else:
            line = unfinished["a", hour(0)]
            self.assertEqual((line["state"], line["reason"]), ("open", "query_error"))
            self.assertIn("503", line["detail"])

    def test_an_answer_above_the_configured_bytes_is_split(self):
        with PrometheusServer(openmetrics(250, 1)) as server:
            work = Workspace(self, server.url, ["a"], source={"concurrency": 1, "limits": {"answer_bytes": 6000}})
            work.collect(1)
        self.check(work, 250, 1)
        self.assertEqual(self.series_of_queries(work), [[50] * 5])

    def test_a_list_of_scopes_above_the_configured_bytes_is_asked_in_parts(self):
        with PrometheusServer(openmetrics(250, 1)) as server:
            work = Workspace(self, server.url, ["a"], source={"limits": {"answer_bytes": 1500}})
            work.collect(1)
        self.check(work, 250, 1)

    def test_more_series_than_the_limit_fail_the_period_and_name_the_label_that_grew(self):
        with PrometheusServer(openmetrics(30, 1)) as server:
            work = Workspace(self, server.url, {"a": spec()}, job={"limits": {"series": 20}})
            work.collect(1, status=1)
        line = work.status()[1]["a", hour(0)]
        self.assertEqual((line["state"], line["reason"]), ("failed", "too_many_series"))
        self.assertIn('30 series, the limit is 20; label "project_id" has 30 values', line["detail"])


@unittest.skipUnless(VICTORIA_METRICS, "no victoria-metrics: tools/setup installs it")
class VictoriaMetricsLimits(SmallLimits):
    def collect(self, scopes, hours, *flags, metrics=None):
        with victoria_metrics(scopes, hours, *flags) as url:
            work = Workspace(self, url, metrics or ["a"], source={"concurrency": 1})
            work.collect(hours)
        self.check(work, scopes, hours)
        return self.series_of_queries(work)

    def test_too_many_series_become_batches(self):
        batches = self.collect(250, 2, "-search.maxUniqueTimeseries=120")
        self.assertEqual(batches, [[100, 100, 50], [100, 100, 50]])

    def test_too_many_samples_become_batches(self):  # it counts whole blocks: 120 samples a series
        batches = self.collect(250, 2, "-search.maxSamplesPerQuery=8000")
        self.assertEqual(batches, [[50] * 5, [50] * 5])

    def test_scopes_that_a_limit_cuts_off_a_list_are_found(self):
        self.collect(1300, 1, "-search.maxTagValues=1000", metrics={"a": spec(
            extra_args={"aggregation_method": "max", "query_suffix": "+ 0 * time()"})})


if __name__ == "__main__":
    unittest.main()
