# SPDX-License-Identifier: Apache-2.0
"""Which periods `collect` asks for, with which version of a spec, against a real Prometheus whose data go on past now."""
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import prometheus_server, promtally_cli  # noqa: E402: the path is set above
from support.site import Site, rfc3339, unix  # noqa: E402

# Asked beside the queries: how the server's windows end, and whether it scrapes at all.
BESIDE = ("count_over_time(vector(1)[2m:1m])", "sum(count_over_time(up[60s]))")
CLOCK = "clock: {unit: s}"
SCOPED = "scope_key: project_id"


def down(seconds, length):
    return int(seconds) // length * length


def clock_samples(begin, end):
    """A gauge with a sample a second that says what time it is: the maximum of a period is its end."""
    lines = ["# TYPE clock gauge"]
    lines += [f'clock{{project_id="p1",region="r1"}} {second} {second}' for second in range(begin, end)]
    return "\n".join(lines + ["# EOF", ""])


@unittest.skipUnless(prometheus_server.is_available(), "Prometheus is not installed")
class CollectSchedule(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        now = int(time.time())
        server = prometheus_server.PrometheusServer(clock_samples(now - 3600, now + 600), query_log=True)
        cls.addClassCleanup(server.stop)
        cls.server = server.start()

    def site(self, *jobs, metrics=(CLOCK,)):
        site = Site(self)
        site.write_metrics(*metrics)
        site.write_settings(self.server.url, *jobs)
        return site

    def minutes_ago(self, minutes, length=60):
        return down(time.time() - 60 * minutes, length)

    def assert_one_of(self, value, possible):
        self.assertIn(value, possible, [rfc3339(second) for second in possible])

    def begins(self, records):
        return [unix(record["begin"]) for record in records]

    def test_the_first_period_is_the_newest_complete_one_or_start(self):
        start = self.minutes_ago(20)
        begun = time.time()
        site = self.site(f"job: fresh, {SCOPED}, period: 1m, wait_periods: 1, settle: 0s",
                         f"job: early, {SCOPED}, period: 1m, wait_periods: 6, settle: 0s",
                         f"job: patient, {SCOPED}, period: 1m, wait_periods: 3, settle: 0s, start: '{rfc3339(start)}'",
                         f"job: settled, {SCOPED}, period: 1m, wait_periods: 2, settle: 5m, start: '{rfc3339(start)}'")
        outcome = site.run("collect")
        ended = time.time()

        def due(wait):
            return {down(moment - wait, 60) for moment in (begun, ended)}

        lines = {line["job"]: line for line in site.run("status").lines if "state" not in line}
        self.assert_one_of(unix(lines["fresh"]["first_period"]), due(60))
        self.assertEqual(lines["fresh"]["committed"], 1)
        self.assert_one_of(unix(lines["early"]["first_period"]), due(60))
        self.assertEqual((lines["early"]["committed"], lines["early"]["last_committed"]), (0, None))
        for job, wait in (("patient", 180), ("settled", 360)):
            self.assertEqual(unix(lines[job]["first_period"]), start)
            begins = self.begins(record for record in outcome.lines if record["job"] == job)
            self.assert_one_of(begins[-1], due(wait))
            self.assertEqual(begins, list(range(start, begins[-1] + 60, 60)), "oldest first, none left out")
            # What is shown is where the newest period ends or begins; both belong to it.
            self.assertIn(unix(lines[job]["last_committed"]), (begins[-1], begins[-1] + 60))
        for record in outcome.lines:
            self.assertEqual(int(record["quantity"]), unix(record["end"]), record)
        self.assertEqual(site.run("collect", "--begin", rfc3339(start), "--end", rfc3339(start + 60)).returncode, 0)
        site.run("verify")

    def test_a_spec_added_later_starts_with_the_next_period_unless_it_asks_for_more(self):
        start = self.minutes_ago(10)
        site = self.site(f"{SCOPED}, period: 1m, wait_periods: 1, settle: 0s, start: '{rfc3339(start)}'")
        site.run("collect")
        site.write_metrics("clock: [{unit: s}, {unit: s, alt_name: later}, {unit: s, alt_name: filled, backfill: true}]")
        begun = time.time()
        site.run("collect")
        ended = time.time()
        lines = site.spec_lines()
        self.assertEqual(unix(lines["clock"]["first_period"]), start)
        self.assert_one_of(unix(lines["later"]["first_period"]), {-down(-moment, 60) for moment in (begun, ended)})
        self.assertEqual((lines["later"]["committed"], lines["later"]["open"]), (0, 0))
        self.assertEqual(unix(lines["filled"]["first_period"]), start)
        self.assertEqual(lines["filled"]["committed"], lines["clock"]["committed"])
        self.assertGreaterEqual(lines["filled"]["committed"], 9)
        self.check_retirement(site, lines)

    def check_retirement(self, site, before):
        site.write_metrics("clock: [{unit: s}, {unit: s, alt_name: later}]")
        outcome = site.run("collect")
        self.assertIn('"filled"', outcome.stderr)
        lines = site.spec_lines()
        self.assertIs(lines["filled"].get("retired"), True)
        self.assertGreaterEqual(lines["filled"]["committed"], before["filled"]["committed"])
        self.assertFalse(any(lines[name].get("retired") for name in ("clock", "later")))
        self.assertIn("filled", {line["name"] for line in site.run("usage").lines})
        site.run("verify")

    def test_a_changed_definition_applies_to_the_periods_that_begin_later(self):
        start = down(time.time() - 60, 5)
        hour_ago = self.minutes_ago(50)
        site = self.site(f"{SCOPED}, period: 5s, wait_periods: 1, settle: 0s, start: '{rfc3339(start)}'")
        before = site.run("collect", "--begin", rfc3339(hour_ago), "--end", rfc3339(hour_ago + 10)).lines
        self.assertEqual([int(record["quantity"]) for record in before], [hour_ago + 5, hour_ago + 10])
        site.write_metrics("clock: {unit: s, factor: 1000}")
        loaded = time.time()
        by_hand = site.run("collect", "--begin", rfc3339(hour_ago + 20), "--end", rfc3339(hour_ago + 25)).lines
        self.assertEqual([int(record["quantity"]) for record in by_hand], [1000 * (hour_ago + 25)], "the newest one")
        registered = time.time()
        records = self.collect_until(site, registered + 5)
        begins = self.begins(records)
        self.assertEqual(begins, list(range(start, begins[-1] + 5, 5)))
        for record in records:
            begin, end = unix(record["begin"]), unix(record["end"])
            if begin < loaded:
                self.assertEqual(int(record["quantity"]), end)
            elif begin >= registered:
                self.assertEqual(int(record["quantity"]), 1000 * end)
        self.assertGreaterEqual(begins[-1], registered)
        site.run("verify")

    def collect_until(self, site, moment):
        """All records of what is due once the period that begins after `moment` - 5 is there."""
        deadline = time.monotonic() + 40
        records = []
        while not records or unix(records[-1]["end"]) < moment:
            self.assertLess(time.monotonic(), deadline, "no period of the new version was committed")
            records += site.run("collect").lines
        return records

    def test_a_changed_period_or_scope_key_needs_a_word(self):
        start = self.minutes_ago(12, 120)

        def write(period, key):
            site.write_settings(self.server.url, f"scope_key: {key}, period: {period}, wait_periods: 1, settle: 0s, "
                                                 f"start: '{rfc3339(start)}'")

        site = self.site()
        write("2m", "project_id")
        site.run("collect")
        for period, key, changed in (("1m", "project_id", "period"), ("1m", "region", "scope")):
            before = site.records()
            write(period, key)
            refused = site.run("collect", status=3)
            self.assertRegex(refused.stderr, rf"error: .*{changed}.*--accept-identity-change")
            self.assertEqual(site.records(), before)
            site.run("collect", "--accept-identity-change")
            site.run("collect", "--accept-identity-change", "--begin", rfc3339(start), "--end", rfc3339(start + 240))
            site.run("verify")
            spans = sorted((unix(record["begin"]), unix(record["end"])) for record in site.records())
            for (_, end), (begin, _) in zip(spans, spans[1:]):
                self.assertLessEqual(end, begin, "billed twice")

    def test_ranges_that_cannot_be_asked_are_wrong_usage(self):
        site = self.site(f"{SCOPED}, period: 5m, settle: 1m")
        instant = self.minutes_ago(30, 300)
        odd = rfc3339(instant + 17)
        for begin, end in ((odd, rfc3339(instant + 300)), (rfc3339(instant), rfc3339(instant + 317))):
            outcome = site.run("collect", "--begin", begin, "--end", end, status=2)
            around = instant if begin == odd else instant + 300
            for nearest in (around, around + 300):
                self.assertIn(rfc3339(nearest), outcome.stderr)
        running = down(time.time(), 300)
        for end in (running + 300, running + 600):
            outcome = site.run("collect", "--begin", rfc3339(running), "--end", rfc3339(end), status=2)
            self.assertIn("--end", outcome.stderr)
        self.assertFalse(site.ledger.exists(), "nothing was registered")
        site.write_settings(self.server.url, f"{SCOPED}, period: 5m, start: '{odd}'")
        outcome = site.run("collect", status=3)
        for nearest in (instant, instant + 300):
            self.assertIn(rfc3339(nearest), outcome.stderr)

    def test_a_changed_start_is_warned_about_and_ignored(self):
        start = self.minutes_ago(10)
        job = f"{SCOPED}, period: 1m, wait_periods: 1, settle: 0s, start: "
        site = self.site(f"{job}'{rfc3339(start)}'")
        site.run("collect")
        site.write_settings(self.server.url, f"{job}'{rfc3339(start - 600)}'")
        outcome = site.run("collect")
        self.assertRegex(outcome.stderr, r"warning: .*\bstart\b")
        self.assertEqual(unix(site.spec_lines()["clock"]["first_period"]), start)
        self.assertEqual(min(self.begins(site.records())), start)

    def test_a_dry_run_changes_nothing_and_prints_what_the_run_sends(self):
        start = self.minutes_ago(8)
        # `settle` keeps the set of due periods the same for a minute or so.
        site = self.site(f"{SCOPED}, period: 1m, wait_periods: 1, settle: 2m, start: '{rfc3339(start)}'",
                         metrics=("clock: [{unit: s, groupby: [region]}, {unit: s, alt_name: rate, groupby: [], "
                                  "extra_args: {aggregation_method: sum, range_function: rate}}]",))
        asked = len(self.server.logged_instants())
        span = ("--begin", rfc3339(start), "--end", rfc3339(start + 240))
        planned = site.run("collect", "--dry-run", *span).lines
        self.assertEqual(len(planned), 8)
        self.assertEqual(sorted(path.name for path in site.folder.iterdir()), ["metrics.yml", "promtally.yml"])
        self.assertEqual(len(self.server.logged_instants()), asked, "the server was not asked")
        site.run("collect", *span)
        self.assertEqual(self.sent_since(asked), sorted((line["query"], line["time"]) for line in planned))
        self.check_dry_run_with_a_ledger(site)

    def sent_since(self, asked):
        sent = [(query, instant.replace(".000Z", "Z")) for query, instant in self.server.logged_instants()[asked:]]
        return sorted(pair for pair in sent if pair[0] not in BESIDE)

    def check_dry_run_with_a_ledger(self, site):
        before = {path.name: path.read_bytes() for path in site.folder.iterdir()}
        records = site.records()
        planned = site.run("collect", "--dry-run").lines
        self.assertEqual({path.name: path.read_bytes() for path in site.folder.iterdir()}, before)
        self.assertEqual(site.records(), records)
        asked = len(self.server.logged_instants())
        site.run("collect")
        sent = self.sent_since(asked)
        expected = sorted((line["query"], line["time"]) for line in planned)
        self.assertGreaterEqual(len(expected), 2)
        self.assertTrue(set(expected) <= set(sent) and len(sent) in (len(expected), len(expected) + 2),
                        f"{sent} is neither what was planned nor that and a period that came due since: {expected}")


if __name__ == "__main__":
    unittest.main()
