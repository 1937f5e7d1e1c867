# SPDX-License-Identifier: Apache-2.0
"""Records from a real Prometheus equal the data points that CloudKitty collects from the same data, and every way to get
them (one query for all scopes, one a scope, the ledger) gives the same ones."""
import collections
import decimal
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import cloudkitty_data, prometheus_server, promtally_cli  # noqa: E402: the path is set above

DATE_LABELS = ("week_of_the_year", "day_of_the_year", "month", "year")
# Specs whose query no server answers with a vector: CloudKitty raises there as well.
FAILING = {"v06_all_agg_x_range.yml": {f"{method}.irange" for method in
                                       ("avg", "count", "max", "min", "stddev", "stdvar", "sum")},
           "v12_prefix_suffix.yml": {"scalar"}}
RECORD_KEYS = {"id", "job", "metric", "name", "scope", "begin", "end", "unit", "quantity", "groupby", "metadata",
               "revision", "finality", "kind", "source", "collected_at"}
LEDGER_KEYS = {"id", "revision", "finality", "collected_at"}


def comparable(record, *keys):
    """A record as a text that sorts."""
    return json.dumps({key: record[key] for key in keys}, sort_keys=True)


def from_cloudkitty(answer):
    """CloudKitty's data point as promtally's record: no date labels of its own, and the scope that was asked for."""
    groupby = {name: value for name, value in answer["groupby"].items() if name not in DATE_LABELS}
    groupby[cloudkitty_data.SCOPE_KEY] = answer["scope"]  # CloudKitty has "" where the text drops the label
    if answer["metric"] == "clash":
        groupby.update(month="", year="")  # labels of the spec, which no series has
    return {"name": answer["metric"], "scope": answer["scope"], "unit": answer["unit"], "quantity": answer["qty"],
            "groupby": groupby, "metadata": answer["metadata"]}


def total(records):
    with decimal.localcontext() as context:
        context.prec = 60
        return sum((decimal.Decimal(record["quantity"]) for record in records), decimal.Decimal(0))


@unittest.skipUnless(prometheus_server.is_available(), "Prometheus is not installed")
class Data(unittest.TestCase):
    maxDiff = 2000

    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = pathlib.Path(temporary.name)
        data = cls.folder / "data.om"
        subprocess.run([sys.executable, "-B", promtally_cli.ROOT / "tools" / "bench" / "gen_openmetrics.py", "--scopes",
                        "10", "--out", data], check=True, stderr=subprocess.DEVNULL)
        server = prometheus_server.PrometheusServer(data)
        cls.addClassCleanup(server.stop)
        cls.url = server.start().url
        data.unlink()
        cls.write_settings()

    @classmethod
    def write_settings(cls):
        """One job a file, named like it."""
        jobs = ""
        for file in cloudkitty_data.valid_files():
            cloudkitty_data.copy_valid_file(file, cls.folder)
            # settle: else a period is due in the first five minutes of an hour that the status then shows as open.
            jobs += f"  - {{job: {file.stem}, metrics_file: {file.name}, scope_key: project_id, settle: 0s}}\n"
        cls.config = cls.folder / "promtally.yml"
        cls.config.write_text(f"sources: [{{name: prometheus, url: '{cls.url}'}}]\ncollect:\n{jobs}"
                              "ledger: {path: promtally.db}\n", encoding="utf-8")

    def promtally(self, *arguments, status=0):
        outcome = promtally_cli.run(*arguments, "--format", "json")
        self.assertEqual(outcome.returncode, status, str(outcome))
        return outcome

    def query_all(self, *arguments):
        """Every record of every file; two of them have specs that fail."""
        return self.promtally("query", "--config", self.config, "--execute", "--begin", cloudkitty_data.BEGIN, "--end",
                              cloudkitty_data.END, *arguments, status=1).lines

    def assert_same_records(self, first, second, keys):
        self.assertEqual(sorted(comparable(record, *keys) for record in first),
                         sorted(comparable(record, *keys) for record in second))

    def test_records_equal_the_data_points_of_cloudkitty(self):
        keys = ("name", "scope", "unit", "quantity", "groupby", "metadata")
        for file in cloudkitty_data.valid_files():
            answers = cloudkitty_data.answers(file, "data")
            failing = FAILING.get(file.name, set())
            self.assertEqual({answer["metric"].split("@#")[-1] for answer in answers if "error" in answer}, failing)
            expected = [from_cloudkitty(answer) for answer in answers if "error" not in answer]
            if file.name.startswith("v15"):  # CloudKitty skips later, when it rates
                expected = [record for record in expected if decimal.Decimal(record["quantity"]) != 0]
            scopes = {answer["scope"] for answer in answers}
            with self.subTest(file=file.name):
                outcome = self.promtally("query", self.folder / file.name, "--execute", "--url", self.url,
                                         "--scope-key", cloudkitty_data.SCOPE_KEY, "--rounding", "cloudkitty",
                                         "--begin", cloudkitty_data.BEGIN, status=1 if failing else 0)
                self.assertEqual(len({record["scope"] for record in outcome.lines}), 10)
                self.assert_same_records([record for record in outcome.lines if record["scope"] in scopes], expected,
                                         keys)
                for record in outcome.lines:
                    self.assertEqual((record["begin"], record["end"], record["kind"]),
                                     (cloudkitty_data.BEGIN, cloudkitty_data.END, "measured"))
                    self.assertEqual(set(record), RECORD_KEYS - LEDGER_KEYS - {"job"})
                for name in failing:
                    self.assertRegex(outcome.stderr, rf"(?m)^promtally: error: {name} \S+: (query_error|wrong_type): ")

    def test_every_way_to_the_records_gives_the_same_ones(self):
        keys = tuple(RECORD_KEYS - LEDGER_KEYS)
        one_query = self.query_all()
        self.assertGreater(len(one_query), 4000)
        self.assert_same_records(self.query_all("--per-scope"), one_query, keys)
        collected = self.promtally("collect", "--config", self.config, "--begin", cloudkitty_data.BEGIN, "--end",
                                   cloudkitty_data.END, status=1).lines
        records = self.promtally("usage", "--config", self.config, "--records").lines
        self.assert_same_records(records, one_query, keys)
        self.assert_same_records(records, collected, tuple(RECORD_KEYS))
        self.check_ledger(records)
        self.check_totals(records)
        self.check_states()
        self.promtally("verify", "--config", self.config)

    def check_ledger(self, records):
        for record in records:
            self.assertEqual(set(record), RECORD_KEYS)
            self.assertEqual((record["revision"], record["kind"], record["source"]), (0, "measured", "prometheus"))
            self.assertIn(record["finality"], ("provisional", "final"))
            self.assertRegex(record["collected_at"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
            self.assertNotRegex(record["quantity"], r"[eE+]|^-0$|\.\d*0$|\.$")
            self.assertEqual(record["groupby"][cloudkitty_data.SCOPE_KEY], record["scope"])
        self.assertEqual(len({record["id"] for record in records}), len(records))

    def check_totals(self, records):
        groups = collections.defaultdict(list)
        for record in records:
            groups[record["job"], record["name"], record["scope"]].append(record)
        totals = self.promtally("usage", "--config", self.config, "--by", "metric,scope").lines
        self.assertEqual({(line["job"], line["name"], line["scope"]) for line in totals}, set(groups))
        self.assertEqual(len(totals), len(groups))
        for line in totals:
            group = groups[line["job"], line["name"], line["scope"]]
            self.assertEqual((decimal.Decimal(line["quantity"]), line["records"]), (total(group), len(group)), line)
            self.assertEqual((line["begin"], line["end"], line["unit"], line["kind"], line["groupby"]),
                             (cloudkitty_data.BEGIN, cloudkitty_data.END, group[0]["unit"], "measured", {}))

    def check_states(self):
        """Each spec has its one period committed; what failed is shown with its reason."""
        lines = self.promtally("status", "--config", self.config).lines
        failing = {(pathlib.PurePath(file).stem, name) for file, names in FAILING.items() for name in names}
        for line in lines:
            failed = (line["job"], line["name"]) in failing
            if "state" in line:
                reason = "wrong_type" if line["name"] == "scalar" else "query_error"
                self.assertEqual((failed, line["state"], line["reason"]), (True, "failed", reason), line)
            else:
                self.assertEqual((line["committed"], line["failed"], line["open"]),
                                 (0, 1, 0) if failed else (1, 0, 0), line)
        self.assertEqual(sum("state" in line for line in lines), len(failing))


if __name__ == "__main__":
    unittest.main()
