# SPDX-License-Identifier: Apache-2.0
"""What a reader may rely on in every file: sizes, licence line, names, and a few words that do not belong here."""
import re
import unittest

import sources

MAX_LINES = {"header": 200, "source": 400, "test": 600}
MAX_FUNCTION_LINES = 60
FORBIDDEN_NAMES = {"utils", "util", "common", "manager", "helper", "helpers", "impl", "misc"}
NEEDS_LICENCE_LINE = {".h", ".cc", ".py", ".cmake", ".sh"}
NO_FUNCTION = re.compile(r"(class|struct|enum|union|namespace|extern|template|using)\b")
# Assembled, so that this file does not hold what it looks for.
FOREIGN_PATH = "/" + "work/"


def kind_of(path):
    if path.parts[0] == "tests" and path.suffix in (".cc", ".h", ".py"):
        return "test"
    return {".h": "header", ".cc": "source"}.get(path.suffix)


def too_long(path, text):
    kind = kind_of(path)
    lines = text.count("\n")
    if kind and lines > MAX_LINES[kind]:
        return f"{path}: {lines} lines, a {kind} file has at most {MAX_LINES[kind]}"
    return None


def long_functions(path, text):
    """Functions of a clang-formatted file: from a line in the first column over one that opens a body to a `}` there."""
    found, start, is_inside = [], None, False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("}"):
            if is_inside and number - start + 1 > MAX_FUNCTION_LINES:
                found.append(f"{path}:{start}: a function of {number - start + 1} lines, at most {MAX_FUNCTION_LINES}")
            start, is_inside = None, False
        elif is_inside:
            continue
        elif start is None and re.match(r"[A-Za-z~\[]", line) and not NO_FUNCTION.match(line):
            start = number
        if start is not None and line.endswith("= {"):
            start = None  # a table
        elif start is not None and line.endswith("{"):
            is_inside = True
        elif start is not None and line.endswith((";", "}")):
            start = None  # a declaration, or a function of one line
    return found


def lacks_licence(path, text):
    needed = path.suffix in NEEDS_LICENCE_LINE or path.name == "CMakeLists.txt" or text.startswith("#!")
    if path.parts[:2] == ("tests", "data") or path.parts[:3] == ("tests", "golden", "cases"):
        needed = False
    return f"{path}: no SPDX line on top" if needed and "SPDX-License-Identifier: Apache-2.0" not in text[:300] else None


def bad_name(path):
    for part in path.parts:
        if set(re.split(r"[_.\-]", part)) & FORBIDDEN_NAMES:
            return f"{path}: the name {part} says nothing; name the noun inside"
    return None


def bad_words(path, text):
    found = []
    if FOREIGN_PATH in text:
        found.append(f"{path}: names a path of one machine")
    if path.suffix not in (".h", ".cc"):
        return found
    code = sources.without_literals(text)
    if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", text):
        found.append(f"{path}: an unfinished place")
    if re.search(r"\bdetached\b", code) and not re.search(r"TaskGroup|task_group", code):
        found.append(f"{path}: a detached task outside a task group outlives what it uses")
    if path.parts[0] == "tests" and re.search(r"\b(sleep_for|sleep_until|usleep|nanosleep)\b", code):
        found.append(f"{path}: a test that sleeps; wait for the event")
    for match in re.finditer(r"NOLINT(NEXTLINE|BEGIN)?\b(?!\w)(?!\([^)]+\)\s*:\s*\S)", text):
        if not text.startswith("NOLINTEND", match.start()):
            found.append(f"{path}:{sources.line_of(text, match.start())}: NOLINT names its check and a reason")
    return found


class Limits(unittest.TestCase):
    def collect(self, check):
        found = []
        for path in sources.project_files():
            try:
                text = sources.read(path)
            except UnicodeDecodeError:
                continue
            result = check(path, text)
            found += result if isinstance(result, list) else [result] if result else []
        self.assertEqual(found, [], "\n" + "\n".join(found))

    def test_files_are_short(self):
        self.collect(too_long)

    def test_functions_fit_on_a_screen(self):
        # A test may be a long table of rows; its file's limit holds.
        self.collect(lambda path, text: long_functions(path, text) if path.suffix in (".cc", ".h") and
                     path.parts[0] != "tests" else [])

    def test_every_source_names_its_licence(self):
        self.collect(lacks_licence)

    def test_names_say_what_is_inside(self):
        self.collect(lambda path, _text: bad_name(path))

    def test_no_unfinished_places_no_foreign_paths_no_detached_tasks(self):
        self.collect(bad_words)


class Checker(unittest.TestCase):
    def path(self, name):
        return sources.pathlib.PurePosixPath(name)

    def test_counts_lines_by_kind(self):
        self.assertTrue(too_long(self.path("src/a/b.h"), "x\n" * 201))
        self.assertTrue(too_long(self.path("src/a/b.cc"), "x\n" * 401))
        self.assertTrue(too_long(self.path("tests/unit/a/b_test.cc"), "x\n" * 601))
        self.assertIsNone(too_long(self.path("src/a/b.cc"), "x\n" * 400))

    def test_finds_a_long_function_and_leaves_a_table_alone(self):
        path = self.path("src/a/b.cc")
        body = "  f();\n" * 60
        self.assertEqual(len(long_functions(path, "int F() {\n" + body + "}\n")), 1)
        self.assertEqual(len(long_functions(path, "int F(int a,\n      int b) {\n  int x;\n\n" + body + "}\n")), 1)
        self.assertEqual(long_functions(path, "int F() {\n  f();\n}\n\n" * 40), [])
        self.assertEqual(long_functions(path, "constexpr int kTable[] = {\n" + body + "};\n"), [])
        self.assertEqual(long_functions(path, "int F() { return 1; }\n\nclass A {\n" + body + "};\n"), [])

    def test_wants_a_reason_for_a_silenced_finding(self):
        path = self.path("src/a/b.cc")
        self.assertEqual(len(bad_words(path, "int x;  // NOLINT\n")), 1)
        self.assertEqual(len(bad_words(path, "int x;  // NOLINT(some-check)\n")), 1)
        self.assertEqual(bad_words(path, "int x;  // NOLINT(some-check): the library wants it\n"), [])

    def test_finds_names_and_words(self):
        self.assertTrue(bad_name(self.path("src/base/string_utils.cc")))
        self.assertIsNone(bad_name(self.path("src/base/decimal.cc")))
        self.assertTrue(bad_words(self.path("README.md"), "see " + FOREIGN_PATH + "x"))
        self.assertTrue(bad_words(self.path("src/a/b.cc"), "co_spawn(loop, Run(), detached);\n"))
        self.assertTrue(bad_words(self.path("tests/unit/a/b_test.cc"), "sleep_for(x);\n"))
        self.assertTrue(lacks_licence(self.path("src/a/b.cc"), "int x;\n"))
        self.assertTrue(lacks_licence(self.path("tools/x"), "#!/bin/sh\n"))


if __name__ == "__main__":
    unittest.main()
