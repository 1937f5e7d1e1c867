# SPDX-License-Identifier: Apache-2.0
"""Evaluation `local`: promtally computes a spec's PromQL from raw samples, and the records are those that the server's own
evaluation gives, on Prometheus 2 (closed windows) and 3 (left open), by query, collect and diff."""
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import metric_servers, promtally_cli  # noqa: E402: the path is set above
from support.workspace import BEGIN, HOUR, Workspace, hour, spec  # noqa: E402

RANGE_FUNCTIONS = ("changes", "delta", "deriv", "idelta", "irate", "rate", "increase", "resets", "avg_over_time", "count_over_time",
                   "last_over_time", "max_over_time", "min_over_time", "present_over_time", "stddev_over_time", "stdvar_over_time",
                   "sum_over_time")
AGGREGATIONS = ("avg", "count", "max", "min", "stddev", "stdvar", "sum")


def samples(value, step=60, phase=0):
    return [((BEGIN + second) * 1000, float(value(second // step))) for second in range(phase, 2 * HOUR + 1, step)]


def data():
    """Counters with resets and jitter, and one that ends; samples on the full hour and beside it."""
    series = [({"__name__": "up", "job": "j"}, samples(lambda _: 1))]
    for project in ("p1", "p2"):
        for number in range(3):
            labels = {"__name__": "c_total", "project_id": project, "i": str(number)}
            series.append((labels, samples(lambda n, k=number: (n * (k + 1) * 7) % 401 + 0.1 * k, phase=17 * number)))
    series.append(({"__name__": "c_total", "project_id": "p2", "i": "ends"}, samples(lambda n: 3 * n)[:40]))
    return series


def metrics(evaluation):
    specs = [spec(alt_name=f"r_{function}", evaluation=evaluation, groupby=["i"],
                  extra_args={"aggregation_method": "max", "range_function": function}) for function in RANGE_FUNCTIONS]
    specs += [spec(alt_name=f"a_{method}", evaluation=evaluation,
                   extra_args={"aggregation_method": method, "range_function": "increase", "query_function": "sqrt"})
              for method in AGGREGATIONS]
    return json.dumps({"functions": "extended", "metrics": {"c_total": specs}})


class Suite:
    kind = None

    def setUp(self):
        if not self.kind.available():
            self.skipTest(self.kind.reason())
        self.server = self.kind().start()
        self.addCleanup(self.server.stop)
        self.server.write(data())
        self.work = Workspace(self, self.server.url, ["c_total"], job={"start": hour(0)})

    def records(self, evaluation):
        (self.work.folder / "metrics.yml").write_text(metrics(evaluation))
        outcome = promtally_cli.run("query", "--config", "promtally.yml", "--execute", "--begin", hour(0), "--end", hour(2),
                                    "--format", "json", cwd=self.work.folder)
        self.assertEqual(outcome.returncode, 0, str(outcome))
        return {(line["name"], line["begin"], json.dumps(line["groupby"])): line["quantity"] for line in outcome.lines}, outcome

    def test_records_are_those_of_the_server(self):
        wanted, _ = self.records("promql")
        got, outcome = self.records("local")
        self.assertGreater(len(wanted), 200)
        self.assertEqual(got.keys(), wanted.keys())
        different = {key: (got[key], wanted[key]) for key in got if got[key] != wanted[key]}
        # Sums over series in another order may differ in their last bit.
        for key, (mine, its) in different.items():
            self.assertLessEqual(abs(float(mine) - float(its)), 4e-15 * abs(float(its)), key)
        self.assertEqual([key for key in different if key[0].startswith("r_")], [])
        # What is sent is a raw selector.
        self.assertIn("c_total{}[3600s]\n", outcome.stderr)
        self.assertNotIn("increase(", outcome.stderr)

    def test_collects_into_the_ledger(self):
        (self.work.folder / "metrics.yml").write_text(metrics("local"))
        self.work.expect(0, "collect", "--config", "promtally.yml", "--begin", hour(0), "--end", hour(2))
        records = self.work.expect(0, "usage", "--config", "promtally.yml", "--records", "--format", "json").lines
        got = {(line["name"], line["begin"], json.dumps(line["groupby"])): line["quantity"] for line in records}
        self.assertEqual(got, self.records("local")[0])
        self.work.expect(0, "verify", "--config", "promtally.yml")

    def test_diff_shows_what_a_change_of_evaluation_costs(self):
        (self.work.folder / "old.yml").write_text(metrics("promql"))
        (self.work.folder / "new.yml").write_text(metrics("local"))
        lines = self.work.expect(0, "diff", "old.yml", "new.yml", "--config", "promtally.yml", "--begin", hour(0), "--end", hour(2),
                                 "--format", "json").lines
        self.assertGreater(len(lines), 50)
        for line in lines:
            self.assertLessEqual(abs(float(line["change"])), 1e-14 * abs(float(line["old"])), line)

    def test_prefix_and_suffix_are_refused(self):
        text = {"metrics": {"c_total": spec(evaluation="local", extra_args={"query_suffix": "or vector(0)"})}}
        (self.work.folder / "metrics.yml").write_text(json.dumps(text))
        outcome = promtally_cli.run("check", "metrics.yml", cwd=self.work.folder)
        self.assertEqual(outcome.returncode, 3)
        self.assertIn("evaluation local cannot compute", outcome.stderr)


class Prometheus2(Suite, unittest.TestCase):
    kind = metric_servers.Prometheus2


class Prometheus3(Suite, unittest.TestCase):
    kind = metric_servers.Prometheus3


if __name__ == "__main__":
    unittest.main()
