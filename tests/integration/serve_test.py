# SPDX-License-Identifier: Apache-2.0
"""`promtally serve` beside one real Prometheus that has live usage and scrapes the result: what is scraped is what the
ledger holds, through kill -9 and a restart."""
import decimal
import http.server
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import fake_prometheus, prometheus_server, promtally_cli  # noqa: E402: the path is set above
from support.serving import Serving  # noqa: E402
from support.site import Site, unix  # noqa: E402
from support.waiting import until  # noqa: E402

PERIOD = 5
METRICS = (
    "work_total: {unit: op, alt_name: work, groupby: [region], factor: 5, "
    "extra_args: {aggregation_method: sum, range_function: rate}}",
    "disk_gib: {unit: GiB, alt_name: disk, groupby: [region], metadata: [host]}",
    "temporary: {unit: i}",
)
COUNTER, GAUGE = "promtally_usage_work_total", "promtally_usage_work"


class Workload(http.server.ThreadingHTTPServer):
    """A target of Prometheus whose counter grows with the time; `temporary` can be switched off."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), WorkloadHandler)
        self.begun = time.monotonic()
        self.temporary = True
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def text(self):
        seconds = time.monotonic() - self.begun
        lines = ["# TYPE work_total counter"]
        for project, region, speed in (("p1", "r1", 7), ("p1", "r2", 1), ("p2", "r1", 0.5)):
            lines.append(f'work_total{{project_id="{project}",region="{region}"}} {1000 + speed * seconds:.3f}')
        lines += ["# TYPE disk_gib gauge", 'disk_gib{project_id="p1",region="r1",host="a"} 2.25',
                  'disk_gib{project_id="p1",region="r1",host="b"} 0.5']
        if self.temporary:
            lines += ["# TYPE temporary gauge", 'temporary{project_id="p1"} 1']
        return "\n".join(lines) + "\n"

    def close(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


class WorkloadHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.server.text().encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


def labels_of(record):
    return tuple(sorted(record["groupby"].items()))


@unittest.skipUnless(prometheus_server.is_available(), "Prometheus is not installed")
class Serve(unittest.TestCase):
    def setUp(self):
        workload = Workload()
        self.addCleanup(workload.close)
        self.workload = workload
        self.site = Site(self)
        self.targets = self.site.folder / "targets.json"
        self.write_targets()
        server = prometheus_server.PrometheusServer(scrape_configs=(
            "  - {job_name: workload, static_configs: [{targets: ['127.0.0.1:%d']}]}\n"
            "  - {job_name: promtally, file_sd_configs: [{files: ['%s'], refresh_interval: 1s}]}\n"
            % (workload.server_address[1], self.targets)))
        self.addCleanup(server.stop)
        self.server = server.start()
        self.site.write_metrics(*METRICS)
        self.site.write_settings(self.server.url, f"scope_key: project_id, period: {PERIOD}s, wait_periods: 1, "
                                                  "settle: 1s, empty_after: 1h")

    def write_targets(self, *addresses):
        text = ", ".join(f'"{address}"' for address in addresses)
        self.targets.write_text(f'[{{"targets": [{text}]}}]', encoding="utf-8")

    def series(self, query):
        return self.server.query(query, time.time())

    def test_what_is_scraped_is_what_the_ledger_holds(self):
        until(lambda: any(float(entry["value"][1]) >= PERIOD + 1 for entry in self.series("count_over_time(work_total[1m])")),
              "some samples of the workload")
        with Serving(self.site) as service:
            self.write_targets(service.address)
            self.assertEqual(until(lambda: service.get("/-/ready")[0] == 200, "ready"), True)
            self.assertEqual(service.get("/-/healthy")[0], 200)
            until(lambda: self.periods() >= 3, "three committed periods")
            self.check_page(service.page())
            self.check_promtool(service.get("/metrics")[1])
            self.check_second_writer(service)
            self.workload.temporary = False
            self.check_accept()
            before = service.page().family(COUNTER)
            address = service.address
            service.kill()
        self.site.run("verify")
        with Serving(self.site, address) as service:
            until(lambda: service.get("/-/ready")[0] == 200, "ready after kill -9")
            after = service.page()
            self.check_page(after)
            for labels, value in before.items():
                self.assertGreaterEqual(after.family(COUNTER)[labels], value)
            periods = self.periods()
            until(lambda: self.periods() > periods, "a period after the restart")
            self.check_scraped()
            self.assertEqual(service.terminate(5), 0)
        self.assertIn("See you next time", "".join(service.log))
        self.site.run("verify")
        checked = promtally_cli.run("ledger", "check", "--config", self.site.config)
        self.assertEqual(checked.returncode, 0, str(checked))

    def periods(self):
        return self.site.spec_lines()["work"]["committed"]

    def sums(self, name):
        """Of each label set: pairs of the end of a period and the sum of all usage up to it."""
        sums = {}
        for record in sorted((record for record in self.site.records() if record["name"] == name),
                             key=lambda record: record["end"]):
            steps = sums.setdefault(labels_of(record), [])
            before = steps[-1][1] if steps else decimal.Decimal(0)
            quantity = before + decimal.Decimal(record["quantity"])
            if steps and steps[-1][0] == unix(record["end"]):  # differs in metadata only
                steps.pop()
            steps.append((unix(record["end"]), quantity))
        return sums

    def check_page(self, page):
        """Gauges and counters of the newest period that the page has; the ledger may be further by now."""
        names = [sample for sample, _value in page.samples]
        self.assertEqual(len(names), len(set(names)), "a series stands twice")
        ends = {dict(labels)["name"]: value for (name, labels), value in page.samples
                if name == "promtally_period_end_timestamp_seconds"}
        for name, count in (("work", 3), ("disk", 1)):
            sums = self.sums(name)
            self.assertEqual(len(sums), count)
            counter = page.family(f"promtally_usage_{name}_total")
            gauge = page.family(f"promtally_usage_{name}")
            created = page.family(f"promtally_usage_{name}_created")
            self.assertEqual(set(counter), set(sums))
            for labels, steps in sums.items():
                known = [(end, quantity) for end, quantity in steps if end <= ends[name]]
                self.assertEqual(counter[labels], float(known[-1][1]), f"{name} {labels}")
                before = known[-2][1] if len(known) > 1 else decimal.Decimal(0)
                self.assertEqual(gauge[labels], float(known[-1][1] - before), f"{name} {labels}")
                self.assertEqual(created[labels], steps[0][0] - PERIOD)
        for (name, labels), _value in page.samples:
            if name.startswith("promtally_usage_"):
                self.assertEqual(dict(labels)["promtally_job"], "default")

    def check_promtool(self, text):
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))

    def check_second_writer(self, service):
        refused = promtally_cli.run("collect", "--config", self.site.config)
        self.assertEqual(refused.returncode, 1, str(refused))
        self.assertRegex(refused.stderr, rf"\b{service.pid}\b")

    def check_accept(self):
        """A spec whose series vanished stays open until somebody says that it is right so."""
        def is_open():
            return [line for line in self.site.run("status").lines
                    if line.get("state") == "open" and line.get("reason") == "suspect_empty"]

        line = until(is_open, "a suspiciously empty period")[0]
        self.assertEqual(line["name"], "temporary")
        accepted = promtally_cli.run("accept", "temporary", "--config", self.site.config, "--begin", line["begin"],
                                     "--end", line["end"])
        self.assertEqual(accepted.returncode, 0, str(accepted))
        until(lambda: line["begin"] not in {entry["begin"] for entry in is_open()}, "the accepted period is closed")
        self.assertGreaterEqual(self.site.spec_lines()["temporary"]["empty"], 1)

    def check_scraped(self):
        """Prometheus has seen sums of the ledger only, each series once, never falling, and one period's usage a step."""
        until(lambda: [entry["value"][1] for entry in self.series('up{job="promtally"}')] == ["1"], "up == 1")
        sums = self.sums("work")
        scraped = self.series(f"{COUNTER}[5m]")
        self.assertEqual(len(scraped), len(sums))
        for entry in scraped:
            labels = tuple(sorted((name, entry["metric"][name]) for name in ("project_id", "region")))
            steps = {float(quantity): end for end, quantity in sums[labels]}
            values = [float(value) for _time, value in entry["values"]]
            self.assertLessEqual(set(values), set(steps), "a value that no period had")
            self.assertEqual(values, sorted(values), "a counter fell")
            self.assertGreaterEqual(len(set(values)), 3)
            self.check_increase(entry, sums[labels])

    def check_increase(self, entry, steps):
        """increase() over a step is the usage of its period, but for the extrapolation to the window's ends."""
        usage = {float(quantity): float(quantity - before[1]) for before, (_end, quantity) in zip(steps, steps[1:])}
        samples = [(float(moment), float(value)) for moment, value in entry["values"]]
        selector = ", ".join(f'{name}="{entry["metric"][name]}"' for name in ("project_id", "region"))
        compared = 0
        for (before, low), (after, high) in zip(samples, samples[1:]):
            inside = [value for moment, value in samples if after - 2.5 < moment <= after + 2.5]
            steady = after - before < 1.5 and len(inside) == 5 and set(inside) == {low, high}
            if low == high or high not in usage or not steady:
                continue
            series = self.server.query(f"increase({COUNTER}{{{selector}}}[5s])", after + 2.5)
            found = float(series[0]["value"][1])
            self.assertGreaterEqual(found, usage[high] * 0.999)
            self.assertLessEqual(found, usage[high] * 1.4)
            compared += 1
        self.assertGreater(compared, 0, "no step was seen")


class Signals(unittest.TestCase):
    """With a source that never answers."""

    def setUp(self):
        gate = threading.Event()
        self.addCleanup(gate.set)
        hang = fake_prometheus.Answer("{}", wait_for=gate)
        server = fake_prometheus.FakePrometheus(
            lambda _query, _time: hang, {"/api/v1/status/buildinfo": fake_prometheus.success({"version": "2.42.0"})})
        self.addCleanup(server.stop)
        self.server = server.start()
        self.site = Site(self)
        self.site.write_metrics(METRICS[0])
        self.site.write_settings(self.server.url, f"scope_key: project_id, period: {PERIOD}s")

    def test_sigterm_ends_with_queries_in_flight(self):
        with Serving(self.site) as service:
            until(self.server.queries, "a query in flight")
            self.assertEqual(service.get("/-/healthy")[0], 200)
            self.assertEqual(service.terminate(5), 0)
        self.site.run("verify")

    def test_collect_ends_on_a_signal_with_queries_in_flight(self):
        process = promtally_cli.start("collect", "--config", self.site.config)
        try:
            until(self.server.queries, "a query in flight")
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=5)
            self.assertEqual(process.returncode, 1)
        finally:
            process.kill()
            process.communicate()
        self.site.run("verify")

    def test_a_second_signal_ends_at_once(self):
        with Serving(self.site) as service:
            host, port = service.address.split(":")
            with socket.create_connection((host, int(port))) as slow:
                slow.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n")  # the header never ends
                until(lambda: service.get("/-/ready")[0] == 200, "ready")
                service.signal()
                until(lambda: "gracefully" in "".join(service.log), "the first signal was seen")
                service.signal()
                begun = time.monotonic()
                self.assertEqual(service.wait(5), 128 + signal.SIGTERM)
                self.assertLess(time.monotonic() - begun, 2)
        self.site.run("verify")


if __name__ == "__main__":
    unittest.main()
