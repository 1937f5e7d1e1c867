# SPDX-License-Identifier: Apache-2.0
"""A scripted server with Prometheus' API, for answers that a real one does not give on demand.

    def answer(query, time):
        return vector([({"project_id": "p1"}, "1.5")], time)       # or an Answer, or (status, text)

    with FakePrometheus(answer) as server:
        server.url, server.count("/api/v1/query"), server.requests

The callback gets the texts of `query` and `time` as floats, on the thread of the connection. Paths other than the
query are 404 unless `routes` has them ({path: Answer}).
"""
import collections
import dataclasses
import http.server
import json
import re
import socket
import struct
import threading
import urllib.parse

Request = collections.namedtuple("Request", "method path parameters headers")


@dataclasses.dataclass
class Answer:
    """`body` is text, bytes or a list of bytes. `announce`: a Content-Length other than the body's. `wait_for`: an event the answer waits
    for, `stall`: one that is waited for behind what there is of the body. `drop`: the connection is closed without any answer; `reset`: rudely."""
    body: object = ""
    status: int = 200
    headers: dict = dataclasses.field(default_factory=dict)
    announce: int = None
    wait_for: threading.Event = None
    stall: threading.Event = None
    drop: bool = False
    reset: bool = False

    def pieces(self):
        return self.body if isinstance(self.body, list) else [self.body.encode() if isinstance(self.body, str) else self.body]


def success(data, **more):
    return Answer(json.dumps({"status": "success", "data": data, **more}), headers={"Content-Type": "application/json"})


def vector(series, time, **more):
    """series: pairs of labels and the value's text. more: warnings=[…], infos=[…], isPartial=True."""
    result = [{"metric": labels, "value": [time, value]} for labels, value in series]
    return success({"resultType": "vector", "result": result}, **more)


def error(status, kind, text):
    return Answer(json.dumps({"status": "error", "errorType": kind, "error": text}), status,
                  {"Content-Type": "application/json"})


def by_metric(answers, up="60"):
    """A callback that answers by the metric that a query names. answers: {metric: series | Answer | callback}; a mapping
    that the test may change while the server runs. up: the number of `up` samples, or None; or a callback of the time.
    """
    def answer(query, time):
        if query.startswith("count_over_time(vector(1)"):
            return vector([({}, "2")], time)
        if query.startswith("sum(count_over_time(up["):
            samples = up(time) if callable(up) else up
            return vector([] if samples is None else [({}, samples)], time)
        given = answers[re.search(r"(\w+)\{", query).group(1)]
        if callable(given):
            given = given(query, time)
        return vector(given, time) if isinstance(given, list) else given
    return answer


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self._serve()

    def do_POST(self):
        self._serve()

    def _serve(self):
        url = urllib.parse.urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        parameters = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        parameters.update(urllib.parse.parse_qsl(body, keep_blank_values=True))
        fake = self.server.fake
        answer = fake.respond(Request(self.command, url.path, parameters, dict(self.headers)))
        if answer.wait_for is not None:
            answer.wait_for.wait(60)
        self._send(answer)

    def _send(self, answer):
        self.close_connection = answer.drop or answer.reset or answer.announce is not None
        if answer.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()  # with what was not read or sent thrown away, the peer gets a reset
        if answer.drop or answer.reset:
            return
        pieces = answer.pieces()
        try:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(sum(map(len, pieces)) if answer.announce is None else answer.announce))
            self.end_headers()
            for piece in pieces:
                self.wfile.write(piece)
            if answer.stall is not None:
                self.wfile.flush()
                answer.stall.wait(60)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client hung up, as some tests want it to

    def log_message(self, *_arguments):
        pass


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    fake = None

    def handle_error(self, *_arguments):
        pass  # a client that goes away is part of the tests


class FakePrometheus:
    def __init__(self, answer, routes=None):
        self.answer = answer
        self.routes = dict(routes or {})
        self.requests = []
        self._lock = threading.Lock()
        self._server = None

    def respond(self, request):
        with self._lock:
            self.requests.append(request)
        if request.path in self.routes:
            route = self.routes[request.path]
            return route(request) if callable(route) else route
        if request.path != "/api/v1/query":
            return Answer("404 page not found\n", 404)
        given = self.answer(request.parameters.get("query", ""), float(request.parameters.get("time", "nan")))
        return Answer(given[1], given[0]) if isinstance(given, tuple) else given

    def count(self, path="/api/v1/query"):
        with self._lock:
            return sum(request.path == path for request in self.requests)

    def queries(self):
        with self._lock:
            return [request.parameters.get("query") for request in self.requests if request.path == "/api/v1/query"]

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self):
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.fake = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def stop(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_exception):
        self.stop()
