# SPDX-License-Identifier: Apache-2.0
"""The dry run writes CloudKitty's queries, byte for byte, and refuses what CloudKitty refuses."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import cloudkitty_data, promtally_cli  # noqa: E402: the path is set above

# The specification's own lines, but for the blank after the comma, which CloudKitty's code writes.
SPECIFICATION = {
    "v02_spec_delta.yml": "max(delta(gateway_function_invocation_total{}[3600s])) by (function_name, code)",
    "v03_spec_delta_abs.yml": "max(abs(delta(gateway_function_invocation_total{}[3600s]))) by (function_name, code)",
    "v04_spec_abs.yml": "max(abs(max_over_time(gateway_function_invocation_total{}[3600s]))) by (function_name, code)",
}


def scopes_of(answers):
    return list(dict.fromkeys(answer["scope"] for answer in answers))


class Queries(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def query(self, *arguments):
        return promtally_cli.run("query", *arguments, "--begin", cloudkitty_data.BEGIN, "--period", "1h", "--format",
                                 "json")

    def test_every_valid_file_gives_the_queries_of_cloudkitty(self):
        files = cloudkitty_data.valid_files()
        self.assertEqual(len(files), 12)
        for file in files:
            answers = cloudkitty_data.answers(file, "build")
            scopes = scopes_of(answers)
            self.assertEqual(len(scopes), 2)
            asked = [argument for scope in scopes for argument in ("--scope", scope)]
            with self.subTest(file=file.name):
                outcome = self.query(cloudkitty_data.copy_valid_file(file, self.folder), "--scope-key",
                                     cloudkitty_data.SCOPE_KEY, "--per-scope", *asked)
                self.assertEqual(outcome.returncode, 0, str(outcome))
                found = [(line["metric"], line["name"], line["scope"], line["query"], line["time"])
                         for line in outcome.lines]
                expected = [(answer["key"].split("@#")[0], answer["name"], answer["scope"], answer["query"],
                             answer["time"].replace("+00:00", "Z")) for answer in answers]
                self.assertEqual(sorted(found), sorted(expected))
                self.assertEqual({frozenset(line) for line in outcome.lines},
                                 {frozenset(("metric", "name", "scope", "query", "time"))})

    def test_the_same_queries_have_no_matcher_without_a_scope_key(self):
        for name, query in SPECIFICATION.items():
            with self.subTest(file=name):
                outcome = self.query(cloudkitty_data.FOLDER / name)
                self.assertEqual(outcome.returncode, 0, str(outcome))
                self.assertEqual([(line["query"], line["scope"]) for line in outcome.lines], [(query, None)])

    def test_a_map_without_mutate_map_is_refused_at_its_place(self):
        file = cloudkitty_data.FOLDER / cloudkitty_data.REFUSED_FILE
        before = file.read_text(encoding="utf-8").split("alt_name: MAPnomap")[0]
        line = before.count("\n") + 3  # the entry's own `mutate: MAP`
        outcome = self.query(file)
        self.assertEqual((outcome.returncode, outcome.stdout), (3, ""), str(outcome))
        errors = [text for text in outcome.stderr.splitlines() if ": error: " in text]
        self.assertEqual(len(errors), 1, str(outcome))
        self.assertRegex(errors[0], rf'^{file}:{line}:15: error: .*MAP.*"mutate_map"')

    def test_every_refused_file_is_refused_with_a_position(self):
        files = cloudkitty_data.refused_files()
        self.assertEqual(len(files), 20)
        for file in files:
            with self.subTest(file=file.name):
                lines = len(file.read_text(encoding="utf-8").splitlines())
                outcome = promtally_cli.run("check", file)
                self.assertEqual(outcome.returncode, 3, str(outcome))
                self.assertRegex(outcome.stdout + outcome.stderr, rf"(?m)^{file}:([1-9]\d*):[1-9]\d*: error: ")
                place = next(text for text in (outcome.stdout + outcome.stderr).splitlines() if ": error: " in text)
                self.assertLessEqual(int(place.removeprefix(f"{file}:").split(":")[0]), lines)
                outcome = self.query(file)
                self.assertEqual((outcome.returncode, outcome.stdout), (3, ""), str(outcome))


if __name__ == "__main__":
    unittest.main()
