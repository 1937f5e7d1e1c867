# SPDX-License-Identifier: Apache-2.0
"""What every command has in common: wrong usage is named, and output that is lost is no success."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import promtally_cli  # noqa: E402: the path is set above


class CommandLine(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.metrics = pathlib.Path(folder.name) / "metrics.yml"
        self.metrics.write_text("metrics:\n  memory: {unit: GiB}\n", encoding="utf-8")

    def assert_wrong_usage(self, message, *arguments):
        outcome = promtally_cli.run(*arguments)
        self.assertEqual((outcome.returncode, outcome.stdout), (2, ""), str(outcome))
        self.assertIn(message, outcome.stderr)

    def test_an_unknown_command_is_named(self):
        self.assert_wrong_usage('there is no command "colect"', "colect", "--config", "promtally.yml")
        self.assert_wrong_usage('there is no command "ledger copy"', "ledger", "copy")
        self.assert_wrong_usage("subcommand is required")
        self.assert_wrong_usage("subcommand is required", "ledger")

    def test_a_missing_argument_is_named(self):
        self.assert_wrong_usage("FILES", "check")
        self.assert_wrong_usage("NAME", "accept")
        self.assert_wrong_usage("--begin TIME is needed", "accept", "memory", "--ledger", "promtally.db")

    def test_a_format_is_one_of_three_words(self):
        for text in ("xml", "1"):
            self.assert_wrong_usage(f"--format: {text} not in {{table,json,csv}}", "query", self.metrics, "--format",
                                    text)

    def test_an_empty_value_is_never_taken_for_an_absent_one(self):
        for arguments in (["query", self.metrics, "--begin", ""], ["query", self.metrics, "--scope", ""],
                          ["collect", "--config", ""], ["usage", "--ledger", "", "--config", "promtally.yml"],
                          ["check", ""]):
            self.assert_wrong_usage("the value is empty", *arguments)

    def exit_status(self, *arguments, **options):
        completed = subprocess.run([promtally_cli.binary(), *map(str, arguments)], env=promtally_cli.environment(),
                                   stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=60,
                                   check=False, **options)
        return completed.returncode, completed.stderr

    def test_a_full_disk_is_no_success(self):
        for arguments in (["query", self.metrics], ["check", self.metrics], ["--version"]):
            with open("/dev/full", "w", encoding="utf-8") as full:
                status, errors = self.exit_status(*arguments, stdout=full)
            self.assertEqual(status, 1, errors)
            self.assertIn("cannot write to standard output", errors)

    def test_a_closed_standard_output_is_no_success_and_no_file_takes_its_place(self):
        def close():
            os.close(1)

        status, errors = self.exit_status("query", self.metrics, preexec_fn=close)
        self.assertEqual(status, 1, errors)
        self.assertIn("cannot write to standard output", errors)


if __name__ == "__main__":
    unittest.main()
