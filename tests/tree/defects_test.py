# SPDX-License-Identifier: Apache-2.0
"""Every deliberate defect of tests/defects still applies to the tree, and names tests that there are. tools/defects
shows that these tests catch it."""
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from sources import ROOT

PATCHES = sorted((ROOT / "tests" / "defects").glob("*.patch"))


def named_test(text):
    return re.search(r"^Test: (\S+) (.+)$", text, re.M).groups()


class Defects(unittest.TestCase):
    def test_there_are_at_least_twenty(self):
        self.assertGreaterEqual(len(PATCHES), 20)
        self.assertEqual([int(path.name[:2]) for path in PATCHES], list(range(1, len(PATCHES) + 1)))

    def test_each_applies(self):
        """Whoever changes the line that a patch breaks, breaks the new line in the patch."""
        for path in PATCHES:
            with self.subTest(path.name), tempfile.TemporaryDirectory() as folder:
                for name in re.findall(r"^\+\+\+ b/(\S+)", path.read_text(encoding="utf-8"), re.M):
                    target = pathlib.Path(folder) / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(ROOT / name, target)
                applied = subprocess.run(["patch", "-p1", "-F3", "--force", "-i", str(path)], cwd=folder,
                                         capture_output=True, text=True, check=False)
                self.assertEqual(applied.returncode, 0, applied.stdout + applied.stderr)

    def test_each_names_tests_that_there_are(self):
        for path in PATCHES:
            target, test = named_test(path.read_text(encoding="utf-8"))
            with self.subTest(path.name):
                if target == "integration":
                    script, test = test.split(" ", 1)
                    text = (ROOT / "tests" / "integration" / script).read_text(encoding="utf-8")
                    self.assertIn(f"def {test.rsplit('.', 1)[1]}(self)", text)
                else:
                    folder = ROOT / "tests" / "unit" / target.removeprefix("unit_")
                    texts = "".join(file.read_text(encoding="utf-8") for file in folder.glob("*.cc"))
                    suite, name = test.split(".", 1)
                    wanted = rf"{re.escape(suite)}, " if name == "*" else rf"{re.escape(suite)}, {re.escape(name)}\b"
                    self.assertRegex(texts, wanted)


if __name__ == "__main__":
    unittest.main()
