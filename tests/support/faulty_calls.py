# SPDX-License-Identifier: Apache-2.0
"""Runs of the real program with faults that strace injects into its system calls.

    bench = Workbench(test, server.url, ["a"], hours_before=1, hours=2)
    bench.every_point("pwrite64", [WAL], "signal=KILL")     # one run a call; each time the next run completes the ledger
"""
import os
import shutil
import subprocess
import tempfile

from support import promtally_cli
from support.workspace import BEGIN, HOUR, Workspace, hour

WAL, FILE = "promtally.db-wal", "promtally.db"
MOST_POINTS = 200  # a bound for "until a clean run"
LONG = bool(os.environ.get("PROMTALLY_LONG"))
# LeakSanitizer cannot work under strace, which the sanitizer builds would fail for.
ENVIRONMENT = {"ASAN_OPTIONS": "detect_leaks=0"}


def series(_query, moment):
    """Quantities that differ by period, one of them a long decimal."""
    period = int(moment - BEGIN) // HOUR
    return [({"project_id": "p1"}, str(period)), ({"project_id": "p2"}, "0.1"), ({"project_id": f"p{period}x"}, "1e-7")]


def strace_works():
    with tempfile.NamedTemporaryFile() as log:
        try:
            traced = subprocess.run(["strace", "-f", "-o", log.name, "-e", "inject=fdatasync:error=EIO:when=1", "true"],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=60)
        except (OSError, subprocess.TimeoutExpired):
            return False
    return traced.returncode == 0


class Workbench:
    """A ledger as it is before the run that is disturbed, and the records that an undisturbed run leaves."""

    def __init__(self, test, url, metrics, hours_before, hours):
        self.test = test
        self.hours = hours
        self.hours_before = hours_before
        self.work = Workspace(test, url, metrics)
        self.arguments = [str(argument) for argument in self.work.collect_arguments(hours)]
        self.work.collect(hours)
        self.wanted = self.work.records()
        self.forget()
        if hours_before:
            self.work.collect(hours_before)
        self.before = self.work.folder / "before.db"
        if hours_before:
            shutil.copy(self.work.ledger, self.before)

    def forget(self):
        for path in self.work.folder.glob("promtally.db*"):
            path.unlink()

    def reset(self):
        self.forget()
        if self.hours_before:
            shutil.copy(self.before, self.work.ledger)

    def traced(self, call, files, what, point):
        """Runs with a fault at the point-th such call that concerns one of the files; returns the exit status."""
        paths = [argument for name in files for argument in ("-P", str(self.work.folder / name))]
        command = ["strace", "-f", "-o", "/dev/null", *paths, "-e", f"trace={call}", "-e",
                   f"inject={call}:{what}:when={point}", promtally_cli.binary(), *self.arguments]
        return subprocess.run(command, cwd=self.work.folder, env=promtally_cli.environment(**ENVIRONMENT),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120, check=False).returncode

    def keeps_what_was_acknowledged(self, where):
        """The ledger is sound as the fault left it, and has the hours that were committed before."""
        with self.test.subTest(where):
            self.work.verify()
            begins = {record["begin"] for record in self.work.records()}
            self.test.assertLessEqual({hour(index) for index in range(self.hours_before)}, begins)

    def is_complete(self):
        return self.work.records() == self.wanted

    def complete(self, where):
        """The next run completes what the fault interrupted."""
        with self.test.subTest(where):
            self.work.collect(self.hours)
            self.work.verify()
            self.test.assertEqual(self.work.records(), self.wanted)

    def every_point(self, call, files, what, judge=None, stride=1):
        """One run a call, until one gets through without meeting the fault; returns how many met it."""
        for point in range(1, MOST_POINTS, stride):
            self.reset()
            status = self.traced(call, files, what, point if what.startswith("signal") else f"{point}+")
            if judge is None and status == 0:
                return point - 1
            if judge is not None and judge(status, f"{call} {point}"):
                return point - 1
            where = f"{what} at {call} {point} of {files}"
            if self.hours_before:
                self.keeps_what_was_acknowledged(where)
            self.complete(where)
        self.test.fail(f"no clean run within {MOST_POINTS} points of {call}")
