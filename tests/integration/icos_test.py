# SPDX-License-Identifier: Apache-2.0
"""Clients of the ICOS Metrics Export service keep working: its recorded exchanges, answered by `promtally serve`."""
import pathlib
import sys
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import icos_exchanges  # noqa: E402: the path is set above
from support.serving import Serving  # noqa: E402
from support.site import Site  # noqa: E402

EXCHANGES = pathlib.Path(__file__).resolve().parents[1] / "data" / "icos" / "exchanges.jsonl"


class Exchanges(unittest.TestCase):
    def test_every_exchange_is_answered_as_recorded_or_as_wanted(self):
        site = Site(self)
        site.config.write_text("web: {listen: 'localhost:0'}\n", encoding="utf-8")
        rows = icos_exchanges.load(EXCHANGES)
        self.assertGreater(len(rows), 290)
        with Serving(site) as service:
            for row in rows:
                with self.subTest(case=row["case"], step=row["step"], about=row["about"]):
                    answer = icos_exchanges.send(service.address, row["request"])
                    self.assertIsNone(icos_exchanges.difference(row, answer))
            self.assertEqual(service.terminate(), 0)

    def test_a_body_that_says_it_is_not_encoded_is_read(self):
        site = Site(self)
        site.config.write_text("web: {listen: 'localhost:0'}\n", encoding="utf-8")
        body = b'{"metric_name": "a", "metric_type": 2, "value": 1, "labels": {}}'
        with Serving(site) as service:
            for encoding, status in (("identity", 200), ("Identity", 200), ("gzip", 400)):
                request = urllib.request.Request(f"http://{service.address}/create_metric", data=body, headers={
                    "Content-Type": "application/json", "Content-Encoding": encoding})
                try:
                    with urllib.request.urlopen(request) as answer:
                        self.assertEqual(answer.status, status, encoding)
                except urllib.error.HTTPError as refusal:
                    self.assertEqual(refusal.code, status, refusal.read())


if __name__ == "__main__":
    unittest.main()
