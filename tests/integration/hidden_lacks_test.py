# SPDX-License-Identifier: Apache-2.0
"""Answers that look whole and are not: a store that a Thanos lost without a word, a VictoriaMetrics cluster without one of
its nodes, samples that Mimir does not look back to. Nothing is billed by them.

The tests with a real Thanos or Mimir need what tools/test-servers builds."""
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import fake_prometheus, metric_servers  # noqa: E402: the path is set above
from support.fake_prometheus import Answer, FakePrometheus, success  # noqa: E402
from support.workspace import BEGIN, Workspace, hour, instant, spec  # noqa: E402

LEVEL = {"level": spec(extra_args={"aggregation_method": "sum"})}


def one_series(_query, moment):
    return fake_prometheus.vector([({"project_id": "p1"}, "60")], moment)


def level(project, value=1.0, minutes=range(0, 4 * 60 + 1)):
    return ({"__name__": "level", "job": "j", "project_id": project},
            [((BEGIN + 60 * minute + 17) * 1000, value) for minute in minutes])


class FakeThanos(unittest.TestCase):
    """A Thanos of two stores whose list a test changes."""

    def setUp(self):
        self.stores = {"receive": [self.store("a", None)], "sidecar": [self.store("b", None)]}
        self.server = FakePrometheus(one_series, {
            "/api/v1/status/buildinfo": success({"version": "0.42.4", "revision": ""}),
            "/api/v1/status/runtimeinfo": success({"CWD": "/"}),
            "/api/v1/stores": lambda _request: success(self.stores),
        }).start()
        self.addCleanup(self.server.stop)
        self.work = Workspace(self, self.server.url, LEVEL)

    @staticmethod
    def store(name, error):
        return {"name": f"10.0.0.1:{name}", "lastError": error, "labelSets": [{"store": name}], "minTime": 0}

    def open_period(self, index):
        return self.work.status()[1]["level", hour(index)]

    def test_a_store_that_does_not_answer_holds_the_period_until_it_does(self):
        self.stores["sidecar"] = [self.store("b", "rpc error: \"connection refused\"\n\x1b[31m")]
        self.work.collect(1, 3, status=1)
        for index in (1, 2):
            period = self.open_period(index)
            self.assertEqual((period["state"], period["reason"]), ("open", "partial"))
            self.assertIn('store 10.0.0.1:b {store="b"} does not answer: rpc error: "connection refused"\\x0a\\x1b',
                          period["detail"])
        self.assertEqual(self.work.records(), [])
        self.assertEqual([query for query in self.server.queries() if "level" in query], [], "not even asked")
        self.stores["sidecar"] = [self.store("b", None)]
        self.work.collect(1, 3)
        self.assertEqual(len(self.work.records()), 2)
        self.work.verify()

    def test_a_store_that_dies_while_the_queries_run_holds_the_period(self):
        def dying(query, moment):
            if "level" in query:
                self.stores["sidecar"] = [self.store("b", "gone")]
            return one_series(query, moment)
        self.server.answer = dying
        self.work.collect(1, 2, status=1)
        self.assertIn("10.0.0.1:b", self.open_period(1)["detail"])
        self.assertEqual(self.work.records(), [])

    def test_a_store_that_is_dropped_from_the_list_is_missed_by_the_next_run(self):
        self.work.collect(1, 2)
        del self.stores["sidecar"]
        self.work.collect(2, 3, status=1)
        self.assertRegex(self.open_period(2)["detail"], r'the store \{store="b"\} is not listed any more, last seen 20')

    def test_a_store_that_is_gone_for_good_is_forgotten_after_empty_after(self):
        self.work = Workspace(self, self.server.url, LEVEL, job={"empty_after": "0s"})
        self.work.collect(1, 2)
        del self.stores["sidecar"]
        self.work.collect(2, 3)
        self.assertEqual(len(self.work.records()), 2)

    def test_a_list_that_cannot_be_read_holds_the_period(self):
        lists = iter([success(self.stores), Answer("oops", 500)])
        self.server.routes["/api/v1/stores"] = lambda _request: next(lists, Answer("oops", 500))
        self.work.collect(1, 2, status=1)
        self.assertEqual(self.open_period(1)["state"], "open")

    def test_query_execute_does_not_print_half_an_answer(self):
        self.stores["sidecar"] = [self.store("b", "gone")]
        outcome = self.work.run("query", self.work.folder / "metrics.yml", "--execute", "--config", self.work.config,
                                "--begin", hour(1), "--end", hour(2), "--format", "json")
        self.assertEqual((outcome.returncode, outcome.stdout), (1, ""), str(outcome))
        self.assertIn("10.0.0.1:b", outcome.stderr)


class FakeCluster(unittest.TestCase):
    def test_a_cluster_without_one_of_its_nodes_holds_the_period(self):
        def partial(_request):
            return fake_prometheus.vector([({"project_id": "p1"}, "30")], 1, isPartial=True)
        base = "/select/0/prometheus"
        with FakePrometheus(one_series, {
                f"{base}/api/v1/status/buildinfo": success({"version": "2.24.0"}),
                f"{base}/api/v1/query": partial}) as server:
            work = Workspace(self, server.url + base, LEVEL)
            work.collect(1, 2, status=1)
            period = work.status()[1]["level", hour(1)]
            self.assertEqual((period["state"], period["reason"]), ("open", "partial"))
            self.assertEqual(work.sql("select kind from server"), [("victoriametrics",)])
            asked = [request for request in server.requests if "level" in request.parameters.get("query", "")]
            self.assertTrue(all(request.parameters["nocache"] == "1" and
                                request.parameters["deny_partial_response"] == "1" for request in asked))


class RealThanos(unittest.TestCase):
    """A receiver with p1, a sidecar with p2, a query before both."""

    @classmethod
    def setUpClass(cls):
        if not metric_servers.ThanosQuery.available():
            raise unittest.SkipTest(metric_servers.ThanosQuery.reason())

    def begin(self, server):
        self.addCleanup(server.stop)
        return server.start()

    def setUp(self):
        receive = self.begin(metric_servers.ThanosReceive())
        prometheus = self.begin(metric_servers.Prometheus2(external_labels='{store: "b"}'))
        receive.write([level("p1")])
        prometheus.write([level("p2")])
        self.sidecar = self.begin(metric_servers.ThanosSidecar(prometheus))
        self.query = self.begin(metric_servers.ThanosQuery(receive, self.sidecar))
        self.query.wait_for_stores()
        self.work = Workspace(self, self.query.url, LEVEL)

    def scopes(self):
        return sorted(record["scope"] for record in self.work.records())

    def test_a_killed_sidecar_holds_the_period_also_when_thanos_has_become_silent(self):
        self.work.collect(1, 2)
        self.assertEqual(self.scopes(), ["p1", "p2"])
        self.sidecar.kill()
        self.work.collect(2, 3, status=1)
        self.assertEqual(self.work.status()[1]["level", hour(2)]["state"], "open")
        dead = self.query.until(lambda: any(store["lastError"] for store in self.query.stores()), 60)
        self.assertTrue(dead)
        silent = self.query.get("/api/v1/query", query="level", time=BEGIN + 3 * 3600)
        self.assertEqual([series["metric"]["project_id"] for series in silent["result"]], ["p1"], "half of it, no word")
        self.work.collect(2, 3, status=1)
        period = self.work.status()[1]["level", hour(2)]
        self.assertEqual((period["state"], period["reason"]), ("open", "partial"))
        self.assertIn(self.sidecar.grpc, period["detail"])
        self.assertEqual(self.scopes(), ["p1", "p2"], "nothing of the second hour")
        self.work.verify()


class RealMimir(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not metric_servers.Mimir.available():
            raise unittest.SkipTest(metric_servers.Mimir.reason())
        cls.server = metric_servers.Mimir(overrides={"t1": {"max_query_lookback": "1d"}}).start()
        cls.addClassCleanup(cls.server.stop)
        now = int(time.time()) // 60 * 60
        cls.now = now
        cls.server.write([({"__name__": "level", "job": "j", "project_id": "p1"},
                           [(1000 * (now - 60 * minute), 1.0) for minute in range(48 * 60, 9, -1)])])

    def collect_ago(self, hours, status):
        """Collects the whole hour that ended that many hours ago."""
        end = self.now // 3600 * 3600 - 3600 * hours
        work = Workspace(self, self.server.url + self.server.base_path, LEVEL, source={"headers": self.server.headers})
        work.expect(status, "collect", "--config", work.config, "--begin", instant(end - 3600), "--end", instant(end))
        return work, instant(end - 3600)

    def test_what_mimir_looks_back_to_is_committed(self):
        work, begin = self.collect_ago(2, 0)
        self.assertEqual(work.quantities("level"), {("p1", begin): "60"})

    def test_what_lies_beyond_its_look_back_is_lost_and_not_empty(self):
        work, begin = self.collect_ago(30, 1)
        period = work.status()[1]["level", begin]
        self.assertEqual((period["state"], period["reason"]), ("failed", "lost"))
        self.assertEqual(work.records(), [])

    def test_a_period_that_begins_beyond_it_is_lost_although_its_end_is_not(self):
        end = self.now // 3600 * 3600 - 23 * 3600
        age = int(time.time()) - (end - 3600)
        self.assertGreaterEqual(age, 24 * 3600)
        self.assertLess(int(time.time()) - end, 24 * 3600)
        work, begin = self.collect_ago(23, 1)
        period = work.status()[1]["level", begin]
        self.assertEqual((period["state"], period["reason"]), ("failed", "lost"))
        self.assertEqual(work.records(), [])


if __name__ == "__main__":
    unittest.main()
