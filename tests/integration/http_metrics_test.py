# SPDX-License-Identifier: Apache-2.0
"""Metrics made over HTTP: the routes below /api/v1/metrics, what they refuse, and that what was acknowledged stays."""
import pathlib
import shutil
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import http_api  # noqa: E402: the path is set above
from support.serving import Serving  # noqa: E402
from support.site import Site  # noqa: E402
from support.waiting import until  # noqa: E402

METRICS = "/api/v1/metrics"


def sample(value, op=None, **labels):
    return {"labels": labels, "value": value, **({"op": op} if op else {})}


class HttpMetrics(unittest.TestCase):
    def setUp(self):
        self.site = Site(self)
        self.configure()

    def configure(self, more=""):
        self.site.config.write_text("web: {listen: 'localhost:0'}\n" + more, encoding="utf-8")

    def serve(self):
        service = Serving(self.site)
        self.addCleanup(service.kill)
        return service

    def expect(self, status, *request, **options):
        answer = http_api.call(self.service, *request, **options)
        self.assertEqual(answer.status, status, f"{request}: {answer.text}")
        return answer

    def put(self, name, status=201, **definition):
        return self.expect(status, "PUT", f"{METRICS}/{name}", definition)

    def change(self, name, *samples, status=200):
        return self.expect(status, "POST", f"{METRICS}/{name}/samples", {"samples": samples})

    def samples(self, name):
        return self.expect(200, "GET", f"{METRICS}/{name}").json["samples"]


class EveryType(HttpMetrics):
    def setUp(self):
        super().setUp()
        self.service = self.serve()

    def test_counter(self):
        self.put("jobs", type="counter", help="Jobs", labels=["queue"])
        self.assertEqual(self.change("jobs", sample(2, queue="a"), sample(3, queue="a"), sample(1)).json, {"applied": 3})
        found = {one["labels"]["queue"]: one["value"] for one in self.samples("jobs")}
        self.assertEqual(found, {"a": 5, "": 1})
        page = self.service.page().family("jobs_total")
        self.assertEqual(page, {(("queue", "a"),): 5, (("queue", ""),): 1})
        for bad in (-1, "NaN", "+Inf"):
            self.change("jobs", sample(bad, queue="a"), status=400)
        self.change("jobs", sample(1, op="set", queue="a"), status=400)

    def test_gauge(self):
        self.put("depth", type="gauge")
        self.assertEqual(self.samples("depth"), [{"labels": {}, "value": 0}])
        self.change("depth", sample(5), sample(-7.5, op="add"))
        self.assertEqual(self.samples("depth")[0]["value"], -2.5)
        for text in ("NaN", "+Inf", "-Inf"):
            self.change("depth", sample(text))
            self.assertEqual(self.samples("depth")[0]["value"], text)

    def test_info_and_stateset(self):
        self.put("build", type="info")
        self.change("build", sample({"version": "1.0.3"}))
        self.assertEqual(self.samples("build")[0]["value"], {"version": "1.0.3"})
        self.put("mode", type="stateset", states=["off", "on"])
        self.assertEqual(self.samples("mode")[0]["value"], "off")
        self.change("mode", sample("on"))
        self.assertEqual(self.service.page().family("mode"), {(("mode", "off"),): 0, (("mode", "on"),): 1})
        self.change("mode", sample("broken"), status=400)

    def test_histogram_and_summary(self):
        self.put("wait_seconds", type="histogram", unit="seconds", buckets=[1, 2])
        self.change("wait_seconds", sample(0.5), sample(1), sample(5))
        self.assertEqual(self.samples("wait_seconds")[0]["value"],
                         {"count": 3, "sum": 6.5, "buckets": {"1": 2, "2": 2, "+Inf": 3}})
        self.put("took_seconds", type="summary", quantiles={"0.5": 0.01})
        self.change("took_seconds", *(sample(number) for number in range(101)))
        value = self.samples("took_seconds")[0]["value"]
        self.assertEqual((value["count"], value["sum"]), (101, 5050))
        self.assertLess(abs(value["quantiles"]["0.5"] - 50), 3)

    def test_page_is_what_promtool_takes(self):
        for name, kind in (("a", "counter"), ("b", "gauge"), ("c_seconds", "histogram"), ("d_seconds", "summary")):
            self.put(name, type=kind, help='Help "of" \\ it\n', labels=["l"])
            self.change(name, sample(1, l='x"\\\n\u00e9'))
        if shutil.which("promtool") is None:
            self.skipTest("promtool is not installed")
        page = self.service.get("/metrics")[1]
        checked = subprocess.run(["promtool", "check", "metrics"], input=page, text=True, capture_output=True, check=False)
        self.assertEqual((checked.returncode, checked.stderr), (0, ""), checked.stdout)


class Refusals(HttpMetrics):
    def setUp(self):
        super().setUp()
        self.configure("http_metrics: {max_series: 100, max_series_per_metric: 5, help_bytes: 100}\n")
        self.service = self.serve()

    def test_a_batch_is_done_as_a_whole_or_not_at_all(self):
        self.put("g", type="gauge", labels=["l"])
        problem = self.change("g", sample(1, l="a"), sample(2, other="b"), status=400)
        self.assertEqual(problem.headers["content-type"], "application/problem+json")
        self.assertEqual(self.samples("g"), [])
        self.change("g", *(sample(1, l=str(number)) for number in range(6)), status=429)
        self.assertEqual(self.samples("g"), [])

    def test_a_definition_is_kept(self):
        self.put("g", type="gauge", help="x")
        self.put("g", 200, type="gauge", help="x")
        self.put("g", 409, type="gauge", help="y")
        self.put("g_total", type="gauge")
        self.put("g", 409, type="counter")
        for own in ("promtally_build_info", "process_cpu_seconds", "promtally_http_requests"):
            self.put(own, 409, type="gauge")

    def test_what_cannot_be_understood_is_400_with_its_place(self):
        for definition, place in (({}, "type"), ({"type": "gague"}, "type"), ({"type": "gauge", "label": []}, "label"),
                                  ({"type": "gauge", "labels": "a"}, "labels"), ({"type": "gauge", "labels": [1]}, "labels[0]"),
                                  ({"type": "gauge", "ttl": "never"}, "ttl"), ({"type": "gauge", "help": "h" * 101}, "help"),
                                  ({"type": "stateset"}, "state"), ({"type": "histogram", "buckets": [2, 1]}, "bucket"),
                                  ({"type": "summary", "quantiles": {"two": 1}}, "quantiles.two")):
            self.assertIn(place, self.put("x", 400, **definition).json["detail"], definition)
        self.put("x", type="gauge")
        for samples, place in (({}, "samples"), ({"samples": [1]}, "samples[0]"),
                               ({"samples": [{"value": 1}, {"value": "1"}]}, "samples[1].value"),
                               ({"samples": [{"value": 1, "op": "inc"}]}, "samples[0].op"),
                               ({"samples": [{"value": 1, "labels": {"a": 1}}]}, "samples[0].labels.a")):
            answer = self.expect(400, "POST", f"{METRICS}/x/samples", samples)
            self.assertIn(place, answer.json["detail"], samples)
        for text in ("{", "[]", '{"samples":[' + "[" * 100, '{"samples":[{"value":1e999}]}'):
            self.expect(400, "POST", f"{METRICS}/x/samples", text)

    def test_wrong_kinds_of_requests(self):
        self.expect(404, "GET", f"{METRICS}/none")
        self.expect(404, "DELETE", f"{METRICS}/none")
        self.expect(404, "POST", f"{METRICS}/none/samples", {"samples": []})
        self.expect(415, "PUT", f"{METRICS}/x", "{}", headers={"Content-Type": "text/plain"})
        self.assertEqual(self.expect(405, "POST", f"{METRICS}/x", {}).headers["allow"], "GET, HEAD, PUT, DELETE")
        for path in (METRICS + "?limit=0", METRICS + "?limit=10001", METRICS + "?limt=1", METRICS + "?type=metric",
                     METRICS + "?limit=1&limit=2", METRICS + "?prefix=%FF"):
            self.expect(400, "GET", path)
        self.expect(403, "PUT", f"{METRICS}/x", {"type": "gauge"}, headers={"Origin": "http://evil.example"})
        self.expect(413, "PUT", f"{METRICS}/x", " " * (1 << 20) + "{}")


class Lists(HttpMetrics):
    def setUp(self):
        super().setUp()
        self.service = self.serve()

    def test_pages_have_everything_once(self):
        names = [f"m_{number:03}" for number in range(25)] + ["n_1"]
        for name in names:
            self.put(name, type="gauge", labels=["l"])
        listed = http_api.pages(self.service, METRICS, "metrics", limit=7)
        self.assertEqual([metric["name"] for metric in listed], names)
        self.assertEqual([metric["name"] for metric in http_api.pages(self.service, METRICS, "metrics", prefix="n_")], ["n_1"])
        self.assertEqual(http_api.pages(self.service, METRICS, "metrics", type="counter"), [])
        self.change("m_000", *(sample(number, l=str(number)) for number in range(20)))
        values = [one["value"] for one in http_api.pages(self.service, f"{METRICS}/m_000", "samples", limit=6)]
        self.assertEqual(sorted(values), list(range(20)))

    def test_series_and_metrics_are_removed(self):
        self.put("g", type="gauge", labels=["a", "b"])
        self.change("g", sample(1, a="x", b="y"), sample(2, a="x"))
        self.expect(204, "DELETE", f"{METRICS}/g/series" + http_api.query(labels='{"a": "x", "b": "y"}'))
        self.expect(404, "DELETE", f"{METRICS}/g/series" + http_api.query(labels='{"a": "x", "b": "y"}'))
        self.expect(400, "DELETE", f"{METRICS}/g/series")
        self.assertEqual([one["value"] for one in self.samples("g")], [2])
        self.expect(204, "DELETE", f"{METRICS}/g")
        self.expect(404, "GET", f"{METRICS}/g")
        self.put("g", type="counter")

    def test_names_of_utf_8_are_percent_encoded(self):
        self.put("a%2Fb%20%C3%A9", type="gauge", labels=["x.y"])
        self.change("a%2Fb%20%C3%A9", sample(1, **{"x.y": "z"}))
        self.assertEqual(self.expect(200, "GET", f"{METRICS}/a%2Fb%20%C3%A9").json["name"], "a/b \u00e9")

    def test_a_series_goes_when_its_time_is_over(self):
        self.put("g", type="gauge", labels=["l"], ttl="1s")
        self.change("g", sample(1, l="a"))
        self.assertEqual(len(self.samples("g")), 1)
        until(lambda: not self.samples("g"), "the end of the series")


class Restarts(HttpMetrics):
    def fill(self):
        self.put("c", type="counter", labels=["l"])
        self.put("h", type="histogram", buckets=[1])
        self.change("c", sample(41.5, l="a"))
        self.change("h", sample(0.5))
        self.expect(200, "POST", "/create_metric", {"metric_type": 2, "metric_name": "g", "value": 7})

    def test_counters_go_on_after_kill_9(self):
        for sync in ("1s", "0s"):
            self.site = Site(self)
            self.configure(f"http_metrics: {{sync: {sync}}}\n")
            self.service = self.serve()
            self.fill()
            created = self.samples("c")[0]["created"]
            self.service.kill()
            self.service = self.serve()
            self.change("c", sample(1, l="a"))
            self.assertEqual(self.samples("c"), [{"labels": {"l": "a"}, "value": 42.5, "created": created}])
            self.assertEqual(self.samples("h")[0]["value"]["count"], 1)
            self.assertEqual(self.samples("g")[0]["value"], 7)
            self.assertEqual(self.service.terminate(), 0)

    def test_nothing_acknowledged_is_lost_while_many_write(self):
        self.service = self.serve()
        self.put("c", type="counter", labels=["l"])
        acknowledged = [0] * 4

        def write(number):
            try:
                while True:
                    answer = http_api.call(self.service, "POST", f"{METRICS}/c/samples",
                                           {"samples": [sample(1, l=str(number))]})
                    if answer.status != 200:
                        return
                    acknowledged[number] += 1
            except OSError:
                return

        writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
        for writer in writers:
            writer.start()
        until(lambda: min(acknowledged) > 50, "some changes")
        self.service.kill()
        for writer in writers:
            writer.join()
        self.service = self.serve()
        found = {int(one["labels"]["l"]): one["value"] for one in self.samples("c")}
        for number, count in enumerate(acknowledged):
            self.assertIn(found[number], (count, count + 1), "one more may have been written and not answered")

    def test_a_damaged_journal_is_not_taken_for_a_whole_one(self):
        self.service = self.serve()
        self.fill()
        self.assertEqual(self.service.terminate(), 0)
        journal = pathlib.Path(str(self.site.ledger) + ".metrics")
        data = bytearray(journal.read_bytes())
        data[60] ^= 1
        journal.write_bytes(data)
        with self.assertRaisesRegex(RuntimeError, "metrics.*byte|byte.*"):
            Serving(self.site)


if __name__ == "__main__":
    unittest.main()
