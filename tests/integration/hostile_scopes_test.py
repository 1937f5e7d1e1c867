# SPDX-License-Identifier: Apache-2.0
"""Scope ids stay values: with ten thousand nasty ones a real Prometheus parses every query, and answers with the series of
the scopes that were asked for and with nothing else. PROMTALLY_TEST_SEED=N repeats a run."""
import json
import os
import pathlib
import random
import sys
import tempfile
import unittest
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import prometheus_server, promtally_cli  # noqa: E402: the path is set above

COUNT = 10_000
PER_PROCESS = 500
SAMPLE_SECONDS = 1748741400  # within the hour that is asked for
BEGIN, END_SECONDS = "2025-06-01T01:00:00Z", 1748743200
VICTIM = "victim"
LONGEST = 4096  # bytes; a longer label value is rejected

PAYLOADS = [
    '"}[1s]) or max_over_time(up{job="x', '"} or nasty_usage{project_id="victim', '"}) or vector(1) #', '\\"} or up #',
    '",project_id="victim', '",project_id=~".*', '"}[3600s])) by (project_id) or max(max_over_time(nasty_usage{x!="',
    "'} or up{job='x", "`} or up{job=`x", '{"a":"b"}', '{{.Value}}', '${HOME}', '$(id)', '%s%n%00', '%22%7D', '&quot;}', '#', '\\',
    '\\\\', '\\"', '"', '""', "'", '`', '{', '}', '[', ']', '(', ')', '()', '[]', '{}', '.*', '.+', '.', '^', '$', '^$', '|', '||',
    'victim|', '|victim', 'a|victim', '(victim)', 'vict[i]m', 'victi.', 'victim$', '^victim', '(?i)VICTIM', '(?:victim)', 'vic.*',
    '\\x76ictim', '\\Qvictim\\E', '\\E|victim|\\Q', '\\pL+', '[[:alpha:]]+', 'victim\n', '\nvictim', 'victim\n#', '\r\n', '\t', ' ',
    ' victim', 'victim ', '-', '--', '--scope', '--execute', '-h', '--url=http://127.0.0.1:1', '[victim]', '[a,victim]', 'a,victim',
    'a, b', '@file', '~', '%', '%%', '\x01', '\x7f', '\x1b[2J', '\x08\x08', '\u202evictim\u202c', '\u2066"\u2069', '\u200bvictim',
    '\ufeffvictim', '\u2028', '\u2029', '\u0085', '\u00e9', 'e\u0301', '\U0001f4a9', '\U0010ffff', '\ufffd', '\u212aelvin', 'null',
    'true', '0', 'NaN', '1e999', '0x10', "' OR 1=1 --", "'; DROP TABLE records; --", '../../etc/passwd', '=', '=~', '!=', '!~"',
    ':', ';', ',', '@ 0', 'offset 1h', '<script>', '&', '+', 'a+b', 'a%20b', '/', '\\u0022', '\\n', '\\042', '"' * 50, '\\' * 51,
]
ALPHABETS = ['"\\{}[]()', '.*+?^$|()[]{}\\-', '\n\r\t\x0b\x0c \x01\x02\x1b\x1f\x7f', '\u202a\u202e\u2066\u2069\u200b\ufeff\u2028\u0085',
             'äßéø中文ключ🙂\U0010fffd', "abcxyz019_-:/@#,;=!~<>&%'`$", 'victm']


def nasty(random_source):
    """One id; most of them mix pieces of the payloads with characters of all kinds."""
    kind = random_source.random()
    if kind < 0.3:
        alphabet = random_source.choice(ALPHABETS) + random_source.choice(ALPHABETS)
        return "".join(random_source.choices(alphabet, k=random_source.randint(1, 24)))
    if kind < 0.31:
        text = random_source.choice(PAYLOADS) * LONGEST + "".join(random_source.choices(ALPHABETS[0], k=8))
        return text.encode()[-LONGEST:].decode(errors="ignore")
    pieces = random_source.choices(PAYLOADS, k=random_source.randint(1, 3))
    pieces += random_source.choices("".join(ALPHABETS), k=random_source.randint(0, 6))
    random_source.shuffle(pieces)
    return "".join(pieces)


def nasty_ids(random_source):
    ids = dict.fromkeys(PAYLOADS)
    while len(ids) < COUNT:
        ids[nasty(random_source)] = None
    ids.pop(VICTIM, None)
    return list(ids)


def openmetrics(values):
    lines = ["# TYPE nasty_usage gauge"]
    for scope, value in values.items():
        text = scope.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        lines.append(f'nasty_usage{{project_id="{text}"}} {value} {SAMPLE_SECONDS}')
    lines += ["# TYPE up gauge", f'up{{job="x",project_id="{VICTIM}"}} 1 {SAMPLE_SECONDS}', "# EOF", ""]
    return "\n".join(lines)


@unittest.skipUnless(prometheus_server.is_available(), "Prometheus is not installed")
class HostileScopes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        seed = int(os.environ.get("PROMTALLY_TEST_SEED") or random.SystemRandom().randrange(1 << 32))
        print(f"seed: {seed}", file=sys.stderr)
        cls.random = random.Random(seed)
        cls.ids = nasty_ids(cls.random)
        # Every second one has a series, each with a value of its own.
        cls.values = {scope: index for index, scope in enumerate(cls.ids) if index % 2 == 0}
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.metrics = pathlib.Path(temporary.name) / "metrics.yml"
        cls.metrics.write_text("metrics: {nasty_usage: {unit: u}}\n", encoding="utf-8")
        server = prometheus_server.PrometheusServer(openmetrics({**cls.values, VICTIM: 666}))
        cls.addClassCleanup(server.stop)
        cls.url = server.start().url

    def query(self, scopes, *arguments):
        asked = [f"--scope={scope}" for scope in scopes]
        outcome = promtally_cli.run("query", self.metrics, "--scope-key", "project_id", "--begin", BEGIN, "--period", "1h",
                                    "--format", "json", *arguments, *asked)
        self.assertEqual(outcome.returncode, 0, str(outcome)[-3000:])
        return outcome.lines

    def expected(self, scopes):
        return {scope: str(self.values[scope]) for scope in scopes if scope in self.values}

    def records(self, lines):
        found = {line["scope"]: line["quantity"] for line in lines}
        self.assertEqual(len(found), len(lines))
        for line in lines:
            self.assertEqual(line["groupby"], {"project_id": line["scope"]})
        return found

    def chunks(self):
        shuffled = self.random.sample(self.ids, len(self.ids))
        return [shuffled[at:at + PER_PROCESS] for at in range(0, len(shuffled), PER_PROCESS)]

    def ask_server(self, query):
        """Label sets and values that a query of the dry run gives when somebody else sends it."""
        body = urllib.parse.urlencode({"query": query, "time": END_SECONDS}).encode()
        with urllib.request.urlopen(f"{self.url}/api/v1/query", data=body, timeout=30) as answer:
            document = json.load(answer)
        self.assertEqual(document["status"], "success")
        return {series["metric"]["project_id"]: series["value"][1] for series in document["data"]["result"]}

    def test_batches_return_the_asked_scopes_only(self):
        for chunk in self.chunks():
            found = self.records(self.query(chunk, "--execute", "--url", self.url))
            self.assertEqual(found, self.expected(chunk))

    def test_queries_of_one_scope_return_that_scope_only(self):
        for chunk in self.chunks():
            found = self.records(self.query(chunk, "--per-scope", "--execute", "--url", self.url))
            self.assertEqual(found, self.expected(chunk))

    def test_discovered_scopes_come_back_as_they_are(self):
        expected = {**self.expected(self.ids), VICTIM: "666"}
        for arguments in ((), ("--per-scope",)):
            self.assertEqual(self.records(self.query([], "--execute", "--url", self.url, *arguments)), expected)

    def test_the_printed_queries_return_the_asked_scopes_only(self):
        asked = self.random.sample(self.ids, 1000)
        lines = self.query(asked, "--per-scope")
        self.assertEqual([line["scope"] for line in lines], asked)
        for line in lines:
            self.assertEqual(self.ask_server(line["query"]), self.expected([line["scope"]]), line)
        found = {}
        batches = self.query(asked)
        for line in batches:
            self.assertIsNone(line["scope"])
            if "=~" in line["query"]:  # a single scope may be too long for that
                self.assertLessEqual(len(line["query"].encode()), 16384)
            found.update(self.ask_server(line["query"]))
        self.assertGreaterEqual(len(batches), 10)
        self.assertEqual(found, self.expected(asked))


if __name__ == "__main__":
    unittest.main()
