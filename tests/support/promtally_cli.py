# SPDX-License-Identifier: Apache-2.0
"""Runs the program under test: $PROMTALLY, else the dev build's.

    result = run("usage", "--ledger", path, "--format", "json")
    result.returncode, result.stdout, result.stderr, result.lines      # lines: each line of stdout as an object
"""
import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(os.environ.get("PROMTALLY_ROOT", pathlib.Path(__file__).resolve().parents[2]))


def binary():
    return os.environ.get("PROMTALLY") or str(ROOT / "build" / "dev" / "promtally")


def environment(**changes):
    """A small fixed environment: C locale, UTC, no terminal; changes add to it."""
    fixed = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C", "LC_ALL": "C", "TZ": "UTC"}
    for name in ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH", "TMPDIR"):
        if name in os.environ:
            fixed[name] = os.environ[name]
    return {**fixed, **changes}


class Outcome:
    def __init__(self, arguments, completed):
        self.arguments = list(arguments)
        self.returncode = completed.returncode
        self.stdout = completed.stdout
        self.stderr = completed.stderr

    @property
    def lines(self):
        # Not splitlines(): texts may hold characters that end a line for Python only.
        return [json.loads(line) for line in self.stdout.split("\n") if line.strip()]

    def __str__(self):
        return (f"promtally {' '.join(self.arguments)}: exit status {self.returncode}\n"
                f"--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}")


def run(*arguments, cwd=None, env=None, stdin=None, timeout=120):
    """Runs to the end. Texts are UTF-8; stdin is text, or nothing at all. env adds to environment()."""
    arguments = [str(argument) for argument in arguments]
    completed = subprocess.run([binary(), *arguments], cwd=cwd, env=environment(**(env or {})), input=stdin,
                               stdin=subprocess.DEVNULL if stdin is None else None, capture_output=True,
                               encoding="utf-8", errors="replace", timeout=timeout, check=False)
    return Outcome(arguments, completed)


def start(*arguments, cwd=None, env=None):
    """Starts, for serve and for tests that kill; the caller ends the process by its pid and waits for it."""
    return subprocess.Popen([binary(), *map(str, arguments)], cwd=cwd, env=environment(**(env or {})),
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
                            errors="replace")
