# SPDX-License-Identifier: Apache-2.0
"""What `serve` measures of its own HTTP server, and the options of it: web.self_metrics and export.info."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import http_api  # noqa: E402: the path is set above
from support.serving import Serving  # noqa: E402
from support.site import Site  # noqa: E402
from support.waiting import until  # noqa: E402

REQUESTS = "promtally_http_requests_total"


class SelfMetrics(unittest.TestCase):
    def serve(self, more=""):
        site = Site(self)
        site.config.write_text("web: {listen: 'localhost:0'" + more + "}\nexport: {info: {app_info: {version: 1.0.3}}}\n",
                               encoding="utf-8")
        service = Serving(site)
        self.addCleanup(service.kill)
        until(lambda: service.get("/-/ready")[0] == 200, "readiness")
        return service

    @staticmethod
    def ask(service):
        for path in ("/", "/", "/nope", "/other/nope", "/api/v1/metrics/a", "/api/v1/metrics/b"):
            service.get(path)
        http_api.call(service, "BREW", "/")

    @staticmethod
    def counts(service, name=REQUESTS):
        return {tuple(value for _key, value in labels): value for labels, value in service.page().family(name).items()}

    def test_requests_are_counted_by_method_template_and_code(self):
        service = self.serve()
        self.ask(service)
        counts = self.counts(service)  # labels in the order of their names: code, method, route
        self.assertEqual(counts["200", "GET", "/"], 2)
        self.assertEqual(counts["405", "other", "/"], 1)
        self.assertEqual(counts["404", "GET", "unmatched"], 2)
        self.assertEqual(counts["404", "GET", "/api/v1/metrics/{name}"], 2)
        exceptions = service.page().family("promtally_http_exceptions_total")
        self.assertEqual(set(exceptions.values()), {0})
        self.assertIn((("route", "/docs"),), exceptions)
        self.assertEqual(service.page().family("app_info"), {(("version", "1.0.3"),): 1})

    def test_options(self):
        service = self.serve(", self_metrics: {group_by: none, buckets: [0.5, 1], exclude: ['/-/ready', '//api/.*/'],"
                             " labels: {service: billing}, flask_names: true}")
        self.ask(service)
        counts = service.page().family(REQUESTS)
        self.assertEqual(counts[("code", "200"), ("method", "GET"), ("service", "billing")], 2)
        self.assertEqual(counts[("code", "404"), ("method", "GET"), ("service", "billing")], 2, "without /api")
        bounds = {dict(labels)["le"] for labels in service.page().family("promtally_http_request_duration_seconds_bucket")}
        self.assertEqual(bounds, {"0.5", "1", "+Inf"})
        flask = service.page().family("flask_http_request_total")
        self.assertEqual(flask[("method", "GET"), ("status", "404")], 2)
        self.assertEqual(len(service.page().family("flask_exporter_info")), 1)

    def test_a_metric_over_http_cannot_take_a_declared_name(self):
        service = self.serve()
        answer = http_api.call(service, "PUT", "/api/v1/metrics/app_info", {"type": "gauge"})
        self.assertEqual(answer.status, 409)


if __name__ == "__main__":
    unittest.main()
