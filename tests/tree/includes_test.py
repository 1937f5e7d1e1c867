# SPDX-License-Identifier: Apache-2.0
"""Who includes whom: the order of the rooms and the owners of the third-party libraries."""
import pathlib
import re
import unittest

import sources

# A room may include itself and the rooms of the lines above its own.
ORDER = [
    ["base"],
    ["promql"],
    ["metering"],
    ["config"],
    ["net", "ledger", "exposition"],
    ["source", "inference", "delivery"],
    ["collector"],
    ["web"],
    ["cli"],
    ["main"],
]
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}
CORE = {"base", "promql", "metering", "config"}
SHELL = set(RANK) - CORE

# Library: its headers, the rooms that may include it, at most so many .cc files a room, headers allowed too?
LIBRARIES = {
    "Boost.Multiprecision": (r"boost/multiprecision/", {"base"}, 2, False),
    "tl::expected": (r"tl/expected\.hpp", {"base"}, 0, True),
    "OpenSSL in base": (r"openssl/(sha|evp)\.h", {"base", "net", "web"}, 2, False),
    "OpenSSL": (r"openssl/", {"net", "web"}, 9, True),
    "yaml-cpp": (r"yaml-cpp/", {"config"}, 4, True),
    "RE2": (r"re2/", {"metering"}, 2, False),
    "libcurl": (r"curl/", {"net"}, 9, True),
    "Boost.Asio": (r"boost/asio", {"collector", "web", "main"}, 9, True),
    "Boost.System": (r"boost/system/", {"collector", "web", "main"}, 9, True),
    "Boost.Beast": (r"boost/beast", {"web"}, 2, True),
    "Boost.JSON": (r"boost/json", {"source", "delivery"}, 2, True),
    "nlohmann/json": (r"nlohmann/", {"ledger", "inference", "delivery", "web", "cli"}, 2, True),
    "SQLite": (r"sqlite3\.h", {"ledger"}, 9, True),
    "libpq": (r"libpq-fe\.h", {"ledger"}, 4, True),
    "prometheus-cpp": (r"prometheus/", {"exposition"}, 9, True),
    "XGBoost": (r"xgboost/", {"inference"}, 2, True),
    "Eigen": (r"Eigen/", {"inference"}, 9, True),
    "NLopt": (r"nlopt\.h", {"inference"}, 2, False),
    "fmt": (r"fmt/", set(RANK), 99, False),
    "spdlog": (r"spdlog/", SHELL, 9, True),
    "zlib": (r"zlib\.h", {"web"}, 1, False),
    "CLI11": (r"CLI/", {"cli", "main"}, 9, True),
    "librdkafka": (r"librdkafka/", {"delivery"}, 2, False),
    "snappy": (r"snappy", {"delivery"}, 2, False),
}

# Where a room may have more: each protocol and each kind of model reads and writes its own JSON.
MORE_FILES = {("nlohmann/json", "inference"): 12, ("Boost.JSON", "source"): 3, ("Boost.Asio", "web"): 13}

# No I/O, threads or logging in the core; std::regex nowhere (it recurses on the input).
NOT_IN_CORE = {
    "condition_variable", "filesystem", "fstream", "future", "iostream", "latch", "barrier", "mutex", "semaphore",
    "shared_mutex", "stop_token", "thread", "atomic", "coroutine", "cstdio", "csignal",
}
NOWHERE = {"regex"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def room_of(path):
    """The room of a source below src/ or include/promtally/, or of a unit test; None elsewhere."""
    parts = pathlib.PurePosixPath(path).parts
    if parts[:2] == ("include", "promtally") or parts[:2] == ("tests", "unit"):
        return parts[2]
    if parts[0] == "src":
        return "main" if len(parts) == 2 else parts[1]
    return None


def check_project_include(room, name):
    parts = name.split("/")
    target = parts[1] if parts[0] == "promtally" and len(parts) > 1 else parts[0]
    if target not in RANK or len(parts) < 2:
        return f"unknown project header {name}: quoted paths start at a room"
    if target == room or RANK[target] < RANK[room]:
        return None
    return f"{room} must not include {target} ({name})"


def library_of(name):
    for library, (pattern, *_rest) in LIBRARIES.items():
        if re.match(pattern, name):
            return library
    return None


def check_system_include(path, room, name):
    if name in NOWHERE:
        return f"<{name}> is used nowhere"
    if re.fullmatch(r"[a-z_0-9]+", name):
        return f"{room} is core and must not include <{name}>" if room in CORE and name in NOT_IN_CORE else None
    library = library_of(name)
    if library is None:
        is_posix = re.fullmatch(r"((sys|netinet|arpa|net|linux)/)?[a-z_0-9]+\.h", name)
        if is_posix and room in SHELL:
            return None
        return f"<{name}> belongs to no library of the table, or is not for {room}"
    rooms, in_headers = LIBRARIES[library][1], LIBRARIES[library][3]
    # libcrypto's digests are for base; everything else of OpenSSL is not.
    if room not in rooms:
        return f"{room} must not include {library} (<{name}>)"
    is_private = room == "base" and str(path).startswith("src/")  # decimals are split into sources of one room
    if str(path).endswith(".h") and not in_headers and not is_private:
        return f"{library} is included by .cc files only (<{name}>)"
    return None


def problems_of(path, text):
    """Every include of one file that breaks a rule, as `path:line: why`."""
    room = room_of(path)
    if room is None:
        return []
    if room not in RANK:
        return [f"{path}:1: {room} is no room"]
    found = []
    is_test = str(path).startswith("tests/")
    for match in INCLUDE.finditer(text):
        quote, name = match.groups()
        if quote == '"':
            if is_test and not name.startswith("promtally/") and name.split("/")[0] not in RANK:
                continue  # what tests share among themselves
            problem = check_project_include(room, name)
        else:
            problem = None if is_test else check_system_include(path, room, name)
        if problem:
            found.append(f"{path}:{sources.line_of(text, match.start(2))}: {problem}")
    return found


def crowded(files):
    """Libraries that more .cc files of a room include than the table allows."""
    users = {}
    for path, text in files:
        if str(path).startswith("tests/") or not str(path).endswith(".cc"):
            continue
        for library in {library_of(name) for quote, name in INCLUDE.findall(text) if quote == "<"} - {None}:
            users.setdefault((library, room_of(path)), []).append(str(path))
    allowed = {key: MORE_FILES.get(key, LIBRARIES[key[0]][2]) for key in users}
    return [f"{key[0]} is included by {len(paths)} files of {key[1]}, {allowed[key]} allowed: {', '.join(paths)}"
            for key, paths in sorted(users.items()) if len(paths) > allowed[key]]


class Includes(unittest.TestCase):
    def test_each_room_includes_only_what_stands_before_it(self):
        files = sources.cpp_files("src", "include", "tests")
        self.assertGreater(len(files), 20, "the sources were not found")
        problems = [problem for path in files for problem in problems_of(path, sources.read(path))]
        self.assertEqual(problems, [], "\n" + "\n".join(problems))

    def test_heavy_libraries_stay_in_few_files(self):
        problems = crowded([(path, sources.read(path)) for path in sources.cpp_files("src")])
        self.assertEqual(problems, [], "\n" + "\n".join(problems))


class Checker(unittest.TestCase):
    def refused(self, path, line):
        self.assertEqual(len(problems_of(path, line + "\n")), 1, f"{path}: {line}")

    def allowed(self, path, line):
        self.assertEqual(problems_of(path, line + "\n"), [])

    def test_refuses_an_include_against_the_order(self):
        self.refused("src/base/decimal.cc", '#include "promtally/metering/period.h"')
        self.refused("src/ledger/writer.cc", '#include "net/http_client.h"')
        self.refused("tests/unit/promql/printer_test.cc", '#include "promtally/config/settings.h"')
        self.allowed("src/source/prometheus.cc", '#include "net/http_client.h"')
        self.allowed("src/main.cc", '#include "cli/program.h"')

    def test_refuses_a_library_in_a_foreign_room(self):
        self.refused("src/ledger/writer.cc", "#include <curl/curl.h>")
        self.refused("src/base/sha256.cc", "#include <openssl/ssl.h>")
        self.refused("src/metering/answer.cc", "#include <spdlog/spdlog.h>")
        self.refused("src/web/pages.cc", "#include <boost/spirit.hpp>")
        self.allowed("src/base/sha256.cc", "#include <openssl/evp.h>")

    def test_refuses_io_and_threads_in_the_core(self):
        self.refused("src/config/reader.cc", "#include <fstream>")
        self.refused("include/promtally/metering/clock.h", "#include <mutex>")
        self.refused("src/base/time.cc", "#include <unistd.h>")
        self.refused("src/web/routes.cc", "#include <regex>")
        self.allowed("src/ledger/lock.cc", "#include <sys/file.h>")

    def test_refuses_a_source_library_in_a_header(self):
        self.refused("include/promtally/base/decimal.h", "#include <boost/multiprecision/cpp_int.hpp>")
        self.refused("src/web/page.h", "#include <fmt/format.h>")

    def test_counts_the_files_that_use_a_library(self):
        files = [(f"src/web/route{i}.cc", "#include <boost/beast/http.hpp>\n") for i in range(3)]
        self.assertEqual(len(crowded(files)), 1)
        self.assertEqual(crowded(files[:2]), [])


if __name__ == "__main__":
    unittest.main()
