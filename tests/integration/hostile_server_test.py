# SPDX-License-Identifier: Apache-2.0
"""Servers that stall in the middle of an answer, flood, or lead in circles."""
import json
import os
import pathlib
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import promtally_cli  # noqa: E402: the path is set above
from support.fake_prometheus import Answer, FakePrometheus, by_metric, vector  # noqa: E402
from support.workspace import Workspace, hour  # noqa: E402

GOOD = [({"project_id": "p1"}, "1.5")]
CAP = 64 << 20  # decoded bytes of an answer


class Stalls(unittest.TestCase):
    def test_a_source_that_stalls_in_an_answer_holds_no_other(self):
        gate = threading.Event()
        self.addCleanup(gate.set)
        whole = vector(GOOD, 0).body
        stalls = Answer(whole[:60], announce=len(whole), stall=gate)
        with FakePrometheus(by_metric({"a": stalls})) as slow, FakePrometheus(by_metric({"a": GOOD})) as quick:
            jobs = [{"job": job, "source": job, "metrics_file": "metrics.yml", "scope_key": "project_id"}
                    for job in ("slow", "quick")]
            work = Workspace(self, quick.url, ["a"], source={"name": "quick"}, jobs=jobs)
            work.settings["sources"].append({"name": "slow", "url": slow.url, "timeout": "1s"})
            work.write_settings()
            work.collect(3, status=1)
            lines = work.lines("status")
            states = {line["job"]: (line["committed"], line["open"]) for line in lines if "open" in line}
            self.assertEqual(states, {"slow": (0, 3), "quick": (3, 0)})
            reasons = {line["reason"] for line in lines if "state" in line}
            self.assertLessEqual(reasons, {"timeout", "unreachable"})
            self.assertIn("timeout", reasons)
            self.assertLessEqual(len([query for query in slow.queries() if "a{" in query]), 9)  # three tries of each
            slow.answer = by_metric({"a": GOOD})
            gate.set()
            work.collect(3)
        work.verify()


class Floods(unittest.TestCase):
    def peak(self, work, *hours):
        """Exit status and the most memory that a collect took."""
        arguments = [promtally_cli.binary(), *map(str, work.collect_arguments(*hours))]
        with subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env=promtally_cli.environment()) as process:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        return process.returncode, used.ru_maxrss << 10

    @unittest.skipIf({"ASAN_OPTIONS", "TSAN_OPTIONS"} & set(promtally_cli.environment()), "sanitizers take memory")
    def test_an_answer_without_end_costs_three_times_the_cap_at_most(self):
        row = json.dumps({"metric": {"project_id": "p" * 40, "n": "0"}, "value": [1, "1"]}).encode() + b","
        rows = row * 10_000  # one object, sent often: what this process holds would count as the child's
        flood = Answer([b'{"status":"success","data":{"resultType":"vector","result":['] + [rows] * (3 * CAP // len(rows)))
        with FakePrometheus(by_metric({"a": flood, "b": GOOD})) as server:
            work = Workspace(self, server.url, ["a", "b"], source={"concurrency": 1})
            status, bytes_ = self.peak(work, 1)
        self.assertEqual(status, 1)
        self.assertLess(bytes_, 3 * CAP + (64 << 20))
        specs, unfinished = work.status()
        self.assertEqual((specs["b"]["committed"], list(unfinished)), (1, [("a", hour(0))]))
        self.assertEqual(work.sql("select count(*) from record"), [(1,)])


class Circles(unittest.TestCase):
    def test_redirects_are_refused_and_a_circle_ends(self):
        for follow in (False, True):
            with self.subTest(follow), FakePrometheus(None) as server:
                server.routes["/api/v1/query"] = Answer("", 307, {"Location": "/api/v1/query"})
                work = Workspace(self, server.url, ["a"], source={
                    "concurrency": 1, "follow_redirects": follow,
                    "basic_auth": {"username": "u", "password": "secret"}})
                work.collect(1, status=1)
                line = work.status()[1]["a", hour(0)]
                self.assertEqual((line["state"], line["reason"]), ("failed", "redirect"))
                asked = server.count("/api/v1/query")
                self.assertLessEqual(asked, 12 if follow else 4)
                work.collect(1, status=1)  # a permanent answer is not asked for again
                self.assertEqual(server.count("/api/v1/query"), asked)

    def test_credentials_stay_where_they_belong(self):
        with FakePrometheus(by_metric({"a": GOOD})) as stranger, FakePrometheus(None) as server:
            server.routes["/api/v1/query"] = Answer("", 307, {"Location": stranger.url + "/api/v1/query"})
            work = Workspace(self, server.url, ["a"], source={
                "follow_redirects": True, "basic_auth": {"username": "u", "password": "secret"}})
            work.run(*work.collect_arguments(1))
            self.assertTrue(all("Authorization" in request.headers for request in server.requests))
            self.assertGreater(stranger.count(), 0)
            self.assertFalse(any("Authorization" in request.headers for request in stranger.requests))


if __name__ == "__main__":
    unittest.main()
