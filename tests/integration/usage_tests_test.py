# SPDX-License-Identifier: Apache-2.0
"""`promtally test`: files of tests in promtool's format, with queries and usage. No server."""
import csv
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import promtally_cli  # noqa: E402: the path is set above

ROOT = pathlib.Path(os.environ["PROMTALLY_ROOT"])

METRICS = """
functions: extended
metrics:
  http_requests_total:
    unit: request
    alt_name: requests
    groupby: [code]
    extra_args: {aggregation_method: sum, range_function: increase}
  up:
    unit: instance
    extra_args: {aggregation_method: sum, range_function: count_over_time}
  temperature:
    unit: K
    metadata: [room]
    extra_args: {query_suffix: "or vector(0)"}
"""


class UsageTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "metrics.yml").write_text(METRICS)

    def run_test(self, tests, *arguments, top=""):
        text = f"metrics_files: [metrics.yml]\n{top}\ntests:\n" + textwrap.indent(textwrap.dedent(tests).lstrip("\n"), "  ")
        (self.folder / "t.yml").write_text(text)
        return promtally_cli.run("test", "t.yml", *arguments, cwd=self.folder)

    def results(self, tests, status, top=""):
        outcome = self.run_test(tests, "--format", "json", top=top)
        self.assertEqual(outcome.returncode, status, str(outcome))
        return [json.loads(line) for line in outcome.stdout.splitlines()]

    def test_the_example_configuration_has_tests_that_pass(self):
        outcome = promtally_cli.run("test", str(ROOT / "etc" / "metrics_test.yml"))
        self.assertEqual(outcome.returncode, 0, str(outcome))
        self.assertEqual(outcome.stdout.count("pass  "), 3)

    def test_usage_and_queries_pass(self):
        [line] = self.results("""
            - name: two busy hours
              interval: 1m
              scope_key: project_id
              input_series:
                - {series: 'http_requests_total{project_id="p1",code="200"}', values: '0+5x120'}
                - {series: 'http_requests_total{project_id="p2",code="200"}', values: '_x70 0+1x30'}
              query_test:
                - {metric: requests, scope: p1, exp_query: 'sum(increase(http_requests_total{project_id="p1"}[3600s])) by (code, project_id)'}
                - {metric: requests, exp_query: 'sum by (code, project_id) (increase(http_requests_total[1h]))'}
                - {metric: requests, period: 15m, exp_query: 'sum(increase(http_requests_total{}[900s])) by (code, project_id)'}
              usage_test:
                - {metric: requests, period: 1h, eval_time: 1h, exp_records: [{scope: p1, groupby: {code: "200"}, quantity: "300"}]}
                - metric: http_requests_total
                  eval_time: 2h
                  exp_records:
                    - {scope: p2, groupby: {code: "200", project_id: p2}, quantity: "30.5"}
                    - {scope: p1, groupby: {code: "200"}, quantity: 300}
                - {metric: requests, eval_time: 3h, exp_records: []}
            """, 0)
        self.assertEqual(line, {"file": "t.yml", "test": "two busy hours", "status": "pass", "errors": []})

    def test_a_failing_test_says_what_differs_and_where(self):
        tests = """
            - name: bad
              interval: 1m
              scope_key: project_id
              input_series: [{series: 'http_requests_total{project_id="p1",code="200"}', values: '0+5x120'}]
              promql_expr_test:
                - {expr: 'sum(http_requests_total)', eval_time: 1h, exp_samples: [{labels: '{}', value: 1}]}
              query_test: [{metric: requests, exp_query: 'sum(http_requests_total)'}]
              usage_test:
                - metric: requests
                  eval_time: 1h
                  exp_records:
                    - {scope: p1, groupby: {code: "200"}, quantity: "301"}
                    - {scope: p9, groupby: {code: "200"}, quantity: "1"}
                - {metric: requests, eval_time: 2h, exp_records: []}
            """
        [line] = self.results(tests, 1)
        self.assertEqual(line["status"], "fail")
        self.assertEqual([(error["line"], error["expected"], error["got"]) for error in line["errors"]], [
            (9, "1", "300"),
            (10, "sum(http_requests_total)", "sum(increase(http_requests_total{}[3600s])) by (code, project_id)"),
            (15, "301", "300"), (16, "1", None), (17, None, "300")])
        table = self.run_test(tests)
        self.assertEqual(table.returncode, 1)
        self.assertIn("FAIL  t.yml: bad\n", table.stdout)
        self.assertIn('line 15: requests at 1h: scope "p1" {code="200"}: another quantity\n        expected  301\n'
                      "        got       300\n", table.stdout)
        rows = list(csv.DictReader(io.StringIO(self.run_test(tests, "--format", "csv").stdout)))
        self.assertEqual([row["status"] for row in rows], ["fail"] * 5)
        self.assertEqual(rows[0]["expected"], "1")

    def test_the_dialect_decides_the_edge_of_a_window(self):
        for dialect, count in (("prometheus2", 61), ("prometheus3", 60), ("thanos", 60), ("mimir", 60)):
            with self.subTest(dialect):
                self.results(f"""
                    - dialect: {dialect}
                      interval: 1m
                      input_series: [{{series: up, values: '1x200'}}]
                      promql_expr_test: [{{expr: 'count_over_time(up[1h])', eval_time: 2h, exp_samples: [{{labels: '{{}}', value: {count}}}]}}]
                      usage_test: [{{metric: up, eval_time: 2h, exp_records: [{{quantity: {count}}}]}}]
                    """, 0)

    def test_stale_markers_gaps_and_special_values(self):
        self.results("""
            - interval: 1m
              input_series:
                - {series: 's{n="ends"}', values: '1 2 stale'}
                - {series: 's{n="gap"}', values: '1 _x3 4'}
                - {series: 's{n="nan"}', values: '1 NaN'}
                - {series: 's{n="inf"}', values: '-Inf Inf'}
              promql_expr_test:
                - expr: s
                  eval_time: 3m
                  exp_samples: [{labels: 's{n="gap"}', value: 1}, {labels: 's{n="nan"}', value: .nan}, {labels: 's{n="inf"}', value: .inf}]
                - {expr: 'count_over_time(s{n="ends"}[10m])', eval_time: 5m, exp_samples: [{labels: '{n="ends"}', value: 2}]}
                - {expr: 's{n="gap"}', eval_time: 9m, exp_samples: []}
                - {expr: 'time() + 1', eval_time: 30s, exp_samples: [{labels: '', value: 31}]}
            """, 0)

    def test_one_query_a_scope_where_scopes_mix(self):
        self.results("""
            - interval: 1m
              scope_key: p
              input_series: [{series: 'temperature{p="a",room="x"}', values: '280x60'}, {series: 'temperature{p="b",room="y"}', values: '290x60'}]
              usage_test:
                - metric: temperature
                  eval_time: 1h
                  exp_records:
                    - {scope: a, metadata: {room: x}, quantity: 280}
                    - {scope: a, metadata: {}, quantity: 0}
                    - {scope: b, metadata: {room: y}, quantity: 290}
                    - {scope: b, metadata: {}, quantity: 0}
            """, 0)

    def test_exact_usage_runs_from_period_to_period(self):
        (self.folder / "metrics.yml").write_text("""
evaluation: exact
metrics:
  burst_total: {unit: u, groupby: [i], extra_args: {aggregation_method: sum, range_function: increase}}
  born_total: {unit: u, exact: {first_sample: from_zero}, extra_args: {aggregation_method: sum}}
  shared_total: {unit: u, exact: {gap: by_time}, extra_args: {aggregation_method: sum}}
  level: {unit: u, extra_args: {aggregation_method: sum, range_function: integral}}
""")
        self.results("""
            - name: a burst between two hours, a reset, and a gap
              interval: 1m
              input_series:
                - {series: 'burst_total{i="1"}', values: '100x60 1100x29 5x30 _x60 25'}
                - {series: 'burst_total{i="2"}', values: '0+0.1x180'}
                - {series: 'born_total', values: '_x10 30+30x60 stale'}
                - {series: 'shared_total', values: '0x40 _x39 60x10'}
                - {series: 'level', values: '2x60 4x30 NaN'}
              query_test:
                - {metric: burst_total, exp_query: 'burst_total{}[4200s]'}
              usage_test:
                - {metric: burst_total, eval_time: 1h, exp_records: [{groupby: {i: "1"}, quantity: 0}, {groupby: {i: "2"}, quantity: 6}]}
                - {metric: burst_total, eval_time: 2h, exp_records: [{groupby: {i: "1"}, quantity: 1005}, {groupby: {i: "2"}, quantity: 6}]}
                - {metric: burst_total, eval_time: 4h, exp_records: [{groupby: {i: "1"}, quantity: 20}]}
                - {metric: born_total, eval_time: 1h, exp_records: [{quantity: 1530}]}
                - {metric: born_total, eval_time: 2h, exp_records: [{quantity: 300}]}
                - {metric: shared_total, eval_time: 1h, exp_records: [{quantity: 30}]}
                - {metric: shared_total, eval_time: 2h, exp_records: [{quantity: 30}]}
                - {metric: level, eval_time: 1h, exp_records: [{quantity: 7200}]}
            """, 0)
        [line] = self.results("""
            - {name: wrong, interval: 1m, input_series: [{series: burst_total, values: '0+1x60'}],
               usage_test: [{metric: burst_total, eval_time: 1h, exp_records: [{quantity: 60.000000000000001}]}]}
            """, 1)
        self.assertEqual(line["errors"][0]["got"], "60")

    def test_a_suspicious_reset_that_is_held_fails_the_test(self):
        (self.folder / "metrics.yml").write_text("""
evaluation: exact
exact: {on_suspicious_reset: hold}
metrics: {c_total: {unit: u, extra_args: {aggregation_method: sum}}}
""")
        [line] = self.results("""
            - {interval: 1m, input_series: [{series: c_total, values: '100x10 99x50'}],
               usage_test: [{metric: c_total, eval_time: 1h, exp_records: []}]}
            """, 1)
        self.assertIn("is held", line["errors"][0]["message"])

    def test_an_error_of_the_evaluation_fails_the_test(self):
        (self.folder / "metrics.yml").write_text(METRICS + """
  joined:
    unit: u
    extra_args: {query_suffix: "* on() up"}
""")
        [line] = self.results("""
            - interval: 1m
              input_series: [{series: 'joined', values: '1x60'}, {series: 'up{i="1"}', values: '1x60'}, {series: 'up{i="2"}', values: '1x60'}]
              usage_test: [{metric: joined, eval_time: 1h, exp_records: []}]
              promql_expr_test: [{expr: 'joined * on() up', eval_time: 1h, exp_samples: []}]
            """, 1)
        self.assertEqual(len(line["errors"]), 2)
        for error in line["errors"]:
            self.assertIn("found duplicate series", error["message"])

    def test_an_invalid_file_is_exit_3_with_its_place(self):
        outcome = self.run_test("""
            - name: x
              usage_tests: []
            """)
        self.assertEqual(outcome.returncode, 3)
        self.assertIn('t.yml:5:5: error: unknown key "usage_tests"', outcome.stderr)
        self.assertIn('did you mean "usage_test"?', outcome.stderr)
        self.assertEqual(outcome.stdout, "")

    def test_a_metrics_file_that_is_missing_or_wrong_is_exit_3(self):
        (self.folder / "metrics.yml").write_text("metrics: {a: {}}")
        outcome = self.run_test("- {}")
        self.assertEqual(outcome.returncode, 3)
        self.assertIn('metrics.yml:1:11: error: metric "a" has no "unit"', outcome.stderr)
        self.assertIn("t.yml:1:17: error: ", outcome.stderr)
        (self.folder / "metrics.yml").unlink()
        self.assertEqual(self.run_test("- {}").returncode, 3)
        self.assertEqual(promtally_cli.run("test", "nothing.yml", cwd=self.folder).returncode, 3)
        self.assertEqual(promtally_cli.run("test", cwd=self.folder).returncode, 2)

    def test_promtool_agrees_with_the_expressions(self):
        """The same series and expressions, by promtool: its rules file is empty."""
        if shutil.which("promtool") is None:
            self.skipTest("no promtool: tools/setup installs it")
        tests = textwrap.dedent("""
            evaluation_interval: 1m
            tests:
              - interval: 30s
                input_series:
                  - {series: 'c{i="1"}', values: '0+5x40 3+2x30 _x4 stale 7x10'}
                  - {series: 'c{i="2"}', values: '1.5-0.25x60 NaN 1e3'}
                promql_expr_test:
                  - {expr: 'delta(c[5m])', eval_time: 15m, exp_samples: [{labels: '{i="1"}', value: 50}, {labels: '{i="2"}', value: -2.5}]}
                  - {expr: 'sum(c) by (i)', eval_time: 20m, exp_samples: [{labels: '{i="1"}', value: 200}, {labels: '{i="2"}', value: -8.5}]}
                  - {expr: 'count_over_time(c[10m:])', eval_time: 20m, exp_samples: [{labels: '{i="1"}', value: 11}, {labels: '{i="2"}', value: 11}]}
            """)
        # promtool computes 1.5-0.25x60 as floats, which are exact here.
        (self.folder / "rules.yml").write_text("groups: []\n")
        for key, file, dialect in (("rule_files", "rules.yml", ""), ("metrics_files", "metrics.yml", "dialect: prometheus2, ")):
            text = tests.replace("  - interval", f"  - {dialect.rstrip(', ')}\n    interval" if dialect else "  - interval")
            (self.folder / "both.yml").write_text(f"{key}: [{file}]\n{text}")
            if key == "rule_files":
                done = subprocess.run(["promtool", "test", "rules", "both.yml"], cwd=self.folder, capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            else:
                outcome = promtally_cli.run("test", "both.yml", cwd=self.folder)
                self.assertEqual(outcome.returncode, 0, str(outcome))


if __name__ == "__main__":
    unittest.main()
