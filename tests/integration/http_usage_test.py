# SPDX-License-Identifier: Apache-2.0
"""The ledger over HTTP says what the command line says: usage, records, periods and queries, page by page."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import http_api  # noqa: E402: the path is set above
from support.fake_prometheus import FakePrometheus, by_metric, vector  # noqa: E402
from support.serving import Serving  # noqa: E402
from support.token_issuer import TokenIssuer  # noqa: E402
from support.waiting import until  # noqa: E402
from support.workspace import BEGIN, HOUR, Workspace, hour, spec  # noqa: E402

HOURS = 3


class WithUsage(unittest.TestCase):
    def setUp(self):
        def usage(_query, moment):
            return vector([({"project_id": f"p{number}", "region": f"r{number % 2}"}, f"{number}.5")
                           for number in range(4)] if moment < BEGIN + 100 * HOUR else [], moment)
        server = FakePrometheus(by_metric({name: usage for name in "ab"})).__enter__()
        self.addCleanup(server.__exit__, None, None, None)
        self.work = Workspace(self, server.url, {"a": spec(groupby=["region"]), "b": spec(groupby=["region"], alt_name="=b")})
        self.work.collect(HOURS)
        self.service = Serving(self.work)
        self.addCleanup(self.service.kill)
        until(lambda: self.service.get("/-/ready")[0] == 200, "readiness")


class HttpUsage(WithUsage):
    def get(self, path, status=200, **parameters):
        answer = http_api.call(self.service, "GET", path + http_api.query(**parameters))
        self.assertEqual(answer.status, status, answer.text)
        return answer

    def test_totals_are_those_of_the_command_line(self):
        for by in ("metric", "metric,scope", "metric,scope,region", "region"):
            mine = http_api.pages(self.service, "/api/v1/usage", "usage", by=by, limit=3, end=hour(HOURS))
            self.assertEqual(mine, self.work.lines("usage", "--by", by, "--end", hour(HOURS)), by)

    def test_records_are_those_of_the_command_line(self):
        expected = self.work.lines("usage", "--records", "--begin", hour(1), "--end", hour(HOURS))
        self.assertEqual(len(expected), 16)
        for limit in (1, 5, 1000):
            mine = http_api.pages(self.service, "/api/v1/usage", "records", records="true", limit=limit, begin=hour(1),
                                  end=hour(HOURS))
            self.assertEqual(mine, expected, limit)

    def test_scopes_names_and_jobs_narrow_it(self):
        rows = http_api.pages(self.service, "/api/v1/usage", "records", records="true", scope=["p1", "p3"], name="a")
        self.assertEqual({(row["scope"], row["name"]) for row in rows}, {("p1", "a"), ("p3", "a")})
        total = self.get("/api/v1/usage", scope=["p1", "p3"], name="a").json["usage"]
        self.assertEqual([(line["quantity"], line["records"]) for line in total], [(str(int((1.5 + 3.5) * HOURS)), 2 * HOURS)])
        self.assertEqual(self.get("/api/v1/usage", job="none").json, {"usage": [], "next": None})

    def test_csv_is_that_of_the_command_line(self):
        for parameters, arguments in (({"records": "true"}, ["--records"]), ({"by": "metric,scope"}, ["--by", "metric,scope"])):
            expected = self.work.expect(0, "usage", "--ledger", self.work.ledger, "--format", "csv", *arguments).stdout
            answer = self.get("/api/v1/usage", format="csv", **parameters)
            self.assertEqual(answer.text, expected)
            self.assertTrue(answer.headers["content-type"].startswith("text/csv"))
        self.assertIn("'=b", answer.text)

    def test_csv_links_to_its_next_page(self):
        whole = self.get("/api/v1/usage", format="csv", records="true").text.splitlines()
        path, lines = "/api/v1/usage" + http_api.query(format="csv", records="true", limit=7), []
        while path:
            answer = http_api.call(self.service, "GET", path)
            header, *rows = answer.text.splitlines()
            self.assertEqual(header, whole[0])
            lines += rows
            link = answer.headers.get("link")
            path = link[1:link.index(">")] if link else None
        self.assertEqual(lines, whole[1:])

    def test_periods_have_every_state(self):
        periods = http_api.pages(self.service, "/api/v1/periods", "periods", limit=2, name="a", end=hour(HOURS))
        self.assertEqual([(line["begin"], line["state"]) for line in periods],
                         [(hour(index), "committed") for index in range(HOURS)])
        self.assertEqual(self.get("/api/v1/periods", state="failed").json["periods"], [])

    def test_queries_are_those_of_the_dry_run(self):
        expected = self.work.expect(0, "query", "--config", self.work.config, "--begin", hour(0), "--end", hour(2),
                                    "--format", "json").lines
        self.assertEqual(self.get("/api/v1/queries", begin=hour(0), end=hour(2)).json["queries"], expected)
        one = self.get("/api/v1/queries", name="a", scope="p\"1", per_scope="true").json["queries"]
        self.assertEqual([line["scope"] for line in one], ['p"1'])

    def test_a_value_that_cannot_be_one_is_refused(self):
        for path, parameters in (("usage", {"begin": "yesterday"}), ("usage", {"begin": hour(2), "end": hour(1)}),
                                 ("usage", {"by": "a-b"}), ("usage", {"records": "yes"}), ("usage", {"format": "xml"}),
                                 ("usage", {"after": "x"}), ("usage", {"scop": "a"}), ("periods", {"state": "done"}),
                                 ("periods", {"limit": "ten"}), ("queries", {"per_scope": "true"}),
                                 ("queries", {"begin": 0, "end": 2000000000})):
            answer = self.get("/api/v1/" + path, 400, **parameters)
            self.assertEqual(answer.json["status"], 400)


class CustomersToken(WithUsage):
    """Such a token reads the usage of its scopes, and nothing else."""

    def setUp(self):
        super().setUp()
        self.issuer = TokenIssuer()
        self.addCleanup(self.issuer.__exit__)
        self.work.settings["web"] = {"oidc": {"issuer": self.issuer.url, "audience": "promtally"}}
        self.work.write_settings()
        self.service.kill()
        self.service = Serving(self.work)
        self.addCleanup(self.service.kill)
        until(lambda: self.service.get("/-/ready")[0] == 200, "readiness")

    def ask(self, path, token, status=200, **parameters):
        answer = http_api.call(self.service, "GET", path + http_api.query(**parameters),
                               headers={"Authorization": "Bearer " + token})
        self.assertEqual(answer.status, status, answer.text)
        return answer.json if answer.headers["content-type"] == "application/json" else answer

    def test_it_sees_its_scopes_only(self):
        mine = self.issuer.token(promtally_scopes=["p1", "p3"])
        rows = self.ask("/api/v1/usage", mine, records="true")["records"]
        self.assertEqual({row["scope"] for row in rows}, {"p1", "p3"})
        totals = self.ask("/api/v1/usage", mine, by="metric,scope")["usage"]
        self.assertEqual({line["scope"] for line in totals}, {"p1", "p3"})
        total = self.ask("/api/v1/usage", mine, name="a")["usage"]
        self.assertEqual([line["quantity"] for line in total], [str(int((1.5 + 3.5) * HOURS))])
        self.assertEqual(self.ask("/api/v1/usage", mine, scope="p2"), {"usage": [], "next": None})
        self.assertEqual({row["scope"] for row in self.ask("/api/v1/usage", mine, scope=["p2", "p3"], records="true")["records"]},
                         {"p3"})
        csv = self.ask("/api/v1/usage", mine, records="true", format="csv").text
        self.assertNotIn("p0", csv)
        for path in ("periods", "queries", "metrics", "status/config"):
            self.ask("/api/v1/" + path, mine, 403)
        nothing = self.issuer.token(promtally_scopes=[])
        self.assertEqual(self.ask("/api/v1/usage", nothing)["usage"], [])
        everything = self.issuer.token()
        self.assertEqual(len(self.ask("/api/v1/usage", everything, records="true")["records"]), 4 * 2 * HOURS)
        self.ask("/api/v1/periods", everything)


if __name__ == "__main__":
    unittest.main()
