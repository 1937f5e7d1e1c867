# SPDX-License-Identifier: Apache-2.0
"""promtally promql judges and prints expressions as real servers do: Prometheus 2.x, and the 3.x that
$PROMTALLY_PROMETHEUS3 names.

A row of the list that holds since 3.x only has `"since": 3`."""
import json
import os
import pathlib
import sys
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from support import prometheus_server, promtally_cli  # noqa: E402: the path is set above

PROMETHEUS3 = os.environ.get("PROMTALLY_PROMETHEUS3")
# Longer texts are broken into lines by /api/v1/format_query.
LONGEST_LINE = 100


def rows():
    text = (ROOT / "tests" / "data" / "promql" / "expressions.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n") if line]


def judged(expressions, *arguments):
    """The lines that promtally prints of them."""
    stdin = "".join(json.dumps({"expr": expression}) + "\n" for expression in expressions)
    return promtally_cli.run("promql", *arguments, stdin=stdin)


def format_query(server, expression):
    """The server's canonical text, or None where it refuses."""
    body = urllib.parse.urlencode({"query": expression}).encode()
    try:
        with urllib.request.urlopen(f"{server.url}/api/v1/format_query", data=body, timeout=30) as answer:
            return json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        with error:
            if error.code != 400:
                raise
            return None


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


class Servers(unittest.TestCase):
    def compare(self, server, is_known):
        """Rows of which server and list differ, among those that are known to the server."""
        found = []
        for row in rows():
            canonical = row.get("canonical")
            if is_known(row) and len(canonical or "") <= LONGEST_LINE:
                text = format_query(server, row["expr"])
                if text != canonical:
                    found.append(f"{row['expr']!r}: {text!r}, not {canonical!r}")
        return found

    @unittest.skipUnless(prometheus_server.is_available(), "Prometheus is not installed")
    def test_prometheus_2_prints_and_refuses_the_same(self):
        with prometheus_server.PrometheusServer() as server:
            found = self.compare(server, lambda row: "since" not in row)
            self.assertEqual(found, [], "\n" + "\n".join(found))
            newer = [row for row in rows() if row.get("since") == 3]
            differing = self.compare(server, lambda row: row.get("since") == 3)
            self.assertEqual(len(differing), sum(len(row.get("canonical", "")) <= LONGEST_LINE for row in newer))

    @unittest.skipUnless(PROMETHEUS3, "no Prometheus 3 to compare with: PROMTALLY_PROMETHEUS3 is not set")
    def test_prometheus_3_prints_and_refuses_the_same(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "prometheus").symlink_to(pathlib.Path(PROMETHEUS3).resolve())
            path = os.environ["PATH"]
            os.environ["PATH"] = f"{folder}{os.pathsep}{path}"
            try:
                with prometheus_server.PrometheusServer() as server:
                    version = server.get("/api/v1/status/buildinfo")["version"]
                    is_older = tuple(map(int, version.split(".")[:2])) < (3, 16)
                    # Before 3.16 some of the language stood behind flags.
                    found = self.compare(server, lambda row: not (is_older and row.get("since") == 3))
            finally:
                os.environ["PATH"] = path
        self.assertEqual(found, [], "\n" + "\n".join(found))


if __name__ == "__main__":
    if not PROMETHEUS3:
        print("not compared with a Prometheus 3: PROMTALLY_PROMETHEUS3 names none", file=sys.stderr)
    unittest.main()
