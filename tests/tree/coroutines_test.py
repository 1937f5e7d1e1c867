# SPDX-License-Identifier: Apache-2.0
"""GCC 12 destroys some temporaries of a co_await expression twice: aggregates built with braces, and lambdas with
captures. Such an object gets a name before it is awaited, then std::move."""
import re
import unittest

import sources

CLOSING = {"(": ")", "[": "]", "{": "}"}


def awaited(code):
    """Offset and text of every co_await operand in code without comments and literals."""
    for match in re.finditer(r"\bco_await\b", code):
        depth, end = 0, match.end()
        while end < len(code):
            character = code[end]
            if character in "([{":
                depth += 1
            elif character in ")]}":
                depth -= 1
                if depth < 0:
                    break
            elif character == ";" and depth == 0:
                break
            end += 1
        yield match.end(), code[match.end():end]


def matching(text, start):
    """Offset behind the bracket that closes the one at start."""
    depth = 0
    for index in range(start, len(text)):
        if text[index] in "([{":
            depth += 1
        elif text[index] in ")]}":
            depth -= 1
            if depth == 0:
                return index + 1
    return len(text)


def without_plain_lambdas(text):
    """Blanks lambdas that capture nothing: they are safe."""
    while True:
        match = re.search(r"\[\s*\]", text)
        if match is None:
            return text
        body = text.find("{", match.end())
        end = matching(text, body) if body >= 0 else match.end()
        text = text[:match.start()] + " " * (end - match.start()) + text[end:]


def problems_of(path, text):
    code = sources.without_literals(text)
    found = []
    for offset, operand in awaited(code):
        rest = without_plain_lambdas(operand)
        line = sources.line_of(code, offset)
        if re.search(r"(^|[(,=<{]|\breturn)\s*\[[^\]]", rest):
            found.append(f"{path}:{line}: a lambda with captures inside co_await")
        elif "{" in rest:
            found.append(f"{path}:{line}: an object built with braces inside co_await")
    return found


class Coroutines(unittest.TestCase):
    def test_no_braces_and_no_capturing_lambdas_inside_co_await(self):
        problems = [problem for path in sources.cpp_files("src", "include", "tests")
                    for problem in problems_of(path, sources.read(path))]
        self.assertEqual(problems, [], "\n" + "\n".join(problems))


class Checker(unittest.TestCase):
    def refused(self, text):
        self.assertEqual(len(problems_of("x.cc", text)), 1, text)

    def allowed(self, text):
        self.assertEqual(problems_of("x.cc", text), [], text)

    def test_refuses_braces(self):
        self.refused("auto x = co_await Fetch({1, 2});")
        self.refused("if (auto x = co_await Fetch(Request{.url = u}); x) { f(); }")
        self.refused("co_return co_await Fetch(\n    Request{});")

    def test_refuses_capturing_lambdas(self):
        self.refused("co_await Post([this] { f(); });")
        self.refused("co_await Post(loop, [&]() { f(); });")

    def test_allows_names_and_plain_lambdas(self):
        self.allowed("auto x = co_await Fetch(std::move(request));")
        self.allowed("while (co_await Next()) { f({1}); }")
        self.allowed("co_await Post([] { return Point{1, 2}; });")
        self.allowed("co_await Fetch(names[0]);")
        self.allowed('co_await Fetch("{");  // like {1}')


if __name__ == "__main__":
    unittest.main()
