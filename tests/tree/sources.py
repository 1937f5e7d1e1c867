# SPDX-License-Identifier: Apache-2.0
"""The files of the repository, and C++ text without comments and literals, for the checks in this folder."""
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(os.environ.get("PROMTALLY_ROOT", pathlib.Path(__file__).resolve().parents[2]))

_TOKENS = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^()\s\\]{0,16})\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'',
    re.S)


def project_files():
    """Files under version control, and new ones that are not ignored, as paths relative to the root."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=False)
    if listed.returncode == 0:
        names = listed.stdout.decode().split("\0")
    else:  # an unpacked archive
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*")
                 if not {"build", "demo", ".git", "__pycache__"} & set(path.relative_to(ROOT).parts)]
    return sorted(pathlib.PurePosixPath(name) for name in names if name and (ROOT / name).is_file())


def cpp_files(*folders):
    return [path for path in project_files() if path.suffix in (".h", ".cc") and path.parts[0] in folders]


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def without_literals(text):
    """C++ text in which comments are blanks and literals are empty; line numbers stay."""
    def blank(match):
        token = match.group(0)
        lines = "\n" * token.count("\n")
        if token.startswith("/"):
            return lines or " "
        return token[0] + lines + token[-1] if not token.startswith("R") else '"' + lines + '"'
    return _TOKENS.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1
