# SPDX-License-Identifier: Apache-2.0
"""A temporary folder with promtally.yml, metrics.yml and a ledger, and commands that use them.

    work = Workspace(test, server.url, {"requests": spec(groupby=["region"])}, job={"scope_key": "project_id"})
    work.collect(1)                        # the first hour after BEGIN; collect(1, 3) the hours from 1 to 3
    work.state("requests")                 # the period's state: "committed", "open", …

Files are written as JSON, which is YAML as well. The folder goes with the test.
"""
import contextlib
import datetime
import json
import pathlib
import sqlite3
import tempfile

from support import promtally_cli

BEGIN = 1748736000  # 2025-06-01T00:00:00Z
HOUR = 3600


def instant(seconds):
    """Unix seconds as the program prints them."""
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def hour(index):
    """The begin of the hour with this number, counted from BEGIN."""
    return instant(BEGIN + index * HOUR)


def spec(**more):
    return {"unit": "GiB", **more}


class Workspace:
    """`metrics`: metrics.yml's map, or a list of names. job, source: keys added to (or replacing, or with
    None removing) the defaults; jobs: the whole list instead."""

    def __init__(self, test, url, metrics, job=None, source=None, jobs=None):
        folder = tempfile.TemporaryDirectory(prefix="promtally-test-")
        test.addCleanup(folder.cleanup)
        self.test = test
        self.folder = pathlib.Path(folder.name)
        self.ledger = self.folder / "promtally.db"
        self.config = self.folder / "promtally.yml"
        self.write_metrics(metrics)
        defaults = {"metrics_file": "metrics.yml", "scope_key": "project_id", **(job or {})}
        # Else a job's first period is due at once in the first five minutes of an hour, and an hour later in the others.
        settle = {"settle": "0s"}
        self.settings = {
            "sources": [{"name": "prometheus", "url": url, "timeout": "20s", "concurrency": 8, **(source or {})}],
            "collect": [{**settle, **entry} for entry in
                        jobs or [{key: value for key, value in defaults.items() if value is not None}]],
            "ledger": {"path": "promtally.db"},
        }
        self.write_settings()

    def write_metrics(self, metrics, file="metrics.yml"):
        if not isinstance(metrics, dict):
            metrics = {name: spec() for name in metrics}
        (self.folder / file).write_text(json.dumps({"metrics": metrics}, indent=1), encoding="utf-8")

    def write_settings(self):
        self.config.write_text(json.dumps(self.settings, indent=1), encoding="utf-8")

    def point_to(self, url):
        self.settings["sources"][0]["url"] = url
        self.write_settings()

    def run(self, *arguments, **options):
        """Without judging the exit status."""
        return promtally_cli.run(*arguments, cwd=self.folder, **options)

    def expect(self, status, *arguments, **options):
        outcome = self.run(*arguments, **options)
        self.test.assertEqual(outcome.returncode, status, str(outcome))
        return outcome

    def collect_arguments(self, *hours):
        """collect() of all that is due, collect(1) of one hour from BEGIN on, collect(1, 3) of two from the second on."""
        begin, end = (0, hours[0]) if len(hours) == 1 else hours
        return ["collect", "--config", self.config, "--begin", hour(begin), "--end", hour(end)]

    def collect(self, *hours, status=0, flags=(), **options):
        return self.expect(status, *self.collect_arguments(*hours), *flags, **options)

    def lines(self, command, *arguments, status=0):
        return self.expect(status, command, "--ledger", self.ledger, "--format", "json", *arguments).lines

    def records(self):
        """Record lines without the time of collection, sorted."""
        records = self.lines("usage", "--records")
        for record in records:
            del record["collected_at"]
        return sorted(records, key=lambda record: record["id"])

    def quantities(self, name):
        """{(scope, begin): quantity} of a spec's records."""
        return {(record["scope"], record["begin"]): record["quantity"]
                for record in self.lines("usage", "--records") if record["name"] == name}

    def status(self):
        """Status lines of specs by name, and of open and failed periods by (name, begin)."""
        lines = self.lines("status")
        return ({line["name"]: line for line in lines if "committed" in line},
                {(line["name"], line["begin"]): line for line in lines if "state" in line})

    def verify(self):
        return self.expect(0, "verify", "--ledger", self.ledger)

    def sql(self, text, *values):
        """Reads rows from the ledger's file."""
        with contextlib.closing(sqlite3.connect(self.ledger)) as connection:
            return connection.execute(text, values).fetchall()
