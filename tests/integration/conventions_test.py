# SPDX-License-Identifier: Apache-2.0
"""What operators expect of any exporter, as a list: each entry is one test, of a service that has usage, metrics made over HTTP
and metrics of its own. (The unit file and the man page are in packaging_test, web.yml in web_config_test, log lines that
parse back and --version in daemon_test, flags and documentation in daemon_test.)"""
import gzip
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import http_api, prometheus_server  # noqa: E402: the path is set above
from support.fake_prometheus import FakePrometheus, by_metric, vector  # noqa: E402
from support.serving import Serving  # noqa: E402
from support.waiting import until  # noqa: E402
from support.workspace import BEGIN, HOUR, Workspace, spec  # noqa: E402

OPEN_METRICS = "application/openmetrics-text; version=1.0.0"
METRICS = {"orders": {"type": "counter"}, "stock": {"type": "gauge"}, "wait_seconds": {"type": "histogram"},
           "took_seconds": {"type": "summary", "quantiles": {"0.5": 0.05}}}


class Conventions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        def usage(_query, moment):
            values = [({"project_id": 'p"1\n\\'}, "1.5"), ({"project_id": "\u00e9"}, "2")]
            return vector(values if moment < BEGIN + 100 * HOUR else [], moment)
        cls.server = cls.enterClassContext(FakePrometheus(by_metric({"a": usage})))
        case = cls()
        cls.addClassCleanup(case.doCleanups)
        work = Workspace(case, cls.server.url, {"a": spec(alt_name="requests")})
        work.collect(2)
        cls.service = cls.enterClassContext(Serving(work))
        until(lambda: cls.service.get("/-/ready")[0] == 200, "readiness")
        for name, definition in METRICS.items():
            path = "/api/v1/metrics/" + name
            assert http_api.call(cls.service, "PUT", path, {"help": "H", "labels": ["l"], **definition}).status == 201
            body = {"samples": [{"labels": {"l": 'x"\n'}, "value": 1}]}
            assert http_api.call(cls.service, "POST", path + "/samples", body).status == 200

    def runTest(self):
        """Lets setUpClass have an instance for its folders."""

    def page(self, **headers):
        return http_api.call(self.service, "GET", "/metrics", headers={name.replace("_", "-"): value
                                                                      for name, value in headers.items()})

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not installed")
    def test_promtool_has_nothing_to_say_of_the_page(self):
        checked = subprocess.run(["promtool", "check", "metrics"], input=self.page().data, capture_output=True, check=False)
        self.assertEqual((checked.returncode, checked.stderr.decode()), (0, ""), checked.stdout.decode())

    def test_the_strict_parser_of_openmetrics_takes_the_page(self):
        script = ("import sys; from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse;"
                  "print(sum(len(family.samples) for family in parse(sys.stdin.read())))")
        read = subprocess.run(["/usr/bin/python3", "-c", script], input=self.page(Accept=OPEN_METRICS).data,
                              capture_output=True, check=False)
        if b"No module named" in read.stderr:
            self.skipTest("python3-prometheus-client is not installed")
        self.assertEqual(read.returncode, 0, read.stderr.decode())
        self.assertGreater(int(read.stdout), 100)

    @unittest.skipUnless(prometheus_server.is_available(), "prometheus is not installed")
    def test_a_prometheus_scrapes_it(self):
        scrape = ("  - {job_name: promtally, scrape_interval: 1s, static_configs: [{targets: ['"
                  + self.service.address + "']}]}\n")
        with prometheus_server.PrometheusServer(scrape_configs=scrape) as server:
            def values(query):
                return [float(series["value"][1]) for series in server.get("/api/v1/query", query=query)["result"]]
            until(lambda: values("up") == [1], "a scrape")
            self.assertEqual(sorted(values("promtally_usage_requests_total")), [3, 4])
            self.assertEqual(values("orders_total"), [1])

    def test_the_format_follows_accept_with_its_weights(self):
        for accept, found in ((None, "text/plain; version=0.0.4; charset=utf-8"), ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
                              (OPEN_METRICS, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
                              (OPEN_METRICS + ";q=0.5,text/plain;q=0.9", "text/plain; version=0.0.4; charset=utf-8"),
                              ("text/plain;q=0.1," + OPEN_METRICS, "application/openmetrics-text; version=1.0.0; charset=utf-8")):
            answer = self.page(**({"Accept": accept} if accept else {}))
            self.assertEqual(answer.headers["content-type"].replace("; escaping=underscores", ""), found, accept)
            self.assertEqual(answer.text.endswith("# EOF\n"), "openmetrics" in found)

    def test_gzip_is_given_where_it_is_accepted(self):
        zipped = self.page(Accept_Encoding="gzip")
        self.assertEqual(zipped.headers["content-encoding"], "gzip")
        self.assertIn(b"promtally_build_info", gzip.decompress(zipped.data))
        for refused in ("gzip;q=0", "identity", "br"):
            self.assertNotIn("content-encoding", self.page(Accept_Encoding=refused).headers)

    def test_names_narrow_the_page(self):
        for name in ("orders", "orders_total"):
            text = http_api.call(self.service, "GET", "/metrics" + http_api.query(**{"name[]": name})).text
            self.assertIn("orders_total{", text)
            self.assertNotIn("promtally_", text)

    def test_codes_of_the_probes(self):
        for path in ("/-/healthy", "/-/ready", "/healthz"):
            for method in ("GET", "HEAD"):
                self.assertEqual(http_api.call(self.service, method, path).status, 200, path)
            self.assertEqual(http_api.call(self.service, "POST", path).status, 405, path)
        for path in ("/-/reload", "/-/quit"):
            self.assertEqual(http_api.call(self.service, "POST", path).status, 403, path)
            self.assertEqual(http_api.call(self.service, "GET", path).status, 405, path)
        self.assertEqual(http_api.call(self.service, "GET", "/favicon.ico").status, 404)

    def test_the_landing_page_links_to_the_metrics_and_shows_the_job(self):
        page = http_api.call(self.service, "GET", "/").text
        self.assertIn('href="/metrics"', page)
        self.assertIn("default", page)
        self.assertNotIn("http://", page.replace("http://www.w3.org", ""))


if __name__ == "__main__":
    unittest.main()
