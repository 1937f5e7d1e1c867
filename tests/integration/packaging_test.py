# SPDX-License-Identifier: Apache-2.0
"""The unit, the man page, the alert rules and the image are what their own judges take for right. The image is built only
where PROMTALLY_IMAGE=1 (minutes), with the tool in PROMTALLY_IMAGE_TOOL, docker or podman."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import promtally_cli  # noqa: E402: the path is set above

ETC = promtally_cli.ROOT / "etc"


def run(*command, **options):
    return subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding="utf-8", check=False, **options)


class Unit(unittest.TestCase):
    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_systemd_takes_the_unit(self):
        with tempfile.TemporaryDirectory() as folder:
            # It wants the program at the path that the unit names.
            unit = pathlib.Path(folder) / "promtally.service"
            text = (ETC / "promtally.service").read_text(encoding="utf-8")
            unit.write_text(text.replace("/usr/bin/promtally", promtally_cli.binary()), encoding="utf-8")
            verified = run("systemd-analyze", "verify", "--man=no", unit)
        self.assertEqual((verified.returncode, verified.stdout), (0, ""))

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_its_exposure_is_at_most_two(self):
        judged = run("systemd-analyze", "security", "--offline=true", "--threshold=20", ETC / "promtally.service")
        self.assertEqual(judged.returncode, 0, judged.stdout)


class ManPage(unittest.TestCase):
    @unittest.skipUnless(shutil.which("mandoc"), "mandoc is not installed")
    def test_mandoc_finds_nothing(self):
        linted = run("mandoc", "-T", "lint", "-W", "style", ETC / "promtally.1")
        self.assertEqual((linted.returncode, linted.stdout), (0, ""))

    def test_names_every_command(self):
        page = (ETC / "promtally.1").read_text(encoding="utf-8")
        text = promtally_cli.run("--help").stdout
        commands = [line.split()[0] for line in text.split("SUBCOMMANDS:" if "SUBCOMMANDS:" in text else "Subcommands:")[1]
                    .splitlines() if line.startswith("  ") and line[2] != " "]
        self.assertIn("collect", commands)
        for command in commands:
            self.assertIn(f"Cm {command}", page)


class Alerts(unittest.TestCase):
    @unittest.skipUnless(shutil.which("promtool"), "promtool is not installed")
    def test_promtool_takes_the_rules(self):
        checked = run("promtool", "check", "rules", ETC / "alerts.yml")
        self.assertEqual(checked.returncode, 0, checked.stdout)


class ImagePackages(unittest.TestCase):
    """The image is built seldom: that it has every library of the program is seen without it."""

    def installed_by_the_image(self):
        text = (promtally_cli.ROOT / "Dockerfile").read_text(encoding="utf-8")
        last_stage = text[text.rindex("\nFROM "):]
        names = re.search(r"apt-get install -y --no-install-recommends((?:[^&])+)", last_stage)[1]
        essential = run("dpkg-query", "-W", "-f", "${Package} ${Essential}\n").stdout  # what every image begins with
        found, left = set(), names.replace("\\", " ").split() + re.findall(r"(?m)^(\S+) yes$", essential)
        while left:
            name = left.pop()
            if name not in found:
                found.add(name)
                depends = run("dpkg-query", "-W", "-f", "${Depends},${Pre-Depends}", name)
                self.assertEqual(depends.returncode, 0, depends.stdout)
                left += [each.split("|")[0].split("(")[0].split(":")[0].strip()
                         for each in depends.stdout.split(",") if each.strip()]
        return found

    @unittest.skipUnless(shutil.which("dpkg-query"), "dpkg is not installed")
    def test_every_library_of_the_program_is_in_it(self):
        installed = self.installed_by_the_image()
        libraries = re.findall(r"=> (/\S+)", run("ldd", promtally_cli.binary()).stdout)
        self.assertGreater(len(libraries), 10)
        loader = promtally_cli.ROOT / "src" / "inference" / "xgboost_library.cc"
        name = re.search(r'kFile = "(\S+)"', loader.read_text(encoding="utf-8")).group(1)
        self.assertNotIn(name, [pathlib.Path(library).name for library in libraries], "loaded when a model is trained")
        libraries += re.findall(rf"^\s*{re.escape(name)} .* => (/\S+)", run("/sbin/ldconfig", "-p").stdout, re.MULTILINE)
        self.assertIn(name, libraries[-1])
        for library in libraries:
            owner = run("dpkg-query", "-S", library.removeprefix("/usr") if library.startswith("/usr/lib") else library)
            if owner.returncode != 0:
                owner = run("dpkg-query", "-S", pathlib.Path(library).resolve())
            self.assertEqual(owner.returncode, 0, f"{library}: {owner.stdout}")
            self.assertIn(owner.stdout.split(":")[0], installed, library)


def image_tool():
    if os.environ.get("PROMTALLY_IMAGE_TOOL"):
        return os.environ["PROMTALLY_IMAGE_TOOL"]
    return next((tool for tool in ("docker", "podman") if shutil.which(tool)), None)


@unittest.skipUnless(os.environ.get("PROMTALLY_IMAGE") == "1", "PROMTALLY_IMAGE=1 builds the image")
@unittest.skipUnless(os.environ.get("PROMTALLY_IMAGE_TOOL"), "PROMTALLY_IMAGE_TOOL names a tool with build, start and health")
class Image(unittest.TestCase):
    TAG, NAME = "promtally:test", "promtally-test"

    def tool(self, *arguments):
        done = run(image_tool(), *arguments, cwd=promtally_cli.ROOT)
        self.assertEqual(done.returncode, 0, done.stdout[-4000:])
        return done.stdout

    def test_is_built_run_and_healthy(self):
        self.tool(promtally_cli.ROOT, self.TAG)
        self.assertIn("promtally, version", self.tool("run", self.TAG, "--version"))
        with tempfile.TemporaryDirectory() as folder:
            configuration = pathlib.Path(folder) / "promtally.yml"
            configuration.write_text("web: {listen: 'localhost:9899'}\n", encoding="utf-8")
            pathlib.Path(folder).chmod(0o755)
            self.tool("start", self.NAME, "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "-v",
                      f"{folder}:/etc/promtally:ro", self.TAG)
            try:
                self.assertIn("healthy", self.tool("health", self.NAME, "30"))
                self.assertIn("uid=10001", self.tool("exec", self.NAME, "id"))
            finally:
                self.assertEqual(self.tool("stop", self.NAME).strip().splitlines()[-1], "0")


if __name__ == "__main__":
    unittest.main()
