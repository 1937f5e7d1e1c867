# SPDX-License-Identifier: Apache-2.0
"""docs/http-api.md is true: its commands, run in its order, print what it shows, and its demo's queries have its answers."""
import json
import pathlib
import re
import subprocess
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from support import prometheus_server, promtally_cli  # noqa: E402: the path is set above
from support.serving import Serving  # noqa: E402
from support.site import Site  # noqa: E402
from support.waiting import until  # noqa: E402

ADDRESS = "localhost:9899"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.S | re.M)


def blocks(begin=None):
    """Pairs of language and text, from the heading `begin` on."""
    text = (ROOT / "docs" / "http-api.md").read_text(encoding="utf-8")
    return BLOCK.findall(text[text.index(begin):] if begin else text)


def expression(shown):
    """For a text in which `…` stands for whatever."""
    return ".*?".join(re.escape(part) for part in shown.split("…"))


def serve(test):
    site = Site(test)
    site.config.write_text(blocks()[0][1], encoding="utf-8")
    service = Serving(site)
    test.addCleanup(service.kill)
    until(lambda: service.get("/-/ready")[0] == 200, "ready")
    return service


def run(commands, service):
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", commands.replace(ADDRESS, service.address)], stdin=subprocess.DEVNULL,
                          capture_output=True, encoding="utf-8", timeout=120, check=False, env=promtally_cli.environment())
    if done.returncode != 0:
        raise AssertionError(f"exit status {done.returncode}: {commands}\n{done.stderr}")
    return done.stdout


class Page(unittest.TestCase):
    def test_its_commands_print_what_it_shows(self):
        service, printed, compared = serve(self), None, 0
        for language, text in blocks():
            if language == "sh":
                printed = run(text, service)
            elif language in ("json", "text"):
                for line in text.strip().split("\n"):
                    self.assertRegex(printed, expression(line))
                compared += 1
        self.assertGreaterEqual(compared, 9)

    def test_its_problems_are_complete(self):
        service = serve(self)
        printed = [run(text, service) for language, text in blocks() if language == "sh"]
        problems = [json.loads(text) for text in printed if '"about:blank"' in text]
        self.assertEqual(len(problems), 2)
        for problem in problems:
            self.assertLessEqual({"type", "title", "status", "detail"}, set(problem))


class Demo(unittest.TestCase):
    @unittest.skipUnless(prometheus_server.is_available(), "Prometheus is not installed")
    def test_its_three_steps_show_rate_and_latency(self):
        service = serve(self)
        steps = blocks("## A summary, its rate and its latency")
        feed = next(text for language, text in steps if language == "sh")
        scrape = next(text for language, text in steps if language == "yaml")
        rate, latency = [text.strip() for language, text in steps if language == "promql"]
        configs = scrape.replace("scrape_configs:\n", "").replace(ADDRESS, service.address)
        server = prometheus_server.PrometheusServer(scrape_configs=configs)
        self.addCleanup(server.stop)
        server.start()

        def values(query):
            run(feed, service)
            return [float(each["value"][1]) for each in server.query(query, time.time())]

        until(lambda: any(value > 0 for value in values(rate)), "a rate")
        self.assertEqual(len(values(rate)), 1)
        self.assertAlmostEqual(values(latency)[0], 0.2, delta=0.1)  # a scrape may fall between two observations


if __name__ == "__main__":
    unittest.main()
