# SPDX-License-Identifier: Apache-2.0
"""`check`: exit status, every problem of a file at once, and which of the two kinds a file is."""
import pathlib
import re
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import promtally_cli  # noqa: E402: the path is set above

METRICS = "metrics:\n  requests:\n    unit: req\n    groupby: [project_id]\n"
WARNED = "metrics:\n  requests_total:\n    unit: req\n"  # a counter without a range function
SETTINGS = "sources:\n  - {name: prometheus, url: 'http://localhost:9090'}\ncollect:\n  - metrics_file: metrics.yml\n"


class Check(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def check(self, status, *texts, flags=(), **options):
        """Checks files with these texts; returns (line, column, severity, message) of each problem, in order."""
        names = []
        for number, text in enumerate(texts):
            names.append(f"file{number}.yml")
            if text is not None:
                (self.folder / names[-1]).write_bytes(text if isinstance(text, bytes) else text.encode())
        outcome = promtally_cli.run("check", *names, *flags, cwd=self.folder, **options)
        self.assertEqual(outcome.returncode, status, str(outcome))
        self.outcome = outcome
        return [(int(line), int(column), severity, message) for line, column, severity, message in
                re.findall(r"^file\d+\.yml:(\d+):(\d+): (error|warning): (.*)$", outcome.stderr, re.M)]

    def test_sound_files_are_exit_status_0(self):
        self.assertEqual(self.check(0, METRICS, SETTINGS), [])

    def test_warnings_alone_are_exit_status_0_and_3_with_strict(self):
        problems = self.check(0, WARNED)
        self.assertEqual({problem[2] for problem in problems}, {"warning"})
        self.assertEqual(self.check(3, WARNED, flags=["--strict"]), problems)
        self.check(0, METRICS, flags=["--strict"])

    def test_the_web_file_that_settings_name_is_checked_with_them(self):
        settings = SETTINGS + "web: {config_file: file1.yml}\n"
        self.assertEqual(self.check(3, settings, "basic_auth_users: {ann: plain}\n"),
                         self.check(3, SETTINGS, "basic_auth_users: {ann: plain}\n") * 2)
        self.assertEqual(self.check(0, settings, "basic_auth_users: {}\n"), [])
        self.check(3, SETTINGS + "web: {config_file: absent.yml}\n")
        self.assertIn("absent.yml", self.outcome.stderr)

    def test_an_error_in_any_of_several_files_is_exit_status_3(self):
        self.check(3, METRICS, "metrics:\n  a: {}\n", SETTINGS)
        self.assertEqual(re.findall(r"^file(\d)\.yml:\d", self.outcome.stderr, re.M), ["1"])
        for name in ("file0.yml", "file1.yml", "file2.yml"):
            self.assertIn(name, self.outcome.stdout)

    def test_a_file_that_is_not_there_is_an_error_and_the_others_are_checked(self):
        self.check(3, None, WARNED)
        self.assertIn("file0.yml", self.outcome.stderr)
        self.assertIn("file1.yml:2:3: warning", self.outcome.stderr)

    def test_the_settings_beside_a_metrics_file_say_what_the_scope_key_is(self):
        metrics = ("metrics:\n  a:\n    unit: u\n    extra_args: {query_suffix: '* on (tenant) group_left () b'}\n")
        settings = SETTINGS.replace("metrics.yml", "file0.yml")
        self.assertEqual(self.check(0, metrics), [])  # where the scope key is the tenant one query will do
        for scope_key, warnings in (("tenant", 0), ("project_id", 1)):
            problems = self.check(0, metrics, f"{settings}    scope_key: {scope_key}\n")
            self.assertEqual(len(problems), warnings, problems)
        self.assertEqual(problems[0][:3], (4, 32, "warning"))
        self.assertIn('is asked once a scope: * matches series of different "project_id"', problems[0][3])
        self.assertEqual(self.check(0, metrics, settings), [])

    def test_no_file_is_wrong_usage(self):
        self.check(2)

    def test_all_problems_of_a_metrics_file_are_reported_at_once(self):
        problems = self.check(3, "metrics:\n"
                                 "  a:\n"
                                 "    groupbuy: [project_id]\n"
                                 "    factor: 1/0\n"
                                 "    mutate: CEILING\n"
                                 "  b:\n"
                                 "    unit: x\n"
                                 "    extra_args: {range_function: increase, aggregation_method: median}\n")
        places = {(line, severity) for line, _, severity, _ in problems}
        for line in (3, 4, 5, 8):
            self.assertIn((line, "error"), places)
        self.assertTrue(any("unit" in problem[3] for problem in problems))  # a has none
        self.assertIn('did you mean "groupby"?', self.outcome.stderr)
        self.assertEqual(len([problem for problem in problems if problem[0] == 8]), 2)

    def test_a_problem_has_its_place_line_caret_and_hint(self):
        problems = self.check(3, "metrics:\n  a:\n    unit: x\n    groupbuy: [p]\n")
        self.assertEqual([problem[:3] for problem in problems], [(4, 5, "error")])
        lines = self.outcome.stderr.splitlines()
        self.assertEqual(lines[0], 'file0.yml:4:5: error: unknown key "groupbuy" in metric "a"')
        self.assertIn("groupbuy: [p]", lines[1])
        self.assertEqual(lines[2].index("^"), lines[1].index("groupbuy"))
        self.assertIn('hint: did you mean "groupby"?', lines[3])

    def test_all_problems_of_settings_are_reported_at_once(self):
        problems = self.check(3, "sources:\n"
                                 "  - {name: prometheus, url: 'ftp://x', timeout: 1parsec}\n"
                                 "collect:\n"
                                 "  - {metrics_file: metrics.yml, period: 7h, sorce: x}\n"
                                 "ledger: {type: oracle}\n"
                                 "log: {level: loud}\n")
        lines = [line for line, _, severity, _ in problems if severity == "error"]
        self.assertEqual((lines.count(2), lines.count(4)), (2, 2), problems)
        self.assertIn(5, lines)
        self.assertIn(6, lines)

    def test_a_key_of_settings_at_the_top_makes_a_file_settings(self):
        for key in ("sources", "collect", "ledger", "web", "export", "log"):
            problems = self.check(3, f"{key}: 7\nmetrics: {{}}\n")
            self.assertTrue(any('"metrics"' in problem[3] for problem in problems), (key, problems))

    def test_any_other_file_is_a_metrics_file_an_empty_one_too(self):
        for text in ("", "# nothing\n", "{}\n", "metric: {}\n"):
            self.check(3, text)
            self.assertIn("metrics", self.outcome.stderr, text)

    def test_what_is_no_yaml_is_an_error_with_a_place(self):
        for text in ("metrics: [\n", "metrics:\n\t- a\n", b"metrics:\n  a: {unit: \xff}\n", "metrics: {}\nmetrics: {}\n",
                     "a: &a [*a]\nmetrics: {}\n"):
            problems = self.check(3, text)
            self.assertTrue(problems, text)

    def test_an_alias_bomb_is_refused_quickly(self):
        levels = "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 12))
        self.check(3, "x0: &x0 [1]\n" + levels + "metrics: {a: {unit: x, groupby: *x11}}\n", timeout=20)
        self.assertLess(len(self.outcome.stderr), 100_000)

    def test_a_control_character_of_a_file_never_reaches_the_terminal(self):
        self.check(3, 'metrics:\n  "a\\e[31m": {unit: x}\n')
        self.assertNotIn("\x1b", self.outcome.stderr + self.outcome.stdout)

    def test_a_secret_of_a_faulty_line_is_not_printed(self):
        self.check(3, "sources:\n  - {name: p, url: 'http://h', basic_auth: {username: u, password: hunter2, pasword: x}}\n"
                      "collect: []\n")
        self.assertNotIn("hunter2", self.outcome.stderr + self.outcome.stdout)

    def test_the_environment_is_read_and_a_missing_variable_is_an_error(self):
        text = SETTINGS.replace("http://localhost:9090", "${URL_OF_TEST}")
        problems = self.check(3, text)
        self.assertIn("URL_OF_TEST", problems[0][3])
        self.assertEqual(problems[0][0], 2)
        self.check(0, text, env={"URL_OF_TEST": "http://localhost:9090"})


if __name__ == "__main__":
    unittest.main()
