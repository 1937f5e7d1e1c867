# SPDX-License-Identifier: Apache-2.0
"""What a changed configuration means for the periods that were there before: a period is asked by the version that opened
it, a job that is gone finishes what it began, another period length leaves no time out."""
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.fake_prometheus import Answer, by_metric, error  # noqa: E402: the path is set above
from support.reloading import Reloading  # noqa: E402
from support.waiting import until  # noqa: E402
from support.workspace import HOUR, hour, instant, spec  # noqa: E402

USAGE = [({"project_id": "p1"}, "5")]
DOWN = Answer("down", 503)


def hours_ago(hours):
    return instant(int(time.time()) // HOUR * HOUR - hours * HOUR)


class InMidPeriod(Reloading):
    """Periods are open when the spec changes: they stay what they were opened as."""

    def changed(self, old, new):
        """A service whose spec `a` is changed while periods are open; the server then answers old and new so."""
        answers = {"old": DOWN, "new": DOWN}
        self.server.answer = by_metric(answers)
        work = self.work({"old": spec(alt_name="a")}, start=hours_ago(5))
        service = self.serve(work)
        until(lambda: work.status()[0]["a"]["open"] > 2, "open periods")
        work.write_metrics({"new": spec(alt_name="a", unit="MiB")})
        self.reload(service)
        answers.update(old=old, new=new)
        return work, service

    def asked(self, work):
        return {text.split("(")[2].split("{")[0] for text, in work.sql("select text from query_text")}

    def test_open_periods_are_asked_as_they_were_opened(self):
        work, service = self.changed(USAGE, USAGE)
        until(lambda: work.status()[0]["a"]["open"] == 0, "the open periods")
        self.assertEqual(self.asked(work), {"old"})
        self.assertEqual({record["unit"] for record in work.records()}, {"GiB"})
        self.assertEqual(work.sql("select count(*) from spec_version"), [(2,)])
        self.stop_and_verify(service, work)

    def test_what_fails_as_it_was_is_asked_once_as_it_is_now(self):
        wrong = error(400, "bad_data", 'unknown function with name "x"')
        work, service = self.changed(wrong, USAGE)
        until(lambda: work.status()[0]["a"]["open"] == 0, "the open periods")
        self.assertEqual(self.asked(work), {"new"})
        self.assertEqual({record["unit"] for record in work.records()}, {"MiB"})
        self.assertEqual(work.status()[0]["a"]["failed"], 0)
        self.stop_and_verify(service, work)

    def test_what_fails_both_ways_is_failed_and_asked_no_more(self):
        wrong = error(400, "bad_data", 'unknown function with name "x"')
        work, service = self.changed(wrong, wrong)
        until(lambda: work.status()[0]["a"]["open"] == 0, "the open periods")
        asked = len(self.server.requests)
        self.reload(service)
        self.assertEqual({line["reason"] for line in work.status()[1].values()}, {"query_error"})
        self.stop_and_verify(service, work)
        usage = [request for request in self.server.requests[asked:] if "new" in request.parameters.get("query", "")]
        self.assertEqual(usage, [])


class RemovedJobs(Reloading):
    """A job leaves the configuration."""

    def two_jobs(self, answers):
        self.server.answer = by_metric(answers)
        start = hours_ago(4)
        work = self.work(["a"])
        work.write_metrics(["b"], "b.yml")
        work.settings["collect"] = [
            {"job": name, "metrics_file": file, "scope_key": "project_id", "settle": "0s", "start": start}
            for name, file in (("left", "b.yml"), ("kept", "metrics.yml"))]
        work.write_settings()
        return work

    def remove(self, work, service, job="left"):
        work.settings["collect"] = [entry for entry in work.settings["collect"] if entry["job"] != job]
        work.write_settings()
        self.reload(service)

    def test_its_specs_are_retired_and_its_open_periods_finish(self):
        answers = {"a": USAGE, "b": DOWN}
        work = self.two_jobs(answers)
        service = self.serve(work)
        until(lambda: work.status()[0]["b"]["open"] > 1, "open periods")
        self.remove(work, service)
        self.assertTrue(work.status()[0]["b"]["retired"])
        until(lambda: '\\"b\\" is retired with its job' in "".join(service.log), "the log line")
        answers["b"] = USAGE
        until(lambda: work.status()[0]["b"]["open"] == 0, "the open periods")
        self.assertGreater(work.status()[0]["b"]["committed"], 1)
        self.assertNotIn('name="b"', service.page().text)
        self.stop_and_verify(service, work)

    def test_without_its_source_what_is_open_is_shown(self):
        work = self.two_jobs({"a": USAGE, "b": DOWN})
        work.settings["sources"].append({**work.settings["sources"][0], "name": "second"})
        for entry, source in zip(work.settings["collect"], ("second", "prometheus")):
            entry["source"] = source
        work.write_settings()
        service = self.serve(work)
        until(lambda: work.status()[0]["b"]["open"] > 1, "open periods")
        work.settings["sources"].pop()
        self.remove(work, service)
        until(lambda: 'neither is its source \\"second\\"' in "".join(service.log), "the log line")
        self.stop_and_verify(service, work)
        specs, periods = work.status()
        self.assertTrue(specs["b"]["retired"])
        self.assertGreater(specs["b"]["open"], 1)
        self.assertIn("b", {name for name, _begin in periods})
        collected = work.run("collect", "--config", work.config)  # and at each start
        self.assertIn('neither is its source "second"', collected.stderr)


class AnotherLength(Reloading):
    def test_the_rest_of_an_hour_is_collected_in_the_periods_before(self):
        begin = int(time.time()) // HOUR * HOUR - 6 * HOUR
        self.server.answer = by_metric({"a": USAGE})
        work = self.work(["a"], period="30m", start=instant(begin))
        work.expect(0, "collect", "--config", work.config)
        with_odd_end = [begin + i * 1800 for i in range(3)]
        work.sql("select 1")
        committed = [row[0] // 1000 for row in work.sql("select begin from period order by begin")]
        self.assertEqual(committed[:3], with_odd_end)
        work.settings["collect"][0]["period"] = "4h"
        del work.settings["collect"][0]["start"]
        work.write_settings()
        outcome = work.expect(0, "collect", "--config", work.config, "--accept-identity-change")
        last = committed[-1] + 1800
        if last % (4 * HOUR):
            rest = -(-last // (4 * HOUR)) * 4 * HOUR
            self.assertIn(f"from {instant(last)} to {instant(rest)} is collected in periods of 30m", outcome.stderr)
            rows = work.sql("select begin, end from period where begin >= ? order by begin", last * 1000)
            self.assertEqual([(b // 1000, e // 1000) for b, e in rows],
                             [(b, b + 1800) for b in range(last, rest, 1800)])
        work.verify()


class AtTheStart(Reloading):
    def test_a_missing_secret_is_refused_with_its_place(self):
        work = self.work(["a"])
        work.settings["sources"][0]["basic_auth"] = {"username": "u", "password_file": "gone"}
        work.write_settings()
        place = r"promtally\.yml:\d+:\d+: error: cannot read \S*gone: "
        for command in (["serve", "--config", work.config], ["collect", "--config", work.config],
                        ["query", "--config", work.config, "--execute"]):
            self.assertRegex(work.expect(3, *command).stderr, place)
        work.expect(0, "collect", "--config", work.config, "--dry-run")  # which asks no server
        self.assertFalse(work.ledger.exists())

    def test_a_missing_metrics_file_has_the_place_that_names_it(self):
        work = self.work(["a"])
        (work.folder / "metrics.yml").unlink()
        outcome = work.expect(3, "collect", "--config", work.config)
        self.assertRegex(outcome.stderr, r"promtally\.yml:\d+:\d+: error: cannot read \S*metrics\.yml: ")

    def test_the_log_says_that_the_configuration_was_loaded(self):
        work = self.work(["a"])
        service = self.serve(work)
        self.reload(service)
        self.stop_and_verify(service, work)
        loaded = [line for line in service.log if "Completed loading of configuration file" in line]
        self.assertEqual(len(loaded), 2)
        for line in loaded:
            self.assertRegex(line, rf"filename=\S*{work.config.name}\S* totalDuration=\d+m?s")

    def test_a_refused_accept_is_a_warning(self):
        work = self.work(["a"])
        work.collect(1)
        service = self.serve(work)
        outcome = work.run("accept", "a", "--begin", hour(0), "--config", work.config)
        self.assertEqual(outcome.returncode, 1)
        until(lambda: any("Periods were not accepted" in line for line in service.log), "the log")
        line = next(line for line in service.log if "Periods were not accepted" in line)
        self.assertIn("level=warn", line)
        self.assertIn("is committed", line)
        self.stop_and_verify(service, work)

    def test_the_ledger_of_the_command_line_goes_before_the_one_of_the_file(self):
        work = self.work(["a"])
        work.collect(1, flags=["--ledger", work.folder / "other.db"])
        self.assertFalse(work.ledger.exists())
        for where in ([], ["--ledger", work.folder / "other.db"]):
            outcome = work.run("usage", "--config", work.config, "--format", "json", *where)
            self.assertEqual(len(outcome.lines) if where else outcome.returncode, 1, str(outcome))


if __name__ == "__main__":
    unittest.main()
