# SPDX-License-Identifier: Apache-2.0
"""A temporary folder with promtally.yml, metrics.yml and a ledger, as an operator has it.

    site = Site(test_case)
    site.write_metrics("requests_total: {unit: request, alt_name: requests}")
    site.write_settings(url, "period: 1m, wait_periods: 1")
    site.run("collect")                      # with --config and --format json; the exit status is 0, or status=N
"""
import datetime
import pathlib
import tempfile

from . import promtally_cli


def rfc3339(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def unix(text):
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


class Site:
    def __init__(self, test_case):
        self._test = test_case
        folder = tempfile.TemporaryDirectory(prefix="promtally-site-")
        test_case.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.config = self.folder / "promtally.yml"
        self.ledger = self.folder / "promtally.db"

    def write_metrics(self, *lines, name="metrics.yml"):
        """lines: entries of `metrics` as flow YAML."""
        text = "metrics:\n" + "".join(f"  {line}\n" for line in lines)
        (self.folder / name).write_text(text, encoding="utf-8")

    def write_settings(self, url, *jobs, more=""):
        """jobs: keys of each entry of `collect` as flow YAML. more: further top-level YAML."""
        text = f"sources: [{{name: prometheus, url: '{url}'}}]\ncollect:\n"
        for job in jobs:
            metrics = "" if "metrics_file" in job else ", metrics_file: metrics.yml"
            text += f"  - {{{job}{metrics}}}\n"
        self.config.write_text(text + f"ledger: {{path: {self.ledger.name}}}\n{more}", encoding="utf-8")

    def run(self, command, *arguments, status=0):
        outcome = promtally_cli.run(command, "--config", self.config, *arguments, "--format", "json")
        self._test.assertEqual(outcome.returncode, status, str(outcome))
        return outcome

    def spec_lines(self):
        """Status by name of the spec."""
        return {line["name"]: line for line in self.run("status").lines if "state" not in line}

    def records(self, *arguments):
        return self.run("usage", "--records", *arguments).lines
