# SPDX-License-Identifier: Apache-2.0
"""Days of the world's zones: periods are UTC, so a civil day is a number of whole periods exactly where the zone's offset
is a multiple of the period. A report over such a day is the sum of its periods, on the days of 23 and 25 hours too."""
import datetime
import decimal
import pathlib
import sys
import unittest
import zoneinfo

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.fake_prometheus import FakePrometheus, by_metric  # noqa: E402: the path is set above
from support.workspace import HOUR, Workspace, instant  # noqa: E402

YEARS = range(2000, 2038)


def midnights(zone, years):
    """The UTC seconds at which the zone's days begin."""
    day = datetime.date(years[0], 1, 1)
    while day.year <= years[-1]:
        yield int(datetime.datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())
        day += datetime.timedelta(days=1)


class CivilDays(unittest.TestCase):
    def test_every_day_of_every_zone_is_whole_quarters_of_an_hour(self):
        odd = set()
        checked = 0
        for name in sorted(zoneinfo.available_timezones()):
            offsets = set()
            zone = zoneinfo.ZoneInfo(name)
            for year in YEARS:  # offsets change a few times a year: the days around each month's turn and the middles
                for month in range(1, 13):
                    for day in (1, 8, 15, 22, 28):
                        moment = datetime.datetime(year, month, day, tzinfo=zone)
                        offsets.add(int(moment.utcoffset().total_seconds()))
                        checked += 1
            if any(offset % 900 for offset in offsets):
                odd.add(name)
        self.assertGreater(checked, 1_000_000)
        # None since 2000: a period of 15 minutes, or one that divides it, tiles the days of every zone.
        self.assertEqual(odd, set())

    def test_a_report_of_a_day_is_the_sum_of_its_periods(self):
        """Berlin's short and long days, a zone at half an hour, one at a quarter, one that skipped a day."""
        days = [("Europe/Berlin", (2025, 3, 30), 23), ("Europe/Berlin", (2025, 10, 26), 25), ("Asia/Kolkata", (2025, 6, 1), 24),
                ("Asia/Kathmandu", (2025, 6, 1), 24), ("Australia/Lord_Howe", (2025, 4, 6), 24.5),
                ("Pacific/Apia", (2011, 12, 29), 24)]

        def answer(_query, moment):
            return [({"project_id": "p1"}, f"{int(moment) // 900 % 1000}.1")]
        with FakePrometheus(by_metric({"a": answer})) as server:
            for name, date, hours in days:
                with self.subTest(f"{name} {date}"):
                    zone = zoneinfo.ZoneInfo(name)
                    begin = int(datetime.datetime(*date, tzinfo=zone).timestamp())
                    following = datetime.date(*date) + datetime.timedelta(days=2 if name == "Pacific/Apia" else 1)
                    end = int(datetime.datetime(following.year, following.month, following.day, tzinfo=zone).timestamp())
                    self.assertEqual(end - begin, hours * HOUR)
                    work = Workspace(self, server.url, ["a"], job={"period": "15m"})
                    work.expect(0, "collect", "--config", work.config, "--begin", instant(begin - 900),
                                "--end", instant(end + 900))
                    line, = work.lines("usage", "--begin", instant(begin), "--end", instant(end))
                    records = [record for record in work.lines("usage", "--records")
                               if instant(begin) <= record["begin"] < instant(end)]
                    self.assertEqual((line["records"], len(records)), (hours * 4, hours * 4))
                    total = sum(decimal.Decimal(record["quantity"]) for record in records)
                    self.assertEqual(decimal.Decimal(line["quantity"]), total)


if __name__ == "__main__":
    unittest.main()
