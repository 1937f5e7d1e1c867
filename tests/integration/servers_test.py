# SPDX-License-Identifier: Apache-2.0
"""The same samples, the same metrics.yml and the same periods on every server that promtally supports. What differs between
servers is what docs/servers.md says.

Prometheus 3, Thanos and Mimir are optional: tools/test-servers builds them."""
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import metric_servers, promtally_cli  # noqa: E402: the path is set above
from support.workspace import BEGIN, HOUR, Workspace, hour, spec  # noqa: E402

MINUTES = range(0, 4 * 60 + 1)
# A second after the scrape: no sample falls on the full hour but in `level`.
OFF_PHASE = 17


def samples(value_of_minute, minutes=MINUTES, phase=OFF_PHASE):
    return [((BEGIN + 60 * minute + phase) * 1000, float(value_of_minute(minute))) for minute in minutes]


def labels(metric, **more):
    return {"__name__": metric, "job": "j", "project_id": "p1", **more}


def data():
    return [
        ({"__name__": "up", "job": "j"}, samples(lambda _: 1, phase=0)),
        (labels("requests_total", code="200"), samples(lambda minute: 5 * minute)),
        (labels("requests_total", code="500"), samples(lambda minute: minute)),
        (labels("requests_total", code="200", project_id="p2"), samples(lambda minute: 3 * minute)),
        # What nobody pays for.
        ({"__name__": "requests_total", "job": "j", "code": "200"}, samples(lambda minute: minute)),
        (labels("level"), samples(lambda _: 1, phase=0)),
        (labels("short_total"), samples(lambda minute: 30 * (minute - 70), range(70, 80))),
        (labels("burst_total"), samples(lambda minute: 1000 if minute >= 121 else 0, phase=0)),
        (labels("amount"), samples(lambda _: 1 / 3)),
    ]


SPECS = {
    "requests_total": spec(unit="request", groupby=["code"], factor=3600,
                           extra_args={"aggregation_method": "sum", "range_function": "rate"}),
    "level": spec(extra_args={"aggregation_method": "sum"}),
    "short_total": spec(factor=3600, extra_args={"range_function": "rate"}),
    "burst_total": spec(extra_args={"range_function": "delta"}),
    "amount": spec(),
}


def rounded(quantity):
    return round(float(quantity), 6)


class Suite:
    """What holds of every server; each class below is one server and its differences."""
    server_class = None
    kind = None
    closed_edges = False
    version = ""
    level = "60"  # sum_over_time of an hour of ones
    short = 285.0
    burst = {hour(1): "0", hour(2): "0"}
    third = "0.3333333333333333"

    @classmethod
    def setUpClass(cls):
        if not cls.server_class.available():
            raise unittest.SkipTest(cls.server_class.reason())
        cls.server = cls.server_class().start()
        cls.addClassCleanup(cls.server.stop)
        cls.server.write(data())

    def workspace(self, metrics=None, **job):
        return Workspace(self, self.server.url + self.server.base_path, metrics or SPECS, job=job,
                         source={"headers": self.server.headers} if self.server.headers else None)

    def test_collects_the_same_usage_and_verifies(self):
        work = self.workspace(empty_after="0s")
        work.collect(1, 3)
        records = work.records()
        self.assertEqual(len(records), 2 * 6 + 1, records)
        for begin in (hour(1), hour(2)):
            requests = {(record["scope"], record["groupby"]["code"]): rounded(record["quantity"])
                        for record in records if record["name"] == "requests_total" and record["begin"] == begin}
            self.assertEqual(requests, {("p1", "200"): 300.0, ("p1", "500"): 60.0, ("p2", "200"): 180.0})
            self.assertEqual(work.quantities("level")["p1", begin], self.level)
            self.assertEqual(work.quantities("burst_total")["p1", begin], self.burst[begin])
            self.assertEqual(work.quantities("amount")["p1", begin], self.third)
        self.assertEqual({key: rounded(value) for key, value in work.quantities("short_total").items()},
                         {("p1", hour(1)): self.short})
        specs, unfinished = work.status()
        self.assertEqual(specs["requests_total"]["unattributed"], 2)
        self.assertEqual((specs["short_total"]["committed"], specs["short_total"]["empty"]), (1, 1))
        self.assertEqual(unfinished, {})
        work.verify()
        work.collect(1, 3)
        self.assertEqual(work.records(), records, "collected once")

    def test_the_ledger_knows_who_answered_and_how_its_windows_end(self):
        work = self.workspace({"level": SPECS["level"]})
        work.collect(1, 2)
        answered = work.sql("select distinct s.source, s.kind, s.version, s.closed_edges from query q"
                            " join server s using(server_id)")
        self.assertEqual([(row[0], row[1], row[3]) for row in answered],
                         [("prometheus", self.kind, int(self.closed_edges))])
        self.assertTrue(answered[0][2].startswith(self.version), answered)
        told = re.search("```sql\n(.*?)```", (promtally_cli.ROOT / "docs" / "servers.md").read_text(), re.S).group(1)
        edges = "both ends" if self.closed_edges else "begin left out"
        self.assertEqual(work.sql(told), [("default", *answered[0][:3], edges)])

    def test_one_query_a_scope_gives_what_one_query_for_all_gives(self):
        metrics = {"requests_total": SPECS["requests_total"]}
        for scopes in (None, {"include": ["p1", "p2"]}):
            work = self.workspace(metrics, **({"scopes": scopes} if scopes else {}))
            work.collect(1, 2)
            together = [(record["scope"], record["groupby"], rounded(record["quantity"])) for record in work.records()]
            self.assertEqual(len(together), 3)
        query = ["query", work.folder / "metrics.yml", "--execute", "--config", work.config, "--format", "json",
                 "--begin", hour(1), "--end", hour(2)]
        apart = work.run(*query, "--per-scope").lines
        self.assertEqual(sorted((record["scope"], record["groupby"]["code"], rounded(record["quantity"]))
                                for record in apart),
                         sorted((scope, groupby["code"], quantity) for scope, groupby, quantity in together))

    def test_a_query_that_the_server_refuses_fails_alone(self):
        work = self.workspace({"level": SPECS["level"],
                               "requests_total": spec(extra_args={"query_function": "abs", "range_function": "irange"})})
        work.collect(1, 2, status=1)
        self.assertEqual(work.status()[1]["requests_total", hour(1)]["state"], "failed")
        self.assertEqual(work.status()[1]["requests_total", hour(1)]["reason"], "query_error")
        self.assertEqual(len(work.records()), 1)

    def test_what_lies_before_all_data_is_lost_and_not_empty(self):
        work = self.workspace({"level": SPECS["level"]})
        work.collect(-72, -71, status=1)
        period = work.status()[1]["level", hour(-72)]
        self.assertEqual((period["state"], period["reason"]), ("failed", "lost"))


class Prometheus2(Suite, unittest.TestCase):
    server_class = metric_servers.Prometheus2
    kind = "prometheus"
    version = "2."
    closed_edges = True
    level = "61"  # the sample on the full hour counts in both periods
    burst = {hour(1): "0", hour(2): "1000"}


class Prometheus3(Suite, unittest.TestCase):
    server_class = metric_servers.Prometheus3
    kind = "prometheus"
    version = "3."


class VictoriaMetrics(Suite, unittest.TestCase):
    server_class = metric_servers.VictoriaMetrics
    kind = "victoriametrics"
    short = 1800.0  # divided by the time between the samples, not by the hour
    burst = {hour(1): "0", hour(2): "1000"}  # a window also sees the sample before it
    third = "0.333333333333"  # 12 digits are stored


class Thanos(Suite, unittest.TestCase):
    server_class = metric_servers.Thanos
    kind = "thanos"
    version = "0."


class Mimir(Suite, unittest.TestCase):
    server_class = metric_servers.Mimir
    kind = "mimir"
    version = "3."


if __name__ == "__main__":
    unittest.main()
