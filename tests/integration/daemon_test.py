# SPDX-License-Identifier: Apache-2.0
"""`promtally serve` as operators of Prometheus' servers know it: flags, endpoints, its own metrics, its log, its end."""
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import promtally_cli  # noqa: E402: the path is set above
from support.fake_prometheus import FakePrometheus, by_metric  # noqa: E402
from support.serving import Serving  # noqa: E402
from support.workspace import Workspace  # noqa: E402

SIGNALS = int(os.environ.get("PROMTALLY_SIGNALS", "8"))
LOGFMT = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|[^\s"=]*)(?: |$)')


def request(url, path, method="GET", **headers):
    asked = urllib.request.Request(url + path, method=method, headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, dict(refused.headers), refused.read().decode()


def read_logfmt(line):
    fields, end = {}, 0
    for match in LOGFMT.finditer(line.rstrip("\n")):
        assert match.start() == end, line
        end = match.end()
        value = match.group(2)
        fields[match.group(1)] = json.loads(value) if value.startswith('"') else value
    assert end == len(line.rstrip("\n")), line
    return fields


class Daemon(unittest.TestCase):
    def setUp(self):
        self.server = FakePrometheus(by_metric({"a": [({"project_id": "p1"}, "5")]})).__enter__()
        self.addCleanup(self.server.__exit__, None, None, None)
        self.work = Workspace(self, self.server.url, ["a"], source={"basic_auth": {"username": "u", "password": "canary-1"}})

    def serve(self, *arguments):
        service = Serving(self.work, "127.0.0.1:0", *arguments)
        self.addCleanup(service.kill)
        deadline = time.monotonic() + 30
        while not any("ready to receive web requests" in line for line in service.log):
            self.assertLess(time.monotonic(), deadline, "".join(service.log))
            time.sleep(0.02)
        return service


class Endpoints(Daemon):
    def test_answers_as_prometheus_servers_do(self):
        service = self.serve()
        self.assertEqual(request(service.url, "/-/healthy")[::2], (200, "promtally is Healthy.\n"))
        self.assertEqual(request(service.url, "/-/ready")[::2], (200, "promtally is Ready.\n"))
        for path in ("/", "/metrics", "/-/healthy", "/-/ready", "/api/v1/status/flags"):
            status, headers, body = request(service.url, path, "HEAD")
            self.assertEqual((status, body), (200, ""), path)
            self.assertGreater(int(headers["Content-Length"]), 0)
            status, headers, _body = request(service.url, path, "DELETE")
            self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD"), path)
        self.assertEqual(request(service.url, "/nope")[0], 404)

    def test_status_is_in_prometheus_envelope_and_holds_no_secret(self):
        service = self.serve()
        data = {}
        for name in ("config", "flags", "buildinfo", "runtimeinfo"):
            status, headers, body = request(service.url, f"/api/v1/status/{name}")
            self.assertEqual((status, headers["Content-Type"]), (200, "application/json"))
            envelope = json.loads(body)
            self.assertEqual(envelope["status"], "success")
            data[name] = envelope["data"]
            self.assertNotIn("canary", body)
        self.assertIn("password: <secret>", data["config"]["yaml"])
        self.assertEqual(data["flags"]["web.max-requests"], "40")
        self.assertEqual(data["buildinfo"]["version"], "0.1.0")
        self.assertTrue(data["runtimeinfo"]["reloadConfigSuccess"])

    def test_every_flag_of_serve_is_in_the_status_and_in_the_documentation(self):
        service = self.serve()
        flags = json.loads(request(service.url, "/api/v1/status/flags")[2])["data"]
        text = promtally_cli.run("serve", "--help").stdout
        offered = {name for name in re.findall(r"--([a-z][\w.-]*)", text) if not name.startswith("no-")}
        offered -= {"help", "config", "config.check", "ledger"}  # other spellings, and what ends at once
        self.assertEqual(offered, set(flags))
        documentation = (promtally_cli.ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
        for name in offered:
            self.assertIn(f"`--{name}", documentation)

    def test_a_route_prefix_holds_for_every_path(self):
        service = self.serve("--web.external-url", "https://metering.example/promtally/")
        self.assertEqual(request(service.url, "/promtally/-/healthy")[0], 200)
        self.assertEqual(request(service.url, "/-/healthy")[0], 404)
        self.assertIn('href="/promtally/metrics"', request(service.url, "/promtally/")[2])
        self.assertEqual(request(service.url, "/promtally/-/ready", Host="metering.example")[0], 200)
        self.assertEqual(request(service.url, "/promtally/-/ready", Host="evil.example")[0], 403)

    def test_exporter_metrics_can_be_left_out(self):
        page = self.serve("--web.disable-exporter-metrics").page().text
        self.assertNotRegex(page, "(?m)^(process_|promhttp_|promtally_http_)")
        self.assertIn("promtally_build_info", page)

    def test_listens_on_each_address_that_is_named(self):
        service = self.serve("--web.listen-address", "[::1]:0") if socket.has_ipv6 else self.serve()
        listening = [line for line in service.log if "Listening" in line]
        self.assertGreaterEqual(len(listening), 1)

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not installed")
    def test_the_page_passes_promtool(self):
        page = self.serve().page().text
        checked = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, encoding="utf-8",
                                 check=False)
        own = [line for line in (checked.stdout + checked.stderr).splitlines() if not line.startswith("promtally_usage_")]
        self.assertEqual(own, [], checked.stderr)


class Flags(Daemon):
    def test_config_check_starts_nothing(self):
        outcome = promtally_cli.run("serve", "--config.file", self.work.config, "--config.check")
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertFalse(self.work.ledger.exists())
        self.work.write_metrics({"a": {"unit": ""}})
        self.assertEqual(promtally_cli.run("serve", "--config", self.work.config, "--config.check").returncode, 3)

    def test_the_version_has_the_form_of_prometheus(self):
        outcome = promtally_cli.run("--version")
        self.assertEqual(outcome.returncode, 0)
        self.assertRegex(outcome.stdout, r"^promtally, version \d+\.\d+\.\d+ \(branch: .*, revision: .*\)\n"
                                         r"(  [a-z ]+: +.*\n)+$")

    def test_health_asks_a_running_service(self):
        service = self.serve()
        self.assertEqual(promtally_cli.run("health", "--url", service.url).returncode, 0)
        service.terminate()
        outcome = promtally_cli.run("health", "--url", service.url)
        self.assertEqual(outcome.returncode, 1)
        self.assertIn("/-/healthy", outcome.stderr)

    def test_a_socket_that_a_service_manager_opened_is_taken_over(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        # The shell becomes the program, so that LISTEN_PID is its own process.
        command = (f'exec 3<&{listener.fileno()}; export LISTEN_FDS=1 LISTEN_PID=$$; exec "{promtally_cli.binary()}" serve '
                   f'--web.systemd-socket --config "{self.work.config}"')
        process = subprocess.Popen(["bash", "-c", command], pass_fds=[listener.fileno()], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8",
                                   env=promtally_cli.environment())
        self.addCleanup(process.stderr.close)
        try:
            for line in process.stderr:
                if "ready to receive web requests" in line:
                    break
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            self.assertEqual(request(url, "/-/healthy")[0], 200)
        finally:
            process.terminate()
            self.assertEqual(process.wait(10), 0)
        refused = promtally_cli.run("serve", "--web.systemd-socket", "--config", self.work.config)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("systemd handed no socket over", refused.stderr)


class Log(Daemon):
    def test_every_line_reads_back(self):
        for log_format in ("logfmt", "json"):
            service = self.serve("--log.format", log_format, "--log.level", "debug")
            service.terminate()
            begun = next(i for i, line in enumerate(service.log) if "Starting promtally" in line)
            events = [json.loads(line) if log_format == "json" else read_logfmt(line) for line in service.log[begun:]]
            self.assertEqual(list(events[0])[:4], ["ts", "caller", "level", "msg"])
            self.assertEqual(events[0]["msg"], "Starting promtally")
            self.assertEqual(events[1]["msg"], "Build context")
            for event in events:
                self.assertRegex(event["ts"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
                self.assertRegex(event["caller"], r"^\w+\.cc:\d+$")
                self.assertIn(event["level"], ("debug", "info", "warn", "error"))
                self.assertTrue("err" not in event or list(event)[-1] == "err", event)
            self.assertNotIn("canary", "".join(service.log))


class End(Daemon):
    def test_a_signal_at_any_time_leaves_a_sound_ledger(self):
        start = int(os.environ.get("PROMTALLY_SEED", str(random.randrange(2**32))))
        print("start number", start)
        chance = random.Random(start)
        for number in range(SIGNALS):
            service = Serving(self.work, "127.0.0.1:0")
            time.sleep(chance.random() * 0.3)  # the moment is what is tested
            self.assertEqual(service.terminate(5), 0, f"number {number}: " + "".join(service.log))
            service.kill()
            self.work.verify()

    def test_a_second_signal_ends_at_once(self):
        service = self.serve()
        with socket.create_connection(("127.0.0.1", int(service.address.rsplit(":", 1)[1]))) as slow:
            slow.sendall(b"POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12")
            service.signal(signal.SIGTERM)
            deadline = time.monotonic() + 10
            while not any("exiting gracefully" in line for line in service.log):
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            service.signal(signal.SIGTERM)
            self.assertEqual(service.wait(2), 128 + signal.SIGTERM)
        self.work.verify()


if __name__ == "__main__":
    unittest.main()
