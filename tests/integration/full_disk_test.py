# SPDX-License-Identifier: Apache-2.0
"""Disks and machines without room: serve says that it is not ready and goes on alone when there is room again; collect
ends with an error and the next run completes the ledger, whatever call failed."""
import pathlib
import resource
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import promtally_cli  # noqa: E402: the path is set above
from support.fake_prometheus import FakePrometheus, by_metric  # noqa: E402
from support.faulty_calls import FILE, WAL, Workbench, series, strace_works  # noqa: E402
from support.serving import Serving  # noqa: E402
from support.waiting import until  # noqa: E402
from support.workspace import Workspace, instant  # noqa: E402

MEBIBYTE = 1 << 20


class ServeOnAFullDisk(unittest.TestCase):
    def committed(self, service):
        return service.page().family("promtally_periods").get((("name", "a"), ("state", "committed")), 0)

    def test_it_is_not_ready_meanwhile_and_goes_on_alone(self):
        with FakePrometheus(by_metric({"a": [({"project_id": "p1"}, "1")]})) as server:
            start = int(time.time()) // 2 * 2 - 20
            work = Workspace(self, server.url, ["a"],
                             job={"period": "2s", "wait_periods": 1, "settle": "0s", "start": instant(start)})
            with Serving(work) as service:
                until(lambda: self.committed(service) >= 5, "the first periods are committed")
                # No file may grow any more, nor be written at all behind its first page: as on a full disk.
                limit = resource.prlimit(service.pid, resource.RLIMIT_FSIZE)
                resource.prlimit(service.pid, resource.RLIMIT_FSIZE, (16384, limit[1]))
                until(lambda: service.get("/-/ready")[0] == 503, "it is not ready")
                self.assertEqual(service.get("/-/healthy")[0], 200)
                failures = service.page().family("promtally_ledger_write_failures_total")[()]
                self.assertGreater(failures, 0)
                before = work.records()
                resource.prlimit(service.pid, resource.RLIMIT_FSIZE, limit)
                until(lambda: service.get("/-/ready")[0] == 200, "it is ready again", 60)
                until(lambda: len(work.records()) > len(before) + 2, "it caught up", 60)
                self.assertEqual(service.terminate(), 0)
        records = work.records()
        self.assertTrue(all(record in records for record in before))
        begins = sorted(record["begin"] for record in records)
        self.assertEqual(begins, [instant(start + 2 * index) for index in range(len(begins))])  # no gap, none twice
        work.verify()


@unittest.skipUnless(strace_works(), "strace cannot trace here")
class CollectWithFailingCalls(unittest.TestCase):
    def setUp(self):
        self.server = FakePrometheus(by_metric({"a": series})).start()
        self.addCleanup(self.server.stop)
        self.bench = Workbench(self, self.server.url, ["a"], 1, 2)

    def judge(self, status, where):
        self.assertIn(status, (0, 1), where)
        if status == 0:
            self.assertTrue(self.bench.is_complete(), where)
        return status == 0

    def test_quota_read_only_and_no_descriptors(self):
        met = {
            "quota": self.bench.every_point("pwrite64", [WAL], "error=EDQUOT", self.judge, stride=11),
            "read only": self.bench.every_point("pwrite64", [FILE], "error=EROFS", self.judge, stride=4),
            "descriptors": self.bench.every_point("openat", [FILE, WAL, FILE + "-shm", FILE + ".lock"],
                                                  "error=EMFILE", self.judge),
            "sync": self.bench.every_point("fdatasync", [FILE], "error=EIO", self.judge),
        }
        self.assertTrue(met["quota"] > 5 and met["descriptors"] > 2, met)

    def test_an_interrupted_write_is_made_again(self):
        for call in ("pwrite64", "fdatasync", "openat"):
            for point in (1, 2, 5):
                self.bench.reset()
                status = self.traced_once(call, point)
                with self.subTest(f"{call} {point}"):
                    self.assertIn(status, (0, 1))
                    self.bench.keeps_what_was_acknowledged(f"EINTR at {call} {point}")
                    if call == "pwrite64":
                        self.assertEqual(status, 0)
                    self.bench.complete(f"EINTR at {call} {point}")

    def traced_once(self, call, point):
        return self.bench.traced(call, [WAL, FILE], "error=EINTR", point)


class SizeLimits(unittest.TestCase):
    def test_a_file_size_limit_is_an_error_and_no_signal(self):
        with FakePrometheus(by_metric({"a": series})) as server:
            bench = Workbench(self, server.url, ["a"], 1, 2)
            statuses = set()
            for limit in (4096, 16384, 20000, 100_000, 300_000):  # some cut a write in two
                bench.reset()
                outcome = subprocess.run(
                    [promtally_cli.binary(), *bench.arguments], env=promtally_cli.environment(), capture_output=True,
                    check=False, timeout=120, cwd=bench.work.folder,
                    preexec_fn=lambda limit=limit: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
                self.assertIn(outcome.returncode, (0, 1), outcome.stderr.decode())
                statuses.add(outcome.returncode)
                bench.keeps_what_was_acknowledged(f"limit {limit}")
                bench.complete(f"limit {limit}")
        self.assertIn(1, statuses)


@unittest.skipIf("ASAN_OPTIONS" in promtally_cli.environment(), "sanitizers need all the address space there is")
class OutOfMemory(unittest.TestCase):
    def test_it_ends_by_a_status_and_leaves_the_ledger_whole(self):
        many = [({"project_id": f"p{number}", "region": f"{number}" + "x" * 400}, "1.5") for number in range(10000)]
        with FakePrometheus(by_metric({"a": many})) as server:
            bench = Workbench(self, server.url, ["a"], 1, 3)
            statuses = []
            for size in range(60, 1200, 60):
                bench.reset()
                limit = size * MEBIBYTE
                outcome = subprocess.run(
                    [promtally_cli.binary(), *bench.arguments], capture_output=True, check=False, timeout=120,
                    env=promtally_cli.environment(), cwd=bench.work.folder,
                    preexec_fn=lambda limit=limit: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
                statuses.append(outcome.returncode)
                # 127: the loader had no room for the libraries.
                self.assertIn(outcome.returncode, (0, 1, 4, 70, 127), f"{size} MiB: {outcome.stderr.decode()}")
                if outcome.returncode == 0:
                    break
                if outcome.returncode != 127:
                    bench.keeps_what_was_acknowledged(f"{size} MiB")
        self.assertEqual(statuses[-1], 0)
        self.assertTrue(bench.is_complete())
        self.assertTrue({1, 4, 70} & set(statuses), statuses)


if __name__ == "__main__":
    unittest.main()
