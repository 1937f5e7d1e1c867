# SPDX-License-Identifier: Apache-2.0
"""Power cuts: lost, reordered and torn writes. What was acknowledged is in the ledger in every state that a cut may leave,
nothing is there by halves; a file written with synchronous=NORMAL or OFF fails this, so that the states are worth
something. PROMTALLY_LONG=1: a hundred times as many."""
import contextlib
import pathlib
import random
import re
import sqlite3
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import crash_states, promtally_cli  # noqa: E402: the path is set above
from support.fake_prometheus import FakePrometheus, by_metric  # noqa: E402
from support.faulty_calls import LONG, strace_works  # noqa: E402
from support.workspace import HOUR, Workspace, instant  # noqa: E402

STATES = 100_000 if LONG else 1000
HOURS = 5
CONTROL = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("pragma journal_mode=wal")
db.execute("pragma synchronous=" + sys.argv[2])
db.execute("pragma wal_autocheckpoint=8")
db.execute("create table t(id integer primary key, text)")
for number in range(60):
    db.execute("begin")
    for part in range(4):
        db.execute("insert into t values(?, ?)", (number * 4 + part, "x" * 900))
    db.execute("commit")
    print("committed", number, file=sys.stderr, flush=True)
db.close()
"""
LEDGER_CHECK = """select p.begin from period p join revision r using(period_id) where p.state = 3
 and r.records = (select count(*) from record where record.period_id = p.period_id)
 and r.records = (select count(*) from record join series using(series_id) join total using(series_id)
  where record.period_id = p.period_id)"""


def series(_query, moment):
    return [({"project_id": f"p{number}"}, f"{number}.5") for number in range(40)] + [({"project_id": "q"}, str(moment))]


def chance_of(test):
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"crash states of {test}: start number {seed}", file=sys.stderr)
    return random.Random(seed)


@unittest.skipUnless(strace_works(), "strace cannot trace here")
class CrashStates(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="promtally-crash-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def record_ledger(self):
        """serve from an empty ledger until five periods are answered; what it says goes to the trace."""
        answered = []
        with FakePrometheus(by_metric({"a": series})) as server:
            start = int(time.time()) // HOUR * HOUR - HOURS * HOUR
            work = Workspace(self, server.url, ["a"], job={"start": instant(start), "wait_periods": 1, "settle": "0s"})

            def until(line):
                answered.extend(re.findall(r"Period answered.*begin=(\S+)", line))
                return len(answered) >= HOURS
            return crash_states.record(
                [promtally_cli.binary(), "serve", "--config", str(work.config), "--web.listen-address", "127.0.0.1:0",
                 "--log.level", "debug"], work.folder, until, promtally_cli.environment(ASAN_OPTIONS="detect_leaks=0"))

    def ledger_fault(self, state):
        """What is wrong in a state, or None."""
        acknowledged = set(re.findall(r"Period answered.*begin=(\S+)", state.said))
        path = self.folder / "promtally.db"
        try:
            with contextlib.closing(sqlite3.connect(path)) as db:
                whole = {instant(begin // 1000) for begin, in db.execute(LEDGER_CHECK)}
                marked, = db.execute("select count(*) from period where state = 3").fetchone()
                sound = db.execute("pragma integrity_check").fetchone() == ("ok",)
        except sqlite3.DatabaseError as error:  # before the first commit there may be no ledger
            return f"{error}" if acknowledged else None
        if not sound or marked != len(whole):
            return "damaged" if not sound else "a period by halves"
        return f"lost: {sorted(acknowledged - whole)}" if acknowledged - whole else None

    def test_what_was_acknowledged_survives_every_power_cut(self):
        trace = self.record_ledger()
        self.assertGreater(len(trace.events), 60)
        chance, acknowledged = chance_of("the ledger"), 0
        for number, state in enumerate(trace.states(chance, STATES)):
            state.write_to(self.folder)
            if "Period answered" in state.said and number % (STATES // 25) == 0:
                outcome = promtally_cli.run("verify", "--ledger", self.folder / "promtally.db")
                self.assertEqual(outcome.returncode, 0, f"{state.where}\n{outcome}")
            self.assertIsNone(self.ledger_fault(state), state.where)
            acknowledged += "Period answered" in state.said
        self.assertGreater(acknowledged, STATES // 5)  # there was something to lose

    def control(self, synchronous):
        """How many states lose what was acknowledged, and how many are damaged or torn."""
        trace = crash_states.record([sys.executable, "-c", CONTROL, str(self.folder / "t.db"), synchronous], self.folder)
        lost = damaged = 0
        for state in trace.states(chance_of(synchronous), 400):
            state.write_to(self.folder)
            acknowledged = state.said.count("committed")
            try:
                with contextlib.closing(sqlite3.connect(self.folder / "t.db")) as db:
                    rows, = db.execute("select count(*) from t").fetchone()
                    damaged += db.execute("pragma integrity_check").fetchone() != ("ok",) or rows % 4 != 0
                    lost += rows < 4 * acknowledged
            except sqlite3.DatabaseError as error:
                if "no such table" in str(error):
                    lost += acknowledged > 0
                else:
                    damaged += acknowledged > 0
        return lost, damaged

    def test_a_file_with_full_syncs_passes(self):
        self.assertEqual(self.control("full"), (0, 0))

    def test_a_file_with_normal_syncs_loses_commits(self):
        lost, damaged = self.control("normal")
        self.assertGreater(lost, 40)
        self.assertEqual(damaged, 0)

    def test_a_file_without_syncs_is_damaged(self):
        lost, damaged = self.control("off")
        self.assertGreater(lost + damaged, 40)
        self.assertGreater(damaged, 0)


if __name__ == "__main__":
    unittest.main()
