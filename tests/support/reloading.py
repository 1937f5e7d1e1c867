# SPDX-License-Identifier: Apache-2.0
"""A `serve` with lifecycle routes beside a FakePrometheus, for tests that change its configuration.

    class Renames(Reloading):
        def test_…(self):
            work = self.work(["a"])
            service = self.serve(work)
            work.write_metrics(["b"])
            self.reload(service)
"""
import unittest
import urllib.error
import urllib.request

from .fake_prometheus import FakePrometheus, by_metric, vector
from .serving import Serving
from .waiting import until
from .workspace import BEGIN, HOUR, Workspace

PATIENCE = 30


def post(service, path, method="POST"):
    request = urllib.request.Request(service.url + path, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


class Reloading(unittest.TestCase):
    def setUp(self):
        # A service that starts today has one period to ask for, and that one is empty: what a test collects is all.
        def usage(_query, moment):
            return vector([({"project_id": "p1"}, "5")] if moment < BEGIN + 100 * HOUR else [], moment)
        self.server = FakePrometheus(by_metric({name: usage for name in "abcd"})).__enter__()
        self.addCleanup(self.server.__exit__, None, None, None)

    def work(self, metrics, **job):
        return Workspace(self, self.server.url, metrics, job=job)

    def serve(self, work, *arguments):
        service = Serving(work, "127.0.0.1:0", "--web.enable-lifecycle", *arguments)
        self.addCleanup(service.kill)
        until(lambda: service.get("/-/ready")[0] == 200, "readiness")
        return service

    def stop_and_verify(self, service, work):
        self.assertEqual(service.terminate(10), 0)
        work.verify()

    def reload(self, service):
        self.assertEqual(post(service, "/-/reload"), (200, ""))
