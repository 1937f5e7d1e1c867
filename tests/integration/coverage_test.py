# SPDX-License-Identifier: Apache-2.0
"""An hour that a real Prometheus hardly saw is held, and committed when the data are there or an operator says so."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import prometheus_server  # noqa: E402: the path is set above
from support.workspace import BEGIN, HOUR, Workspace, hour  # noqa: E402

SCRAPE = 60


def samples(gap):
    """Four hours of `up` and of usage; (first, last) seconds of the third hour in `gap` were not scraped."""
    times = [BEGIN + offset for offset in range(SCRAPE, 4 * HOUR + 1, SCRAPE)]
    seen = [at for at in times if not gap[0] <= at - BEGIN - 2 * HOUR <= gap[1]]
    lines = ["# TYPE up gauge"]
    lines += [f'up{{job="a"}} 1 {at}' for at in seen]
    for scope in ("p1", "p2", "p3"):
        lines += [f'disk{{project_id="{scope}"}} 5 {at}' for at in seen if scope != "p3" or at <= BEGIN + 3 * HOUR]
    head = [lines[0], *[line for line in lines[1:] if line.startswith("up")], "# TYPE disk gauge",
            *[line for line in lines if line.startswith("disk")]]
    return "\n".join(head) + "\n# EOF\n"


@unittest.skipUnless(prometheus_server.is_available(), "prometheus is not installed")
class Coverage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = prometheus_server.PrometheusServer(samples((300, 3600))).start()
        cls.addClassCleanup(cls.server.stop)

    def work(self, **job):
        return Workspace(self, self.server.url, ["disk"], job={"start": hour(0), **job})

    def test_holds_the_hour_and_commits_the_others(self):
        work = self.work()
        outcome = work.collect(4, status=1)
        self.assertIn("p3", outcome.stderr)  # absent in the newest hour
        specs, periods = work.status()
        self.assertEqual((specs["disk"]["committed"], specs["disk"]["absent_scopes"]), (3, 1))
        held = periods["disk", hour(2)]
        self.assertEqual((held["state"], held["reason"]), ("open", "low_coverage"))
        self.assertRegex(held["detail"], r"has 5 `up` samples .* median .* is 6[01]")
        work.verify()

    def test_commits_the_answer_as_it_is_when_an_operator_accepts_it(self):
        work = self.work()
        work.collect(4, status=1)
        accepted = work.expect(0, "accept", "disk", "--begin", hour(2), "--config", work.config)
        self.assertIn("accepted 1 period", accepted.stdout)
        work.collect(2, 3)
        self.assertEqual(work.quantities("disk")["p1", hour(2)], "5")
        self.assertEqual(work.sql("select reason from revision where reason is not null"), [("accepted",)])
        work.verify()

    def test_commits_at_once_where_nothing_is_held(self):
        for job in ({"min_coverage": 0}, {"min_coverage": 0.05}, {"empty_after": "0s"}):
            work = self.work(**job)
            work.collect(4)
            self.assertEqual(work.status()[0]["disk"]["committed"], 4, job)

    def test_commits_when_the_data_have_arrived(self):
        work = self.work()
        work.collect(4, status=1)
        with prometheus_server.PrometheusServer(samples((0, -1))) as whole:
            work.point_to(whole.url)
            work.collect(2, 3)
        self.assertEqual(work.status()[0]["disk"]["committed"], 4)
        work.verify()

    def test_asks_once_a_period_beside_the_queries(self):
        with prometheus_server.PrometheusServer(samples((0, -1)), query_log=True) as server:
            work = Workspace(self, server.url, {"disk": {"unit": "GiB"}, "up": {"unit": "i"}}, job={"start": hour(0)})
            work.collect(4)
            asked = [query for query in server.logged_queries() if query.startswith("sum(count_over_time(up[")]
        self.assertEqual(len(asked), 4)


if __name__ == "__main__":
    unittest.main()
