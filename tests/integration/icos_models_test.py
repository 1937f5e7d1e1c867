# SPDX-License-Identifier: Apache-2.0
"""The model routes of the ICOS Metrics Export service, answered by `promtally serve`: with a Grafana and an Intelligence API that
say what a test wants, and with a real Prometheus and models of the store."""
import http.client
import http.server
import json
import pathlib
import shutil
import socket
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import promtally_cli, prometheus_server  # noqa: E402: the path is set above
from support.prometheus_server import PrometheusServer  # noqa: E402
from support.serving import Serving  # noqa: E402
from support.site import Site  # noqa: E402
from support.waiting import until  # noqa: E402

STARTED = {"message": "First cycle completed successfully. Metric creation started."}
NO_DATA = {"detail": "400: Telemetry metric not found or returned null results."}
NO_MODEL = {"detail": "400: Intelligence API error or endpoint does not exist."}
PREDICT = {"model_prediction": 11.5, "model_confidence": 97.9, "95%_confidence_interval": "10.5 to 12.5", "metric_type": 2}


class Fake(http.server.ThreadingHTTPServer):
    """`answers[path]`: (status, object), or a callback of the request's object that gives one."""
    daemon_threads = True

    def __init__(self, answers):
        super().__init__(("127.0.0.1", 0), FakeHandler)
        self.answers, self.requests = answers, []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def bodies(self, path):
        return [body for asked, body, _headers in list(self.requests) if asked == path]


class FakeHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(raw) if raw else None
        self.server.requests.append((self.path, body, dict(self.headers)))
        said = self.server.answers.get(self.path, (404, {"message": "not found"}))
        status, answer = said(body) if callable(said) else said
        text = json.dumps(answer)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = answer

    def log_message(self, *_arguments):
        pass


def frame(labels, times, values):
    return {"schema": {"refId": "A", "fields": [{"name": "Time", "type": "time", "config": {"interval": 60000}},
                                                {"name": "up", "type": "number", "labels": labels}]},
            "data": {"values": [times, values]}}


def grafana(series):
    """Answers as Grafana does: aligned, both ends. series: pairs of labels and a function of the time in steps."""
    def answer(body):
        step = body["queries"][0]["intervalMs"]
        begin, end = (int(body[key]) // step for key in ("from", "to"))
        times = [step * i for i in range(begin, end + 1)]
        return 200, {"results": {"A": {"status": 200, "frames": [
            frame(labels, times, [value(time // step) for time in times]) for labels, value in series]}}}
    return answer


class Base(unittest.TestCase):
    def fake(self, answers):
        fake = Fake(answers)
        self.addCleanup(fake.server_close)
        self.addCleanup(fake.shutdown)
        return fake

    def serve(self, settings=None, **environment):
        """With etc/icos.yml, or settings of one's own."""
        self.site = Site(self)
        if settings is None:
            shutil.copy(promtally_cli.ROOT / "etc" / "icos.yml", self.site.config)
        else:
            self.site.config.write_text(json.dumps({"web": {"listen": "localhost:0"}, **settings}), encoding="utf-8")
        self.environment = environment
        self.again()

    def again(self):
        self.service = Serving(self.site, env=self.environment)
        self.addCleanup(self.service.kill)
        until(lambda: self.service.get("/-/ready")[0] == 200, "ready")

    def post(self, path, body, status=200):
        connection = http.client.HTTPConnection(self.service.address, timeout=60)
        self.addCleanup(connection.close)
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read().decode()
        self.assertEqual(answer.status, status, text)
        return json.loads(text)

    def predictions(self):
        return {one["name"]: one for one in json.loads(self.service.get("/api/v1/predictions")[1])}

    def family(self, name):
        return self.service.page().family(name)

    def request(self, **more):
        return {"metric_type": 2, "metric_name": "pred", "telemetry_metrics": ["up{job=\"a\",instance=\"b\"}"],
                "model_tag": "metrics_utilization_model_xgb:latest", "steps_back": 4, **more}


class Loops(Base):
    def setUp(self):
        self.grafana = self.fake({"/api/ds/query": grafana([({"__name__": "up", "instance": "b"}, float)])})
        self.intelligence = self.fake({"/predict": (200, PREDICT)})
        self.serve(GRAFANA_API_BASE_URL=self.grafana.url + "/", INTELLIGENCE_API_BASE_URL=self.intelligence.url + "/",
                   GRAFANA_SERVICE_ACCOUNT_BEARER_TOKEN="secret", GRAFANA_DATASOURCE_UID="uid-1",
                   INTERVAL_IN_SECONDS_FOR_METRICS_EXPORT="1", PROMTALLY_AUTHENTICATION="none")

    def test_the_first_cycle_is_made_in_the_request_and_the_newest_samples_go_out(self):
        self.assertEqual(self.post("/create_model_metric", self.request(labels={"site": "x"})), STARTED)
        asked = self.grafana.bodies("/api/ds/query")[0]["queries"][0]
        self.assertEqual((asked["expr"], asked["datasource"]["uid"], asked["intervalMs"]),
                         ('up{job="a",instance="b"}', "uid-1", 60000))
        self.assertGreater(asked["maxDataPoints"], 5)
        self.assertEqual(self.grafana.requests[0][2]["Authorization"], "Bearer secret")
        newest = int(self.grafana.bodies("/api/ds/query")[0]["to"]) // 60000
        body = self.intelligence.bodies("/predict")[0]
        self.assertEqual(body["input_series"], {"input_1": [newest - 3, newest - 2, newest - 1, newest]})
        self.assertEqual((body["model_tag"], body["steps_back"]), ("metrics_utilization_model_xgb:latest", 4))
        self.assertNotIn(None, body.values())
        labels = (("instance", "b"), ("site", "x"))
        self.assertEqual(self.family("pred"), {labels: 11.5})
        self.assertEqual(self.family("pred_confidence"), {labels: 97.9})
        self.assertEqual((self.family("pred_lower"), self.family("pred_upper")), ({labels: 10.5}, {labels: 12.5}))

    def test_a_loop_goes_on_is_listed_and_ends(self):
        self.post("/create_model_metric", self.request(step_in_seconds=0))
        until(lambda: self.predictions()["pred"]["cycles"] > 2, "three cycles")
        self.assertEqual({key: self.predictions()["pred"][key] for key in ("name", "model", "type", "step_seconds", "errors",
                                                                          "last_error", "running")},
                         {"name": "pred", "model": "metrics_utilization_model_xgb:latest", "type": "gauge", "step_seconds": 1,
                          "errors": 0, "last_error": None, "running": True})
        self.assertEqual(self.post("/stop_model_metrics", {"metric_names": ["pred", "unknown"]}),
                         {"message": "Metric creation(s) stopped successfully."})
        self.assertEqual(self.predictions(), {})
        self.assertEqual(list(self.family("pred").values()), [11.5])

    def test_a_second_request_takes_the_place_of_the_first(self):
        self.post("/create_model_metric", self.request(step_in_seconds=1))
        self.post("/create_model_metric", self.request(step_in_seconds=3600, model_tag="other:latest"))
        self.assertEqual([one["model"] for one in self.predictions().values()], ["other:latest"])
        count = len(self.intelligence.bodies("/predict"))
        # Another loop of the same step tells when the first one would have asked again, twice.
        self.post("/create_model_metric", self.request(step_in_seconds=1, metric_name="clock", model_tag="clock:latest"))
        until(lambda: self.predictions()["clock"]["cycles"] >= 4, "three more steps")
        late = [body["model_tag"] for body in self.intelligence.bodies("/predict")[count:]
                if body["model_tag"] != "clock:latest"]
        self.assertLessEqual(len(late), 1, late)  # one that was under way

    def test_an_error_of_a_loop_is_counted_and_seen_and_the_metric_stays(self):
        self.post("/create_model_metric", self.request())
        self.intelligence.answers["/predict"] = (500, "An error has occurred in BentoML user code")
        until(lambda: self.predictions()["pred"]["errors"] > 0, "an error")
        self.assertIn("BentoML", self.predictions()["pred"]["last_error"])
        self.assertEqual(list(self.family("pred").values()), [11.5])
        self.intelligence.answers["/predict"] = (200, {**PREDICT, "model_prediction": 12})
        until(lambda: self.predictions()["pred"]["last_error"] is None, "a good cycle")
        self.assertEqual(list(self.family("pred").values()), [12])

    def test_loops_survive_a_kill(self):
        self.post("/create_model_metric", self.request(metric_type=1, metric_name="sum"))
        self.post("/create_model_metric", self.request(labels={"a": "b"}))
        self.intelligence.answers["/predict"] = (200, {**PREDICT, "model_prediction": 1})
        until(lambda: self.predictions()["sum"]["cycles"] > 2, "cycles")
        before = self.family("sum_total")
        self.service.kill()
        self.again()
        self.assertEqual(set(self.predictions()), {"sum", "pred"})
        self.assertGreaterEqual(min(self.family("sum_total").values()), min(before.values()))
        until(lambda: min(self.family("sum_total").values()) > max(before.values()), "it goes on")
        self.post("/stop_model_metrics", {"metric_names": ["sum", "pred"]})
        self.service.terminate()
        self.again()
        self.assertEqual(self.predictions(), {})

    def test_each_type_is_what_was_asked_for(self):
        self.post("/create_model_metric", self.request(metric_type=1, metric_name="c", step_in_seconds=3600))
        self.post("/create_model_metric", self.request(metric_type=3, metric_name="i", step_in_seconds=3600))
        self.intelligence.answers["/predict"] = (200, {"model_prediction": [["high"]], "metric_type": 2})
        self.post("/create_model_metric", self.request(metric_type=4, metric_name="e", model_states=["low", "high"], step_in_seconds=3600))
        self.assertEqual(list(self.family("c_total").values()), [11.5])
        self.assertIn(("prediction", "11.5"), list(self.family("i_info"))[0])
        self.assertEqual({dict(labels)["e"]: value for labels, value in self.family("e").items()}, {"low": 0, "high": 1})
        self.post("/create_model_metric", self.request(metric_type=2, metric_name="g"), 400)

    def test_all_series_of_a_query_are_predicted(self):
        self.grafana.answers["/api/ds/query"] = grafana([({"instance": "a"}, float), ({"instance": "b"}, lambda step: -step)])
        self.intelligence.answers["/predict"] = lambda body: (200, {"model_prediction": body["input_series"]["input_1"][0]})
        self.post("/create_model_metric", self.request(step_in_seconds=3600))
        values = self.family("pred")
        self.assertEqual([dict(labels)["instance"] for labels in sorted(values)], ["a", "b"])
        self.assertEqual(sum(values.values()), 0)

    def test_failures_have_the_services_texts_and_leave_no_metric(self):
        self.assertEqual(self.post("/create_model_metric", self.request(metric_name=" "), 400), {"detail": "400: metric_name is required."})
        self.intelligence.answers["/predict"] = (404, "Not Found")
        self.assertEqual(self.post("/create_model_metric", self.request(), 400), NO_MODEL)
        self.intelligence.answers["/predict"] = (200, {"model_prediction": [], "metric_type": 2})
        self.assertEqual(self.post("/create_model_metric", self.request(), 400), NO_MODEL)
        self.grafana.answers["/api/ds/query"] = (200, {"results": {"A": {"frames": [{"schema": {"fields": []}, "data": {"values": []}}]}}})
        self.assertEqual(self.post("/create_model_metric", self.request(), 400), NO_DATA)
        self.grafana.answers["/api/ds/query"] = (500, {"message": "Query data error"})
        self.assertEqual(self.post("/create_model_metric", self.request(), 400), NO_DATA)
        self.assertEqual((self.family("pred"), self.predictions()), ({}, {}))
        for field in ("metric_type", "metric_name", "telemetry_metrics", "model_tag", "steps_back"):
            body = self.request()
            del body[field]
            detail = self.post("/create_model_metric", body, 422)["detail"]
            self.assertEqual([(one["type"], one["loc"]) for one in detail], [("missing", ["body", field])])

    def test_a_gap_is_an_error_unless_it_may_be_filled(self):
        def with_gap(body):
            status, answer = grafana([({}, float)])(body)
            columns = answer["results"]["A"]["frames"][0]["data"]["values"]
            for column in columns:
                del column[-2]
            return status, answer
        self.grafana.answers["/api/ds/query"] = with_gap
        self.assertIn("of 4 samples", self.post("/create_model_metric", self.request(), 400)["detail"])
        self.post("/create_model_metric", self.request(data_interruption=True, step_in_seconds=3600))
        sent = self.intelligence.bodies("/predict")[-1]["input_series"]["input_1"]
        self.assertEqual([sent[1], sent[2], sent[3]], [sent[0] + 1, sent[0] + 1, sent[0] + 3])

    def test_scrapes_do_not_wait_for_a_model_that_hangs(self):
        held = threading.Event()
        self.addCleanup(held.set)
        self.intelligence.answers["/predict"] = lambda _body: (held.wait(20), (200, PREDICT))[1]
        asker = threading.Thread(target=lambda: self.post("/create_model_metric", self.request()))
        asker.start()
        until(lambda: self.intelligence.bodies("/predict"), "the model is asked")
        self.assertEqual(self.service.get("/metrics")[0], 200)
        held.set()
        asker.join(30)
        self.assertFalse(asker.is_alive())

    def test_models_of_both_are_listed_and_removed(self):
        self.intelligence.answers["/show_models"] = (200, {"models_count": 1, "models_list": {"v1": "theirs"}})
        self.assertEqual(self.post("/show_models", {}), {"models_count": 1, "models_list": {"v1": "theirs"}})
        self.assertEqual(self.intelligence.bodies("/show_models")[-1], {"model": "all"})
        series = self.site.config.parent / "series.csv"
        series.write_text("value\n" + "".join(f"{i % 7}\n" for i in range(60)), encoding="utf-8")
        trained = promtally_cli.run("models", "train", "ours", "--type", "naive", "--input", series, "--config", self.site.config)
        self.assertEqual(trained.returncode, 0, str(trained))
        self.assertEqual(self.post("/show_models", {"model": "all"}),
                         {"models_count": 2, "models_list": {"v1": "theirs", "ours:1": "ours"}})
        self.assertEqual(self.post("/remove_model", {"model_tag": "ours:1"}), {"Removed_model": {"name": "ours", "version": "1"}})
        self.intelligence.answers["/remove_model"] = (500, "An error has occurred")
        self.assertEqual(self.post("/remove_model", {"model_tag": "gone:1"}, 500), "An error has occurred")

    def test_training_is_handed_to_the_intelligence_api_and_then_predicted(self):
        self.intelligence.answers["/train"] = (200, {"Trained Model": "metrics_utilization_model_arima:abc",
                                                     "Results with test dataset": {"mae": 0.1}})
        answer = self.post("/train_model_metric", {
            "model_name": "my-model", "model_type": "Arima", "test_size": 0.2, "steps_back": 4, "telemetry_metrics": ["up"],
            "model_parameters": {"p": 3, "d": 1, "q": 2}, "labels": {"site": "x"}, "max_models_count": None})
        self.assertEqual(answer["message"], "Dataset created, model training started successfully.")
        until(lambda: json.loads(self.service.get("/api/v1/jobs/" + answer["job_id"])[1])["state"] == "done", "trained")
        body = self.intelligence.bodies("/train")[0]
        self.assertEqual((body["model_type"], body["model_parameters"]), ("ARIMA", {"arima_model_parameters": {"p": 3, "d": 1, "q": 2}}))
        self.assertNotIn(None, body.values())
        until(lambda: "my_model" in self.predictions(), "it is predicted")
        self.assertEqual(self.predictions()["my_model"]["model"], "metrics_utilization_model_arima:abc")
        labels = dict(list(self.family("my_model"))[0])
        self.assertEqual({key: labels[key] for key in ("site", "model_name", "model_type", "sequence_size", "step_in_seconds")},
                         {"site": "x", "model_name": "my-model", "model_type": "Arima", "sequence_size": "4", "step_in_seconds": "1"})


class Nodes(Base):
    def test_each_node_of_the_aggregator_has_its_loops_until_it_goes(self):
        node = {"uuid": 'h"1'}
        nodes = {"cluster": {"c1": {"icosAgentID": "agent", "node": {"n1": node, "n2": {"uuid": "h2"}}}}}
        aggregator = self.fake({"/": lambda _body: (200, nodes)})
        telemetry = self.fake({"/api/ds/query": grafana([({}, float)])})
        intelligence = self.fake({"/predict": (200, PREDICT)})
        self.serve({"sources": [{"type": "grafana", "url": telemetry.url, "datasource_uid": "u", "grafana_api": "ds_query"}],
                    "models": {"interval": "1s", "intelligence": {"url": intelligence.url},
                               "aggregator": {"url": aggregator.url, "interval": "1s", "cpu_query": "cpu{host=$icos_host_id,node=$node_name}"}}})
        metric = "intelligence_node_cpu_utilization_prediction"
        until(lambda: len(self.family(metric)) == 2, "both nodes are predicted")
        labels = min(map(dict, self.family(metric)), key=lambda one: one["node_name"])
        self.assertEqual({key: labels[key] for key in ("icos_cluster_id", "icos_agent_id", "node_name", "sequence_size", "model_name")},
                         {"icos_cluster_id": "c1", "icos_agent_id": "agent", "node_name": "n1", "sequence_size": "4",
                          "model_name": "icos_cpu_utilization_dense_model_by_nkua"})
        asked = {body["queries"][0]["expr"] for body in telemetry.bodies("/api/ds/query")}
        self.assertIn('cpu{host="h\\"1",node="n1"}', asked)
        self.assertEqual(len(json.loads(self.service.get("/api/v1/predictions")[1])), 6)
        del nodes["cluster"]["c1"]["node"]["n1"]
        until(lambda: len(json.loads(self.service.get("/api/v1/predictions")[1])) == 3, "the node's loops end")
        self.assertEqual([dict(labels)["node_name"] for labels in self.family(metric)], ["n2"])
        aggregator.answers["/"] = (500, {})
        asked = len(aggregator.bodies("/"))
        until(lambda: len(aggregator.bodies("/")) >= asked + 3, "it is asked again")  # so two answers were taken
        self.assertEqual(len(json.loads(self.service.get("/api/v1/predictions")[1])), 3)


@unittest.skipUnless(prometheus_server.is_available(), "no prometheus and promtool")
class OwnModels(Base):
    def setUp(self):
        now = int(time.time()) // 60 * 60
        lines = ["# TYPE load gauge"]
        for name, base in (("a", 10), ("b", 50)):
            lines += [f'load{{node="{name}"}} {base + i % 5} {now - 60 * i}' for i in range(240, -2, -1)]
        server = PrometheusServer("\n".join(lines) + "\n# EOF\n")
        server.__enter__()
        self.addCleanup(server.__exit__, None, None, None)
        self.serve({"sources": [{"url": server.url}], "models": {"interval": "1s"}})

    def job(self, answer):
        path = "/api/v1/jobs/" + answer["job_id"]
        until(lambda: json.loads(self.service.get(path)[1])["state"] in ("done", "failed"), "the job ends", 120)
        return json.loads(self.service.get(path)[1])

    def test_a_model_is_trained_and_predicts_every_series(self):
        answer = self.post("/train_model_metric", {
            "model_name": "lags", "model_type": "XGB", "test_size": 0.2, "steps_back": 5, "telemetry_metrics": ['load{node="a"}'],
            "model_parameters": {"xgboost_model_parameters": {"n_estimators": 20, "max_depth": 3}}, "dataset_name": "kept"})
        job = self.job(answer)
        self.assertEqual((job["state"], job["progress"], job["error"]), ("done", 1, None), job)
        self.assertEqual((job["result"]["name"], job["result"]["version"]), ("lags", 1))
        self.assertIn("mae", job["result"]["metrics"])
        self.assertTrue((self.site.config.parent / "datasets" / "kept.csv").exists())
        self.post("/create_model_metric", self.request(telemetry_metrics=["load"], model_tag="lags:latest", steps_back=5))
        values = {dict(labels)["node"]: value for labels, value in self.family("pred").items()}
        self.assertEqual(set(values), {"a", "b"})
        self.assertTrue(9 < values["a"] < 16, values)
        self.assertEqual(self.post("/show_models", {"model": "all"}), {"models_count": 1, "models_list": {"lags:1": "lags"}})
        self.assertIn("wants 5 values", self.post("/create_model_metric", self.request(
            telemetry_metrics=["load"], model_tag="lags:latest", steps_back=4), 400)["detail"])
        self.post("/remove_model", {"model_tag": "lags:1"})
        self.assertEqual(self.post("/remove_model", {"model_tag": "lags:1"}, 404), {"detail": "there is no model lags:1"})

    def long_training(self):
        """Minutes of boosting rounds, and one that waits behind it."""
        ids = [self.post("/train_model_metric", {
            "model_name": name, "model_type": "XGB", "test_size": 0.2, "steps_back": 5, "telemetry_metrics": ['load{node="a"}'],
            "model_parameters": {"n_estimators": 100000, "max_depth": 6}})["job_id"] for name in ("long", "behind")]
        until(lambda: self.state(ids[0]) == "running", "the training runs")
        return ids

    def state(self, job):
        return json.loads(self.service.get("/api/v1/jobs/" + job)[1])["state"]

    def expect_interrupted(self, ids):
        for job in ids:
            seen = json.loads(self.service.get("/api/v1/jobs/" + job)[1])
            self.assertEqual((seen["id"], seen["state"], seen["error"], seen["result"]),
                             (job, "failed", "interrupted by restart", None))
        self.assertEqual(self.post("/show_models", {"model": "all"}), {"models_count": 0, "models_list": {}})

    def test_a_training_under_way_does_not_delay_the_end_and_is_shown_after_it(self):
        ids = self.long_training()
        self.assertEqual(self.service.terminate(), 0)  # it gives up waiting long before the training would be over
        self.again()
        self.expect_interrupted(ids)

    def test_finished_jobs_survive_and_running_ones_have_failed_after_kill_9(self):
        done = self.post("/train_model_metric", {
            "model_name": "lags", "model_type": "XGB", "test_size": 0.2, "steps_back": 5, "telemetry_metrics": ['load{node="a"}'],
            "model_parameters": {"n_estimators": 5}})
        before = self.job(done)
        self.post("/remove_model", {"model_tag": "lags:1"})
        ids = self.long_training()
        self.service.kill()
        self.again()
        self.expect_interrupted(ids)
        self.assertEqual(self.job(done), before)

    def test_a_damaged_file_of_jobs_is_said_and_kept(self):
        self.service.terminate()
        path = self.site.ledger.with_name(self.site.ledger.name + ".trainings")
        path.write_text("{", encoding="utf-8")
        self.again()
        self.assertTrue(path.with_name(path.name + ".damaged").exists())
        until(lambda: "is damaged" in "".join(self.service.log), "the log")

    def test_a_training_that_cannot_be_says_why(self):
        body = {"model_name": "lags", "model_type": "XGB", "test_size": 0.2, "steps_back": 5, "telemetry_metrics": ["load"],
                "model_parameters": {}}
        job = self.job(self.post("/train_model_metric", body))
        self.assertEqual((job["state"], job["result"]), ("failed", None))
        self.assertIn("has 2 series", job["error"])
        self.assertEqual(self.service.get("/api/v1/jobs/nope")[0], 404)
        self.post("/train_model_metric", {**body, "model_name": "../x"}, 400)
        self.post("/train_model_metric", {**body, "model_type": "PYTORCH"}, 422)


class RemoteAtStart(Base):
    def test_a_model_that_is_not_there_is_said_at_start_and_found_later(self):
        server = self.fake({})
        self.serve({"models": {"remote": [{"name": "far", "type": "kserve_v1", "url": server.url, "model": "m"}]}})
        until(lambda: "A remote model cannot be used yet" in "".join(self.service.log), "the warning")
        self.assertEqual(self.service.get("/metrics")[0], 200)
        server.answers["/v1/models/m"] = (200, {"name": "m", "ready": True})
        until(lambda: "A remote model is ready" in "".join(self.service.log), "the model")
        self.assertEqual(server.bodies("/v1/models/m:predict"), [])  # no rows are sent for that
        self.assertEqual(self.service.terminate(), 0)

    def test_a_server_that_says_nothing_delays_neither_start_nor_end(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            self.serve({"models": {"remote": [{"name": "far", "type": "kserve_v1", "model": "m", "timeout": "60s",
                                               "url": f"http://127.0.0.1:{silent.getsockname()[1]}"}]}})
            self.assertEqual(self.service.terminate(), 0)



if __name__ == "__main__":
    unittest.main()
