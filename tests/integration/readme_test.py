# SPDX-License-Identifier: Apache-2.0
"""README's example is true: its metrics.yml gives its query, and with the demo's data its usage."""
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from support import prometheus_server, promtally_cli  # noqa: E402: the path is set above

BEGIN, END = "2025-06-01T00:00:00Z", "2025-06-01T02:00:00Z"
BEGIN_SECONDS, END_SECONDS = 1748736000, 1748743200


def example():
    """metrics.yml, query and table rows (name, project, quantity, unit, records) of README's section."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text[text.index("## Ten lines"):text.index("## Before you bill by it")]
    metrics = re.search(r"```yaml\n(.*?)```", section, re.S).group(1)
    query = re.search(r"```\n(sum\(.*?)\n```", section, re.S).group(1)
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|"))
            for line in section.splitlines() if line.startswith("| requests")]
    return metrics, query, rows


def settings(url):
    return (f"sources: [{{name: prometheus, type: prometheus, url: '{url}'}}]\n"
            f"collect: [{{metrics_file: metrics.yml, scope_key: project_id, start: '{BEGIN}'}}]\n"
            "ledger: {path: promtally.db}\n")


class Readme(unittest.TestCase):
    def setUp(self):
        self.metrics, self.query, self.rows = example()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "metrics.yml").write_text(self.metrics, encoding="utf-8")

    def promtally(self, *arguments):
        outcome = promtally_cli.run(*arguments, cwd=self.folder)
        self.assertEqual(outcome.returncode, 0, str(outcome))
        return outcome

    def test_the_metrics_file_becomes_the_query(self):
        self.assertLessEqual(len(self.metrics.splitlines()), 10)
        outcome = self.promtally("query", "metrics.yml", "--scope-key", "project_id", "--begin", BEGIN, "--end", END,
                                 "--format", "json")
        self.assertEqual({line["query"] for line in outcome.lines}, {self.query})

    def test_the_test_of_the_metrics_file_passes(self):
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        test = re.search(r"```yaml\n(# metrics_test.yml.*?)```", text, re.S).group(1)
        (self.folder / "metrics_test.yml").write_text(test, encoding="utf-8")
        outcome = self.promtally("test", "metrics_test.yml", "--format", "json")
        self.assertEqual([line["status"] for line in outcome.lines], ["pass"])

    @unittest.skipUnless(prometheus_server.is_available(), "Prometheus is not installed")
    def test_the_data_of_the_demo_become_the_usage(self):
        data = self.folder / "data.om"
        with data.open("w", encoding="utf-8") as out:
            subprocess.run([sys.executable, ROOT / "tools" / "demo_data.py", "--begin", str(BEGIN_SECONDS),
                            "--from", "0", "--to", str(END_SECONDS)], stdout=out, check=True)
        with prometheus_server.PrometheusServer(data) as server:
            (self.folder / "promtally.yml").write_text(settings(server.url), encoding="utf-8")
            self.promtally("check", "metrics.yml", "promtally.yml")
            self.promtally("collect", "--config", "promtally.yml", "--begin", BEGIN, "--end", END)
        usage = self.promtally("usage", "--config", "promtally.yml", "--by", "metric,scope", "--format", "json").lines
        found = [(line["name"], line["scope"], line["quantity"], line["unit"], str(line["records"])) for line in usage]
        self.assertEqual(sorted(found), sorted(self.rows))


if __name__ == "__main__":
    unittest.main()
