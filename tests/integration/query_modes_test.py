# SPDX-License-Identifier: Apache-2.0
"""One query for all scopes gives the records of one query a scope, on real servers: for texts of every kind, and for
random ones that the proof takes. PROMTALLY_TEST_SEED=N repeats a run, PROMTALLY_TEST_EXPRESSIONS=N sets how many random
texts are tried."""
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import cloudkitty_data, metric_servers, prometheus_server, promtally_cli  # noqa: E402: the path is set above
from support.fake_prometheus import FakePrometheus, by_metric  # noqa: E402
from support.serving import Serving  # noqa: E402
from support.workspace import Workspace, spec  # noqa: E402

BEGIN, BEGIN_SECONDS = "2025-06-01T02:00:00Z", 1748743200
END_SECONDS = BEGIN_SECONDS + 3600
FIRST_SECONDS = BEGIN_SECONDS - 7200
STEP = 60
SCOPES = [f"p{number}" for number in range(1, 7)] + ['p"}\\.*']
ONLY_OTHER = "p8"  # has series of `other` alone, ONLY_YESTERDAY such of two hours ago alone
ONLY_BEFORE = "p9"
RANDOM_TEXTS = int(os.environ.get("PROMTALLY_TEST_EXPRESSIONS") or 100)
TEXTS_OF_A_FILE = 50  # of a file with many more not every warning is shown

# Suffix or (prefix, suffix) of texts that one query serves.
PROVED = [
    "", "> 0", "> bool 3", "== bool 0", ("-", ""), ("3600 *", "/ 4"), ("2 ^ -", ""), "% 7", "* on (project_id) group_left () price",
    "* on (project_id, code) group_left (tier) (price * on (project_id) group_right () max by (code, project_id) (usage_total))",
    "* ignoring (code, instance) group_left () max by (project_id) (other)", "/ on (project_id, code) sum by (project_id, code) (memory)",
    "or max by (project_id, code) (other)", "or max by (project_id, code) (other offset 2h)", "or on (project_id) other",
    "and on (project_id) (price > 2)", "unless on (project_id) (price > 2)", ("topk by (project_id) (1,", ")"),
    ("bottomk without (code) (1,", ")"), ("quantile by (project_id) (0.5,", ")"), ("count_values by (project_id) (\"code\",", ")"),
    ("label_replace(", ", \"tier\", \"x$1\", \"project_id\", \"(.).*\")"), ("label_join(", ", \"code\", \"-\", \"code\", \"project_id\")"),
    ("max_over_time((", ")[2h:20m])"), ("avg_over_time((", ")[1h:] offset 30m)"), ("max_over_time((", ")[1h:10m] @ end())"),
    ("round(", ", 5)"), ("clamp(", ", 1, 20)"), ("clamp_max(", ", time() / 1e8)"), ("sort_desc(", ")"), ("stddev by (project_id) (", ")"),
    ("sum without () (", ")"), ("sgn(-(", "))"), ("timestamp(", ")"), ("hour(", ")"), "!= 2 or other * 0 > bool 1", "atan2 2",
]
# Texts that are asked once a scope, and why.
UNPROVED = [
    (("topk(1,", ")"), "topk ranks across values"), (("bottomk by (code) (2,", ")"), "bottomk ranks across values"),
    ("or vector(0)", "vector() loses the label"), (("absent(", ")"), "absent() loses the label"),
    ("* on (code) group_left () max by (code) (memory)", "max drops the label"),
    ("* on (code) group_left () price{project_id=\"p1\"}", "* matches series of different"),
    ("* on () group_left () price{project_id=\"p1\"}", "* matches series of different"), (("sum by (code) (", ")"), "sum drops the label"),
    (("count(", ")"), "count drops the label"), ("/ scalar(max(memory))", "scalar() loses the label"),
    (("label_replace(", ", \"project_id\", \"x\", \"\", \"\")"), "label_replace() writes the label"),
    (("absent_over_time((", ")[1h:])"), "absent_over_time() loses the label"), ("and on () vector(1)", "vector() loses the label"),
    (("max by (code, project_id) (usage_total{project_id!=\"\"}) #", ""), "a text or a comment"),
]


def parts(text):
    return text if isinstance(text, tuple) else ("", text)


def samples():
    """(name, labels, value, Unix seconds)."""
    rows = []
    source = random.Random(7)
    for index, scope in enumerate(SCOPES):
        for code in ("200", "500")[:1 + index % 2]:
            for instance in ("a", "b"):
                value = 0
                for time in range(FIRST_SECONDS, END_SECONDS + 1, STEP):
                    value += source.randint(0, 2 + index)
                    rows.append(("usage_total", {"project_id": scope, "code": code, "instance": instance}, value, time))
        if index != 1:  # one scope is without memory, another without price
            rows += [("memory", {"project_id": scope, "code": code}, source.randint(1, 50), time)
                     for code in ("200", "500") for time in range(FIRST_SECONDS, END_SECONDS + 1, STEP)]
        if index != 2:
            rows += [("price", {"project_id": scope, "tier": f"t{index % 3}"}, index + 0.5, time)
                     for time in range(FIRST_SECONDS, END_SECONDS + 1, STEP)]
    for scope in SCOPES[:3] + [ONLY_OTHER]:
        rows += [("other", {"project_id": scope, "code": "200"}, source.randint(0, 9), time)
                 for time in range(BEGIN_SECONDS + STEP, END_SECONDS + 1, STEP)]
    rows += [("other", {"project_id": ONLY_BEFORE, "code": "200"}, 4, time)
             for time in range(FIRST_SECONDS, FIRST_SECONDS + 3601, STEP)]
    rows += [("usage_total", {"code": "200", "instance": "c"}, 5, END_SECONDS), ("other", {"code": "200"}, 5, END_SECONDS)]
    return rows


def labels_text(labels):
    return ",".join('%s="%s"' % (name, value.replace("\\", "\\\\").replace('"', '\\"')) for name, value in labels.items())


def as_openmetrics(rows):
    lines = []
    for name in sorted({row[0] for row in rows}):
        lines.append(f"# TYPE {name.removesuffix('_total')} {'counter' if name.endswith('_total') else 'gauge'}")
        lines += [f"{name}{{{labels_text(labels)}}} {value} {time}" for other, labels, value, time in rows if other == name]
    return "\n".join(lines + ["# EOF", ""])


def as_series(rows):
    """For remote_write."""
    series = {}
    for name, labels, value, time in rows:
        series.setdefault(tuple({"__name__": name, **labels}.items()), []).append((time * 1000, float(value)))
    return [(dict(labels), samples) for labels, samples in series.items()]


class RandomText:
    """Prefix and suffix that may be proved or not; all are PromQL."""

    def __init__(self, source, aggregations):
        self.source = source
        self.aggregations = aggregations

    def labels(self):
        pool = ["project_id", "project_id", "code", "tier"]
        return ", ".join(dict.fromkeys(self.source.choices(pool, k=self.source.randint(0, 3))))

    def vector(self, depth):
        name = self.source.choice(["usage_total", "memory", "price", "other"])
        kind = self.source.randint(0, 9 if depth > 0 else 2)
        if kind <= 1:
            return name + self.source.choice(["", "", " offset 1h", ' {code="200"}', ' {project_id=~"p[1-3]"}'])
        if kind == 2:
            return f"{self.source.choice(['rate', 'max_over_time', 'count_over_time', 'changes'])}({name}[30m])"
        if kind <= 5:
            operation = self.source.choice(self.aggregations)
            parameter = {"topk": "1, ", "bottomk": "2, ", "quantile": "0.5, "}.get(operation, "")
            clause = self.source.choice(["", "by (project_id)", "by (%s)" % self.labels(), "without (%s)" % self.labels()])
            return f"{operation} {clause} ({parameter}{self.vector(depth - 1)})"
        if kind == 6:
            function = self.source.choice(["abs", "-", "ceil", "absent", "sgn", "sort", "timestamp"])
            return f"{function}({self.vector(depth - 1)})"
        if kind == 7:
            return f"max_over_time(({self.vector(depth - 1)})[1h:20m])"
        return f"({self.joined(self.vector(depth - 1), depth - 1)})"

    def joined(self, left, depth):
        operator = self.source.choice(["+", "*", "/", "> bool", "<", "==", "and", "or", "unless", "or"])
        kind = self.source.random()
        if kind < 0.2 and operator not in ("and", "or", "unless"):
            return f"{left} {operator} {self.source.choice(['2', 'time()', 'scalar(%s)' % self.vector(0)])}"
        if kind < 0.3:
            return f"{left} {operator} vector(1)"
        matching = self.source.choice(["", "on (%s)" % self.labels(), "ignoring (%s)" % self.labels(), "on (project_id)"])
        right = self.vector(depth)
        if operator not in ("and", "or", "unless") and matching and self.source.random() < 0.7:
            clause = matching.split("(")[1].rstrip(")")
            right = f"max by ({clause}) ({right})" if matching.startswith("on") else right
            matching += " group_left ()"
        return f"{left} {operator} {matching} {right}"

    def make(self):
        kind = self.source.randint(0, 3)
        if kind == 0:
            return "", self.joined("", 2).strip()
        if kind == 1:
            outer = self.source.choice(["sum by (project_id) (", "max by (code) (", "max without (code) (", "abs(", "-(", "count("] +
                                       ["topk by (project_id) (2,", "topk(2,"] * ("topk" in self.aggregations))
            return outer, ") " + (self.joined("", 1).strip() if self.source.random() < 0.5 else "")
        if kind == 2:
            return "max_over_time((", ")[1h:30m])"
        left = self.vector(2)
        return f"{left} {self.source.choice(['or', 'and', 'unless', '+ on (project_id) group_left ()', '* on (project_id, code)'])}", ""


class Modes:
    """What every server has to answer; see the classes at the end."""

    url = None
    aggregations = ["sum", "max", "count", "stddev", "group", "quantile", "topk", "bottomk"]
    maxDiff = 3000

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.metrics = pathlib.Path(folder.name) / "metrics.yml"

    def write(self, texts, **extra_args):
        """One spec a text, named by its number."""
        specs = []
        for number, text in enumerate(texts):
            prefix, suffix = parts(text)
            specs.append({"alt_name": f"s{number}", "unit": "u", "groupby": ["code"], "metadata": ["tier"],
                          "extra_args": {"aggregation_method": "sum", "range_function": "changes", "query_prefix": prefix,
                                         "query_suffix": suffix, **extra_args}})
        self.metrics.write_text(json.dumps({"metrics": {"usage_total": specs}}), encoding="utf-8")

    def query(self, *arguments):
        return promtally_cli.run("query", self.metrics, "--scope-key", "project_id", "--begin", BEGIN, "--format", "json",
                                 *arguments)

    def records(self, *arguments):
        """Records of each spec, and the whole outcome."""
        outcome = self.query("--execute", "--url", self.url, *arguments)
        self.assertIn(outcome.returncode, (0, 1), str(outcome)[-3000:])
        found = {}
        for line in outcome.lines:
            record = (line["scope"], tuple(sorted(line["groupby"].items())), tuple(sorted(line["metadata"].items())),
                      self.rounded(line["quantity"]))
            found.setdefault(line["name"], []).append(record)
        return {name: sorted(records) for name, records in found.items()}, outcome

    @staticmethod
    def rounded(quantity):
        return quantity

    def failed(self, outcome):
        return set(re.findall(r"(?m)^promtally: error: (s\d+) ", outcome.stderr))

    def queries_of(self, outcome, name):
        return re.findall(rf"(?m)^{name} \S+: (.*)$", outcome.stderr)

    def reasons(self, outcome):
        """Why specs are asked once a scope, by name."""
        return dict(re.findall(r'warning: the query of "(s\d+)" (?:is asked once a scope: |cannot be read as PromQL[^:]*: )(.*)',
                               outcome.stderr))

    def ask(self, query):
        body = urllib.parse.urlencode({"query": query, "time": END_SECONDS}).encode()
        with urllib.request.urlopen(f"{self.url}/api/v1/query", data=body, timeout=30) as answer:
            return json.load(answer)["data"]["result"]

    def truth(self, name):
        """Label sets of a spec's records as another client finds them, one scope after the other."""
        found = []
        lines = self.query("--metric", name, "--per-scope", *[f"--scope={scope}" for scope in SCOPES]).lines
        self.assertEqual([line["scope"] for line in lines], SCOPES)
        for line in lines:
            found += [(line["scope"], series["metric"].get("code", ""), series["metric"].get("tier", ""))
                      for series in self.ask(line["query"])
                      if series["metric"].get("project_id", line["scope"]) == line["scope"] and series["value"][1] != "NaN"]
        return sorted(found)

    def test_proved_texts_give_the_same_records_in_both_modes(self):
        self.write(PROVED)
        together, outcome = self.records()
        self.assertEqual((self.reasons(outcome), self.failed(outcome)), ({}, set()))
        apart, outcome_apart = self.records("--per-scope")
        self.assertEqual(self.failed(outcome_apart), set())
        for number, text in enumerate(PROVED):
            name = f"s{number}"
            with self.subTest(text=text):
                self.assertEqual(len(self.queries_of(outcome, name)), 1)
                self.assertGreaterEqual(len(self.queries_of(outcome_apart, name)), len(SCOPES))
                self.assertTrue(together.get(name))
                self.assertEqual(together[name], apart.get(name))

    def test_batches_of_proved_texts_bring_in_nothing_else(self):
        self.write(PROVED)
        together, _outcome = self.records()
        for scopes in (SCOPES[:2], [ONLY_OTHER, SCOPES[0]], [ONLY_BEFORE]):
            batch, outcome = self.records(*[f"--scope={scope}" for scope in scopes])
            self.assertEqual(outcome.returncode, 0, str(outcome)[-2000:])
            for name, records in together.items():
                expected = [record for record in records if record[0] in scopes]
                self.assertEqual(batch.get(name, []), expected, PROVED[int(name[1:])])

    def test_a_scope_that_only_the_suffix_selects_is_found(self):
        self.write(["or max by (project_id, code) (other)", "or max by (project_id, code) (other offset 2h)"])
        for arguments in ((), ("--per-scope",)):
            found, _outcome = self.records(*arguments)
            self.assertEqual({record[0] for record in found["s0"]}, {*SCOPES, ONLY_OTHER}, arguments)
            self.assertEqual({record[0] for record in found["s1"]}, {*SCOPES, ONLY_BEFORE}, arguments)

    def test_other_texts_are_asked_once_a_scope_and_say_why(self):
        self.write([text for text, _reason in UNPROVED])
        found, outcome = self.records()
        reasons = self.reasons(outcome)
        apart, _outcome = self.records("--per-scope")
        self.assertEqual(found, apart)
        for number, (text, reason) in enumerate(UNPROVED):
            name = f"s{number}"
            with self.subTest(text=text):
                self.assertIn(reason, reasons.get(name, ""))
                self.assertEqual(len(self.queries_of(outcome, name)), len(SCOPES))
                self.assertEqual(sorted((scope, dict(groupby)["code"], dict(metadata)["tier"])
                                        for scope, groupby, metadata, _quantity in found.get(name, [])), self.truth(name))

    def test_random_texts_that_are_proved_give_the_same_records_in_both_modes(self):
        seed = int(os.environ.get("PROMTALLY_TEST_SEED") or random.SystemRandom().randrange(1 << 32))
        print(f"seed: {seed}", file=sys.stderr)
        generator = RandomText(random.Random(seed), self.aggregations)
        proved = records = unproved = 0
        for _ in range(0, RANDOM_TEXTS, TEXTS_OF_A_FILE):
            texts = [generator.make() for _ in range(TEXTS_OF_A_FILE)]
            self.write(texts)
            together, outcome = self.records()
            apart, outcome_apart = self.records("--per-scope")
            reasons, failed = self.reasons(outcome), self.failed(outcome)
            unproved += len(reasons)
            for number, text in enumerate(texts):
                name = f"s{number}"
                # Where a match of one scope is many to many, the one query fails: nothing to compare.
                if name in reasons or name in failed:
                    continue
                self.assertEqual(len(self.queries_of(outcome, name)), 1, text)
                self.assertNotIn(name, self.failed(outcome_apart), text)
                self.assertEqual(together.get(name, []), apart.get(name, []), f"seed {seed}: {text}")
                proved += 1
                records += len(together.get(name, []))
        print(f"{proved} texts were proved and gave {records} records in both modes, {unproved} were not proved", file=sys.stderr)
        self.assertGreater(proved, RANDOM_TEXTS // 10)
        self.assertGreater(records, proved)
        self.assertGreater(unproved, RANDOM_TEXTS // 10)


@unittest.skipUnless(prometheus_server.is_available(), "Prometheus is not installed")
class OnPrometheus(Modes, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        server = prometheus_server.PrometheusServer(as_openmetrics(samples()))
        cls.addClassCleanup(server.stop)
        cls.url = server.start().url


class WrittenTo(Modes):
    server = None

    @classmethod
    def setUpClass(cls):
        if not cls.server.available():
            raise unittest.SkipTest(cls.server.reason())
        server = cls.server()
        cls.addClassCleanup(server.stop)
        server.start().write(as_series(samples()))
        cls.url = server.url


class OnPrometheus3(WrittenTo, unittest.TestCase):
    server = metric_servers.Prometheus3


class OnVictoriaMetrics(WrittenTo, unittest.TestCase):
    server = metric_servers.VictoriaMetrics
    # Of equal values its topk takes any, and it adds up in any order.
    aggregations = [name for name in Modes.aggregations if name not in ("topk", "bottomk")]

    @staticmethod
    def rounded(quantity):
        return f"{float(quantity):.12g}"


@unittest.skipUnless(metric_servers.VictoriaMetrics.available(), metric_servers.VictoriaMetrics.reason())
class CloudKittySpecsOnVictoriaMetrics(unittest.TestCase):
    """Their equality on Prometheus is for cloudkitty_data_test.py."""
    maxDiff = 3000

    def generate(self, server, scopes):
        with tempfile.TemporaryDirectory() as folder:
            data = pathlib.Path(folder) / "data.om"
            subprocess.run([sys.executable, "-B", promtally_cli.ROOT / "tools" / "bench" / "gen_openmetrics.py", "--scopes",
                            str(scopes), "--out", data], check=True, stderr=subprocess.DEVNULL)
            lines = data.read_text(encoding="utf-8").splitlines()
        rows = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        text = "".join(f"{sample} {round(float(seconds) * 1000)}\n" for sample, seconds in rows)
        urllib.request.urlopen(f"{server.url}/api/v1/import/prometheus", data=text.encode(), timeout=60).close()
        server.write([])  # makes them visible

    def records(self, *arguments):
        outcome = promtally_cli.run("query", *arguments, "--execute", "--scope-key", cloudkitty_data.SCOPE_KEY, "--begin",
                                    cloudkitty_data.BEGIN, "--format", "json")
        self.assertIn(outcome.returncode, (0, 1), str(outcome)[-3000:])
        return sorted((line["name"], line["scope"], sorted(line["groupby"].items()), sorted(line["metadata"].items()),
                       OnVictoriaMetrics.rounded(line["quantity"])) for line in outcome.lines)

    def test_both_modes_give_the_same_records(self):
        compared = 0
        with tempfile.TemporaryDirectory() as folder, metric_servers.VictoriaMetrics() as server:
            self.generate(server, 4)
            for file in cloudkitty_data.valid_files():
                copy = cloudkitty_data.copy_valid_file(file, pathlib.Path(folder))
                together = self.records(copy, "--url", server.url)
                self.assertEqual(together, self.records(copy, "--url", server.url, "--per-scope"), file.name)
                compared += len(together)
        self.assertGreater(compared, 1000)


class Reasons(unittest.TestCase):
    def test_collect_and_serve_say_what_is_asked_once_a_scope(self):
        with FakePrometheus(by_metric({"a": [({"project_id": "p1"}, "1")]})) as server:
            work = Workspace(self, server.url, {"a": spec(extra_args={"query_suffix": "or vector(0)"})},
                             job={"scopes": {"include": ["p1"]}})
            expected = 'warning: job "default": "a" is asked once a scope: vector() loses the label "project_id"\n'
            self.assertIn(expected, work.collect(1).stderr)
            with Serving(work) as service:
                self.assertEqual(service.get("/-/healthy")[0], 200)
                log = "".join(service.log)
            self.assertIn(expected, log)


if __name__ == "__main__":
    unittest.main()
