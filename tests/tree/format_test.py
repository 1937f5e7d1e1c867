# SPDX-License-Identifier: Apache-2.0
"""Every C++ source is as clang-format with the repository's .clang-format leaves it."""
import shutil
import subprocess
import unittest

import sources


@unittest.skipUnless(shutil.which("clang-format"), "clang-format is not installed")
class Format(unittest.TestCase):
    def test_sources_are_formatted(self):
        files = [str(path) for path in sources.cpp_files("src", "include", "tests", "tools")]
        self.assertGreater(len(files), 20, "the sources were not found")
        run = subprocess.run(["clang-format", "--dry-run", "-Werror", "--ferror-limit=1", *files], cwd=sources.ROOT,
                             capture_output=True, text=True, check=False)
        hint = "\nrepair: git ls-files -co --exclude-standard '*.h' '*.cc' | xargs clang-format -i"
        self.assertEqual(run.returncode, 0, "\n" + run.stderr + hint)


if __name__ == "__main__":
    unittest.main()
