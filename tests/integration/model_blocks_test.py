# SPDX-License-Identifier: Apache-2.0
"""`model:` blocks of metrics.yml: predictions from committed usage, made once, kept apart from what was measured."""
import http.server
import json
import pathlib
import signal
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import prometheus_server, promtally_cli  # noqa: E402: the path is set above
from support.serving import Serving  # noqa: E402
from support.site import Site, rfc3339, unix  # noqa: E402
from support.waiting import until  # noqa: E402

FIRST = unix("2025-06-01T00:00:00Z")
HOURS = 30
END = FIRST + HOURS * 3600


def p1(hour):
    return 10 + hour % 24


def p2(hour):
    """Steady, but for the last hour."""
    return 90 if hour == HOURS - 1 else 5 + hour % 3


def history():
    lines = ["# TYPE volume_gib gauge"]
    for project, value in (("p1", p1), ("p2", p2)):
        for hour in range(HOURS):
            lines.append(f'volume_gib{{project_id="{project}",tier="hot"}} {value(hour)} {FIRST + hour * 3600 + 1800}')
    return "\n".join(lines) + "\n# EOF\n"


NEXT_DAY = ("{name: volume_next_day, model: daily, steps_back: 24, horizon: 24, combine: sum, every: 6h, "
            "help: 'What a project will use in the next 24 hours, GiB times hours.'}")
SCORE = "{name: volume_score, score: mad, steps_back: 13}"
LEVEL = ("{name: volume_level, score: mad, steps_back: 13, type: enum, states: [usual, odd, alarming], "
         "thresholds: [3, 10]}")
INFO = "{name: volume_note, score: mad, steps_back: 13, type: info, maximum: 40}"


class SlowModel(http.server.ThreadingHTTPServer):
    """A model server that answers when it may."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), SlowHandler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.asked, self.may_answer = threading.Event(), threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.may_answer.set()
        self.shutdown()
        self.server_close()


class SlowHandler(http.server.BaseHTTPRequestHandler):
    def send(self, body):
        try:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())
        except OSError:
            pass  # the client was ended

    def do_GET(self):
        self.send({"name": "m", "ready": True})

    def do_POST(self):
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["instances"]
        self.server.asked.set()
        self.server.may_answer.wait(60)
        self.send({"predictions": [row[-1] for row in rows]})

    def log_message(self, *_arguments):
        pass


@unittest.skipUnless(prometheus_server.is_available(), "prometheus is not installed")
class ModelBlocks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.server = prometheus_server.PrometheusServer(data=history())
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)

    def site(self, *blocks, more=""):
        site = Site(self)
        self.write_blocks(site, *blocks)
        site.write_settings(self.server.url, f"scope_key: project_id, start: '{rfc3339(FIRST)}'{more}")
        return site

    def write_blocks(self, site, *blocks):
        site.write_metrics(f"volume_gib: {{unit: GiB, alt_name: volume, groupby: [tier], model: [{', '.join(blocks)}]}}")

    def train(self, site, name="daily"):
        csv = site.folder / "history.csv"
        csv.write_text("value\n" + "".join(f"{p1(hour)}\n" for hour in range(72)), encoding="utf-8")
        outcome = promtally_cli.run("models", "train", name, "--config", site.config, "--type", "seasonal_naive",
                                    "--period", "24", "--input", csv)
        self.assertEqual(outcome.returncode, 0, str(outcome))

    def collect(self, site, hours=HOURS, status=0):
        return site.run("collect", "--begin", rfc3339(FIRST), "--end", rfc3339(FIRST + hours * 3600), status=status)

    def predicted(self, site, name):
        return [line for line in site.records() if line["kind"] == "predicted" and line["name"] == name]

    def test_forecasts_the_next_day_of_each_project_once(self):
        site = self.site(NEXT_DAY)
        self.train(site)
        self.collect(site)
        lines = [line for line in self.predicted(site, "volume_next_day") if line["scope"] == "p1"]
        # The first window of 24 hours ends at the second midnight, the next one six hours later.
        self.assertEqual([line["begin"] for line in lines], ["2025-06-02T00:00:00Z", "2025-06-02T06:00:00Z"])
        self.assertEqual(lines[0]["end"], "2025-06-03T00:00:00Z")
        for line in lines:
            self.assertEqual(line["quantity"], str(sum(p1(hour) for hour in range(24))))
            self.assertEqual((line["model"], line["model_version"], line["unit"]), ("daily", "1", "GiB"))
            self.assertEqual(line["groupby"], {"project_id": "p1", "tier": "hot"})
            self.assertEqual(len(line["input_digest"]), 64)
            self.assertEqual(line["input_end"], line["begin"])
        before = site.records()
        self.train(site)  # another version does not change what was predicted
        self.collect(site)
        self.assertEqual(site.records(), before)
        self.assertEqual(site.run("verify").returncode, 0)

    def test_no_total_mixes_both_kinds(self):
        site = self.site(NEXT_DAY)
        self.train(site)
        self.collect(site)
        totals = {line["name"]: line for line in site.run("usage").lines}
        self.assertEqual(totals["volume"]["kind"], "measured")
        self.assertEqual(totals["volume"]["quantity"],
                         str(sum(p1(hour) + p2(hour) for hour in range(HOURS))))
        self.assertEqual(totals["volume_next_day"]["kind"], "predicted")
        self.assertEqual(set(site.spec_lines()), {"volume"})

    def test_scores_each_record(self):
        site = self.site(SCORE)
        self.collect(site)
        scores = {(line["scope"], line["begin"]): float(line["quantity"]) for line in self.predicted(site, "volume_score")}
        last = rfc3339(END - 3600)
        self.assertGreater(scores["p2", last], 30)
        self.assertLess(abs(scores["p1", last]), 3)
        self.assertEqual({line["unit"] for line in self.predicted(site, "volume_score")}, {"1"})
        self.assertEqual(len(scores), 2 * (HOURS - 12))

    def test_exports_each_type(self):
        site = self.site(NEXT_DAY, SCORE, LEVEL, INFO)
        self.train(site)
        self.collect(site)
        with Serving(site) as service:
            until(lambda: "volume_next_day" in service.get("/metrics")[1], "the page")
            page = service.get("/metrics")[1]
        labels = 'project_id="{}",promtally_job="default",tier="hot"'
        self.assertIn("# HELP promtally_usage_volume_next_day What a project will use in the next 24 hours", page)
        self.assertIn("promtally_usage_volume_next_day{" + labels.format("p1") + "} 516\n", page)
        self.assertIn("promtally_usage_volume_level{" + labels.format("p2") +
                      ',promtally_usage_volume_level="alarming"} 1\n', page)
        self.assertIn("promtally_usage_volume_level{" + labels.format("p2") +
                      ',promtally_usage_volume_level="usual"} 0\n', page)
        self.assertIn("promtally_usage_volume_level{" + labels.format("p1") +
                      ',promtally_usage_volume_level="usual"} 1\n', page)
        self.assertIn("promtally_usage_volume_note_info{" + labels.format("p2") + ',prediction="40"} 1\n', page)

    def test_a_missing_model_is_said_and_held_until_it_is_there(self):
        held = NEXT_DAY.replace("every: 6h", "every: 6h, on_error: hold")
        site = self.site(held)
        outcome = self.collect(site)
        self.assertIn('no model is named "daily"', outcome.stderr)
        self.assertEqual(self.predicted(site, "volume_next_day"), [])
        self.train(site)
        until(lambda: self.collect(site) and len(self.predicted(site, "volume_next_day")) == 4, "the predictions", 60)

    def test_a_prediction_that_an_end_cuts_short_is_made_later(self):
        model = SlowModel()
        self.addCleanup(model.close)
        site = self.site("{name: volume_remote, model: slow, steps_back: 24}")
        site.config.write_text(site.config.read_text(encoding="utf-8") + "models: {remote: [{name: slow, type: kserve_v1, "
                               f"model: m, url: '{model.url}', timeout: 60s}}]}}\n", encoding="utf-8")
        collect = promtally_cli.start("collect", "--config", site.config, "--begin", rfc3339(FIRST), "--end", rfc3339(END))
        self.assertTrue(model.asked.wait(60))
        collect.send_signal(signal.SIGTERM)
        collect.communicate(timeout=30)
        self.assertEqual(self.predicted(site, "volume_remote"), [])
        model.may_answer.set()
        self.collect(site)
        self.assertEqual(len(self.predicted(site, "volume_remote")), 2 * (HOURS - 23))

    def test_a_failed_prediction_is_left_out_where_that_is_asked_for(self):
        site = self.site(NEXT_DAY)
        self.assertIn("volume_next_day", self.collect(site).stderr)
        self.train(site)
        self.collect(site)
        self.assertEqual(self.predicted(site, "volume_next_day"), [])

    def test_gaps_are_never_silent_zeros(self):
        site = self.site(NEXT_DAY, NEXT_DAY.replace("volume_next_day", "with_zeros").replace("combine", "missing: zero, combine"))
        self.train(site)
        self.collect(site)
        # Before the second midnight there are no 24 hours of usage: only the block that says so takes none for zero.
        self.assertEqual({line["begin"] for line in self.predicted(site, "volume_next_day")},
                         {"2025-06-02T00:00:00Z", "2025-06-02T06:00:00Z"})
        self.assertEqual({line["begin"] for line in self.predicted(site, "with_zeros")},
                         {"2025-06-01T06:00:00Z", "2025-06-01T12:00:00Z", "2025-06-01T18:00:00Z",
                          "2025-06-02T00:00:00Z", "2025-06-02T06:00:00Z"})

    def test_a_changed_or_removed_block_keeps_what_was_predicted(self):
        site = self.site(SCORE)
        self.collect(site, 20)
        before = self.predicted(site, "volume_score")
        self.assertGreater(len(before), 0)
        self.write_blocks(site, LEVEL)
        self.collect(site)
        self.assertEqual(self.predicted(site, "volume_score"), before)
        self.assertGreater(len(self.predicted(site, "volume_level")), 0)

    def test_a_preview_shows_window_and_prediction_and_writes_nothing(self):
        site = self.site(NEXT_DAY.replace("every: 6h, ", ""), SCORE)
        self.train(site)
        outcome = site.run("query", "--execute", "--begin", rfc3339(END - 3600), "--end", rfc3339(END))
        lines = {(line["name"], line["scope"]): line for line in outcome.lines}
        measured, forecast, score = (lines[name, "p1"] for name in ("volume", "volume_next_day", "volume_score"))
        self.assertEqual(measured["quantity"], str(p1(HOURS - 1)))
        self.assertEqual(forecast["window"], [str(p1(hour)) for hour in range(HOURS - 24, HOURS)])
        self.assertEqual((forecast["prediction"], forecast["kind"]), ("516", "predicted"))
        self.assertEqual((forecast["begin"], forecast["end"]), (rfc3339(END), rfc3339(END + 86400)))
        self.assertEqual(len(score["window"]), 13)
        self.assertFalse(site.ledger.exists())
        early = site.run("query", "--execute", "--begin", rfc3339(FIRST), "--end", rfc3339(FIRST + 3600)).lines
        refused = [line for line in early if line["name"] == "volume_next_day"]
        self.assertEqual({line["prediction"] for line in refused}, {None})
        self.assertIn("23 of 24 periods have no record", refused[0]["reason"])

    RANGE = ("{name: volume_by_range, score: mad, steps_back: 6, type: info, input: {step: 20m, aggregation_method: avg}}")

    def test_a_range_query_of_the_same_builder_makes_the_windows(self):
        site = self.site(self.RANGE)
        outcome = site.run("query", "--execute", "--begin", rfc3339(END - 3600), "--end", rfc3339(END))
        line = next(line for line in outcome.lines if (line["name"], line["scope"]) == ("volume_by_range", "p1"))
        # Samples lie at half past: of three steps of an hour one has a value, and what is missing is a gap.
        self.assertEqual(line["window"], [None, str(p1(HOURS - 2)), None, None, str(p1(HOURS - 1)), None])
        self.assertIsNone(line["prediction"])
        self.assertIn("4 of 6 steps have no sample", line["reason"])
        self.assertIn("avg(avg_over_time(volume_gib{}[1200s])) by (tier, project_id)", outcome.stderr)
        self.assertFalse(site.ledger.exists())

    def test_a_query_of_ones_own_is_predicted_once_and_kept_apart(self):
        query = "sum by (project_id, tier) (last_over_time(volume_gib[1h]))"
        site = self.site("{name: volume_ahead, model: daily, steps_back: 24, horizon: 3, "
                         f"input: {{step: 1h, query: '{query}'}}}}")
        self.train(site)
        self.collect(site)
        lines = [line for line in self.predicted(site, "volume_ahead") if line["scope"] == "p1"]
        self.assertEqual(len(lines), HOURS - 23)
        first = lines[0]
        # The window ends with the period, the value speaks of the step that ends three steps later.
        self.assertEqual((first["input_end"], first["begin"], first["end"]),
                         (rfc3339(FIRST + 86400), rfc3339(FIRST + 86400 + 2 * 3600), rfc3339(FIRST + 86400 + 3 * 3600)))
        self.assertEqual(first["quantity"], str(p1(2)))
        self.assertEqual(first["groupby"], {"project_id": "p1", "tier": "hot"})
        evidence = [line for line in site.run("usage", "--records", "--evidence").lines if line["name"] == "volume_ahead"]
        self.assertIn(f"24 steps of 3600s back, 3 ahead: {query}", evidence[0]["evidence"]["query"])
        before = site.records()
        self.train(site)  # neither another version of the model nor another look at the server changes it
        self.collect(site)
        self.assertEqual(site.records(), before)
        self.assertEqual(site.run("verify").returncode, 0)
        self.assertEqual({line["kind"] for line in site.run("usage").lines if line["name"] == "volume_ahead"}, {"predicted"})

    def test_an_input_that_cannot_be_taken_is_an_error_of_the_prediction_alone(self):
        for query, message in (("no_such_metric", "gives no series"),
                               ("last_over_time(volume_gib[1h]) or label_replace(last_over_time(volume_gib[1h]), 'x', 'y', '', '')", "two series with the labels")):
            with self.subTest(query=query):
                site = self.site(f'{{name: odd, score: mad, steps_back: 3, input: {{step: 1h, query: "{query}"}}}}')
                outcome = self.collect(site)
                self.assertIn(message, outcome.stderr)
                self.assertEqual(self.predicted(site, "odd"), [])
                self.assertEqual(len([line for line in site.records() if line["kind"] == "measured"]), 2 * HOURS)

    def test_what_is_wrong_with_an_input_has_its_place(self):
        site = Site(self)
        cases = (("{}", "no step"), ("prices", "usage"), ("{step: 0s}", "whole seconds"),
                 ("{step: 1m, query: 'sum by ('}", "no PromQL: line 1, column"),
                 ("{step: 1m, query: '1'}", "of the type scalar"),
                 ("{step: 1m, query: 'x[5m]'}", "of the type matrix"),
                 ("{step: 1m, query: x, metric: y}", "has a query and"),
                 ("{step: 1m, metric: 'a-b'}", "must be a metric name"),
                 ("{step: 1m, range_function: integral}", "a range query cannot have"),
                 ("{step: 1m, steps: 3}", 'did you mean "step"'))
        for value, message in cases:
            with self.subTest(input=value):
                site.write_metrics(f"volume_gib: {{unit: GiB, model: {{score: mad, input: {value}}}}}")
                outcome = promtally_cli.run("check", site.folder / "metrics.yml")
                self.assertEqual(outcome.returncode, 3, str(outcome))
                self.assertIn(message, outcome.stderr)
                self.assertRegex(outcome.stderr, r"metrics\.yml:2:\d+: error")
        site.write_metrics("volume_gib: {unit: GiB, groupby: [tier], model: {score: mad, input: {step: 1m, query: 'topk(1, x)'}}}")
        site.write_settings("http://localhost:9", "scope_key: project_id")
        outcome = promtally_cli.run("check", site.config, site.folder / "metrics.yml")
        self.assertIn("may be made of another's series", outcome.stderr)

    def test_what_is_wrong_has_its_place(self):
        site = Site(self)
        cases = (("{name: a}", "neither a model nor a score"), ("{score: mad, model: a}", "a model and a score"),
                 ("{score: mad, horizon: 2}", "speaks of the newest period"),
                 ("{model: ../a}", "must name a model"), ("{model: a, type: enum}", "at least two states"),
                 ("{model: a, type: enum, states: [x, y], thresholds: [1, 2]}", "2 states and 2 thresholds"),
                 ("{model: a, name: volume}", "is used at"), ("[]", "has no model"),
                 ("{model: a, horizon: 3, combine: sum, interval: true}", "no model gives"),
                 ("{model: a, minimum: 2, maximum: 1}", "maximum below its minimum"),
                 ("{model: a, steps_bck: 2}", 'did you mean "steps_back"'))
        for block, message in cases:
            with self.subTest(block=block):
                site.write_metrics(f"volume_gib: {{unit: GiB, alt_name: volume, model: {block}}}")
                outcome = promtally_cli.run("check", site.folder / "metrics.yml")
                self.assertEqual(outcome.returncode, 3, str(outcome))
                self.assertIn(message, outcome.stderr)
                self.assertRegex(outcome.stderr, r"metrics\.yml:2:\d+: error")


if __name__ == "__main__":
    unittest.main()
