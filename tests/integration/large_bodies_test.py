# SPDX-License-Identifier: Apache-2.0
"""A large body of samples: others are answered while it is read, and it is taken as a whole or not at all."""
import http.client
import json
import pathlib
import select
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import http_api  # noqa: E402: the path is set above
from support.serving import Serving  # noqa: E402
from support.site import Site  # noqa: E402

ROUTE = "/api/v1/metrics/{name}/samples"
SAMPLES = 100_000


def body_of(samples, last=""):
    many = [f'{{"labels":{{"n":"{number}"}},"value":{number}}}' for number in range(samples)]
    return ('{"samples":[' + ",".join(many + ([last] if last else [])) + "]}").encode()


def head_of(body, path="/api/v1/metrics/g/samples"):
    return (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode()


class LargeBodies(unittest.TestCase):
    def setUp(self):
        self.site = Site(self)
        self.site.config.write_text("web: {listen: 'localhost:0'}\n", encoding="utf-8")
        self.service = self.serve()
        self.call(201, "PUT", "/api/v1/metrics/g", {"type": "gauge", "labels": ["n"]})

    def serve(self):
        service = Serving(self.site)
        self.addCleanup(service.kill)
        return service

    def call(self, status, *request):
        answer = http_api.call(self.service, *request)
        self.assertEqual(answer.status, status, answer.text)
        return answer

    def send(self, *parts):
        """A connection on which these bytes were sent, all of them."""
        connection = http.client.HTTPConnection(self.service.address, timeout=60)
        self.addCleanup(connection.close)
        connection.connect()
        for part in parts:
            connection.sock.sendall(part)
        return connection

    def answer(self, connection):
        response = http.client.HTTPResponse(connection.sock)
        response.begin()
        return response.status, json.loads(response.read())

    def series(self):
        return self.call(200, "GET", "/api/v1/metrics?prefix=g").json["metrics"][0]["series"]

    def is_answered(self, connection):
        return bool(select.select([connection.sock], [], [], 0)[0])

    def wait_until_it_is_read(self, connection):
        """True: a scrape said that the request is being answered, and was itself answered before it."""
        while not self.is_answered(connection):
            begun = any(name == "promtally_http_requests_in_flight" and ("route", ROUTE) in labels and value == 1
                        for (name, labels), value in self.service.page().samples)
            if begun and not self.is_answered(connection):
                return True
        return False

    def test_others_are_answered_while_it_is_read(self):
        body = body_of(SAMPLES)
        connection = self.send(head_of(body), body)
        self.assertTrue(self.wait_until_it_is_read(connection))
        self.assertEqual(self.answer(connection), (200, {"applied": SAMPLES}))
        self.assertEqual(self.series(), SAMPLES)

    def test_requests_of_one_connection_are_answered_in_order(self):
        body = body_of(SAMPLES)
        connection = self.send(head_of(body), body,
                               b"GET /api/v1/metrics?prefix=g HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answers = b""
        while not answers.endswith(b'"next":null}'):
            piece = connection.sock.recv(65536)
            self.assertTrue(piece, answers)
            answers += piece
        first, second = answers.split(b"HTTP/1.1 200 OK\r\n")[1:]
        self.assertTrue(first.endswith(b'{"applied":%d}' % SAMPLES), first)
        self.assertIn(b'"series":%d,' % SAMPLES, second)

    def test_one_bad_sample_at_its_end_refuses_the_whole(self):
        for last, said in (('{"value":"x"}', f"samples[{SAMPLES}].value"),
                           ('{"labels":{"other":"1"},"value":1}', f"sample {SAMPLES + 1} of {SAMPLES + 1}")):
            body = body_of(SAMPLES, last)
            status, problem = self.answer(self.send(head_of(body), body))
            self.assertEqual(status, 400)
            self.assertIn(said, problem["detail"])
        self.assertEqual(self.series(), 0)

    def test_a_metric_that_is_removed_meanwhile_is_not_made_again(self):
        body = body_of(SAMPLES)
        connection = self.send(head_of(body), body)
        self.assertTrue(self.wait_until_it_is_read(connection))
        self.call(204, "DELETE", "/api/v1/metrics/g")
        self.assertEqual(self.answer(connection)[0], 404)
        self.call(404, "GET", "/api/v1/metrics/g")

    def test_what_is_acknowledged_is_there_after_an_end_in_the_middle(self):
        body = body_of(SAMPLES)
        connection = self.send(head_of(body), body)
        self.assertTrue(self.wait_until_it_is_read(connection))
        self.assertEqual(self.service.terminate(30), 0)
        try:
            acknowledged = self.answer(connection)[0] == 200
        except (ConnectionError, http.client.HTTPException):
            acknowledged = False
        self.service = self.serve()
        self.assertIn(self.series(), {SAMPLES} if acknowledged else {0, SAMPLES})


if __name__ == "__main__":
    unittest.main()
