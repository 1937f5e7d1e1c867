# SPDX-License-Identifier: Apache-2.0
"""kill -9, a full disk and a failing one, at every write call of a commit and at random times: the next run completes
the ledger, which then holds what an undisturbed run's holds."""
import pathlib
import random
import shutil
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import promtally_cli  # noqa: E402: the path is set above
from support.fake_prometheus import FakePrometheus, by_metric  # noqa: E402
from support.faulty_calls import FILE, LONG, MOST_POINTS, WAL, Workbench, series, strace_works  # noqa: E402
from support.workspace import hour  # noqa: E402

ROUNDS = 1000 if LONG else 15  # of two random kills


@unittest.skipUnless(strace_works(), "strace cannot trace here")
class FaultAtEveryWrite(unittest.TestCase):
    def setUp(self):
        self.server = FakePrometheus(by_metric({"a": series})).start()
        self.addCleanup(self.server.stop)

    def test_killed_at_each_call_of_a_commit(self):
        bench = Workbench(self, self.server.url, ["a"], 1, 2)
        met = {
            "log": bench.every_point("pwrite64", [WAL], "signal=KILL"),
            "checkpoint": bench.every_point("pwrite64", [FILE], "signal=KILL"),
            "sync": bench.every_point("fdatasync", [WAL, FILE], "signal=KILL"),
            "delete": bench.every_point("unlink", [WAL, FILE], "signal=KILL"),
            "lock": bench.every_point("ftruncate", ["promtally.db.lock"], "signal=KILL"),
            "send": bench.every_point("sendto", [], "signal=KILL"),
            "connect": bench.every_point("connect", [], "signal=KILL"),
        }
        self.assertTrue(met["send"] > 2 and met["connect"] > 0, met)
        self.assertTrue(met["log"] > 10 and met["checkpoint"] > 3 and met["sync"] > 2 and met["delete"] > 0, met)

    def test_killed_while_the_ledger_is_made(self):
        bench = Workbench(self, self.server.url, ["a"], 0, 1)
        met = {
            "journal": bench.every_point("pwrite64", [FILE + "-journal"], "signal=KILL"),
            "sync": bench.every_point("fdatasync", [FILE, WAL, FILE + "-journal"], "signal=KILL"),
            "delete": bench.every_point("unlink", [FILE + "-journal"], "signal=KILL"),
            "folder": bench.every_point("fsync", [], "signal=KILL"),
            "log": bench.every_point("pwrite64", [WAL], "signal=KILL", stride=12),
        }
        self.assertGreater(met["log"], 20, met)

    def test_a_full_or_failing_disk_loses_nothing_that_was_acknowledged(self):
        bench = Workbench(self, self.server.url, ["a"], 1, 2)

        def judge(status, where):
            """True for a run that was not disturbed, or not by anything that mattered: what it said is true."""
            self.assertIn(status, (0, 1), where)
            if status == 0:
                self.assertTrue(bench.is_complete(), where)
            return status == 0
        met = {
            "full": bench.every_point("pwrite64", [WAL], "error=ENOSPC", judge, stride=5),
            "failing": bench.every_point("pwrite64", [WAL], "error=EIO", judge, stride=9),
            "sync": bench.every_point("fdatasync", [WAL], "error=EIO", judge),
        }
        self.assertTrue(met["full"] > 10 and met["failing"] > 8 and met["sync"] > 0, met)


@unittest.skipUnless(strace_works(), "strace cannot trace here")
class DisturbedCopies(unittest.TestCase):
    def test_a_backup_or_restore_without_room_fails_and_leaves_what_was_there(self):
        with FakePrometheus(by_metric({"a": series})) as server:
            bench = Workbench(self, server.url, ["a"], 1, 2)
        ledger, copy = bench.work.ledger, bench.work.folder / "copy.db"
        wanted = bench.work.records()
        shutil.copy(ledger, bench.work.folder / "good.db")
        failures = 0
        for point in (1, 2, 5):
            for call, error in (("pwrite64", "ENOSPC"), ("fsync", "EIO"), ("fdatasync", "EIO")):
                bench.arguments = ["ledger", "backup", str(copy), "--ledger", str(ledger)]
                status = bench.traced(call, [], f"error={error}", f"{point}+")
                self.assertIn(status, (0, 1), f"{call} {point}")
                self.assertTrue(status != 0 or copy.exists(), f"{call} {point}")
                if copy.exists():  # whole, if not for sure on the disk when its folder could not be synced
                    bench.work.expect(0, "verify", "--ledger", copy)
                    copy.unlink()
                failures += status
                bench.arguments = ["ledger", "restore", "good.db", "--ledger", str(ledger), "--replace"]
                bench.traced(call, [], f"error={error}", f"{point}+")
                self.assertEqual(bench.work.records(), wanted, f"{call} {point}")
        self.assertGreater(failures, 3)
        left = sorted(path.name for path in bench.work.folder.iterdir() if ".tmp" in path.name or ".restore" in path.name)
        self.assertEqual(left, [])

    def test_a_killed_restore_leaves_the_old_ledger_or_the_new_one(self):
        with FakePrometheus(by_metric({"a": series})) as server:
            bench = Workbench(self, server.url, ["a"], 1, 2)
            bench.work.collect(2)
            copy = bench.work.folder / "copy.db"
            bench.work.expect(0, "ledger", "backup", copy, "--ledger", bench.work.ledger)
            old, new = [record for record in bench.wanted if record["begin"] == hour(0)], bench.wanted
            bench.arguments = ["ledger", "restore", str(copy), "--ledger", str(bench.work.ledger), "--replace"]
            for call, stride in (("rename", 1), ("unlink", 1), ("ftruncate", 1), ("fsync", 1), ("pwrite64", 6)):
                for point in range(1, MOST_POINTS, stride):
                    bench.reset()
                    status = bench.traced(call, [], "signal=KILL", point)
                    with self.subTest(f"{call} {point}"):
                        bench.work.verify()
                        self.assertIn(bench.work.records(), [new] if status == 0 else [old, new])
                    if status == 0:
                        self.assertGreater(point, 1, call)  # it does make such calls
                        break


class KilledAtRandomTimes(unittest.TestCase):
    def test_the_next_run_completes_the_ledger(self):
        seed = random.SystemRandom().randrange(1 << 32)
        print(f"random kills: seed {seed}", file=sys.stderr)
        chance = random.Random(seed)
        never = threading.Event()

        def slow(query, moment):
            never.wait(0.01)  # gives a kill something to fall into
            return series(query, moment)
        with FakePrometheus(by_metric({"a": slow, "b": slow})) as server:
            bench = Workbench(self, server.url, ["a", "b"], 0, 4)
            begun = time.monotonic()
            bench.reset()
            bench.work.collect(4)
            lasts = time.monotonic() - begun
            killed = 0
            for number in range(ROUNDS):
                bench.reset()
                for _ in range(2):
                    killed += self.kill_after(bench.arguments, chance.uniform(0, lasts))
                bench.complete(f"round {number} of seed {seed}")
        self.assertGreater(killed, 0)

    @staticmethod
    def kill_after(arguments, seconds):
        with subprocess.Popen([promtally_cli.binary(), *arguments], env=promtally_cli.environment(),
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                process.wait(seconds)
                return 0
            except subprocess.TimeoutExpired:
                process.kill()
                return 1


if __name__ == "__main__":
    unittest.main()
