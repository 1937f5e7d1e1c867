# SPDX-License-Identifier: Apache-2.0
"""Backup, restore, check and verify of a ledger, one writer at a time, and what usage and status print."""
import contextlib
import csv
import io
import pathlib
import re
import shutil
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import promtally_cli  # noqa: E402: the path is set above
from support.fake_prometheus import FakePrometheus, by_metric, vector  # noqa: E402
from support.ledger_file import changing  # noqa: E402
from support.workspace import BEGIN, HOUR, Workspace, hour, instant, spec  # noqa: E402

GOOD = [({"project_id": "p1", "region": "eu"}, "1.5"), ({"project_id": "p1", "region": "us"}, "2"),
        ({"project_id": "p2", "region": "eu"}, "0.25")]


class HeldCollect:
    """A collect that runs until its second hour is asked for, and waits there for release()."""

    def __init__(self, test):
        self.asked, self.gate = threading.Event(), threading.Event()
        test.addCleanup(self.gate.set)

        def answer(_query, moment):
            if moment > BEGIN + HOUR:
                self.asked.set()
                self.gate.wait(60)
            return GOOD
        self.server = FakePrometheus(by_metric({"a": answer})).start()
        test.addCleanup(self.server.stop)
        self.work = Workspace(test, self.server.url, {"a": spec(groupby=["region"])}, source={"concurrency": 1})
        self.work.collect(1)
        self.process = promtally_cli.start(*self.work.collect_arguments(3), cwd=self.work.folder)
        test.addCleanup(self.end)
        test.assertTrue(self.asked.wait(60))

    def release(self):
        self.gate.set()
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


class WhileAnotherWrites(unittest.TestCase):
    def test_reports_and_backups_work_and_a_second_writer_is_refused_by_process_id(self):
        held = HeldCollect(self)
        work = held.work
        holder = f"process {held.process.pid}"
        self.assertIn(holder, work.collect(1, status=1).stderr)
        backup = work.folder / "backup.db"
        work.expect(0, "ledger", "backup", backup, "--ledger", work.ledger)
        outcome = work.expect(1, "ledger", "restore", backup, "--ledger", work.ledger, "--replace")
        self.assertIn(holder, outcome.stderr)
        work.verify()
        self.assertEqual(work.status()[0]["a"]["committed"], 1)
        self.assertEqual(held.release(), (0, ""))
        self.assertEqual(work.status()[0]["a"]["committed"], 3)
        work.expect(0, "verify", "--ledger", backup)
        begins = {record["begin"] for record in
                  work.expect(0, "usage", "--records", "--ledger", backup, "--format", "json").lines}
        self.assertEqual(begins, {hour(0)})  # the state of its time, and whole
        work.collect(3)  # the lock went with its holder


class WithOneLedger(unittest.TestCase):
    """A ledger of six scheduled periods of two specs, made once and copied for each test."""

    @classmethod
    def setUpClass(cls):
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        now = int(time.time())
        cls.start = now - now % HOUR - 6 * HOUR
        bad = GOOD + [({"project_id": "p9"}, "NaN")]
        with FakePrometheus(by_metric({"a": GOOD, "b": bad})) as server:
            cls.maker = cls()
            stack.callback(cls.maker.doCleanups)
            cls.made = Workspace(cls.maker, server.url, {"a": spec(groupby=["region"]), "b": spec(metadata=["region"])},
                                 job={"start": instant(cls.start), "wait_periods": 1, "settle": "0s"})
            outcome = cls.made.run("collect", "--config", cls.made.config)
            assert outcome.returncode == 1, str(outcome)  # b has rejected series

    def runTest(self):
        """Lets setUpClass have an instance, for its cleanups."""

    def setUp(self):
        self.work = self.made
        self.ledger = self.made.folder / f"{self.id()}.db"
        shutil.copy(self.made.ledger, self.ledger)

    def begin(self, index):
        return self.start + index * HOUR

    def verify(self, status):
        return self.work.expect(status, "verify", "--ledger", self.ledger, "--format", "json").lines


class Verify(WithOneLedger):
    AT = ("where period_id = (select period_id from period join spec using(spec_id)"
          " where name = 'a' and begin = {begin})")

    def damage(self, *statements):
        """{at} stands for the third period of a."""
        at = self.AT.format(begin=self.begin(2) * 1000)
        with changing(self.ledger) as connection:
            for statement in statements:
                changed = connection.execute(statement.format(at=at)).rowcount
                self.assertGreater(changed, 0, statement)

    def findings(self, *statements):
        self.damage(*statements)
        found = self.verify(1)
        for line in found:
            self.assertLessEqual({"job", "name", "begin", "end", "message"}, set(line))
        return found

    def assert_named(self, found, message, period=True):
        """One line has this message, and names the job, the spec and the period."""
        lines = [line for line in found if message in line["message"]]
        self.assertTrue(lines, found)
        self.assertEqual((lines[0]["job"], lines[0]["name"]), ("default", "a"))
        if period:
            self.assertEqual((lines[0]["begin"], lines[0]["end"]),
                             (instant(self.begin(2)), instant(self.begin(3))))

    def test_a_sound_ledger_has_no_violation(self):
        self.assertEqual(self.verify(0), [])

    def test_a_changed_quantity(self):
        found = self.findings("update record set quantity = 7 {at} and quantity = 2")
        self.assert_named(found, "add up to")
        self.assert_named(found, "digest")
        self.assert_named(found, "its total is", period=False)

    def test_a_quantity_moved_between_two_series(self):
        found = self.findings("update record set quantity = case quantity when 2 then '1.5' else 2 end {at}"
                              " and quantity in (2, '1.5')")
        self.assert_named(found, "digest")

    def test_a_deleted_record(self):
        found = self.findings("delete from record {at} and quantity = 2")
        self.assert_named(found, "2 records, its revision says 3")

    def test_a_changed_total(self):
        found = self.findings("update total set positive = 1 where series_id in (select series_id from series"
                              " join spec using(spec_id) where name = 'a')")
        self.assert_named(found, "its total is 1", period=False)

    def test_a_deleted_period(self):
        found = self.findings("delete from record {at}", "delete from query {at}", "delete from revision {at}",
                              "delete from period {at}")
        self.assert_named(found, "gap")

    def test_a_deleted_row_of_a_period_with_its_records_left(self):
        self.assert_named(self.findings("delete from period {at}"), "gap")

    def test_a_changed_digest(self):
        self.assert_named(self.findings("update revision set digest = zeroblob(32) {at}"), "digest")

    def test_evidence_that_is_gone_or_changed(self):
        self.assert_named(self.findings("delete from query {at}"), "no evidence")
        found = self.findings("update query_text set text = text || ' '")
        self.assertGreater(len(found), 6)

    def test_a_changed_state_and_an_overlapping_period(self):
        self.assert_named(self.findings("update period set state = 2 {at}"), "without being committed")
        found = self.findings("update period set begin = begin - 60000 {at}")
        self.assertTrue([line for line in found if "overlaps" in line["message"]], found)

    def test_changed_labels(self):
        found = self.findings("update series set labels = replace(labels, 'us', 'cn') where spec_id ="
                              " (select spec_id from spec where name = 'a')")
        self.assert_named(found, "hash", period=False)

    def test_a_rejected_series_that_is_gone(self):
        with changing(self.ledger) as connection:
            connection.execute("delete from rejected where period_id = (select min(period_id) from rejected)")
        found = self.verify(1)
        self.assertEqual([(line["name"], line["begin"]) for line in found], [("b", instant(self.begin(0)))])


class BackupAndRestore(WithOneLedger):
    def records(self, path):
        return self.work.expect(0, "usage", "--records", "--ledger", path, "--format", "json").stdout

    def test_a_restored_copy_is_the_ledger_of_its_time(self):
        backup = self.ledger.with_suffix(".backup")
        wanted = self.records(self.ledger)
        self.work.expect(0, "ledger", "backup", backup, "--ledger", self.ledger)
        outcome = self.work.expect(1, "ledger", "backup", backup, "--ledger", self.ledger)
        self.assertIn("exists", outcome.stderr)
        with changing(self.ledger) as connection:
            connection.execute("delete from record")
        outcome = self.work.expect(1, "ledger", "restore", backup, "--ledger", self.ledger)
        self.assertIn("exists", outcome.stderr)
        self.assertEqual(self.records(self.ledger), "")  # it was not touched
        self.work.expect(0, "ledger", "restore", backup, "--ledger", self.ledger, "--replace")
        self.assertEqual(self.records(self.ledger), wanted)
        elsewhere = self.ledger.with_suffix(".elsewhere")
        self.work.expect(0, "ledger", "restore", backup, "--ledger", elsewhere)
        self.assertEqual(self.records(elsewhere), wanted)

    def test_what_is_no_sound_ledger_is_never_restored(self):
        wanted = self.records(self.ledger)
        other = self.ledger.with_suffix(".other")
        for text in (b"", b"this is no ledger\n" * 100, self.ledger.read_bytes()[:20000]):
            other.write_bytes(text)
            self.work.expect(1, "ledger", "restore", other, "--ledger", self.ledger, "--replace")
        self.work.expect(1, "ledger", "restore", other.with_suffix(".none"), "--ledger", self.ledger, "--replace")
        self.assertEqual(self.records(self.ledger), wanted)

    def test_check_tells_a_damaged_file_from_a_sound_one(self):
        self.work.expect(0, "ledger", "check", "--ledger", self.ledger)
        damaged = bytearray(self.ledger.read_bytes())
        for page in range(1, len(damaged) // 16384):
            damaged[page * 16384 + 8:page * 16384 + 60] = b"\xa5" * 52
        self.ledger.write_bytes(damaged)
        outcome = self.work.run("ledger", "check", "--ledger", self.ledger)
        self.assertEqual(outcome.returncode, 1, str(outcome))
        self.assertEqual(self.work.run("verify", "--ledger", self.ledger).returncode, 1)

    def test_a_ledger_that_is_not_there_is_never_made(self):
        missing = self.ledger.with_suffix(".missing")
        for command in (["usage"], ["status"], ["verify"], ["ledger", "check"], ["ledger", "backup", "copy.db"],
                        ["accept", "a", "--begin", instant(self.start)]):
            outcome = self.work.expect(1, *command, "--ledger", missing)
            self.assertIn("missing", outcome.stderr, command)
            self.assertFalse(missing.exists(), command)
        self.assertFalse((self.work.folder / "copy.db").exists())


class Reports(WithOneLedger):
    def usage(self, *arguments):
        return self.work.expect(0, "usage", "--ledger", self.ledger, "--format", "json", *arguments).lines

    def test_totals_have_their_keys_and_add_up(self):
        line = {"job": "default", "unit": "GiB", "kind": "measured", "groupby": {}, "quantity": "22.5", "records": 18,
                "begin": instant(self.begin(0)), "end": instant(self.begin(6))}
        self.assertEqual(self.usage(), [{**line, "name": "a"}, {**line, "name": "b"}])

    def test_totals_by_scope_and_label(self):
        found = [(line["scope"], line["groupby"], line["quantity"], line["records"])
                 for line in self.usage("--by", "metric,scope,region") if line["name"] == "a"]
        self.assertEqual(found, [("p1", {"region": "eu"}, "9", 6), ("p1", {"region": "us"}, "12", 6),
                                 ("p2", {"region": "eu"}, "1.5", 6)])
        by_region = [(line["groupby"], line["quantity"]) for line in self.usage("--by", "region") if line["name"] == "b"]
        self.assertEqual(by_region, [({"region": "eu"}, "10.5"), ({"region": "us"}, "12")])
        self.work.expect(2, "usage", "--ledger", self.ledger, "--by", "no-label")

    def test_a_range_counts_the_periods_that_begin_in_it(self):
        lines = self.usage("--begin", instant(self.begin(1)), "--end", instant(self.begin(3)))
        self.assertEqual({(line["name"], line["quantity"]) for line in lines}, {("a", "7.5"), ("b", "7.5")})

    def test_records_have_their_keys(self):
        record = min(self.usage("--records"), key=lambda line: (line["name"], line["scope"], line["quantity"]))
        self.assertEqual(set(record), {"id", "job", "metric", "name", "scope", "begin", "end", "unit", "quantity",
                                       "groupby", "metadata", "revision", "finality", "kind", "source", "collected_at"})
        self.assertEqual((record["groupby"], record["metadata"], record["revision"], record["finality"]),
                         ({"region": "eu", "project_id": "p1"}, {}, 0, "final"))

    def test_a_record_id_is_what_the_documentation_computes(self):
        """The recipe of docs/ledger.md, run as it stands there, gives the id of every record."""
        text = (promtally_cli.ROOT / "docs" / "ledger.md").read_text(encoding="utf-8")
        recipe = {}
        exec(re.search(r"```python\n(.*?)```", text, re.S).group(1), recipe)  # pylint: disable=exec-used
        records = self.work.lines("usage", "--records")
        self.assertTrue(records)
        for line in records:
            self.assertEqual(recipe["record_id"](line), line["id"])

    def test_status_lines_have_their_keys(self):
        lines = self.work.expect(0, "status", "--ledger", self.ledger, "--format", "json").lines
        self.assertEqual(lines[1], {
            "job": "default", "name": "b", "first_period": instant(self.begin(0)),
            "last_committed": instant(self.begin(5)), "lag_seconds": lines[1]["lag_seconds"], "committed": 6, "empty": 0,
            "open": 0, "failed": 0, "rejected": 6, "unattributed": 0, "skipped": 0,
            "excluded": 0, "series": 4, "series_median": 4, "absent_scopes": 0,
            "evaluation": "promql", "provisional": 0, "final": 6, "checkpoints": 0})

    def test_hostile_label_values_are_one_cell_of_csv_and_no_formula(self):
        hostile = 'a,"b"\r\n;c'
        answers = {"a": lambda _query, moment: vector([({"project_id": hostile}, "1"),
                                                       ({"project_id": "=cmd|' /C calc'!A0"}, "2")], moment)}
        with FakePrometheus(by_metric(answers)) as server:
            work = Workspace(self, server.url, ["a"])
            work.collect(1)
        for arguments in (["--by", "scope"], ["--records"]):
            text = work.expect(0, "usage", "--ledger", work.ledger, "--format", "csv", *arguments).stdout
            rows = list(csv.DictReader(io.StringIO(text, newline="")))
            # Reading the output as text turned \r\n into \n.
            self.assertEqual({row["scope"] for row in rows}, {"'=cmd|' /C calc'!A0", hostile.replace("\r\n", "\n")})
            self.assertEqual({row["quantity"] for row in rows}, {"1", "2"})
        self.assertEqual({line["scope"] for line in work.lines("usage", "--by", "scope")}, {hostile, "=cmd|' /C calc'!A0"})


if __name__ == "__main__":
    unittest.main()
