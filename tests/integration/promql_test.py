# SPDX-License-Identifier: Apache-2.0
"""promtally promql judges and prints expressions as real servers do: Prometheus 2.x, and 3.x where tools/test-servers has
built one or $PROMTALLY_PROMETHEUS3 names it.

A row of the list that holds since a version only says so: `"since": 3`, `"since": 3.16`. $PROMTALLY_PROMQL_SEED and
$PROMTALLY_PROMQL_COUNT choose other, and more, random expressions."""
import http.client
import json
import os
import pathlib
import re
import sys
import unittest
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from support import metric_servers, promql_corpus, promtally_cli  # noqa: E402: the path is set above

SEED = int(os.environ.get("PROMTALLY_PROMQL_SEED", "1"))
COUNT = int(os.environ.get("PROMTALLY_PROMQL_COUNT", "3000"))
# Longer texts (in bytes) are broken into lines by /api/v1/format_query.
LONGEST_LINE = 100


def is_one_line(canonical):
    return len(canonical.encode()) <= LONGEST_LINE


def rows():
    text = (ROOT / "tests" / "data" / "promql" / "expressions.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n") if line]


def judged(expressions, *arguments):
    """The lines that promtally prints of them."""
    stdin = "".join(json.dumps({"expr": expression}) + "\n" for expression in expressions)
    return promtally_cli.run("promql", *arguments, stdin=stdin)


class Formatter:
    """A server's /api/v1/format_query over one connection."""

    def __init__(self, server):
        self.error = None
        self._connection = http.client.HTTPConnection("127.0.0.1", server.ports[0], timeout=30)

    def __call__(self, expression):
        """The server's canonical text, or None where it refuses."""
        self._connection.request("POST", "/api/v1/format_query", urllib.parse.urlencode({"query": expression}),
                                 {"Content-Type": "application/x-www-form-urlencoded"})
        answer = self._connection.getresponse()
        body = json.loads(answer.read())
        if answer.status not in (200, 400):
            raise RuntimeError(f"{expression!r}: {answer.status} {body}")
        self.error = body.get("error")  # of the last expression
        return body["data"] if answer.status == 200 else None


class Command(unittest.TestCase):
    def test_every_listed_expression_is_judged_as_listed(self):
        listed = rows()
        outcome = judged([row["expr"] for row in listed], "--format", "json")
        self.assertEqual(outcome.returncode, 1, str(outcome)[:1000])
        self.assertEqual(len(outcome.lines), len(listed))
        for row, line in zip(listed, outcome.lines):
            self.assertEqual(line["valid"], "canonical" in row, row)
            for key in ("canonical", "type", "column"):
                self.assertEqual(line.get(key), row.get(key), row)

    def test_plain_lines_are_expressions_too(self):
        outcome = promtally_cli.run("promql", stdin='sum(up)by(job)\n{a="b"}\n\n"text"\r\nrate(up)\n{}\n')
        self.assertEqual(outcome.stdout.split("\n"), [
            "sum by (job) (up)", '{a="b"}', '"text"',
            'error: column 6: expected type range vector in call to "rate", got instant vector',
            "error: column 1: vector selector must contain at least one non-empty matcher", ""])
        self.assertEqual(outcome.returncode, 1)

    def test_valid_expressions_end_well(self):
        outcome = judged(["up", 'up{a=~"b.*"}'], "--format", "json")
        self.assertEqual(outcome.returncode, 0, str(outcome))
        self.assertEqual(outcome.stdout.split("\n")[0], '{"valid":true,"canonical":"up","type":"vector"}')

    def test_a_bad_regular_expression_has_its_place(self):
        outcome = judged(['up{a="b",c=~"(d"}'], "--format", "json")
        self.assertEqual([(line["valid"], line["column"]) for line in outcome.lines], [(False, 10)])
        self.assertIn("missing", outcome.lines[0]["error"])

    def test_an_error_in_a_later_line_has_its_line(self):
        outcome = judged(["up +\n  down["])
        self.assertTrue(outcome.stdout.startswith("error: line 2, column 8: unexpected end of input"), str(outcome))
        self.assertEqual(judged(["up +\n  down["], "--format", "json").lines[0]["line"], 2)

    def test_what_is_no_expression_is_an_error_of_its_line(self):
        outcome = promtally_cli.run("promql", "--format", "json", stdin='{"expression":"up"}\n{"expr":1}\nup\n')
        self.assertEqual([line["valid"] for line in outcome.lines], [False, False, True])
        self.assertEqual(outcome.returncode, 1)

    def test_csv_is_wrong_usage(self):
        self.assertEqual(promtally_cli.run("promql", "--format", "csv", stdin="up\n").returncode, 2)


class Servers:
    """What holds of both versions."""
    server_class = None
    version = None

    @classmethod
    def setUpClass(cls):
        if not cls.server_class.available():
            raise unittest.SkipTest(cls.server_class.reason())
        cls.server = cls.server_class().start()
        cls.addClassCleanup(cls.server.stop)
        cls.format_query = Formatter(cls.server)

    def may_differ(self, text, canonical):
        """Whether a difference is one of docs/promql.md."""
        return text is not None and text.replace("+Inf ^", "Inf ^") == canonical

    def compare(self, is_known):
        """Rows of which server and list differ, among those that are known to the server."""
        found = []
        for row in rows():
            canonical = row.get("canonical")
            if is_known(row) and is_one_line(canonical or ""):
                text = self.format_query(row["expr"])
                if text != canonical:
                    found.append(f"{row['expr']!r}: {text!r}, not {canonical!r}")
        return found

    def test_prints_and_refuses_random_expressions_as_the_server_does(self):
        expressions = promql_corpus.generate(SEED, COUNT, self.version)
        found, valid = [], 0
        for expression, line in zip(expressions, judged(expressions, "--format", "json").lines, strict=True):
            text, canonical = self.format_query(expression), line.get("canonical")
            valid += text is not None
            same = (text is None) == (canonical is None)
            differs = not same or (text is not None and is_one_line(canonical) and text != canonical)
            if differs and not self.may_differ(text, canonical):
                found.append(f"{expression!r}: {text!r}, not {canonical or line['error']!r}")
        self.assertEqual(found, [], f"{len(found)} of {COUNT} differ\n" + "\n".join(found[:50]))
        self.assertGreater(valid, COUNT // 5)
        self.assertLess(valid, COUNT * 4 // 5)


class Prometheus2(Servers, unittest.TestCase):
    server_class = metric_servers.Prometheus2
    version = 2

    def may_differ(self, text, canonical):
        """Numbers are no durations there, nor durations numbers, no name is quoted, no digits are grouped, an offset is not
        0; the printer has exponents and leaves out an empty name and `ignoring ()`."""
        if text is None:
            return re.search("expected duration|duration must be|bad number|missing unit|unexpected duration|unexpected string"
                             "|trailing commas", self.format_query.error) is not None
        return (super().may_differ(text, canonical) or re.search("[0-9]e[+-][0-9]", text) or '__name__=""' in canonical
                or "ignoring () group" in canonical)

    def test_prints_and_refuses_the_listed_expressions_as_the_server_does(self):
        found = self.compare(lambda row: "since" not in row)
        self.assertEqual(found, [], "\n" + "\n".join(found))
        newer = [row for row in rows() if "since" in row]
        differing = self.compare(lambda row: "since" in row)
        self.assertEqual(len(differing), sum(is_one_line(row.get("canonical", "")) for row in newer))


class WithSelectors(metric_servers.Prometheus3):
    """`anchored` and `smoothed` are behind a flag before 3.16."""
    features = ("promql-extended-range-selectors",)


class Prometheus3(Servers, unittest.TestCase):
    server_class = WithSelectors
    version = 3

    def test_prints_and_refuses_the_listed_expressions_as_the_server_does(self):
        version = float(".".join(self.server.get("/api/v1/status/buildinfo")["version"].split(".")[:2]))
        found = self.compare(lambda row: row.get("since", 0) <= version)
        self.assertEqual(found, [], "\n" + "\n".join(found))


if __name__ == "__main__":
    unittest.main()
