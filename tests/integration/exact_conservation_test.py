# SPDX-License-Identifier: Apache-2.0
"""Generated histories of counters, collected through kill -9, outages, repeated and late samples and replicas: at the end
the sums are the generator's truth. PROMTALLY_HISTORIES=N: how many; PROMTALLY_SEED: the first one's start number."""
import concurrent.futures
import decimal
import os
import pathlib
import random
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import promtally_cli  # noqa: E402: the path is set above
from support.fake_prometheus import FakePrometheus, error, success, vector  # noqa: E402
from support.workspace import BEGIN, HOUR, Workspace, hour  # noqa: E402

HISTORIES = int(os.environ.get("PROMTALLY_HISTORIES", "40"))
SEED = int(os.environ.get("PROMTALLY_SEED", str(random.SystemRandom().randrange(1 << 30))))
AT_ONCE = 12
HOURS = 12
SPEC = {"unit": "request", "evaluation": "exact", "groupby": ["kind"],
        "extra_args": {"aggregation_method": "sum", "range_function": "increase"},
        "exact": {"identity": ["i"], "replica_label": "replica"}}


class History:
    """Counters as a scraper saw them: gaps, restarts, wide jumps, repeated samples, two replicas, samples that come late."""

    def __init__(self, chance):
        self.series = []  # (labels, samples); a sample: (second, value, True: it comes after all was collected)
        self.late_is_there = False
        self.truth = decimal.Decimal(0)
        for number in range(chance.randrange(2, 6)):
            self._add(chance, number)

    def _add(self, chance, number):
        labels = {"__name__": "c_total", "i": f"i{number}", "kind": chance.choice("ab"), "project_id": chance.choice(["p1", "p2"])}
        step, second = chance.choice([30, 60, 120]), chance.randrange(0, 60)
        value, last, late_until = decimal.Decimal(chance.randrange(0, 1000)), None, 0
        replicas = [[], []] if chance.random() < 0.4 else [[]]
        while second < HOURS * HOUR:
            event = chance.random()
            restarted = event < 0.01
            value = decimal.Decimal(chance.randrange(0, 9)) if restarted else value + chance.randrange(0, 10**chance.randrange(1, 6))
            value += decimal.Decimal(chance.randrange(0, 100)) / 100
            if last is not None:
                self.truth += value if value < last else value - last
            last = value
            late = late_until > second
            if chance.random() < 0.005:
                late_until = second + chance.choice([step, 600, 5000])
            for samples in replicas:
                samples.append((second, str(value), late))
                if event > 0.995:
                    samples.append((second, "NaN", late))
            second += chance.randrange(400, 9000) if 0.01 < event < 0.02 else step
        for replica, samples in enumerate(replicas):
            if len(replicas) > 1:
                samples = [one for one in samples if self._is_there(chance, replica, one[0])]
            self.series.append(({**labels, **({"replica": f"r{replica}"} if len(replicas) > 1 else {})}, samples))

    @staticmethod
    def _is_there(chance, replica, second):
        """Each replica is away in hours of its own; the first and the last samples are everybody's."""
        return not HOUR < second < (HOURS - 2) * HOUR or (second // HOUR) % 5 != 1 + 2 * replica

    def answer(self, begin, end):
        result = []
        for labels, samples in self.series:
            values = [[BEGIN + second, value] for second, value, late in samples
                      if begin < BEGIN + second <= end and (self.late_is_there or not late)]
            if values:
                result.append({"metric": labels, "values": values})
        return success({"resultType": "matrix", "result": result})


class Server:
    """Answers raw reads from a history; is away now and then."""

    def __init__(self, history, chance):
        self.history = history
        self.chance = chance
        self.trouble = 0.2

    def __call__(self, query, when):
        if query.startswith("count_over_time(vector(1)"):
            return vector([({}, "2")], when)
        if "up[" in query:
            return vector([({}, "60")], when)
        if self.chance.random() < self.trouble:
            return error(503, "unavailable", "away") if self.chance.random() < 0.7 else (200, '{"status":"succ')
        seconds = int(re.search(r"\[(\d+)s\]", query).group(1))
        return self.history.answer(when - seconds, when)


class Conservation(unittest.TestCase):
    def test_sums_are_the_truth_through_faults(self):
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:  # most of the time they wait for the server
            running = {SEED + i: pool.submit(self.run_history, SEED + i) for i in range(HISTORIES)}
        corrected = 0
        for seed, history in running.items():
            with self.subTest(seed=seed):
                corrected += history.result()
        self.assertGreater(corrected, 0, "nothing came late: the test has become blunt")

    def run_history(self, seed):
        chance = random.Random(seed)
        history = History(chance)
        server = Server(history, chance)
        with FakePrometheus(server) as fake:
            work = Workspace(self, fake.url, {"c_total": SPEC},
                             job={"settle": "5m", "start": hour(0), "empty_after": "0s", "min_coverage": 0})
            self.collect_with_kills(work, chance)
            server.trouble = 0
            work.run(*work.collect_arguments(0, HOURS), timeout=300)
            work.expect(0, *work.collect_arguments(0, HOURS), timeout=300)
            work.verify()
            history.late_is_there = True
            corrections = self.audit(work)
            self.assertNotIn("lost", {line["reason"] for line in corrections}, f"start number {seed}")
            self.assertEqual(self.total(work), history.truth, f"start number {seed}")
            work.verify()
            # What is read again is what was read: nothing differs, and nothing changes.
            self.assertEqual(self.audit(work), [], f"start number {seed}")
            return len(corrections)

    @staticmethod
    def audit(work):
        return work.expect(0, "audit", "--config", work.config, "--begin", hour(0), "--end", hour(HOURS), "--format", "json",
                           timeout=300).lines

    @staticmethod
    def total(work):
        return sum(decimal.Decimal(line["quantity"]) for line in work.lines("usage"))

    def collect_with_kills(self, work, chance):
        for _ in range(6):
            process = promtally_cli.start(*work.collect_arguments(0, chance.randrange(1, HOURS + 1)), cwd=work.folder)
            try:
                process.wait(chance.choice([0.05, 0.1, 0.3, 1, 30]))
            except subprocess.TimeoutExpired:
                process.kill()
            process.communicate()


if __name__ == "__main__":
    print(f"start number {SEED}", file=sys.stderr)
    unittest.main()
