# SPDX-License-Identifier: Apache-2.0
"""`diff` and `reconcile`: what would be billed under another file, and what another truth says."""
import csv
import io
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import promtally_cli  # noqa: E402: the path is set above
from support.fake_prometheus import Answer, FakePrometheus, by_metric, vector  # noqa: E402
from support.workspace import Workspace, hour, spec  # noqa: E402

A = [({"project_id": "p1"}, "10"), ({"project_id": "p2"}, "1")]
B = [({"project_id": "p1"}, "0.1")]
UNREACHABLE = "http://127.0.0.1:9"


class Diff(unittest.TestCase):
    def setUp(self):
        self.server = FakePrometheus(by_metric({"a": A, "b": B, "gone": A, "new": B}))
        self.server.__enter__()
        self.addCleanup(self.server.__exit__, None, None, None)
        self.work = Workspace(self, self.server.url, ["a"])
        self.work.write_metrics({"a": spec(), "b": spec(), "gone": spec()}, "old.yml")
        self.work.write_metrics({"a": spec(factor=1.5), "b": spec(), "new": spec()}, "new.yml")

    def diff(self, status, *more, form="json", where=None):
        where = where or ["--url", self.server.url, "--scope-key", "project_id"]
        return self.work.expect(status, "diff", "old.yml", "new.yml", *where, "--begin", hour(0), "--end", hour(2),
                                "--format", form, *more)

    def test_each_scope_and_the_total_of_each_name(self):
        lines = self.diff(0).lines
        self.assertEqual(lines, [
            {"name": "a", "scope": "p1", "old": "20", "new": "30", "change": "10", "percent": "50"},
            {"name": "a", "scope": "p2", "old": "2", "new": "3", "change": "1", "percent": "50"},
            {"total": True, "name": "a", "old": "22", "new": "33", "change": "11", "percent": "50"},
            {"name": "b", "scope": "p1", "old": "0.2", "new": "0.2", "change": "0", "percent": "0"},
            {"total": True, "name": "b", "old": "0.2", "new": "0.2", "change": "0", "percent": "0"},
            {"name": "gone", "scope": "p1", "old": "20", "new": None, "change": "-20", "percent": None},
            {"name": "gone", "scope": "p2", "old": "2", "new": None, "change": "-2", "percent": None},
            {"total": True, "name": "gone", "old": "22", "new": None, "change": "-22", "percent": None},
            {"name": "new", "scope": "p1", "old": None, "new": "0.2", "change": "0.2", "percent": None},
            {"total": True, "name": "new", "old": None, "new": "0.2", "change": "0.2", "percent": None},
        ])

    def test_writes_nothing_and_takes_the_settings(self):
        before = sorted(path.name for path in self.work.folder.iterdir())
        lines = self.diff(0, where=["--config", "promtally.yml"]).lines
        self.assertEqual(len(lines), 10)
        self.assertEqual(sorted(path.name for path in self.work.folder.iterdir()), before)

    def test_table_and_csv(self):
        table = self.diff(0, form="table").stdout
        self.assertRegex(table, r"(?m)^total +a +22 +33 +11 +50$")
        rows = list(csv.DictReader(io.StringIO(self.diff(0, form="csv").stdout)))
        self.assertEqual(len(rows), 10)
        self.assertEqual((rows[5]["old"], rows[5]["new"], rows[5]["change"]), ("20", "", "-20"))

    def test_without_scopes(self):
        answers = dict.fromkeys(("a", "b", "gone", "new"), [({}, "11")])
        with FakePrometheus(by_metric(answers)) as server:
            lines = self.diff(0, where=["--url", server.url]).lines
        self.assertEqual(lines[0], {"name": "a", "scope": None, "old": "22", "new": "33", "change": "11", "percent": "50"})

    def test_a_period_that_cannot_be_had_compares_with_nothing(self):
        with FakePrometheus(by_metric({"a": Answer("", 503), "b": B, "gone": A, "new": B})) as server:
            outcome = self.diff(1, where=["--url", server.url, "--scope-key", "project_id"])
        self.assertNotIn("a", [line["name"] for line in outcome.lines])
        self.assertIn("503", outcome.stderr)

    def test_exit_status(self):
        self.diff(4, where=["--url", UNREACHABLE, "--scope-key", "project_id"])
        self.diff(2, where=["--scope-key", "project_id"])
        (self.work.folder / "new.yml").write_text("metrics: {a: {}}")
        self.diff(3)


class Reconcile(unittest.TestCase):
    """The ledger has 20 of p1 and 2 of p2 of two hours."""

    def setUp(self):
        self.truth = [({"project_id": "p1"}, "20"), ({"project_id": "p2"}, "2")]
        collected = by_metric({"a": A})
        self.server = FakePrometheus(lambda query, time: vector(self.truth, time) if "truth" in query else collected(query, time))
        self.server.__enter__()
        self.addCleanup(self.server.__exit__, None, None, None)
        self.work = Workspace(self, self.server.url, ["a"], job={"start": hour(0)})
        self.work.expect(0, "collect", "--config", "promtally.yml", "--begin", hour(0), "--end", hour(2))

    def reconcile(self, status, against, *more, where=("--config", "promtally.yml"), time=None):
        time = time or ["--begin", hour(0), "--end", hour(2)]
        return self.work.expect(status, "reconcile", "a", "--against", against, *where, *time, "--format", "json", *more)

    def bill(self, text):
        (self.work.folder / "bill.csv").write_text(text)
        return "bill.csv"

    def test_an_expression_at_the_end_of_the_range(self):
        lines = self.reconcile(0, "sum by (project_id) (truth)").lines
        self.assertEqual(lines, [
            {"name": "a", "scope": "p1", "theirs": "20", "ours": "20", "difference": "0", "percent": "0", "within": True},
            {"name": "a", "scope": "p2", "theirs": "2", "ours": "2", "difference": "0", "percent": "0", "within": True},
            {"total": True, "name": "a", "theirs": "22", "ours": "22", "difference": "0", "percent": "0", "within": True}])

    def test_tolerance_as_a_share_and_as_an_amount(self):
        self.truth = [({"project_id": "p1"}, "20.1"), ({"project_id": "p2"}, "2")]
        self.assertEqual([line["within"] for line in self.reconcile(1, "truth").lines], [False, True, False])
        self.assertEqual(self.reconcile(1, "truth").lines[0]["percent"], "-0.5")
        self.reconcile(0, "truth", "--tolerance", "0.5%")
        self.reconcile(1, "truth", "--tolerance", "0.49%")
        self.reconcile(0, "truth", "--tolerance", "0.1")
        self.reconcile(1, "truth", "--tolerance", "0.09")
        self.reconcile(2, "truth", "--tolerance", "much")

    def test_a_scope_that_one_side_lacks(self):
        self.truth = [({"project_id": "p1"}, "20"), ({"project_id": "p3"}, "2")]
        lines = self.reconcile(1, "truth").lines
        self.assertEqual([(line.get("scope"), line["theirs"], line["ours"]) for line in lines],
                         [("p1", "20", "20"), ("p2", None, "2"), ("p3", "2", None), (None, "22", "22")])

    def test_a_former_bill(self):
        self.reconcile(0, self.bill('scope,quantity\np1,12\n"p1",8\r\np2,2\n'))
        self.reconcile(0, self.bill("tenant;x,amount\np1,20\np2,2.0\n"), "--scope-column", "tenant;x", "--quantity-column", "amount")
        for text, place in (("scope,amount\np1,1\n", 'no column "quantity"'), ("scope,quantity\np1,x\n", "line 2"),
                            ("scope,quantity\np1\n", "line 2"), ("", "line 1"), ('scope,quantity\n"p1,1\n', "line 2")):
            with self.subTest(text):
                self.assertIn(place, self.reconcile(3, self.bill(text)).stderr)
        self.assertIn("no.csv", self.reconcile(3, "no.csv").stderr)

    def test_a_month(self):
        self.reconcile(0, "truth", time=["--month", "2025-06"])
        self.assertEqual(self.reconcile(1, "truth", time=["--month", "2025-05"]).lines[-1]["ours"], "0")
        for wrong in (["--month", "2025-13"], ["--month", "June"], [], ["--month", "2025-06", "--begin", hour(0)],
                      ["--begin", hour(2), "--end", hour(0)]):
            with self.subTest(wrong):
                outcome = promtally_cli.run("reconcile", "a", "--against", "truth", "--config", "promtally.yml", *wrong,
                                            cwd=self.work.folder)
                self.assertEqual(outcome.returncode, 2, str(outcome))

    def test_another_server_and_a_ledger_alone(self):
        where = ["--ledger", "promtally.db", "--url", self.server.url, "--scope-key", "project_id"]
        self.reconcile(0, "truth", where=where)
        self.reconcile(2, "truth", where=["--ledger", "promtally.db"])
        self.reconcile(4, "truth", where=["--ledger", "promtally.db", "--url", UNREACHABLE, "--scope-key", "project_id"])

    def test_what_is_no_amount_is_refused(self):
        self.truth = [({"project_id": "p1"}, "NaN")]
        self.assertIn("NaN", self.reconcile(1, "truth").stderr)


if __name__ == "__main__":
    unittest.main()
