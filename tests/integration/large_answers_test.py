# SPDX-License-Identifier: Apache-2.0
"""Answers that are too much for one query: split into batches of scopes, smaller where needed, and remembered."""
import json
import pathlib
import re
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import fake_prometheus  # noqa: E402: the path is set above
from support.fake_prometheus import Answer, FakePrometheus, by_metric, vector  # noqa: E402
from support.workspace import Workspace, hour, instant, spec  # noqa: E402

SCOPES = [f"p{number:03}" for number in range(250)]
VALUES = {"/api/v1/label/project_id/values": Answer(json.dumps({"status": "success", "data": SCOPES}))}
TOO_MANY = fake_prometheus.error(422, "execution", "query processing would load too many samples into memory")


def scopes_of(query):
    """The scopes that a query asks for by name; none: all of them."""
    matcher = re.search(r'project_id(?:=~|=)"([^"]*)"', query)
    return matcher.group(1).split("|") if matcher else []


def refuse_above(limit, refusal):
    """Answers a query for up to `limit` named scopes; what asks for more is refused."""
    def answer(query, moment):
        scopes = scopes_of(query)
        if not scopes or len(scopes) > limit:
            return refusal
        return vector([({"project_id": scope}, "1") for scope in scopes], moment)
    return answer


class LargeAnswers(unittest.TestCase):
    def split(self, limit, refusal, hours=2):
        """Collects periods of 250 scopes; returns the number of scopes of every query, in order."""
        with FakePrometheus(by_metric({"a": refuse_above(limit, refusal)}), VALUES) as server:
            work = Workspace(self, server.url, ["a"], source={"concurrency": 1})
            work.collect(hours)
            sizes = [len(scopes_of(query)) for query in server.queries() if "a{" in query]
        totals = work.lines("usage", "--by", "scope")
        self.assertEqual([(line["scope"], line["quantity"]) for line in totals],
                         [(scope, str(hours)) for scope in SCOPES])
        work.verify()
        return sizes

    def test_each_refusal_is_split_into_batches_of_a_hundred_scopes_and_remembered(self):
        refusals = {
            "413": Answer("too large", 413),
            "too many samples": TOO_MANY,
            "an error with 200": fake_prometheus.error(200, "execution", "expanding series: limit reached"),
            "a query time-out": fake_prometheus.error(503, "timeout", "query timed out in expression evaluation"),
        }
        for name, refusal in refusals.items():
            with self.subTest(name):
                self.assertEqual(self.split(100, refusal), [0, 100, 100, 50, 100, 100, 50])

    def test_an_answer_above_the_byte_limit_is_split(self):
        flood = Answer('{"status":"success",' + " " * (65 << 20))
        self.assertEqual(self.split(100, flood, hours=1), [0, 100, 100, 50])

    def test_batches_are_halved_until_they_work_and_the_size_that_worked_is_remembered(self):
        sizes = self.split(30, TOO_MANY)
        self.assertEqual(sizes.count(0), 1)
        self.assertEqual(max(sizes[-10:]), 25)  # the second period: ten batches of 25, none refused
        self.assertEqual(sum(sizes[-10:]), 250)

    def collect_refused(self, refusal, job=None):
        with FakePrometheus(by_metric({"a": refusal, "good": [({"project_id": "p1"}, "1")]}),
                            {"/api/v1/label/project_id/values": Answer('{"status":"success","data":["p1"]}')}) as server:
            work = Workspace(self, server.url, ["a", "good"], job=job)
            work.collect(1, status=1)
        specs, unfinished = work.status()
        self.assertEqual(specs["good"]["committed"], 1)
        return unfinished["a", hour(0)]

    def test_a_scope_that_is_too_large_by_itself_fails_its_spec(self):
        line = self.collect_refused(Answer("", 413))
        self.assertEqual((line["state"], line["reason"], line["next_retry"]), ("failed", "too_large", None))

    def test_a_scope_with_too_many_samples_stays_open_for_a_quarter_of_an_hour_at_most(self):
        line = self.collect_refused(TOO_MANY)
        self.assertEqual((line["state"], line["reason"]), ("open", "query_error"))
        self.assertLessEqual(line["next_retry"], instant(time.time() + 900))
        self.assertIn("too many samples", line["detail"])

    def test_what_has_no_scopes_cannot_be_split(self):
        line = self.collect_refused(Answer("", 413), job={"scope_key": None})
        self.assertEqual((line["state"], line["reason"]), ("failed", "too_large"))
        line = self.collect_refused(TOO_MANY, job={"scope_key": None})
        self.assertEqual((line["state"], line["reason"]), ("open", "query_error"))

    def test_one_scope_of_many_that_is_too_large_fails_the_period_by_name(self):
        def answer(query, moment):
            scopes = scopes_of(query)
            if not scopes or "p3" in scopes:
                return Answer("p3 is too large", 413)
            return vector([({"project_id": scope}, "1") for scope in scopes], moment)
        names = Answer('{"status":"success","data":["p1","p2","p3"]}')
        with FakePrometheus(by_metric({"a": answer}), {"/api/v1/label/project_id/values": names}) as server:
            work = Workspace(self, server.url, {"a": spec()})
            work.collect(1, status=1)
        line = work.status()[1]["a", hour(0)]
        self.assertEqual((line["state"], line["reason"]), ("failed", "too_large"))
        self.assertEqual(work.sql("select count(*) from record"), [(0,)])  # all of a period or nothing


if __name__ == "__main__":
    unittest.main()
