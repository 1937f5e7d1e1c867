# SPDX-License-Identifier: Apache-2.0
"""Random PromQL for comparisons with a real server: expressions that are mostly valid, and the same with a token lost,
doubled, swapped or replaced, which mostly are not.

    generate(seed=1, count=1000, version=2)       # version 2 leaves out what Prometheus 2 does not know
"""
import random

METRICS = ["up", "x_total", "a:b:rate5m", "on", "by", "bool", "sum", "offset", "inf_total", "rate", "group_left", "start"]
LABELS = ["job", "a", "le", "on", "by", "__name__", "sum", "instance", "offset"]
STRINGS = ['"x"', "'y'", "`z\\n`", '""', '"a\\"b"', "'it\\'s'", '"\\u00e9"', '"é\\t"', '"\\x41"', '"a\\\\b"', '"\\101"']
PATTERNS = ['".*"', '"a|b"', '"[0-9]+"', '"(a"', '""', '"^x$"', '"a{2,3}"', '"\\\\d+"']
NUMBERS = ["0", "1", "1.5", ".5", "5.", "1e3", "1E-3", "0x1F", "0755", "08", "Inf", "+Inf", "NaN", "nan", "INF", "1__0",
           "1e400", "0b11", "0o17"]
DURATIONS = ["5m", "1h", "90s", "1h30m", "1d", "1w2d", "500ms", "3600s", "1y", "1m1h", "60m", "1h1h", "24h"]
# Read, or printed, by version 3 alone as promtally does.
NUMBERS3 = ["1_000", "123456789012345678901", "0.1e+7", "1e-7", "5m", "1h30m"]
DURATIONS3 = ["0s", "5", "1.5", "0x10", "1e3"]
BINARY = ["+", "-", "*", "/", "%", "^", "==", "!=", "<", "<=", ">", ">=", "atan2", "and", "or", "unless"]
AGGREGATORS = ["sum", "min", "max", "avg", "count", "group", "stddev", "stdvar", "SUM", "Avg"]
RANGE_FUNCTIONS = ["rate", "increase", "delta", "irate", "idelta", "deriv", "changes", "resets", "sum_over_time",
                   "avg_over_time", "last_over_time", "present_over_time", "absent_over_time", "stdvar_over_time"]
FUNCTIONS = ["abs", "ceil", "ln", "sqrt", "sort", "timestamp", "absent", "hour", "day_of_month", "sgn", "exp", "deg"]
NOISE = ["(", ")", "{", "}", "[", "]", ",", "by", "on", "bool", "offset", "@", ":", "5m", "-", '"', "==", "=~", "!", "x",
         "sum", "#", "\n", "group_left", "start()", "é", "without", "=", "1"]


class Generator:
    def __init__(self, seed, version):
        self.random = random.Random(seed)
        self.version = version
        self.numbers = NUMBERS + (NUMBERS3 if version >= 3 else [])
        self.durations = DURATIONS + (DURATIONS3 if version >= 3 else [])

    def one_of(self, choices):
        return self.random.choice(choices)

    def chance(self, probability):
        return self.random.random() < probability

    def labels(self):
        names = ", ".join(self.one_of(LABELS) for _ in range(self.random.randrange(3)))
        return f"({names}{self.one_of(['', '', ','])})"

    def matcher(self):
        operator = self.one_of(["=", "!=", "=~", "!~"])
        value = self.one_of(PATTERNS if "~" in operator else STRINGS)
        name = self.one_of(LABELS)
        if self.version >= 3 and self.chance(0.2):
            name = self.one_of(['"my.label"', '"job"', "'é'"])
        return f"{name}{self.one_of(['', ' '])}{operator}{value}"

    def selector(self):
        name = self.one_of(METRICS)
        matchers = [self.matcher() for _ in range(self.random.randrange(4))]
        if self.version >= 3 and self.chance(0.15):
            matchers.insert(self.random.randrange(len(matchers) + 1), self.one_of(['"my.metric"', '"up"']))
            name = ""
        if self.chance(0.2):
            name = ""
        braces = "{" + ", ".join(matchers) + "}"
        return name + (braces if matchers or not name or self.chance(0.1) else "")

    def modifiers(self):
        text = ""
        if self.chance(0.2):
            text += " offset " + self.one_of(["", "-"]) + self.one_of(self.durations)
        if self.chance(0.15):
            text += " @ " + self.one_of(["start()", "end()", "1609746000", "-1.5", "1e3"])
        return text

    def duration(self):
        return self.one_of(self.durations)

    def matrix(self, depth):
        if self.chance(0.7):
            return f"{self.selector()}[{self.duration()}]{self.modifiers()}"
        return f"{self.operand(depth)}[{self.duration()}:{self.one_of(['', self.duration()])}]{self.modifiers()}"

    def call(self, depth):
        kind = self.random.randrange(7)
        if kind == 0:
            return f"{self.one_of(FUNCTIONS)}({self.vector(depth)})"
        if kind == 1:
            return f"{self.one_of(RANGE_FUNCTIONS)}({self.matrix(depth)})"
        if kind == 2:
            return f"quantile_over_time({self.scalar(depth)}, {self.matrix(depth)})"
        if kind == 3:
            return f"label_replace({self.vector(depth)}, {', '.join(self.one_of(STRINGS) for _ in range(4))})"
        if kind == 4:
            return self.one_of(["time()", "pi()", "vector(1)", "scalar(up)", "round(up)", "round(up, 5)", "month()",
                                "clamp(up, 0, 1)", "clamp_max(up, 2)", "year(up, up)", "predict_linear(up[5m], 60)",
                                "histogram_quantile(0.9, up)", "label_join(up, 'a', ',', 'b', 'c')", "irange(up[1h])"])
        if kind == 5:
            return f"absent({self.vector(depth)})"
        return f"{self.one_of(FUNCTIONS)}({', '.join(self.any(depth) for _ in range(self.random.randrange(3)))})"

    def aggregation(self, depth):
        name, parameter = self.one_of(AGGREGATORS), ""
        if self.chance(0.3):
            name, parameter = self.one_of([("topk", "5, "), ("bottomk", "1, "), ("quantile", "0.9, "),
                                           ("count_values", '"v", '), ("topk", "up, "), ("sum", "1, ")])
        arguments = f"({parameter}{self.vector(depth)})"
        grouping = self.one_of(["", "", f" {self.one_of(['by', 'without', 'BY'])} {self.labels()}"])
        return f"{name}{grouping} {arguments}" if self.chance(0.5) else f"{name}{arguments}{grouping}"

    def binary(self, depth):
        operator = self.one_of(BINARY)
        matching = " bool" if self.chance(0.1) else ""
        if self.chance(0.3):
            matching += f" {self.one_of(['on', 'ignoring'])}{self.labels()}"
            if self.chance(0.4):
                matching += f" {self.one_of(['group_left', 'group_right'])}" + self.one_of(["", self.labels()])
        return f"{self.any(depth)} {operator}{matching} {self.any(depth)}"

    def operand(self, depth):
        return self.selector() if depth <= 0 or self.chance(0.4) else f"({self.any(depth)})"

    def scalar(self, depth):
        number = self.one_of(self.numbers)
        return number if depth <= 0 or self.chance(0.8) else f"({self.scalar(depth - 1)} + {number})"

    def vector(self, depth):
        depth -= 1
        if depth <= 0 or self.chance(0.3):
            return self.selector() + self.modifiers()
        return self.one_of([self.call, self.aggregation, self.binary, self.parenthesised])(depth)

    def parenthesised(self, depth):
        return f"({self.any(depth)}){self.one_of(['', self.modifiers()])}"

    def any(self, depth):
        choice = self.random.random()
        if choice < 0.75:
            return self.vector(depth)
        if choice < 0.9:
            return self.scalar(depth - 1)
        if choice < 0.95:
            return self.one_of(["-", "+", "--", "- "]) + self.vector(depth - 1)
        return self.matrix(depth - 1) if choice < 0.98 else self.one_of(STRINGS)

    def damaged(self, text):
        place = self.random.randrange(len(text))
        end = place + self.random.randrange(1, 4)
        kind = self.random.randrange(4)
        if kind == 0:
            return text[:place] + text[end:]
        if kind == 1:
            return text[:end] + text[place:]
        if kind == 2:
            return text[:place] + self.one_of(NOISE) + text[place:]
        return text[:place] + " " + self.one_of(NOISE) + " " + text[end:]


def generate(seed, count, version):
    """Different expressions, two thirds as they were made and a third damaged."""
    generator = Generator(seed, version)
    found = {}
    while len(found) < count:
        text = generator.any(generator.random.randrange(1, 5))
        if generator.chance(0.33) and text:
            text = generator.damaged(text)
        if text.strip():
            found.setdefault(text)
    return list(found)
