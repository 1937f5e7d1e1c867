# SPDX-License-Identifier: Apache-2.0
"""What a usable answer does to its period: commit, reject a series, count a stranger, stay open because it is empty."""
import email.utils
import json
import pathlib
import sys
import time
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import fake_prometheus  # noqa: E402: the path is set above
from support.fake_prometheus import Answer, FakePrometheus, by_metric, success, vector  # noqa: E402
from support.workspace import BEGIN, HOUR, Workspace, hour, instant, spec  # noqa: E402

GOOD = [({"project_id": "p1"}, "1.5")]
LABELS = "/api/v1/labels"


def histogram(time):
    value = {"count": "1", "sum": "1", "buckets": []}
    return success({"resultType": "vector", "result": [{"metric": {"project_id": "p2"}, "histogram": [time, value]},
                                                       {"metric": {"project_id": "p1"}, "value": [time, "1.5"]}]})


def values(*names):
    return Answer(json.dumps({"status": "success", "data": list(names)}))


class AnswersThatCommit(unittest.TestCase):
    def test_infos_and_harmless_warnings_commit_and_are_evidence(self):
        harmless = 'PromQL warning: metric might not be a counter, name does not end in _total: "a"'
        answers = {
            "plain": GOOD,
            "with_info": lambda _query, time: vector(GOOD, time, infos=["metric might not be a counter"]),
            "with_info_text": lambda _query, time: vector(GOOD, time, warnings=["PromQL info: something of note"]),
            "with_warning": lambda _query, time: vector(GOOD, time, warnings=[harmless]),
            "beside_unknown_keys": lambda _query, time: vector(GOOD, time, trace={"deep": [{}]}, isPartial=False),
        }
        with FakePrometheus(by_metric(answers)) as server:
            work = Workspace(self, server.url, list(answers))
            work.collect(1)
        specs, unfinished = work.status()
        self.assertEqual({name: line["committed"] for name, line in specs.items()}, dict.fromkeys(answers, 1))
        self.assertEqual(unfinished, {})
        evidence = dict(work.sql("select s.name, q.annotations from query q join period using(period_id)"
                                 " join spec s using(spec_id)"))
        self.assertEqual(evidence, {"plain": None, "with_info": "metric might not be a counter",
                                    "with_info_text": "PromQL info: something of note", "with_warning": harmless,
                                    "beside_unknown_keys": None})
        work.verify()

    def test_series_without_a_scope_are_counted_and_are_no_error(self):
        answers = {"a": GOOD + [({"region": "x"}, "7"), ({"project_id": ""}, "9")]}
        with FakePrometheus(by_metric(answers)) as server:
            work = Workspace(self, server.url, ["a"])
            work.collect(1)
        specs, _ = work.status()
        self.assertEqual((specs["a"]["committed"], specs["a"]["unattributed"], specs["a"]["rejected"]), (1, 2, 0))
        self.assertEqual(work.quantities("a"), {("p1", hour(0)): "1.5"})

    def test_skipped_and_excluded_series_are_not_committed(self):
        answers = {"a": GOOD + [({"project_id": "p2"}, "0"), ({"project_id": "staff"}, "5")]}
        with FakePrometheus(by_metric(answers)) as server:
            work = Workspace(self, server.url,
                             {"a": spec(skip_datapoints_expression="datapoint['vol']['qty'] == 0")},
                             job={"scopes": {"exclude": ["staff"]}})
            work.collect(1)
        specs, _ = work.status()
        self.assertEqual((specs["a"]["skipped"], specs["a"]["unattributed"]), (1, 0))
        self.assertEqual(work.sql("select excluded, skipped from revision"), [(1, 1)])
        self.assertEqual(list(work.quantities("a")), [("p1", hour(0))])


class AnswersWithBadSeries(unittest.TestCase):
    BAD = {
        "nan": [({"project_id": "p2"}, "NaN")],
        "infinity": [({"project_id": "p2"}, "+Inf"), ({"project_id": "p3"}, "-Inf")],
        "label_too_long": [({"project_id": "p" * 4097}, "1")],
    }

    def test_each_kind_is_rejected_with_its_reason_and_the_rest_commits(self):
        answers = {name: GOOD + series for name, series in self.BAD.items()}
        answers["histogram"] = lambda _query, time: histogram(time)
        with FakePrometheus(by_metric(answers)) as server:
            work = Workspace(self, server.url, list(answers))
            work.collect(1, status=1)
            work.collect(1)  # they are answered: another run has nothing to do
        specs, unfinished = work.status()
        self.assertEqual(unfinished, {})
        for name in answers:
            self.assertEqual((specs[name]["committed"], specs[name]["rejected"]), (1, 2 if name == "infinity" else 1))
            self.assertEqual(work.quantities(name), {("p1", hour(0)): "1.5"})
        found = set(work.sql("select s.name, r.reason from rejected r join period using(period_id)"
                             " join spec s using(spec_id)"))
        self.assertEqual(found, {(name, name) for name in answers})
        work.verify()

    def test_another_scopes_series_is_rejected_where_scopes_are_asked_one_by_one(self):
        def answer(query, _time):
            asked = "p1" if 'project_id="p1"' in query else "p2"
            return [({"project_id": "p1"}, "3" if asked == "p1" else "4")]
        with FakePrometheus(by_metric({"a": answer}), {"/api/v1/label/project_id/values": values("p1", "p2")}) as server:
            work = Workspace(self, server.url, {"a": spec(extra_args={"query_suffix": "or vector(0)"})})
            work.collect(1, status=1)
        self.assertEqual(work.quantities("a"), {("p1", hour(0)): "3"})
        self.assertEqual(work.sql("select reason from rejected"), [("foreign_scope",)])

    def test_hold_keeps_the_period_open_until_the_answer_is_good(self):
        answers = {"held": GOOD + self.BAD["nan"], "fine": GOOD}
        with FakePrometheus(by_metric(answers)) as server:
            work = Workspace(self, server.url, ["held", "fine"], job={"on_bad_series": "hold"})
            work.collect(1, status=1)
            specs, unfinished = work.status()
            self.assertEqual((specs["held"]["open"], specs["fine"]["committed"]), (1, 1))
            self.assertEqual(unfinished["held", hour(0)]["reason"], "bad_series")
            self.assertEqual(work.quantities("held"), {})
            answers["held"] = GOOD
            work.collect(1)
        self.assertEqual(work.quantities("held"), {("p1", hour(0)): "1.5"})

    def test_an_answer_with_bad_series_alone_stays_open(self):
        with FakePrometheus(by_metric({"a": self.BAD["infinity"]})) as server:
            work = Workspace(self, server.url, ["a"])
            work.collect(1, status=1)
        line = work.status()[1]["a", hour(0)]
        self.assertEqual((line["state"], line["reason"], line["attempts"]), ("open", "bad_series", 1))


class AnswersWithoutSeries(unittest.TestCase):
    def test_an_empty_answer_is_empty_where_there_were_no_series_before(self):
        with FakePrometheus(by_metric({"a": []}), {LABELS: values("up")}) as server:
            work = Workspace(self, server.url, ["a"])
            work.collect(2)
            asked = server.count()
            work.collect(2)
            self.assertEqual([query for query in server.queries()[asked:] if "a{" in query], [])
        specs, unfinished = work.status()
        self.assertEqual((specs["a"]["empty"], specs["a"]["committed"], unfinished), (2, 0, {}))
        work.verify()

    def test_an_empty_answer_after_one_with_series_is_suspect_until_it_is_accepted(self):
        answers = {"a": lambda _query, time: GOOD if time <= BEGIN + HOUR else []}
        with FakePrometheus(by_metric(answers), {LABELS: values("up")}) as server:
            work = Workspace(self, server.url, ["a"])
            work.collect(1)
            work.collect(2, status=1)
        line = work.status()[1]["a", hour(1)]
        self.assertEqual((line["state"], line["reason"]), ("open", "suspect_empty"))
        work.expect(1, "accept", "a", "--begin", hour(0), "--ledger", work.ledger)  # committed already
        work.expect(0, "accept", "a", "--begin", hour(1), "--ledger", work.ledger)
        specs, unfinished = work.status()
        self.assertEqual((specs["a"]["empty"], unfinished), (1, {}))
        work.verify()

    def test_an_answer_whose_series_were_all_skipped_makes_the_next_empty_one_suspect(self):
        answers = {"a": lambda _query, time: [({"project_id": "p1"}, "0")] if time <= BEGIN + HOUR else []}
        with FakePrometheus(by_metric(answers), {LABELS: values("up")}) as server:
            work = Workspace(self, server.url, {"a": spec(skip_datapoints_expression="datapoint['vol']['qty'] == 0")})
            work.collect(1)
            work.collect(2, status=1)
        self.assertEqual(work.status()[1]["a", hour(1)]["reason"], "suspect_empty")

    def test_an_empty_answer_is_suspect_when_a_source_that_scraped_has_no_up_samples(self):
        up_until = BEGIN + HOUR
        with FakePrometheus(by_metric({"a": []}, up=lambda time: "60" if time <= up_until else None),
                            {LABELS: values("up")}) as server:
            work = Workspace(self, server.url, ["a"])
            work.collect(1)
            work.collect(1, 2, status=1)
        specs, unfinished = work.status()
        self.assertEqual(specs["a"]["empty"], 1)
        self.assertEqual(unfinished["a", hour(1)]["reason"], "suspect_empty")
        self.assertIn("up", unfinished["a", hour(1)]["detail"])

    def test_an_empty_answer_is_empty_at_once_with_empty_after_zero(self):
        answers = {"a": lambda _query, time: GOOD if time <= BEGIN + HOUR else []}
        with FakePrometheus(by_metric(answers), {LABELS: values("up")}) as server:
            work = Workspace(self, server.url, ["a"], job={"empty_after": "0s"})
            work.collect(2)
        self.assertEqual(work.status()[0]["a"]["empty"], 1)

    def test_an_empty_answer_before_the_servers_oldest_data_is_lost_until_it_is_accepted(self):
        oldest = BEGIN + HOUR

        def labels(request):
            return values("up") if float(request.parameters["end"]) > oldest else values()
        answers = {"a": lambda _query, time: GOOD if time > oldest else []}
        with FakePrometheus(by_metric(answers), {LABELS: labels}) as server:
            work = Workspace(self, server.url, ["a"])
            work.collect(2, status=1)
            line = work.status()[1]["a", hour(0)]
            self.assertEqual((line["state"], line["reason"], line["next_retry"]), ("failed", "lost", None))
            work.expect(0, "accept", "a", "--begin", hour(0), "--ledger", work.ledger)
            work.collect(2)
        specs, unfinished = work.status()
        self.assertEqual((specs["a"]["committed"], specs["a"]["empty"], unfinished), (1, 1, {}))
        work.verify()

    def test_a_server_without_any_data_does_not_make_periods_lost(self):
        with FakePrometheus(by_metric({"a": []}, up=None), {LABELS: values()}) as server:
            work = Workspace(self, server.url, ["a"])
            work.collect(1)
        self.assertEqual(work.status()[0]["a"]["empty"], 1)


EMPTY_MATRIX = success({"resultType": "matrix", "result": []})


class PermanentFailures(unittest.TestCase):
    """Nothing that another try may help: the spec has failed, and the others go on."""

    @staticmethod
    def failing():
        error = fake_prometheus.error
        many = "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
        result = [{"metric": {"project_id": "p1"}, "value": [0, "1"]}]
        return {
            "parse_error": (error(400, "bad_data", 'invalid parameter "query": 1:5: parse error: unexpected "}"'),
                            "query_error"),
            "many_to_many": (error(422, "execution", "found duplicate series for the match group"), "query_error"),
            "many_to_one": (error(422, "execution", many), "query_error"),
            "same_labels": (error(422, "execution", "vector cannot contain metrics with the same labelset"),
                            "query_error"),
            "error_with_200": (error(200, "bad_data", 'unknown function with name "foo"'), "query_error"),
            "scalar": (success({"resultType": "scalar", "result": [0, "1"]}), "wrong_type"),
            "matrix": (success({"resultType": "matrix", "result": [{"metric": {}, "values": []}]}), "wrong_type"),
            "empty_matrix": (EMPTY_MATRIX, "wrong_type"),
            "no_number": (success({"resultType": "vector", "result": [{**result[0], "value": [0, "many"]}]}),
                          "wrong_type"),
            "twice": (success({"resultType": "vector", "result": result * 2}), "duplicate_series"),
            "moved": (Answer(status=302, headers={"Location": "http://127.0.0.1:1/login"}), "redirect"),
        }

    def test_each_is_failed_with_its_reason_and_holds_no_other_spec(self):
        failing = self.failing()
        answers = {name: answer for name, (answer, _) in failing.items()}
        with FakePrometheus(by_metric({**answers, "good": GOOD})) as server:
            work = Workspace(self, server.url, [*answers, "good"])
            work.collect(2, status=1)
            first = server.count()
            specs, unfinished = work.status()
            for name, (_, reason) in failing.items():
                line = unfinished[name, hour(0)]
                self.assertEqual((line["state"], line["reason"], line["next_retry"], line["attempts"]),
                                 ("failed", reason, None, 1), name)
            self.assertEqual(specs["good"]["committed"], 2)
            self.assertEqual(len([query for query in server.queries() if "moved{" in query]), 2)
            work.collect(2, status=1)  # not tried again, and still not complete
            asked = server.queries()[first:]
            self.assertEqual([query for query in asked if any(name + "{" in query for name in answers)], [])
        work.verify()

    def test_an_empty_matrix_of_mimir_lies_beyond_what_it_looks_back_to(self):
        mimir = success({"application": "Grafana Mimir", "version": "3.0.1"})
        with FakePrometheus(by_metric({"a": EMPTY_MATRIX}), {"/api/v1/status/buildinfo": mimir}) as server:
            work = Workspace(self, server.url, ["a"])
            work.collect(1, status=1)
        line = work.status()[1]["a", hour(0)]
        self.assertEqual((line["state"], line["reason"]), ("failed", "lost"))

    def test_a_failed_period_is_tried_again_when_told_so_or_when_its_spec_changed(self):
        bad = fake_prometheus.error(422, "execution", "many-to-many matching not allowed")
        answers = {"told": bad, "changed": bad, "left": bad}
        with FakePrometheus(by_metric(answers)) as server:
            work = Workspace(self, server.url, list(answers))
            work.collect(1, status=1)
            answers.update(dict.fromkeys(answers, GOOD))
            work.write_metrics({"told": spec(), "left": spec(), "changed": spec(factor=2)})
            work.collect(1, status=1)
            self.assertEqual(work.quantities("changed"), {("p1", hour(0)): "3"})
            self.assertEqual(set(work.status()[1]), {("told", hour(0)), ("left", hour(0))})
            work.collect(1, flags=["--retry-failed"])
        self.assertEqual(work.status()[1], {})
        work.verify()


class ScopesOneByOne(unittest.TestCase):
    METRICS = {"a": spec(extra_args={"query_suffix": "or vector(0)"})}
    ROUTES = {"/api/v1/label/project_id/values": values("p1", "p2", "p3")}
    BAD = fake_prometheus.error(422, "execution", "many-to-many matching not allowed")

    def test_the_query_error_of_one_scope_rejects_that_scope_only(self):
        def answer(query, _time):
            return self.BAD if 'project_id="p2"' in query else [({}, "4")]
        with FakePrometheus(by_metric({"a": answer}), self.ROUTES) as server:
            work = Workspace(self, server.url, self.METRICS)
            work.collect(1, status=1)
        self.assertEqual(work.quantities("a"), {("p1", hour(0)): "4", ("p3", hour(0)): "4"})
        self.assertEqual(work.status()[0]["a"]["rejected"], 1)
        self.assertEqual([row[0] for row in work.sql("select reason from rejected")], ["query_error"])
        work.verify()

    def test_the_query_errors_of_all_scopes_fail_the_period(self):
        with FakePrometheus(by_metric({"a": self.BAD}), self.ROUTES) as server:
            work = Workspace(self, server.url, self.METRICS)
            work.collect(1, status=1)
        line = work.status()[1]["a", hour(0)]
        self.assertEqual((line["state"], line["reason"]), ("failed", "query_error"))
        self.assertEqual(work.sql("select count(*) from rejected"), [(0,)])


class ServerClock(unittest.TestCase):
    def test_a_period_is_due_by_the_server_that_is_behind_which_is_said(self):
        now = int(time.time())
        start = now // HOUR * HOUR - 5 * HOUR

        def date(_handler, _timestamp=None):
            return email.utils.formatdate(now - 2 * HOUR, usegmt=True)

        with mock.patch.object(fake_prometheus._Handler, "date_time_string", date), \
                fake_prometheus.FakePrometheus(fake_prometheus.by_metric({"a": [({"project_id": "p1"}, "1")]})) as server:
            work = Workspace(self, server.url, ["a"], job={"start": instant(start)})
            outcome = work.expect(0, "collect", "--config", work.config)
            records = work.records()
        self.assertRegex(outcome.stderr, r"clock_skew: the clock of source prometheus is 2h(\d+m)?(\d+s)? behind")
        # Four hours have ended an hour ago by the local clock, two by the server's.
        self.assertEqual({record["begin"] for record in records}, {instant(start), instant(start + HOUR)})


if __name__ == "__main__":
    unittest.main()
