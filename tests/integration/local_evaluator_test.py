# SPDX-License-Identifier: Apache-2.0
"""The local evaluator beside Prometheus 2.42 and Prometheus 3: the same samples, the same expressions, the same doubles.

PROMTALLY_EVALUATOR_SERIES says how many series are generated (400), PROMTALLY_EVALUATOR_START which (1)."""
import json
import math
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import generated_series, metric_servers, prometheus_server  # noqa: E402: the path is set above

BEGIN = 1748736000  # 2025-06-01T00:00:00Z; all samples lie in one block of two hours, so that they have one order
MINUTES = 90
COUNT = int(os.environ.get("PROMTALLY_EVALUATOR_SERIES", "400"))
START = int(os.environ.get("PROMTALLY_EVALUATOR_START", "1"))
STALE_BEGIN = BEGIN + 86400  # samples with stale markers are written after the block
PROGRAM = pathlib.Path(os.environ["PROMTALLY"]).resolve().parent / "tests" / "evaluate_promql"

SAME, FOUR_ULP, RELATIVE = "same", "4 ulp", "1e-12"
# How near the server's result each has to be.
RANGE_FUNCTIONS = {
    "changes": SAME, "resets": SAME, "count_over_time": SAME, "min_over_time": SAME, "max_over_time": SAME,
    "last_over_time": SAME, "present_over_time": SAME, "idelta": SAME, "irate": SAME, "delta": SAME,
    "sum_over_time": FOUR_ULP, "avg_over_time": FOUR_ULP, "rate": FOUR_ULP, "increase": FOUR_ULP,
    "stddev_over_time": RELATIVE, "stdvar_over_time": RELATIVE, "deriv": RELATIVE,
}
ONLY_3 = {
    "first_over_time": SAME, "mad_over_time": SAME, "ts_of_first_over_time": SAME, "ts_of_last_over_time": SAME,
    "ts_of_max_over_time": SAME, "ts_of_min_over_time": SAME,
}
AGGREGATIONS = {"sum": FOUR_ULP, "avg": FOUR_ULP, "min": SAME, "max": SAME, "count": SAME, "group": SAME,
                "stddev": RELATIVE, "stdvar": RELATIVE}
QUERY_FUNCTIONS = ("abs", "ceil", "exp", "floor", "ln", "log10", "log2", "round", "sqrt")
WINDOWS = ("[1m]", "[5m]", "[37m]", "[5m] offset 3m")
# Whole minutes, and beside them.
TIMES = (BEGIN + 3600, BEGIN + 1800.001, BEGIN + 4717.5)


def ordinal(value):
    """Doubles in their order as whole numbers."""
    number = struct.unpack("<q", struct.pack("<d", value))[0]
    return number if number >= 0 else -(number & 0x7FFFFFFFFFFFFFFF)


def is_near(got, wanted, how):
    if math.isnan(wanted) or math.isnan(got):
        return math.isnan(wanted) and math.isnan(got)
    if got == wanted:
        return True
    if how == SAME or math.isinf(got) or math.isinf(wanted):
        return False
    if how == FOUR_ULP:
        return abs(ordinal(got) - ordinal(wanted)) <= 4
    return abs(got - wanted) <= 1e-12 * max(abs(got), abs(wanted))


class LocalEvaluator:
    """The program that evaluates without a server."""

    def __init__(self, path, semantics):
        self._path, self._semantics = path, semantics

    def ask(self, queries):
        lines = [json.dumps({"expr": expr, "time_ms": round(time * 1000), "semantics": self._semantics})
                 for expr, time in queries]
        done = subprocess.run([str(PROGRAM), str(self._path)], input="\n".join(lines) + "\n", capture_output=True,
                              text=True, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]


def blocks_server(kind, openmetrics_text):
    """A server class that finds blocks of these samples when it starts."""

    class WithBlocks(kind):
        features = ("promql-experimental-functions", "promql-extended-range-selectors") if kind.name == "prometheus3" else ()

        def arguments(self):
            if not (self.folder / "data").exists():
                prometheus_server.import_openmetrics(openmetrics_text, self.folder / "data")
            return super().arguments()

    return WithBlocks()


class Suite:
    kind = None
    semantics = None

    @classmethod
    def setUpClass(cls):
        if not cls.kind.available():
            raise unittest.SkipTest(cls.kind.reason())
        if not prometheus_server.is_available():
            raise unittest.SkipTest("no promtool: tools/setup installs it")
        print(f"{COUNT} series, start number {START}", file=sys.stderr)
        cls.folder = tempfile.TemporaryDirectory()
        series = generated_series.generate(COUNT, BEGIN * 1000, MINUTES, START) + histogram_series()
        stale = stale_series()
        path = pathlib.Path(cls.folder.name) / "series.jsonl"
        generated_series.write_json_lines(series + stale, path)
        cls.local = LocalEvaluator(path, cls.semantics)
        cls.server = blocks_server(cls.kind, generated_series.openmetrics(series)).start()
        cls.server.write(stale)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.folder.cleanup()

    def answer(self, expr, time):
        """Labels and values, or the error."""
        body = urllib.parse.urlencode({"query": expr, "time": f"{time:.3f}"}).encode()
        try:
            with urllib.request.urlopen(self.server.url + "/api/v1/query", body, timeout=60) as reply:
                data = json.load(reply)["data"]
        except urllib.error.HTTPError as error:
            return json.load(error)["error"]
        if data["resultType"] == "scalar":
            return {(): float(data["result"][1])}
        if data["resultType"] == "matrix":
            return {key_of(one["metric"]): [(round(at * 1000), float(value)) for at, value in one["values"]]
                    for one in data["result"]}
        return {key_of(one["metric"]): float(one["value"][1]) for one in data["result"]}

    def compare(self, queries):
        """queries: (expression, time, how near). Differences, each a line; values that were compared, and not equal."""
        found, compared, unequal = [], 0, 0
        for (expr, time, how), got in zip(queries, self.local.ask([query[:2] for query in queries])):
            wanted = self.answer(expr, time)
            if isinstance(wanted, str) or "error" in got:
                if not isinstance(wanted, str) or "error" not in got:
                    found.append(f"{expr} at {time}: server: {str(wanted)[:200]}, local: {str(got)[:200]}")
                continue
            values = {key_of(one["labels"]): float(one["value"]) for one in got["result"]}
            if values.keys() != wanted.keys():
                found.append(f"{expr} at {time}: only server {list(wanted.keys() - values.keys())[:3]}, "
                             f"only local {list(values.keys() - wanted.keys())[:3]}")
                continue
            compared += len(values)
            for key, value in values.items():
                unequal += value != wanted[key] and not math.isnan(value)
                if not is_near(value, wanted[key], how):
                    found.append(f"{expr} at {time} {dict(key)}: server {wanted[key]!r}, local {value!r}")
        return found, compared, unequal

    def expect_equal(self, queries):
        found, compared, unequal = self.compare(queries)
        print(f"{self.id()}: {len(queries)} queries, {compared} values, {unequal} of them not the same double", file=sys.stderr)
        self.assertEqual(found, [], "\n" + "\n".join(found[:30]))
        self.assertGreater(compared, 0)

    def range_functions(self):
        return RANGE_FUNCTIONS

    def test_functions_of_a_range(self):
        self.expect_equal([(f"{function}({metric}{window})", time, how)
                           for function, how in self.range_functions().items()
                           for metric in ("c_total", "g") for window in WINDOWS for time in TIMES])

    def test_functions_of_a_range_with_numbers(self):
        calls = ["quantile_over_time(0.3, %s)", "quantile_over_time(1.2, %s)", "quantile_over_time(-1, %s)",
                 "quantile_over_time(0, %s)", "quantile_over_time(1, %s)", "predict_linear(%s, 600)"]
        if self.semantics == 3:
            calls.append("double_exponential_smoothing(%s, 0.3, 0.6)")
        self.expect_equal([(call % ("g" + window), time, RELATIVE) for call in calls for window in WINDOWS for time in TIMES])

    def test_aggregations(self):
        # Infinities and values near the largest double are a matter of their own.
        tame = '{id!~".*1"} < 1e30 > -1e30'
        self.expect_equal([(f"{name} {by} ({argument})", time, how) for name, how in AGGREGATIONS.items()
                           for by in ("", "by (group)", "without (id)", "by (job, absent)")
                           for argument in ("c_total", "g", "g " + tame, "rate(c_total[5m])") for time in TIMES])

    def test_query_functions(self):
        self.expect_equal([(f"{function}({argument})", TIMES[0], RELATIVE) for function in QUERY_FUNCTIONS
                           for argument in ("g", "increase(c_total[5m])", "vector(400)", "vector(0)", "vector(-0.5)",
                                            "vector(2.5)", "vector(8)", "vector(1e-300)")])

    def test_expressions(self):
        self.expect_equal([(expr, time, RELATIVE) for expr in expressions(self.semantics) for time in TIMES])

    def test_refusals(self):
        for expr in REFUSED:
            with self.subTest(expr):
                wanted, got = self.answer(expr, TIMES[0]), self.local.ask([(expr, TIMES[0])])[0]
                self.assertIsInstance(wanted, str)
                self.assertIn("error", got)

    def test_stale_markers_and_look_back(self):
        times = [STALE_BEGIN + second for second in (0, 59.999, 60, 119, 120, 179.999, 180, 181, 240, 299.999, 300, 300.001, 359,
                                                     359.999, 360, 361, 420, 479.999, 480, 600, 900)]
        queries = [(expr, time, SAME) for time in times for expr in (
            "s", "s offset 1m", "timestamp(s)", "count_over_time(s[3m])", "last_over_time(s[3m])", "changes(s[10m])",
            "absent(s)", "absent_over_time(s[1m])", "count_over_time(s[5m:1m])", "present_over_time(s[1m])")]
        self.expect_equal(queries)

    def test_raw_windows(self):
        for expr in ("g[5m]", "c_total[3m] offset 1m", "s[10m]", "g{id=~'0000.'}[10m:1m]", "g[1m] @ 1748739000"):
            time = STALE_BEGIN + 240 if expr.startswith("s") else TIMES[0]
            with self.subTest(expr):
                wanted = self.answer(expr, time)
                got = {key_of(one["labels"]): [(at, float(value)) for at, value in one["samples"]]
                       for one in self.local.ask([(expr, time)])[0]["result"]}
                self.assertTrue(wanted)
                self.assertEqual(got.keys(), wanted.keys())
                for key, samples in got.items():
                    self.assertEqual(repr(samples), repr(wanted[key]))


def key_of(labels):
    return tuple(sorted(labels.items()))


def histogram_series():
    """Classic buckets, one histogram with a decrease, one without +Inf."""
    counts = {"a": [("0.1", 3), ("0.5", 5), ("1", 9), ("+Inf", 10)], "b": [("1", 5), ("2", 4), ("4", 11), ("+Inf", 12)],
              "c": [("1", 5), ("2", 6)], "d": [("-1", 1), ("0", 2), ("+Inf", 4)], "e": [("1", 0), ("+Inf", 0)]}
    return sorted((({"__name__": "h_bucket", "kind": kind, "le": bound},
                    [((BEGIN + 60 * minute) * 1000, float(count * minute)) for minute in range(MINUTES + 1)])
                   for kind, buckets in counts.items() for bound, count in buckets), key=lambda one: sorted(one[0].items()))


def stale_series():
    def at(*pairs):
        return [((STALE_BEGIN + second) * 1000, value) for second, value in pairs]
    stale = generated_series.STALE
    return [({"__name__": "s", "case": "ends"}, at((0, 1.0), (60, 2.0), (120, stale))),
            ({"__name__": "s", "case": "pauses"}, at((0, 1.0), (60, stale), (180, 5.0), (240, 5.0))),
            ({"__name__": "s", "case": "nan"}, at((0, math.nan), (60, 1.0), (120, math.nan))),
            ({"__name__": "s", "case": "silent"}, at((0, 7.0), (60, 8.0)))]


def expressions(semantics):
    # The second half of the hour has every kind of series; `few` of them are enough here.
    few = '{id=~"000.."}'
    both = [
        f"-c_total{few}", f"+g{few}", f"g{few} + 1", f"2 ^ g{few}", f"g{few} % 7", f"7 % g{few}", f"-7 % 3", f"g{few} atan2 2",
        f"g{few} > 0", f"0 < g{few}", f"g{few} >= bool 1", f"1 == bool 1", "1 + 2 * 3 - 4 / 5 ^ 2", "time()", "time() - 60",
        f"c_total{few} / on(id) c_total{few}", f"c_total{few} - ignoring(job) c_total{few} offset 1m",
        f"c_total{few} * on(group) group_left() sum by (group) (c_total{few})",
        f"sum by (group) (c_total{few}) * on(group) group_right() c_total{few}",
        f"c_total{few} * on(group) group_left(extra) label_replace(sum by (group) (c_total{few}), 'extra', 'x', '', '')",
        f"c_total{few} and c_total{{job='j'}}", f"c_total{few} or g{few}", f"c_total{few} unless on(id) c_total{{job='j'}}",
        f"g{few} or vector(0)", "vector(1)", "scalar(vector(3))", f"scalar(g{few})", "vector(time())", "pi()",
        f"c_total{few} == c_total{few}", f"c_total{few} != bool on(id) c_total{few} offset 2m",
        f"topk(3, c_total)", "bottomk(3, c_total)", f"topk(2, g{few}) by (group)", f"topk(0, g{few})", "topk(1, c_total)",
        f"quantile(0.7, c_total)", "quantile by (group) (0.5, g)", f"count_values('value', round(c_total{few} / 1000))",
        f"count_values by (group) ('value', clamp(g{few}, -2, 2))", "sum(c_total) / count(c_total)",
        f"clamp(g{few}, -1, 1)", f"clamp_min(g{few}, 0)", f"clamp_max(g{few}, 0)", f"clamp(g{few}, 1, -1)",
        f"round(g{few}, 0.1)", f"round(g{few}, 5)", f"sgn(g{few})", f"sort(g{few})", f"sort_desc(g{few})",
        f"deg(g{few})", f"rad(g{few})", f"sin(clamp(g{few}, -9, 9))", f"atan(g{few})", f"tanh(g{few})", f"acosh(g{few})",
        f"label_replace(c_total{few}, 'new', '$1-x', 'id', '0*(.+)')", f"label_replace(c_total{few}, 'id', '', 'id', '.*')",
        f"label_replace(c_total{few}, 'n', '${{1}}$$$x', 'id', '(.)(.*)')",
        f"label_replace(c_total{few}, 'n', '$named', 'id', '(?P<named>..).*')",
        f"label_join(c_total{few}, 'joined', '-', 'group', 'job', 'none')", "absent(nothing{a='b', c!='d', e=~'f'})",
        "absent(c_total)", "absent(sum(nothing))", "absent(nothing{a='b', a='c'})", "absent_over_time(nothing{a='b'}[5m])",
        f"timestamp(c_total{few})", f"timestamp(c_total{few} * 1)", f"timestamp(c_total{few} offset 10s)",
        "day_of_month()", "day_of_week()", "hour()", "minute()", "month()", "year()", "days_in_month()",
        "day_of_week(vector(1709210096))", "days_in_month(vector(1709210096))", "year(vector(-86400))", "hour(vector(-1))",
        "histogram_quantile(0.9, h_bucket)", "histogram_quantile(0.5, rate(h_bucket[5m]))", "histogram_quantile(-1, h_bucket)",
        "histogram_quantile(0.5, sum by (le) (h_bucket{kind=~'a|b'}))", "histogram_quantile(1, h_bucket)",
        "histogram_quantile(0, h_bucket)", f"histogram_quantile(0.5, c_total{few})",
        f"c_total{few} @ 1748739000", f"rate(c_total{few}[5m] @ 1748739000)", f"rate(c_total{few}[5m] @ end() offset 1m)",
        f"sum_over_time(g{few}[5m] offset -2m)", f"c_total{few} offset -5m", f"predict_linear(g{few}[5m] @ 1748739000, 60)",
        f"max_over_time(rate(c_total{few}[5m])[10m:1m])", f"sum_over_time(c_total{few}[7m:30s])",
        f"count_over_time(c_total{few}[10m:])", f"avg_over_time(sum by (group) (c_total{few})[10m:17s])",
        f"count_over_time((c_total{few} > 100)[10m:1m] offset 90s)", f"rate(c_total{few}[10m:45s])",
        f"max_over_time((time() - timestamp(c_total{few}))[10m:1m])", "sum_over_time(vector(time())[5m:1m])",
        f"last_over_time(c_total{few}[5m:1m] @ 1748739000)", f"max_over_time(c_total{few}[5m:1m] @ 1748739017)",
        f"deriv(rate(c_total{few}[2m])[20m:30s])", f"quantile_over_time(0.9, g{few}[10m:1m])",
        "count_over_time(vector(1)[2m:1m])", "sum(sum_over_time(g{id=~'.*[02468]'}[1m] ) > 0)",
        "max(abs(delta(g[5m]))) by (group, job)", "sum(rate(c_total[5m])) by (group) or vector(0)",
        '{__name__=~"c_total|g", id=~"0000."}', '{__name__="g", id="00001"}', 'g{id=~"0000[13]", group!="g1"}', 'g{none=""}',
        'g{id!~"0.*"}', 'stdvar(vector(1) / 0)', 'avg(vector(1) / 0 or label_replace(vector(1), "a", "b", "", ""))',
        "max_over_time(c_total[5m]) - min_over_time(c_total[5m])", f"({few and 'c_total' + few})", "1", "-1", "Inf", "NaN",
        "increase(c_total[90m])", "delta(c_total[90m])", "increase(c_total[7s])", "rate(c_total[1h30m]) * 3600",
    ]
    if semantics == 2:
        return both
    return both + [
        f"{function}(c_total{window})" for function in ("increase", "rate", "delta", "changes", "resets")
        for window in ("[5m] anchored", "[17m] anchored", "[3m] anchored offset 1m")] + [
        f"{function}(c_total{window})" for function in ("increase", "rate", "delta")
        for window in ("[5m] smoothed", "[17m] smoothed", "[3m] smoothed offset 6m")] + [
        "g smoothed", "c_total smoothed offset 7m", "histogram_fraction(0, 0.7, h_bucket)", "histogram_fraction(-1, 3, h_bucket)",
        "max_of(1, 2)", "min_of(NaN, 2)", "limitk(2, c_total) by (group)", "step()", "range()", "end()",
    ]


REFUSED = [
    "c_total * on(group) c_total", "c_total + on(group) group_left() c_total", "sum(rate(c_total[5m])) by (group) + on() vector(1)",
    "label_replace(c_total, 'id', 'x', 'id', '.*')", "abs({__name__=~'c_total|g', id=~'0000.'} or on(__name__) g) * on(job) g",
    "count_over_time(c_total[5m]) * ignoring(id) c_total", "-label_replace(c_total, 'id', 'x', 'id', '.*')",
    "label_join(c_total, 'id', '', 'none')", "topk(NaN, c_total)", "c_total[5m] + 1", "unknown(c_total)",
]


class Prometheus2(Suite, unittest.TestCase):
    kind = metric_servers.Prometheus2
    semantics = 2


class Prometheus3(Suite, unittest.TestCase):
    kind = metric_servers.Prometheus3
    semantics = 3

    def range_functions(self):
        return {**RANGE_FUNCTIONS, **ONLY_3}


if __name__ == "__main__":
    unittest.main()
