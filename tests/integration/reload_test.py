# SPDX-License-Identifier: Apache-2.0
"""A running `serve` takes another configuration between two rounds (SIGHUP, /-/reload), or changes nothing at all; what
that means for specs, their names and their periods is the ledger's to remember."""
import os
import pathlib
import random
import signal
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.fake_prometheus import Answer, by_metric  # noqa: E402: the path is set above
from support.ledger_file import changing  # noqa: E402
from support.reloading import Reloading, post  # noqa: E402
from support.serving import Serving  # noqa: E402
from support.waiting import until  # noqa: E402
from support.workspace import HOUR, hour, instant, spec  # noqa: E402

BAD_FILES = int(os.environ.get("PROMTALLY_BAD_FILES", "300"))
SUCCESSFUL = "promtally_config_last_reload_successful"


class LifecycleRoutes(Reloading):
    def test_both_routes_are_refused_unless_they_are_enabled(self):
        with Serving(self.work(["a"])) as service:
            for path in ("/-/reload", "/-/quit"):
                self.assertEqual(post(service, path), (403, "Lifecycle API is not enabled.\n"))
                self.assertEqual(service.get(path)[0], 405)

    def test_quit_ends_the_service_gracefully(self):
        work = self.work(["a"])
        service = self.serve(work)
        self.assertEqual(post(service, "/-/quit", "PUT"), (200, "Requesting termination... Goodbye!\n"))
        self.assertEqual(service.wait(10), 0)
        work.verify()

    def test_reload_answers_when_the_new_configuration_is_in_force(self):
        work = self.work(["a"])
        service = self.serve(work)
        work.write_metrics(["a", "b"])
        self.assertEqual(post(service, "/-/reload"), (200, ""))
        self.assertIn(("b",), work.sql("select name from spec"))
        self.assertEqual(service.page().family(SUCCESSFUL), {(): 1})
        self.stop_and_verify(service, work)

    def test_sighup_does_the_same(self):
        work = self.work(["a"])
        service = self.serve(work)
        work.write_metrics(["a", "b"])
        service.signal(signal.SIGHUP)
        until(lambda: ("b",) in work.sql("select name from spec"), "the new spec")
        until(lambda: any("Completed loading of configuration file" in line for line in service.log), "the log")
        self.stop_and_verify(service, work)


    def test_a_reload_that_is_asked_for_during_another_follows_it(self):
        work = self.work(["a"])
        service = self.serve(work)
        for number in range(20):
            work.write_metrics(["a"])
            service.signal(signal.SIGHUP)
            names = ["a", "c" if number % 2 else "d"]
            work.write_metrics(names)
            self.assertEqual(post(service, "/-/reload"), (200, ""))
            current = work.sql("select name from spec where retired_at is null order by name")
            self.assertEqual(current, [(name,) for name in names], f"number {number}")
        self.stop_and_verify(service, work)


class BadFiles(Reloading):
    def test_a_bad_file_changes_nothing_and_is_reported_with_its_place(self):
        work = self.work(["a"])
        service = self.serve(work)
        work.write_metrics({"a": spec(), "b": {"unit": "GiB", "groupbuy": []}})
        status, text = post(service, "/-/reload")
        self.assertEqual(status, 500)
        self.assertRegex(text, r'^failed to reload config: .*metrics\.yml:\d+:\d+: error: unknown key "groupbuy"')
        self.assertEqual(service.page().family(SUCCESSFUL), {(): 0})
        self.assertEqual(work.sql("select name from spec"), [("a",)])
        work.write_metrics(["a"])
        self.assertEqual(post(service, "/-/reload")[0], 200)
        self.assertEqual(service.page().family(SUCCESSFUL), {(): 1})
        self.stop_and_verify(service, work)

    def test_a_secret_in_a_bad_file_is_in_no_answer_and_no_log(self):
        work = self.work(["a"])
        service = self.serve(work)
        work.config.write_text("sources:\n  - {url: 'http://localhost:1', basic_auth: {username: u, "
                               "password: canary-1234}, nonsense: 1}\n", encoding="utf-8")
        status, text = post(service, "/-/reload")
        self.assertEqual(status, 500)
        self.assertIn("nonsense", text)
        self.assertNotIn("canary", text + "".join(service.log))
        self.stop_and_verify(service, work)

    def test_a_missing_secret_or_certificate_changes_nothing(self):
        work = self.work(["a"])
        service = self.serve(work)
        original = dict(work.settings["sources"][0])
        for change in ({"basic_auth": {"username": "u", "password_file": "gone"}},
                       {"authorization": {"credentials_file": "gone"}}, {"tls_config": {"ca_file": "gone"}}):
            work.settings["sources"][0] = {**original, **change}
            work.write_settings()
            work.write_metrics(["a", "b"])
            status, text = post(service, "/-/reload")
            self.assertEqual(status, 500, change)
            self.assertRegex(text, r"^failed to reload config: \S*promtally\.yml:\d+:\d+: error: cannot read \S*gone: ")
            self.assertEqual(work.sql("select name from spec"), [("a",)])
        self.stop_and_verify(service, work)

    def test_hundreds_of_damaged_files_are_each_refused(self):
        start = int(os.environ.get("PROMTALLY_SEED", str(random.randrange(2**32))))
        print("start number", start)
        chance = random.Random(start)
        work = self.work(["a", "b"])
        service = self.serve(work)
        good = {path: path.read_text(encoding="utf-8") for path in (work.config, work.folder / "metrics.yml")}
        before = work.sql("select count(*) from config")
        for number in range(BAD_FILES):
            path, text = self.damaged(good, chance)
            status, answer = post(service, "/-/reload")
            self.assertEqual(status, 500, f"number {number}: {path.name}\n{text}")
            if text is not None:
                place = rf"{path.name}:[1-9]\d*:[1-9]\d*: error: "
            elif path == work.config:  # nothing is left that could have a place
                place = rf"cannot read \S*{path.name}: "
            else:
                place = rf"{work.config.name}:[1-9]\d*:[1-9]\d*: error: cannot read \S*{path.name}: "
            self.assertRegex(answer, place, f"number {number}: {text}")
            path.write_text(good[path], encoding="utf-8")
        self.assertEqual(work.sql("select count(*) from config"), before)
        self.assertEqual(sorted(work.sql("select name from spec")), [("a",), ("b",)])
        self.assertEqual(post(service, "/-/reload")[0], 200)
        self.stop_and_verify(service, work)

    @staticmethod
    def damaged(good, chance):
        """Writes one file in a form that must be refused; returns its path and text (None: it is gone)."""
        path = chance.choice(list(good))
        text = good[path]
        kind = chance.randrange(7)
        if kind == 0:
            path.unlink()
            return path, None
        if kind == 1:  # half written
            text = text[:chance.randrange(1, len(text) - 3)]
        elif kind == 2:  # a key that does not exist
            at = chance.choice([i for i, c in enumerate(text) if c == "{"]) + 1
            text = f'{text[:at]}"no_such_key_{chance.randrange(99)}": 1, {text[at:]}'
        elif kind == 3:
            text += chance.choice(["\n}", "\n---\na: 1", "\n\t- x: ["])
        elif kind == 4:  # not UTF-8
            path.write_bytes(text.encode() + b"\n# \xff\xfe")
            return path, text
        elif kind == 5:
            text = chance.choice(["[]", "- 1", '"text"', "1", "null", ""]) if path.name == "metrics.yml" else "[1]"
        else:  # a value of the wrong kind
            old = '"unit": "GiB"' if path.name == "metrics.yml" else '"metrics_file": "metrics.yml"'
            text = text.replace(old, old.split(":")[0] + ": " + chance.choice(["[]", "{}", '""', "[[1]]"]), 1)
        path.write_text(text, encoding="utf-8")
        return path, text


class WhatChanges(Reloading):
    def test_a_removed_spec_is_retired_and_leaves_the_page(self):
        work = self.work(["a", "b"])
        work.collect(2)
        service = self.serve(work)
        self.assertEqual(len(service.page().family("promtally_usage_b_total")), 1)
        work.write_metrics(["a"])
        self.assertEqual(post(service, "/-/reload")[0], 200)
        until(lambda: len(service.page().family("promtally_usage_a_total")) == 1, "the page")
        page = service.page()
        self.assertEqual(page.family("promtally_usage_b_total"), {})
        self.assertNotIn('name="b"', page.text)
        self.stop_and_verify(service, work)
        self.assertTrue(work.status()[0]["b"]["retired"])

    def test_open_periods_of_a_retired_spec_finish_and_bring_no_series_back(self):
        answers = {name: [({"project_id": "p1"}, "5")] for name in "ab"}
        answers["b"] = Answer("down", 503)
        self.server.answer = by_metric(answers)
        begin = int(time.time()) // HOUR * HOUR - 5 * HOUR
        work = self.work(["a", "b"], start=instant(begin))
        service = self.serve(work)
        until(lambda: work.status()[0]["b"]["open"] > 0, "open periods")
        work.write_metrics(["a"])
        self.assertEqual(post(service, "/-/reload")[0], 200)
        answers["b"] = [({"project_id": "p1"}, "5")]
        until(lambda: work.status()[0]["b"]["committed"] > 2, "the open periods")
        self.assertNotIn('name="b"', service.page().text)
        self.stop_and_verify(service, work)

    def test_a_removed_source_leaves_the_page(self):
        work = self.work(["a"])
        service = self.serve(work)
        self.assertIn('source="prometheus"', service.page().text)
        work.settings["sources"][0]["name"] = "other"
        work.write_settings()
        self.assertEqual(post(service, "/-/reload")[0], 200)
        self.assertNotIn('source="prometheus"', service.page().text)
        self.assertIn('source="other"', service.page().text)
        self.stop_and_verify(service, work)

    def test_another_period_or_scope_key_is_refused_with_the_reason(self):
        work = self.work(["a", "b"])
        service = self.serve(work)
        for change, word in (({"period": "30m"}, "its period is 1h"), ({"scope_key": "tenant"}, "scope key")):
            original = dict(work.settings["collect"][0])
            work.settings["collect"][0].update(change)
            work.write_settings()
            work.write_metrics(["a"])  # would retire b
            status, text = post(service, "/-/reload")
            self.assertEqual(status, 500)
            self.assertIn(word, text)
            self.assertIn("--accept-identity-change", text)
            work.settings["collect"][0] = original
            work.write_settings()
            work.write_metrics(["a", "b"])
        self.assertEqual(work.sql("select count(*) from spec where retired_at is not null"), [(0,)])
        self.stop_and_verify(service, work)

    def test_a_changed_listener_or_ledger_needs_a_restart_and_says_so(self):
        work = self.work(["a"])
        service = self.serve(work)
        work.settings["ledger"]["path"] = "other.db"
        work.settings["web"] = {"telemetry_path": "/other"}
        work.write_settings()
        self.assertEqual(post(service, "/-/reload")[0], 200)
        log = "".join(service.log)
        self.assertIn("setting=ledger.path", log)
        self.assertIn("setting=web.telemetry_path", log)
        self.assertFalse((work.folder / "other.db").exists())
        self.stop_and_verify(service, work)

    def test_the_log_level_and_the_export_prefix_change(self):
        work = self.work(["a"])
        work.collect(1)
        service = self.serve(work)
        work.settings["log"] = {"level": "error"}
        work.settings["export"] = {"prefix": "usage_"}
        work.write_settings()
        self.assertEqual(post(service, "/-/reload")[0], 200)
        until(lambda: len(service.page().family("usage_a_total")) == 1, "the page")
        self.assertEqual(service.page().family("promtally_usage_a_total"), {})
        lines = len(service.log)
        self.stop_and_verify(service, work)
        self.assertEqual(len(service.log), lines)


class Renames(Reloading):
    def test_totals_go_on_under_the_new_name_and_records_keep_theirs(self):
        work = self.work({"a": spec(alt_name="old")})
        work.collect(2)
        ids = {record["id"] for record in work.records()}
        work.write_metrics({"a": spec(alt_name="new", renamed_from="old")})
        work.collect(2, 3)
        totals = work.lines("usage")
        self.assertEqual([(line["name"], line["quantity"], line["records"]) for line in totals], [("new", "15", 3)])
        records = work.records()
        self.assertEqual(sorted(record["name"] for record in records), ["new", "old", "old"])
        self.assertLess(ids, {record["id"] for record in records})
        self.assertEqual(set(work.status()[0]), {"new"})
        work.verify()
        service = self.serve(work)
        self.assertEqual(service.page().family("promtally_usage_new_total"), {(("project_id", "p1"),): 15})
        self.stop_and_verify(service, work)

    def test_a_running_service_renames_at_a_reload(self):
        work = self.work({"a": spec(alt_name="old")})
        work.collect(1)
        service = self.serve(work)
        work.write_metrics({"a": spec(alt_name="new", renamed_from="old")})
        self.assertEqual(post(service, "/-/reload")[0], 200)
        until(lambda: service.page().family("promtally_usage_new_total") == {(("project_id", "p1"),): 5}, "the page")
        self.assertEqual(service.page().family("promtally_usage_old_total"), {})
        self.stop_and_verify(service, work)

    def test_one_that_is_renamed_already_changes_nothing(self):
        work = self.work({"a": spec(alt_name="old")})
        work.collect(1)
        work.write_metrics({"a": spec(alt_name="new", renamed_from="old")})
        for end in (2, 3):
            outcome = work.collect(end - 1, end)
            self.assertNotIn("renamed", outcome.stderr)
        work.verify()

    def test_an_unknown_old_name_is_warned_about(self):
        work = self.work({"a": spec(alt_name="new", renamed_from="never")})
        self.assertIn('renamed from "never", which the ledger does not know', work.collect(1).stderr)

    def test_usage_of_both_names_cannot_be_merged(self):
        work = self.work({"a": spec(alt_name="old"), "b": spec(alt_name="new")})
        work.collect(1)
        work.write_metrics({"b": spec(alt_name="new", renamed_from="old")})
        outcome = work.collect(1, 2, status=3)
        self.assertIn('"new" cannot take over "old": the ledger has usage of both', outcome.stderr)

    def test_a_name_that_records_hold_is_given_to_no_other_spec(self):
        work = self.work({"a": spec(alt_name="old")})
        work.collect(2)
        work.write_metrics({"a": spec(alt_name="new", renamed_from="old")})
        work.collect(2, 3)
        work.write_metrics({"a": spec(alt_name="new"), "b": spec(alt_name="old")})
        outcome = work.collect(3, status=3)  # the same hours, and so the same ids
        self.assertIn('"old" was the name of "new", whose records keep it', outcome.stderr)
        self.assertEqual(len(work.records()), 3)
        work.write_metrics({"a": spec(alt_name="old", renamed_from="new")})  # its own name it may have again
        work.collect(3, 4)
        work.verify()

    def test_verify_finds_two_specs_with_records_under_one_name(self):
        work = self.work({"a": spec(alt_name="old"), "b": spec(alt_name="other")})
        work.collect(1)
        with changing(work.ledger) as ledger:
            changed = ledger.execute("update spec_version set name = 'old' where name = 'other'").rowcount
        self.assertEqual(changed, 1)
        outcome = work.expect(1, "verify", "--ledger", work.ledger)
        self.assertIn('has records under the name "old"', outcome.stdout + outcome.stderr)

    def test_a_file_that_has_both_names_is_refused(self):
        work = self.work({"a": spec(alt_name="old"), "b": spec(alt_name="new", renamed_from="old")})
        outcome = work.expect(3, "check", work.folder / "metrics.yml")
        self.assertRegex(outcome.stderr, r'metrics\.yml:\d+:\d+: error: "renamed_from" says "old", which is still the name')


class Identity(Reloading):
    def test_a_changed_groupby_makes_new_series_and_keeps_the_old_ones(self):
        work = self.work({"a": spec(groupby=["region"])})
        work.collect(1)
        work.write_metrics({"a": spec(groupby=["region", "zone"])})
        work.collect(1, 2)
        self.assertEqual(work.sql("select count(*) from series"), [(2,)])
        self.assertEqual([set(record["groupby"]) for record in sorted(work.records(), key=lambda r: r["begin"])],
                         [{"region", "project_id"}, {"region", "zone", "project_id"}])
        work.verify()

    def test_an_accepted_period_length_bills_no_time_twice(self):
        work = self.work(["a"])
        work.collect(2)
        work.settings["collect"][0]["period"] = "30m"
        work.write_settings()
        self.assertIn("its period is 1h", work.collect(2, 4, status=3).stderr)
        work.collect(1, 4, flags=["--accept-identity-change"])
        begins = [record["begin"] for record in work.records()]
        self.assertEqual(len(begins), 2 + 4)
        work.verify()

    def test_a_spec_that_comes_back_is_collected_without_a_gap(self):
        work = self.work(["a", "b"])
        work.collect(1)
        work.write_metrics(["a"])
        work.collect(1, 2)
        self.assertTrue(work.status()[0]["b"]["retired"])
        work.write_metrics(["a", "b"])
        work.collect(1, 3)
        self.assertNotIn("retired", work.status()[0]["b"])
        self.assertEqual(sorted(begin for _scope, begin in work.quantities("b")), [hour(0), hour(1), hour(2)])
        work.verify()


class Repeated(Reloading):
    def test_a_range_twice_and_beside_a_running_service_writes_nothing_twice(self):
        work = self.work(["a"])
        work.collect(3)
        records = work.records()
        work.collect(3)
        self.assertEqual(work.records(), records)
        service = self.serve(work)
        refused = work.run(*work.collect_arguments(3))
        self.assertEqual(refused.returncode, 1)
        self.assertIn(str(service.pid), refused.stderr)
        self.stop_and_verify(service, work)
        self.assertEqual([record for record in work.records() if record in records], records)


if __name__ == "__main__":
    unittest.main()
