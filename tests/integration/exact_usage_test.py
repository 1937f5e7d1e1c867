# SPDX-License-Identifier: Apache-2.0
"""Exact usage against a real Prometheus: every increment once, with evidence, across gaps, resets and restarts."""
import pathlib
import re
import sqlite3
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import prometheus_server  # noqa: E402: the path is set above
from support.fake_prometheus import FakePrometheus, success, vector  # noqa: E402
from support.prometheus_server import PrometheusServer  # noqa: E402
from support.workspace import BEGIN, HOUR, Workspace, hour  # noqa: E402

HOURS = 6


def counter(samples, **labels):
    """Lines of one series; samples: (seconds after BEGIN, value)."""
    text = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return [f"c_total{{{text}}} {value} {BEGIN + second}" for second, value in samples]


def steady(step=60, phase=17, per_step=5, first=0, begin=0, end=HOURS * HOUR):
    return [(second, first + per_step * i) for i, second in enumerate(range(begin + phase, end, step))]


def gauge_lines(samples, **labels):
    text = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return [f"g{{{text}}} {value} {BEGIN + second}" for second, value in samples]


def history():
    lines = ["# TYPE c counter"]
    lines += counter(steady(), project_id="steady")
    burst = [(s, 1000 if s > 2 * HOUR else 0) for s, _v in steady()]
    lines += counter(burst, project_id="burst")
    reset = steady(end=5400) + steady(begin=5400)
    lines += counter(reset, project_id="reset")
    gap = [(s, v) for s, v in steady() if not 2 * HOUR - 660 < s < 2 * HOUR + 600]
    lines += counter(gap, project_id="gap")
    lines += counter([(s, v / 10) for s, v in steady(per_step=1, first=3)], project_id="decimal")
    # Begun twice: 40 were counted before the first scrape, and 200 after a restart that no fall shows.
    young = [(4217 + 60 * i, 40 + 10 * i) for i in range(10)] + [(4817 + 60 * i, 200 + 10 * i) for i in range(10)]
    lines += [line.replace("c_total", "young_total") for line in counter(young, project_id="young")]
    lines += [f'young_created{{project_id="young"}} {BEGIN + (4190.5 if second < 4817 else 4800)} {BEGIN + second}'
              for second, _value in young]
    lines += counter([(s, 7 + i) for i, s in enumerate(range(4217, 4817, 60))], project_id="unsaid")
    lines += ["# TYPE g gauge"]
    lines += gauge_lines([(s, 2 if s < 90 * 60 else 4) for s in range(0, HOURS * HOUR, 60)], project_id="steady")
    lines.append("# EOF")
    return "\n".join(lines) + "\n"


EXACT = {"unit": "request", "evaluation": "exact", "extra_args": {"aggregation_method": "sum"}}
CEASED = {"unit": "GiB.s", "evaluation": "exact",
          "extra_args": {"aggregation_method": "sum", "range_function": "integral"}}


@unittest.skipUnless(prometheus_server.is_available(), "prometheus and promtool are not installed")
class ExactUsage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = PrometheusServer(history(), query_log=True).start()
        cls.addClassCleanup(cls.server.stop)

    def workspace(self, metrics=None, **job):
        job = {"settle": "5m", "start": hour(1), **job}
        return Workspace(self, self.server.url, metrics or {"c_total": EXACT}, job=job)

    def records(self, work, *more):
        return work.expect(0, "usage", "--ledger", work.ledger, "--records", "--format", "json", *more).lines

    def by_hour(self, work, scope, name="c_total"):
        found = {line["begin"]: line["quantity"] for line in self.records(work)
                 if line["scope"] == scope and line["name"] == name}
        return [found.get(hour(i), None) for i in range(1, 5)]

    def collect(self, work, begin=1, end=5):
        work.expect(0, "collect", "--config", work.config, "--begin", hour(begin), "--end", hour(end))

    def test_bills_every_increment_once(self):
        work = self.workspace()
        self.collect(work)
        self.assertEqual(self.by_hour(work, "steady"), ["300", "300", "300", "300"])
        self.assertEqual(self.by_hour(work, "burst"), ["0", "1000", "0", "0"])
        self.assertEqual(self.by_hour(work, "reset"), ["295", "300", "300", "300"])
        self.assertEqual(self.by_hour(work, "gap"), ["245", "355", "300", "300"])
        self.assertEqual(self.by_hour(work, "decimal"), ["6", "6", "6", "6"])
        work.expect(0, "verify", "--ledger", work.ledger)

    def test_gives_the_same_in_one_go_and_hour_by_hour(self):
        at_once, by_hour = self.workspace(), self.workspace()
        self.collect(at_once)
        for i in range(1, 5):
            self.collect(by_hour, i, i + 1)
        for scope in ("steady", "burst", "reset", "gap", "decimal"):
            self.assertEqual(self.by_hour(at_once, scope), self.by_hour(by_hour, scope))

    def test_bills_first_samples_by_their_start_timestamps(self):
        for policy, quantity in (("from_start_timestamp", "420"), ("ignore", "250")):
            spec = {**EXACT, "exact": {"first_sample": policy}}
            work = self.workspace({"young_total": spec, "c_total": spec})
            self.collect(work, 1, 2)
            # 40 + 90, and 200 + 90 since the restart; without the start timestamps 90 + 70 + 90.
            self.assertEqual(self.by_hour(work, "young", "young_total")[0], quantity, policy)
            # A counter that does not say when it began counts from its second sample on.
            self.assertEqual(self.by_hour(work, "unsaid")[0], "9", policy)
            self.assertEqual(self.by_hour(work, "steady")[0], "300", policy)
        lines = work.expect(0, "explain", "young_total", "--scope", "young", "--begin", hour(1), "--config", work.config,
                            "--format", "json").lines
        self.assertEqual([step["kind"] for step in lines[0]["series"][0]["steps"][:2]], ["first", "step"])

    def test_measures_the_area_of_a_gauge(self):
        work = self.workspace({"g": CEASED})
        self.collect(work)
        # 2 until 01:30, 4 from there on; the first hour is [01:00, 02:00).
        self.assertEqual(self.by_hour(work, "steady", "g"), ["10800", "14400", "14400", "14400"])

    def test_prints_selector_and_time_of_a_dry_run(self):
        work = self.workspace()
        outcome = work.expect(0, "query", "--config", work.config, "--begin", hour(1), "--end", hour(2), "--format", "json")
        self.assertEqual([(line["query"], line["time"]) for line in outcome.lines],
                         [("c_total{}[4200s]", "2025-06-01T02:05:00Z")])

    def test_executes_without_a_ledger(self):
        work = self.workspace({"c_total": {"unit": "request", "extra_args": {"aggregation_method": "sum"}}})
        outcome = work.expect(0, "query", "metrics.yml", "--evaluation", "exact", "--execute", "--url", self.server.url,
                              "--scope-key", "project_id", "--begin", hour(1), "--end", hour(3), "--format", "json")
        burst = [line["quantity"] for line in outcome.lines if line["scope"] == "burst"]
        self.assertEqual(burst, ["0", "1000"])

    def test_splits_reads_that_are_too_large(self):
        whole = self.workspace()
        self.collect(whole)
        for most in (100, 30):  # one scope has 70 in the hour and around it: enough for one, and too many
            split = self.workspace()
            split.settings["sources"][0]["max_samples"] = most
            split.write_settings()
            self.collect(split)
            strip = [[{**line, "id": "", "collected_at": ""} for line in self.records(work)] for work in (whole, split)]
            self.assertEqual(strip[0], strip[1])
        asked = self.server.logged_queries()
        self.assertTrue(any('project_id="burst"}[4200s]' in text for text in asked))
        self.assertTrue(any('project_id="burst"}[2100s]' in text for text in asked))

    def test_holds_a_period_whose_past_is_unknown(self):
        spec = {**EXACT, "exact": {"first_sample": "from_zero", "identity": ["project_id"]}}
        work = self.workspace({"c_total": spec}, start=hour(0))
        outcome = work.run("collect", "--config", work.config, "--begin", hour(0), "--end", hour(1))
        self.assertEqual(outcome.returncode, 1, str(outcome))
        line = [line for line in work.expect(0, "status", "--ledger", work.ledger, "--format", "json").lines
                if line.get("begin") == hour(0)][0]
        self.assertEqual((line["state"], line["reason"]), ("open", "history_unknown"))

    def test_keeps_its_checkpoints_with_the_period(self):
        work = self.workspace()
        self.collect(work, 1, 2)
        with sqlite3.connect(work.ledger) as ledger:
            rows = ledger.execute("select count(*), min(end), max(end) from checkpoint").fetchone()
        self.assertEqual(rows, (6, (BEGIN + 2 * HOUR) * 1000, (BEGIN + 2 * HOUR) * 1000))


class RawServer:
    """Answers raw reads from {scope: {second after BEGIN: value}}, which a test may change."""

    def __init__(self, series):
        self.series = series

    def __call__(self, query, when):
        if "(" in query:
            return vector([({}, "2" if "vector" in query else "60")], when)
        begin = when - int(re.search(r"\[(\d+)s\]", query).group(1))
        result = []
        for scope, samples in self.series.items():
            values = [[BEGIN + second, str(value)] for second, value in sorted(samples.items()) if begin < BEGIN + second <= when]
            if values:
                result.append({"metric": {"__name__": "c_total", "project_id": scope}, "values": values})
        return success({"resultType": "matrix", "result": result})


class Revisions(unittest.TestCase):
    def setUp(self):
        self.raw = RawServer({"p1": dict(steady()), "p2": dict(steady(per_step=1))})
        self.server = FakePrometheus(self.raw).start()
        self.addCleanup(self.server.stop)
        self.work = Workspace(self, self.server.url, {"c_total": EXACT},
                              job={"settle": "5m", "start": hour(1), "empty_after": "0s"})
        self.work.expect(0, "collect", "--config", self.work.config, "--begin", hour(1), "--end", hour(4))

    def lines(self, command, *arguments):
        return self.work.expect(0, command, "--config", self.work.config, "--format", "json", *arguments).lines

    def usage(self, *arguments):
        records = self.work.lines("usage", "--records", *arguments)
        return {(line["scope"], line["begin"]): line["quantity"] for line in records}

    def total(self):
        return {line["scope"]: line["quantity"] for line in self.work.lines("usage", "--by", "scope")}

    def test_nothing_differs_and_periods_become_final(self):
        status = self.work.status()[0]["c_total"]
        self.assertEqual((status["evaluation"], status["provisional"], status["final"], status["checkpoints"]),
                         ("exact", 3, 0, 2))
        self.assertEqual(self.lines("audit"), [])
        status = self.work.status()[0]["c_total"]
        self.assertEqual((status["provisional"], status["final"]), (0, 3))
        self.assertEqual({line["finality"] for line in self.work.lines("usage", "--records")}, {"final"})

    def test_late_data_become_a_revision_and_sums_stay_true(self):
        del self.raw.series["p1"]  # the scraper of p1 was away for the last minutes of the hour …
        self.raw.series["p1"] = {s: v for s, v in steady() if not 2 * HOUR - 130 < s <= 2 * HOUR}
        fresh = Workspace(self, self.server.url, {"c_total": EXACT}, job={"settle": "5m", "start": hour(1), "empty_after": "0s"})
        fresh.expect(0, "collect", "--config", fresh.config, "--begin", hour(1), "--end", hour(4))
        self.work, before = fresh, None
        before = self.total()
        self.assertEqual(self.usage()[("p1", hour(1))], "290")
        self.raw.series["p1"] = dict(steady())  # … and delivered them later
        changes = self.lines("audit", "--begin", hour(1), "--end", hour(2))
        self.assertEqual([(line["begin"], line["old"], line["new"], line["correction"], line["revision"], line["reason"])
                          for line in changes], [(hour(1), "290", "300", "10", 1, "late data"),
                                                 (hour(2), "310", "300", "-10", 1, "late data")])
        self.assertEqual(self.total(), before)
        self.assertEqual(self.usage("--revision", "0")[("p1", hour(1))], "290")
        self.assertEqual(self.usage()[("p1", hour(1))], "300")
        every = [line for line in self.work.lines("usage", "--records", "--revision", "all") if line["revision"] == 1]
        self.assertEqual([(line["correction"], line["reason"]) for line in every], [("10", "late data"), ("-10", "late data")])
        self.work.verify()

    def test_an_audit_never_lowers_usage_because_data_are_gone(self):
        self.raw.series["p1"] = {s: v for s, v in steady() if not HOUR < s <= 2 * HOUR}
        lost = self.lines("audit", "--begin", hour(1), "--end", hour(2))
        self.assertEqual([(line["scope"], line["old"], line["new"], line["reason"]) for line in lost], [("p1", "300", None, "lost")])
        self.assertEqual(self.usage()[("p1", hour(1))], "300")
        preview = self.lines("recollect", "--begin", hour(1), "--end", hour(2), "--reason", "the customer was right", "--dry-run")
        self.assertEqual(self.usage()[("p1", hour(1))], "300")
        done = self.lines("recollect", "--begin", hour(1), "--end", hour(2), "--reason", "the customer was right")
        self.assertEqual(done, preview)
        self.assertEqual([(line["begin"], line["old"], line["new"]) for line in done],
                         [(hour(1), "300", None), (hour(2), "300", "600")])  # the step belongs where it arrives
        self.assertNotIn(("p1", hour(1)), self.usage())
        self.work.verify()

    def test_evidence_says_what_was_counted(self):
        line = [line for line in self.work.lines("usage", "--records", "--evidence")
                if (line["scope"], line["begin"]) == ("p1", hour(1))][0]
        evidence = line["evidence"]
        self.assertEqual((evidence["raw"], evidence["samples"], evidence["resets"], evidence["skipped"], evidence["late"]),
                         ("300", 60, 0, 0, 0))
        self.assertEqual((evidence["query"], evidence["evaluation"], evidence["first_sample"], evidence["gap"]),
                         ("c_total{}[4200s]", "exact", "ignore", "at_arrival"))
        self.assertEqual((evidence["first"], evidence["last"], evidence["largest_gap_seconds"], evidence["coverage"],
                          evidence["alive"]), ("2025-06-01T01:00:17Z", "2025-06-01T01:59:17Z", 60, 1.0, 3600))
        self.assertEqual(len(evidence["config_hash"]), 64)

    def test_explains_a_record_step_by_step(self):
        line = self.lines("explain", "c_total", "--scope", "p1", "--begin", hour(2))[0]
        self.assertEqual((line["quantity"], line["compare"]["increase"], len(line["series"][0]["steps"])), ("300", "300", 60))
        self.assertEqual(line["series"][0]["steps"][0], {"from": "2025-06-01T01:59:17Z", "to": "2025-06-01T02:00:17Z",
                                                        "before": "595", "after": "600", "kind": "step", "amount": "5"})
        table = self.work.expect(0, "explain", "c_total", "--scope", "p1", "--begin", hour(2), "--config", self.work.config)
        self.assertIn("PromQL would have billed: increase 300", table.stdout)

    def test_an_earlier_gap_that_is_filled_corrects_what_follows(self):
        work = Workspace(self, self.server.url, {"c_total": EXACT}, job={"settle": "5m", "start": hour(1), "empty_after": "0s"})
        self.raw.series = {"p1": dict(steady(step=600, per_step=50))}
        for begin in (1, 3, 2):  # hour 2 is collected last
            work.expect(0, "collect", "--config", work.config, "--begin", hour(begin), "--end", hour(begin + 1))
        self.assertEqual({line["begin"]: line["quantity"] for line in work.lines("usage", "--records")},
                         {hour(1): "250", hour(2): "300", hour(3): "300"})
        work.verify()


class Lost(unittest.TestCase):
    """The beginning of a period that the server does not have any more: said, with its range, not billed as if it had been idle."""

    OLDEST = 2 * HOUR + 1217

    def work(self, retention=None):
        self.raw = RawServer({"p1": dict(steady())})
        self.oldest = 0
        routes = {"/api/v1/labels": lambda request: success(
            ["up"] if float(request.parameters["end"]) >= BEGIN + self.oldest else [])}
        if retention:
            routes["/api/v1/status/buildinfo"] = success({"version": "3.15.0"})
            routes["/api/v1/status/runtimeinfo"] = success({"storageRetention": retention})
        server = FakePrometheus(self.raw, routes).start()
        self.addCleanup(server.stop)
        return Workspace(self, server.url, {"c_total": EXACT}, job={"settle": "5m", "start": hour(1), "empty_after": "0s"})

    def lose(self):
        self.oldest = self.OLDEST
        self.raw.series["p1"] = {s: v for s, v in steady() if s >= self.oldest}

    def collect(self, work, begin, end, status):
        work.expect(status, "collect", "--config", work.config, "--begin", hour(begin), "--end", hour(end))

    def period(self, work, begin):
        return [(line["state"], line["reason"], line.get("detail")) for line in work.lines("status") if line.get("begin") == hour(begin)]

    def test_what_was_seen_before_is_missed(self):
        work = self.work()
        self.collect(work, 1, 2, 0)
        self.lose()
        self.collect(work, 2, 4, 1)
        self.assertEqual(self.period(work, 2), [
            ("failed", "lost", f"the server's data begin later: lost from {hour(2)} to 2025-06-01T02:20:17Z")])
        work.expect(0, "accept", "c_total", "--begin", hour(2), "--ledger", work.ledger)
        self.collect(work, 2, 4, 0)
        # Nothing of what was counted is missing: the long step belongs where it arrives.
        self.assertEqual([line["quantity"] for line in work.lines("usage", "--records")], ["300", "300", "300"])
        work.verify()

    def test_what_is_older_than_the_retention_is_missed(self):
        for retention, status in (("15d", 1), ("100y", 0), ("15d or 10GiB", 1), ("10GiB", 0)):
            work = self.work(retention)
            self.lose()
            self.collect(work, 2, 3, status)
            self.assertEqual(len(self.period(work, 2)), status, retention)

    def test_a_server_that_is_new_has_lost_nothing(self):
        work = self.work()
        self.lose()
        self.collect(work, 2, 3, 0)


class Files(unittest.TestCase):
    def check(self, metrics, status):
        work = Workspace(self, "http://127.0.0.1:1", metrics)
        return work.expect(status, "check", "metrics.yml").stderr

    def test_what_exact_evaluation_refuses(self):
        for spec, text in (
                ({"extra_args": {}}, 'needs "aggregation_method"'),
                ({"extra_args": {"aggregation_method": "stddev"}}, "no aggregation of exact evaluation"),
                ({"extra_args": {"aggregation_method": "sum", "range_function": "irate"}}, "no range function of exact"),
                ({"extra_args": {"aggregation_method": "sum", "query_suffix": "* 2"}}, "no place for free PromQL"),
                ({"exact": {"gap": "never"}, "extra_args": {"aggregation_method": "sum"}}, "at_arrival"),
                ({"exact": {"max_gab": "5m"}, "extra_args": {"aggregation_method": "sum"}}, "max_gap")):
            self.assertIn(text, self.check({"c_total": {"unit": "x", "evaluation": "exact", **spec}}, 3), spec)

    def test_what_does_not_add_up_is_warned_about(self):
        for spec in ({"extra_args": {"aggregation_method": "max"}}, {"mutate": "CEIL"},
                     {"extra_args": {"aggregation_method": "sum", "range_function": "avg_over_time"}},
                     {"extra_args": {"aggregation_method": "sum", "query_function": "ceil"}}):
            whole = {"unit": "x", "evaluation": "exact", "extra_args": {"aggregation_method": "sum"}, **spec}
            self.assertIn("do not add up over periods", self.check({"c_total": whole}, 0), spec)


if __name__ == "__main__":
    unittest.main()
