# SPDX-License-Identifier: Apache-2.0
"""Servers that tests start: where their programs are, and their processes on free loopback ports.

    find_program("thanos")           # its path, or None

A program is looked for in $PROMTALLY_<SERVER>, on PATH under its own name (not Prometheus 3, whose name is that of Debian's
Prometheus 2), and where tools/test-servers puts it.
"""
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request

START_SECONDS = 60
TRIES = 3
# By the name of the server: its variable, its program, whether PATH may have it.
PROGRAMS = {
    "prometheus3": ("PROMTALLY_PROMETHEUS3", "prometheus", False),
    "thanos": ("PROMTALLY_THANOS", "thanos", True),
    "mimir": ("PROMTALLY_MIMIR", "mimir", True),
    "oidc_provider": ("PROMTALLY_OIDC_PROVIDER", "op.mjs", False),
    "keycloak": ("PROMTALLY_KEYCLOAK", "start", False),
    "victoriametrics": ("PROMTALLY_VICTORIAMETRICS", "victoria-metrics", True),
}


def find_program(server):
    variable, program, on_path = PROGRAMS[server]
    if os.environ.get(variable):
        return os.environ[variable]
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    built = cache / "promtally" / "servers" / server / program
    return (shutil.which(program) if on_path else None) or (str(built) if os.access(built, os.X_OK) else None)


def missing(server):
    """What a test that is skipped says."""
    return f"no {server}: tools/test-servers builds it, or {PROGRAMS[server][0]} names it"


def free_ports(count):
    """Ports that were free a moment ago, all different."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


class ServerProcess:
    """One process. A subclass says how many ports it takes and, once they are chosen, what its arguments are; `ports[0]`
    is the one that answers `ready_path`."""
    program = None
    ready_path = "/-/ready"
    port_count = 1

    def __init__(self):
        self.ports = []
        self.folder = None
        self._process = None

    def arguments(self):
        raise NotImplementedError

    @property
    def address(self):
        return f"127.0.0.1:{self.ports[0]}"

    @property
    def url(self):
        return f"http://{self.address}"

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="promtally-server-"))
        try:
            # Another process may take a free port before the server does.
            for _ in range(TRIES):
                self.ports = free_ports(self.port_count)
                if self._launch():
                    return self
            raise RuntimeError(f"{self.program} did not start:\n{self.log()[-3000:]}")
        except BaseException:
            self.stop()
            raise

    def _launch(self):
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([self.program, *self.arguments()], cwd=self.folder,
                                             stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self.until(lambda: self.answers(self.ready_path))

    def until(self, condition, seconds=START_SECONDS):
        """Waits for it while the process lives; what came of it."""
        for _ in range(seconds * 20):
            if condition():
                return True
            try:
                self._process.wait(0.05)
                return False
            except subprocess.TimeoutExpired:
                pass
        return False

    def answers(self, path):
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False

    def log(self):
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def kill(self):
        """As a power cut does it."""
        self._process.kill()
        self._process.wait()

    def stop(self):
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        self._process = None
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_exception):
        self.stop()
