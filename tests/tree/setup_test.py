# SPDX-License-Identifier: Apache-2.0
"""tools/setup asks dpkg before it calls a package manager. dpkg, apt-get and sudo are scripts of this test."""
import os
import pathlib
import subprocess
import tempfile
import unittest

import sources

DPKG_QUERY = """#!/bin/sh
for package; do :; done
grep -qx "$package" "$FOLDER/absent" && exit 1
grep -qx "$package" "$FOLDER/present" || grep -qx everything "$FOLDER/present" || exit 1
printf installed
"""
APT_GET = """#!/bin/sh
echo "$DEBIAN_FRONTEND $*" >>"$FOLDER/calls"
"""


class Setup(unittest.TestCase):
    def run_setup(self, *arguments, absent=(), present=("everything",)):
        """Exit status, standard error, and the calls of apt-get."""
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "absent").write_text("".join(f"{package}\n" for package in absent))
            (folder / "present").write_text("".join(f"{package}\n" for package in present))
            for program, text in (("dpkg-query", DPKG_QUERY), ("apt-get", APT_GET), ("sudo", '#!/bin/sh\nexec "$@"\n')):
                (folder / program).write_text(text)
                (folder / program).chmod(0o755)
            environment = {"PATH": f"{folder}:{os.environ['PATH']}", "FOLDER": str(folder)}
            run = subprocess.run([sources.ROOT / "tools" / "setup", *arguments], env=environment, text=True,
                                 stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60)
            calls = folder / "calls"
            return run.returncode, run.stderr, calls.read_text().splitlines() if calls.exists() else []

    def test_calls_no_package_manager_when_nothing_is_missing(self):
        self.assertEqual(self.run_setup(absent=["libboost1.74-dev"]), (0, "", []))

    def test_installs_what_is_missing_and_nothing_else(self):
        status, _errors, calls = self.run_setup(absent=["jq", "libre2-dev"])
        self.assertEqual(status, 0)
        self.assertEqual(len(calls), 2)
        self.assertRegex(calls[0], r"^noninteractive .*update$")
        self.assertRegex(calls[1], r"^noninteractive .*install -y --no-install-recommends libre2-dev jq$")

    def test_leaves_out_what_only_tests_need(self):
        self.assertEqual(self.run_setup("--build-only", absent=["jq", "prometheus", "libgtest-dev"]), (0, "", []))

    def test_does_not_let_apt_remove_another_boost(self):
        status, errors, calls = self.run_setup(absent=["libboost1.81-dev"])
        self.assertEqual((status, calls), (1, []))
        self.assertIn("libboost1.74-dev is installed", errors)

    def test_refuses_an_unknown_option(self):
        self.assertEqual(self.run_setup("--everything")[0], 2)


if __name__ == "__main__":
    unittest.main()
