# SPDX-License-Identifier: Apache-2.0
"""Usage, periods and queries of a ledger that holds some are answered as /openapi.json documents them, page by page as well."""
import os
import pathlib
import random
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from support import prometheus_server  # noqa: E402: the path is set above
from support.api_document import Document  # noqa: E402
from support.api_requests import Request, requests_of, send  # noqa: E402
from support.serving import Serving  # noqa: E402
from support.site import Site, unix  # noqa: E402
from support.waiting import until  # noqa: E402

BEGIN, END = "2025-06-01T00:00:00Z", "2025-06-01T02:00:00Z"
RANGE = f"begin={BEGIN}&end={END}"
REQUESTS_PER_OPERATION = 150


@unittest.skipUnless(prometheus_server.is_available(), "Prometheus is not installed")
class Usage(unittest.TestCase):
    def setUp(self):
        site = Site(self)
        site.write_metrics("http_requests_total: {unit: request, alt_name: requests, groupby: [code], factor: 3600, "
                           "extra_args: {aggregation_method: sum, range_function: rate}}")
        data = site.folder / "data.om"
        with data.open("w", encoding="utf-8") as out:
            subprocess.run([sys.executable, ROOT / "tools" / "demo_data.py", "--begin", str(unix(BEGIN)), "--from", "0",
                            "--to", str(unix(END))], stdout=out, check=True)
        with prometheus_server.PrometheusServer(data) as server:
            site.write_settings(server.url, f"scope_key: project_id, start: '{BEGIN}'")
            site.run("collect", "--begin", BEGIN, "--end", END)
        self.service = Serving(site)
        self.addCleanup(self.service.kill)
        until(lambda: self.service.get("/-/ready")[0] == 200, "ready")
        self.document = Document(self.ask("/openapi.json").json)

    def ask(self, target):
        return send(self.service.address, Request("GET", target))

    def documented(self, operation_id, target):
        answer = self.ask(target)
        self.assertEqual(answer.status, 200, str(answer))
        self.assertIsNone(self.document.operation(operation_id).problem_with(answer))
        return answer

    def pages(self, operation_id, target, member):
        """All that the pages of one entry each hold."""
        found, after = [], ""
        while after is not None:
            page = self.documented(operation_id, f"{target}&limit=1" + (f"&after={after}" if after else "")).json
            self.assertLessEqual(len(page[member]), 1)
            found += page[member]
            after = page["next"]
            self.assertLess(len(found), 1000)
        return found

    def test_pages_hold_what_the_whole_holds(self):
        for operation, target, member in (("usage", "/api/v1/usage?by=metric,scope", "usage"), ("usage", "/api/v1/usage?records=true", "records"),
                                          ("periods", f"/api/v1/periods?{RANGE}", "periods")):
            with self.subTest(target=target):
                whole = self.documented(operation, target).json
                self.assertIsNone(whole["next"])
                self.assertGreater(len(whole[member]), 1)
                self.assertEqual(self.pages(operation, target, member), whole[member])

    def test_csv_has_one_header_line_and_says_where_it_goes_on(self):
        records = self.documented("usage", "/api/v1/usage?records=true").json["records"]
        lines, target = [], "/api/v1/usage?records=true&format=csv&limit=1"
        while target:
            answer = self.documented("usage", target)
            header, *rest = answer.body.decode().splitlines()
            self.assertIn("quantity", header.split(","))
            lines += rest
            link = re.fullmatch(r'<(.*)>; rel="next"', answer.headers.get("link", ""))
            target = link.group(1) if link else None
        self.assertEqual(len(lines), len(records))

    def test_queries_are_those_of_the_range(self):
        queries = self.documented("queries", f"/api/v1/queries?{RANGE}").json["queries"]
        self.assertEqual({query["time"] for query in queries}, {"2025-06-01T01:00:00Z", END})

    def test_each_answer_to_derived_requests_is_documented(self):
        seed = int(os.environ.get("PROMTALLY_SEED") or random.SystemRandom().randrange(2**32))
        print(f"seed {seed}: PROMTALLY_SEED repeats the run", flush=True)
        chance = random.Random(seed)
        for name in ("usage", "periods", "queries"):
            operation, seen = self.document.operation(name), set()
            for request in requests_of(operation, chance, REQUESTS_PER_OPERATION):
                answer = send(self.service.address, request)
                seen.add(answer.status)
                self.assertLess(answer.status, 500, f"seed {seed}: {request}\n{answer}")
                self.assertIsNone(operation.problem_with(answer), f"seed {seed}: {request}\n{answer}")
            self.assertLessEqual({200, 400}, seen, name)


if __name__ == "__main__":
    unittest.main()
