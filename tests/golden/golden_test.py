# SPDX-License-Identifier: Apache-2.0
"""Runs every case of tests/golden/cases and compares what it prints, letter by letter.

A case is a folder: `cmd` holds the arguments of promtally in one line, `stdout`, `stderr` and `exit` what has to come,
everything else is what the command reads. A case runs in a copy of its folder. After a wanted change:

    python3 tests/golden/golden_test.py --update [CASE…]       # then review the diff
"""
import pathlib
import shlex
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import promtally_cli  # noqa: E402: the path is set above

CASES = pathlib.Path(__file__).resolve().parent / "cases"
EXPECTED = ("stdout", "stderr", "exit")


def cases(names=()):
    found = sorted(path.parent for path in CASES.glob("*/cmd"))
    return [case for case in found if not names or case.name in names]


def outcome_of(case):
    """What the case's command gives, as the texts of the three files."""
    arguments = shlex.split((case / "cmd").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "case"
        shutil.copytree(case, copy, ignore=shutil.ignore_patterns(*EXPECTED, "cmd"))
        result = promtally_cli.run(*arguments, cwd=copy)
    return {"stdout": result.stdout, "stderr": result.stderr, "exit": f"{result.returncode}\n"}


class Golden(unittest.TestCase):
    maxDiff = None

    def test_prints_what_is_expected(self):
        self.assertNotEqual(cases(), [], f"no cases in {CASES}")
        for case in cases():
            with self.subTest(case=case.name):
                expected = {name: (case / name).read_text(encoding="utf-8") for name in EXPECTED}
                actual = outcome_of(case)
                for name in EXPECTED:
                    self.assertEqual(expected[name], actual[name], f"{case.name}/{name}")


def update(names):
    for case in cases(names):
        for name, text in outcome_of(case).items():
            (case / name).write_text(text, encoding="utf-8")
        print(f"updated {case.name}")


if __name__ == "__main__":
    if "--update" in sys.argv:
        update(sys.argv[sys.argv.index("--update") + 1:])
    else:
        unittest.main()
