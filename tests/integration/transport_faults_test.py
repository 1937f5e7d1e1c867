# SPDX-License-Identifier: Apache-2.0
"""Faults that another try may mend: the period stays open with its reason, and the next good answer commits it."""
import json
import pathlib
import socket
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import fake_prometheus  # noqa: E402: the path is set above
from support.fake_prometheus import Answer, FakePrometheus, by_metric, vector  # noqa: E402
from support.workspace import Workspace, hour, instant  # noqa: E402

GOOD = [({"project_id": "p1"}, "1.5")]
WHOLE = json.dumps({"status": "success", "data": {"resultType": "vector", "result": []}})
JSON = {"Content-Type": "application/json"}


def status_codes():
    codes = {f"status_{code}": (Answer("no", code), "http_status")
             for code in (400, 401, 403, 404, 407, 408, 418, 429, 500, 502, 503)}
    codes["asked_to_wait"] = (Answer("", 429, {"Retry-After": "1800"}), "http_status")
    codes["asked_to_wait_a_day"] = (Answer("", 503, {"Retry-After": "86400"}), "http_status")
    return codes


def bodies():
    def with_warning(_query, moment):
        return vector(GOOD, moment, warnings=["fetching series: store 10.0.0.1 is gone"])
    return {
        "cut_body": (Answer(WHOLE[:30], announce=len(WHOLE)), "incomplete_body"),
        "page": (Answer("<html><title>Sign in</title></html>", headers={"Content-Type": "text/html"}), "not_json"),
        "empty_body": (Answer(""), "not_json"),
        "garbage_behind": (Answer(WHOLE + "}", headers=JSON), "not_json"),
        "cut_inside": (Answer(WHOLE[:-1], headers=JSON), "not_json"),
        "not_utf8": (Answer(WHOLE.encode().replace(b"vector", b"vect\xff"), headers=JSON), "not_json"),
        "no_status": (Answer('{"data":{"resultType":"vector","result":[]}}', headers=JSON), "bad_status"),
        "other_status": (Answer(WHOLE.replace("success", "maybe"), headers=JSON), "bad_status"),
        "partial": (lambda _query, moment: vector(GOOD, moment, isPartial=True), "partial"),
        "warned": (with_warning, "warnings"),
        "info_and_warned": (lambda _query, moment: vector(GOOD, moment, warnings=["PromQL info: x", "no store matched"]),
                            "warnings"),
    }


class MendableAnswers(unittest.TestCase):
    def collect_all(self, faults):
        """One run over one hour in which every spec has its own fault; then one with good answers."""
        answers = {name: answer for name, (answer, _) in faults.items()}
        with FakePrometheus(by_metric({**answers, "good": GOOD})) as server:
            work = Workspace(self, server.url, [*faults, "good"], source={"concurrency": 16})
            work.collect(1, status=1)
            self.now = time.time()
            specs, unfinished = work.status()
            self.assertEqual(specs["good"]["committed"], 1)  # no spec holds another
            found = {name: (line["state"], line["reason"]) for (name, _), line in unfinished.items()}
            self.assertEqual(found, {name: ("open", reason) for name, (_, reason) in faults.items()})
            server.answer = by_metric(dict.fromkeys([*faults, "good"], GOOD))
            work.collect(1)
        specs, after = work.status()
        self.assertEqual(after, {})
        self.assertEqual({line["committed"] for line in specs.values()}, {1})
        work.verify()
        return unfinished

    def test_each_status_code_keeps_its_period_open(self):
        unfinished = self.collect_all(status_codes())
        for (name, _), line in unfinished.items():
            waits = name.startswith("asked")
            self.assertEqual(line["attempts"], 1 if waits else 3, name)  # a long wait is the next run's
            self.assertLessEqual(line["next_retry"], instant(self.now + 3600), name)
            if name.startswith("status"):
                self.assertIn(name[-3:], line["detail"])
        wait = unfinished["asked_to_wait", hour(0)]["next_retry"]
        self.assertTrue(instant(self.now + 1700) < wait <= instant(self.now + 1800), wait)
        day = unfinished["asked_to_wait_a_day", hour(0)]["next_retry"]
        self.assertGreater(day, instant(self.now + 3400))

    def test_each_unusable_body_keeps_its_period_open(self):
        unfinished = self.collect_all(bodies())
        for (name, _), line in unfinished.items():
            self.assertEqual(line["attempts"], 3, name)
        self.assertIn("store 10.0.0.1 is gone", unfinished["warned", hour(0)]["detail"])
        self.assertIn("no store matched", unfinished["info_and_warned", hour(0)]["detail"])

    def test_an_open_period_is_not_asked_again_before_its_next_try(self):
        answers = {"a": Answer("", 429, {"Retry-After": "600"})}
        with FakePrometheus(by_metric(answers)) as server:
            now = int(time.time())
            start = now - now % 3600 - 7200
            work = Workspace(self, server.url, ["a"], job={"start": instant(start), "wait_periods": 1, "settle": "0s"})
            work.expect(1, "collect", "--config", work.config)
            answers["a"] = GOOD
            asked = len([query for query in server.queries() if "a{" in query])
            outcome = work.expect(1, "collect", "--config", work.config)
            self.assertIn("wait for their next try", outcome.stdout)
            self.assertEqual(len([query for query in server.queries() if "a{" in query]), asked)
            work.expect(0, "collect", "--config", work.config, "--begin", instant(start), "--end", instant(start + 7200))
        self.assertEqual(work.status()[0]["a"]["open"], 0)

    def test_a_period_past_an_open_one_is_committed(self):
        moments = []

        def answer(_query, moment):
            moments.append(moment)
            return Answer("", 429, {"Retry-After": "600"}) if moment == min(moments) else GOOD
        with FakePrometheus(by_metric({"a": answer})) as server:
            work = Workspace(self, server.url, ["a"], source={"concurrency": 1})
            work.collect(3, status=1)
        specs, unfinished = work.status()
        self.assertEqual((specs["a"]["committed"], list(unfinished)), (2, [("a", hour(0))]))


class MendableConnections(unittest.TestCase):
    def test_a_refused_connection_is_exit_status_4_and_leaves_every_period_open(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port
            work = Workspace(self, f"http://127.0.0.1:{closed.getsockname()[1]}", ["a", "b"])
            work.collect(3, status=4)
        specs, unfinished = work.status()
        self.assertEqual((specs["a"]["open"], specs["b"]["open"]), (3, 3))
        self.assertEqual({line["reason"] for line in unfinished.values()}, {"unreachable"})
        with FakePrometheus(by_metric({"a": GOOD, "b": GOOD})) as server:
            work.point_to(server.url)
            work.collect(3)
        # An hour may have become due meanwhile, which nobody asked for.
        self.assertEqual([period for period in work.status()[1] if period[1] < hour(3)], [])
        work.verify()

    def test_after_three_connection_errors_in_a_row_nothing_more_is_asked(self):
        for fault in (Answer(drop=True), Answer(reset=True)):
            routes = dict.fromkeys(("/api/v1/query", "/api/v1/status/buildinfo"), fault)
            with self.subTest(fault), FakePrometheus(None, routes) as server:
                work = Workspace(self, server.url, ["a", "b"], source={"concurrency": 1})
                work.collect(6, status=4)
                self.assertLessEqual(server.count(), 3)
                _, unfinished = work.status()
                self.assertEqual(len(unfinished), 12)
                self.assertEqual({line["reason"] for line in unfinished.values()}, {"unreachable"})
                self.assertTrue(any("given up" in line["detail"] for line in unfinished.values()))

    def test_a_timeout_of_one_spec_does_not_hold_the_other(self):
        gate = threading.Event()
        self.addCleanup(gate.set)
        answers = {"slow": Answer(WHOLE, wait_for=gate), "quick": GOOD}
        with FakePrometheus(by_metric(answers)) as server:
            work = Workspace(self, server.url, ["slow", "quick"], source={"timeout": "1s", "concurrency": 1})
            begun = time.monotonic()
            work.collect(1, status=1)
            self.assertLess(time.monotonic() - begun, 20)
            specs, unfinished = work.status()
            self.assertEqual(specs["quick"]["committed"], 1)
            line = unfinished["slow", hour(0)]
            self.assertEqual((line["state"], line["reason"], line["attempts"]), ("open", "timeout", 3))
            gate.set()
            answers["slow"] = GOOD
            work.collect(1)
        self.assertEqual(work.status()[1], {})

    def test_of_two_sources_the_dead_one_does_not_hold_the_other(self):
        with socket.socket() as closed, FakePrometheus(by_metric({"a": GOOD})) as server:
            closed.bind(("127.0.0.1", 0))
            jobs = [{"job": job, "source": job, "metrics_file": "metrics.yml", "scope_key": "project_id"}
                    for job in ("dead", "alive")]
            work = Workspace(self, server.url, ["a"], source={"name": "alive"}, jobs=jobs)
            work.settings["sources"].append({"name": "dead", "url": f"http://127.0.0.1:{closed.getsockname()[1]}"})
            work.write_settings()
            work.collect(2, status=1)
        states = {line["job"]: (line["committed"], line["open"]) for line in work.lines("status") if "open" in line}
        self.assertEqual(states, {"dead": (0, 2), "alive": (2, 0)})


class RefusedMethod(unittest.TestCase):
    def test_a_server_that_refuses_post_is_asked_by_get_from_then_on(self):
        for status in (405, 403):
            def serve(request, status=status):
                if request.method == "POST":
                    return Answer("no POST here", status)
                return answer_query(request)
            with self.subTest(status), FakePrometheus(None, {"/api/v1/query": serve}) as server:
                answer = by_metric({"a": GOOD})

                def answer_query(request, answer=answer):
                    given = answer(request.parameters["query"], float(request.parameters["time"]))
                    return given
                work = Workspace(self, server.url, ["a"], source={"concurrency": 1})
                work.collect(3)
                methods = [request.method for request in server.requests if request.path == "/api/v1/query"]
                self.assertEqual((methods.count("POST"), methods[0]), (1, "POST"))
                self.assertEqual(work.status()[0]["a"]["committed"], 3)


if __name__ == "__main__":
    unittest.main()
