# SPDX-License-Identifier: Apache-2.0
"""CloudKitty's answers in tests/data/cloudkitty: valid files, the queries it builds and the data points it collects.

promtally refuses one of the valid files on purpose, v10 for its MAP without a map: `copy_valid_file` leaves that entry
out.
"""
import json
import shutil

from . import promtally_cli

FOLDER = promtally_cli.ROOT / "tests" / "data" / "cloudkitty"
SCOPE_KEY = "project_id"
BEGIN, END = "2025-06-01T01:00:00Z", "2025-06-01T02:00:00Z"
REFUSED_FILE = "v10_mutate.yml"
REFUSED_ENTRY = "    - unit: i\n      alt_name: MAPnomap\n      groupby: [instance]\n      mutate: MAP\n"


def valid_files():
    return sorted(FOLDER.glob("v*.yml"))


def refused_files():
    return sorted(FOLDER.glob("x*.yml"))


def copy_valid_file(file, folder):
    """The path of a copy below folder that promtally takes."""
    target = folder / file.name
    if file.name != REFUSED_FILE:
        return shutil.copyfile(file, target)
    text = file.read_text(encoding="utf-8")
    if text.count(REFUSED_ENTRY) != 1:
        raise AssertionError(f"{file} has no MAP without a map any more")
    target.write_text(text.replace(REFUSED_ENTRY, ""), encoding="utf-8")
    return target


def answers(file, kind):
    """The lines of the file's .build.jsonl or .data.jsonl; kind is "build" or "data"."""
    path = file.with_suffix("").with_suffix(f".{kind}.jsonl")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line.get("name", line.get("metric")) != "MAPnomap"]
