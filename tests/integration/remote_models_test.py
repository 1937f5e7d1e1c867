# SPDX-License-Identifier: Apache-2.0
"""`promtally models predict` by models on other servers: real ones where tools/test-servers has installed them, and one that
says what a test wants."""
import csv
import http.server
import json
import math
import pathlib
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import model_servers, promtally_cli, server_process  # noqa: E402: the path is set above

INFER = "/v2/models/lags/infer"


class Remote(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.config = self.folder / "promtally.yml"

    def configure(self, **keys):
        model = {"name": "remote", "type": "oip_v2", "model": "lags", **keys}
        self.config.write_text(json.dumps({"models": {"remote": [
            {key: value for key, value in model.items() if value is not None}]}}), encoding="utf-8")

    def rows(self, *rows, names=("a", "b", "c")):
        path = self.folder / "rows.csv"
        path.write_text("\n".join([",".join(names), *(",".join(map(str, row)) for row in rows)]) + "\n", encoding="utf-8")
        return path

    def predict(self, rows, *more):
        return promtally_cli.run("models", "predict", "remote", "--config", self.config, "--input", rows, "--format",
                                 "json", *more)

    def assert_equals(self, outcome, predictions):
        self.assertEqual(outcome.returncode, 0, str(outcome))
        self.assertEqual([line["row"] for line in outcome.lines], list(range(len(predictions))))
        for line, wanted in zip(outcome.lines, predictions):
            self.assertAlmostEqual(line["prediction"], wanted, delta=1e-4)


class Listed(Remote):
    def test_configured_models_are_listed_without_asking_anybody(self):
        self.configure(url="http://127.0.0.1:9", version="3")
        outcome = promtally_cli.run("models", "list", "--config", self.config, "--format", "json")
        self.assertEqual(outcome.returncode, 0, str(outcome))
        self.assertEqual(outcome.lines, [{"name": "remote", "version": "3", "type": "oip_v2", "created": None,
                                          "metrics": None, "baseline": None}])


class RealServers(Remote):
    """The model's own predictions, by Python, are what each server must give."""

    def server(self, kind):
        if model_servers.python_of(kind.kind) is None:
            self.skipTest(model_servers.missing(kind.kind))
        server = kind().start()
        self.addCleanup(server.stop)
        return server

    def with_gap(self, server):
        lines = server.rows.read_text(encoding="utf-8").split("\n")
        cells = lines[2].split(",")
        cells[3] = ""
        path = self.folder / "gap.csv"
        path.write_text("\n".join([lines[0], lines[1], ",".join(cells), lines[3]]) + "\n", encoding="utf-8")
        return path

    def test_triton(self):
        server = self.server(model_servers.Triton)
        for keys in ({}, {"type": "oip_v2_binary"}, {"input": "input_series", "output": "forecast"}, {"max_batch_rows": 7},
                     {"version": "1"}):
            with self.subTest(keys=keys):
                self.configure(url=server.url, **keys)
                outcome = self.predict(server.rows)
                self.assert_equals(outcome, server.predictions)
                self.assertEqual({line["model_version"] for line in outcome.lines}, {"1"})
        with self.subTest("gaps"):
            self.configure(url=server.url, type="oip_v2_binary", missing="nan")
            outcome = self.predict(self.with_gap(server))
            self.assertEqual(outcome.returncode, 0, str(outcome))
            self.assertTrue(math.isfinite(outcome.lines[1]["prediction"]))
            for kind in ("oip_v2", "oip_v2_binary"):
                self.configure(url=server.url, type=kind, model="masked", input="input_series", missing="mask")
                outcome = self.predict(self.with_gap(server))
                self.assertEqual([line["prediction"] for line in outcome.lines], [0, 1, 0], str(outcome))
        with self.subTest("what does not fit"):
            self.configure(url=server.url)
            outcome = self.predict(self.rows([1, 2, 3]))
            self.assertEqual(outcome.returncode, 1, str(outcome))
            self.assertRegex(outcome.stderr, r"\[-1,12\].*\[1,3\]")
            self.configure(url=server.url, model="nope")
            outcome = self.predict(server.rows)
            self.assertEqual(outcome.returncode, 1, str(outcome))
            self.assertIn("nope", outcome.stderr)
        with self.subTest("show"):
            self.configure(url=server.url)
            outcome = promtally_cli.run("models", "show", "remote", "--config", self.config, "--format", "json")
            self.assertEqual(outcome.lines[0]["inputs"],
                             [{"name": "input_series", "datatype": "FP32", "shape": [-1, 12]}], str(outcome))

    def test_mlserver(self):
        server = self.server(model_servers.MlServer)
        self.configure(url=server.url, input="input_series", output="predict")
        outcome = self.predict(server.rows)
        self.assert_equals(outcome, server.predictions)
        self.assertEqual({line["model_version"] for line in outcome.lines}, {"1"})
        self.configure(url=server.url, model="nope")
        outcome = self.predict(server.rows)
        self.assertEqual(outcome.returncode, 1, str(outcome))
        self.configure(url=server.url, type="oip_v2_binary")
        outcome = self.predict(server.rows)
        self.assertEqual(outcome.returncode, 1, str(outcome))
        self.assertIn("binary_tensor_data", outcome.stderr)

    def test_mlflow(self):
        server = self.server(model_servers.Mlflow)
        self.configure(url=server.url, type="mlflow", model=None, timeout="30s")
        self.assert_equals(self.predict(server.rows), server.predictions)
        with server.rows.open(encoding="utf-8") as file:
            names = next(csv.reader(file))
        outcome = self.predict(self.rows([-1] * len(names), names=names))
        self.assertEqual(outcome.returncode, 1, str(outcome))
        self.assertIn("HTTP 400", outcome.stderr)
        self.assertNotIn("Traceback", outcome.stderr)


class Scripted(http.server.ThreadingHTTPServer):
    """`answers[path]`: (status, body), or a callback of the body that gives one."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.requests = {}, []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append((self.path, body))
        said = self.server.answers.get(self.path, (404, '{"error":"nothing here"}'))
        status, text = said(body) if callable(said) else said
        if status is None:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = answer

    def log_message(self, *_arguments):
        pass


METADATA = {"name": "lags", "versions": ["3"], "inputs": [{"name": "x", "datatype": "FP64", "shape": [-1, 3]}],
            "outputs": [{"name": "y", "datatype": "FP64", "shape": [-1, 1]}]}


def sums(body):
    asked = json.loads(body)
    rows = asked["inputs"][0]["shape"][0]
    data = asked["inputs"][0]["data"]
    width = len(data) // rows
    return 200, json.dumps({"model_name": "lags", "model_version": "3", "id": asked["id"], "outputs": [
        {"name": "y", "datatype": "FP64", "shape": [rows, 1],
         "data": [sum(data[row * width:(row + 1) * width]) for row in range(rows)]}]})


class Faults(Remote):
    def setUp(self):
        super().setUp()
        self.server = Scripted()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.server.answers = {"/v2/models/lags/ready": (200, ""), "/v2/models/lags": (200, json.dumps(METADATA)), INFER: sums}
        self.configure(url=self.server.url, retries=1, timeout="2s")

    def inferred(self):
        return [json.loads(body) for path, body in self.server.requests if path == INFER]

    def test_rows_go_in_one_request_and_equal_rows_have_an_equal_id(self):
        for _ in range(2):
            outcome = self.predict(self.rows([1, 2, 3], [0.1, 0.2, 0.3]))
            self.assertEqual(outcome.lines[0], {"row": 0, "prediction": 6, "model_version": "3"}, str(outcome))
            self.assertEqual(outcome.lines[1]["prediction"], 0.1 + 0.2 + 0.3)
        self.predict(self.rows([1, 2, 3]))
        ids = [asked["id"] for asked in self.inferred()]
        self.assertEqual(len(ids), 3)
        self.assertEqual(ids[0], ids[1])
        self.assertNotEqual(ids[0], ids[2])

    def test_a_row_with_a_gap_is_said_and_counts_by_its_policy(self):
        for policy, status in (("refuse", 1), ("drop", 0)):
            self.configure(url=self.server.url, missing=policy)
            outcome = self.predict(self.rows([1, 2, 3], [1, "", 3]))
            self.assertEqual(outcome.returncode, status, str(outcome))
            self.assertEqual(outcome.lines[0]["prediction"], 6)
            self.assertIsNone(outcome.lines[1]["prediction"])
            self.assertIn("missing", outcome.lines[1]["reason"])

    def test_nothing_is_asked_of_a_model_that_does_not_fit(self):
        for change, words in (({"datatype": "BYTES"}, "BYTES"), ({"shape": [-1, 4]}, r"\[-1,4\].*\[1,3\]"),
                              ({"name": "z"}, '"x".*"z"')):
            metadata = json.loads(json.dumps(METADATA))
            metadata["inputs"][0].update(change)
            self.server.answers["/v2/models/lags"] = (200, json.dumps(metadata))
            self.configure(url=self.server.url, input="x")
            outcome = self.predict(self.rows([1, 2, 3]))
            self.assertEqual(outcome.returncode, 1, str(outcome))
            self.assertRegex(outcome.stderr, words)
        self.server.answers["/v2/models/lags/ready"] = (400, '{"error":"still loading"}')
        outcome = self.predict(self.rows([1, 2, 3]))
        self.assertEqual(outcome.returncode, 1, str(outcome))
        self.assertIn("still loading", outcome.stderr)
        self.assertEqual(self.inferred(), [])

    def test_a_server_without_metadata_is_taken_with_a_warning(self):
        self.server.answers["/v2/models/lags"] = (200, '{"name":"lags","versions":null,"inputs":[],"outputs":[]}')
        self.configure(url=self.server.url, input="x")
        outcome = self.predict(self.rows([1, 2, 3]))
        self.assertEqual((outcome.returncode, outcome.lines[0]["prediction"]), (0, 6), str(outcome))
        self.assertIn("warning", outcome.stderr)

    def test_no_answer_is_taken_that_does_not_fit_the_rows(self):
        front = '{"outputs":[{"name":"y","datatype":"FP64","shape":[1,1],"data":'
        for text in (front + "[]}]}", front + "[1,2]}]}", front + "[NaN]}]}", front + '["1"]}]}', front + "[null]}]}", "[]", ""):
            self.server.answers[INFER] = (200, text)
            outcome = self.predict(self.rows([1, 2, 3]))
            self.assertEqual((outcome.returncode, outcome.stdout), (1, ""), text + str(outcome))

    def test_a_server_that_is_busy_is_asked_again(self):
        calls = []
        self.server.answers[INFER] = lambda body: calls.append(body) or ((503, "") if len(calls) == 1 else sums(body))
        outcome = self.predict(self.rows([1, 2, 3]))
        self.assertEqual((outcome.returncode, len(calls)), (0, 2), str(outcome))
        self.assertEqual(calls[0], calls[1])

    def test_a_request_that_is_too_large_is_halved(self):
        self.server.answers[INFER] = lambda body: (413, "") if json.loads(body)["inputs"][0]["shape"][0] > 2 else sums(body)
        outcome = self.predict(self.rows(*([i, 0, 0] for i in range(5))))
        self.assertEqual([line["prediction"] for line in outcome.lines], list(range(5)), str(outcome))

    def test_silence_and_refusal_have_exit_statuses_of_their_own(self):
        self.server.answers[INFER] = lambda _body: (None, "")
        self.assertEqual(self.predict(self.rows([1, 2, 3])).returncode, 4)
        stalled = threading.Event()
        self.addCleanup(stalled.set)
        self.configure(url=self.server.url, retries=0, timeout="300ms")
        self.server.answers[INFER] = lambda _body: (stalled.wait(30), (None, ""))[1]
        self.assertEqual(self.predict(self.rows([1, 2, 3])).returncode, 4)
        self.server.answers[INFER] = (400, json.dumps({"error": "no\x1b[31m", "stack_trace": "Traceback secret.py"}))
        outcome = self.predict(self.rows([1, 2, 3]))
        self.assertEqual(outcome.returncode, 1, str(outcome))
        self.assertIn("HTTP 400: no\\x1b[31m", outcome.stderr)
        self.assertNotIn("secret", outcome.stderr)
        self.configure(url=f"http://127.0.0.1:{server_process.free_ports(1)[0]}", retries=0)
        self.assertEqual(self.predict(self.rows([1, 2, 3])).returncode, 4)

    def test_any_json_service_can_be_described(self):
        self.server.answers["/score"] = lambda body: (200, json.dumps({"out": [sum(row) for row in json.loads(body)["series"]]}))
        self.configure(url=self.server.url, type="template", model=None, path="/score", request={"series": "$rows"}, response="/out")
        outcome = self.predict(self.rows([1, 2, 3], [4, 5, 6]))
        self.assertEqual([line["prediction"] for line in outcome.lines], [6, 15], str(outcome))


if __name__ == "__main__":
    unittest.main()
