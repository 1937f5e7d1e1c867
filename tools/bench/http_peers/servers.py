# SPDX-License-Identifier: Apache-2.0
"""The servers of tools/bench/http_bench: promtally and its peers, each with the same series, as processes on loopback.

What the peers need is made below build/bench/http on first use: a Python environment, a program of prometheus-cpp, one of
client_golang. `available_peers` leaves out what this machine cannot make, and says so in one line each.
"""
import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests"))
from support.server_process import ServerProcess  # noqa: E402: the path is set above

HERE = pathlib.Path(__file__).resolve().parent
BUILT = ROOT / "build" / "bench" / "http"
PYTHON = BUILT / "venv" / "bin" / "python"
PACKAGES = ["prometheus_client==0.26.0", "fastapi==0.165.0", "uvicorn[standard]==0.54.0"]
FAMILIES = 10


def series_labels(i):
    return {"scope": f"tenant-{i:05}", "instance": f"10.0.{i // 250}.{i % 250}:9100", "device": f"disk{i % 8}"}


def series_value(i):
    return i * 1234.5678


class Server(ServerProcess):
    """`page` is the path of its page, `name` what a report calls it."""
    name = None
    page = "/metrics"
    ready_path = "/metrics"

    def cpu_seconds(self):
        """User and system time of the process and of the children it waited for."""
        text = pathlib.Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8")
        return sum(int(ticks) for ticks in text.rpartition(")")[2].split()[11:15]) / os.sysconf("SC_CLK_TCK")

    def resident_mib(self):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError(f"{self.name} is gone")

    def open_files(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return answer.read().decode()


class Promtally(Server):
    """`serve` as an exporter, with a journal. `limits`: of web.limits, the others are the defaults."""

    def __init__(self, program, name="promtally", sync="1s", limits=None):
        super().__init__()
        self.program, self.name, self._sync, self._limits = program, name, sync, limits or {}
        self.ready_path = "/-/ready"

    def arguments(self):
        settings = {"web": {"listen": self.address, "limits": self._limits}, "http_metrics": {"sync": self._sync},
                    "ledger": {"path": "promtally.db"}}
        (self.folder / "promtally.yml").write_text(json.dumps(settings), encoding="utf-8")
        return ["serve", "--config", "promtally.yml"]

    def _send(self, method, path, body):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"},
                                         method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()

    def fill(self, series):
        for family in range(FAMILIES):
            path = f"/api/v1/metrics/bench_usage_bytes_{family}"
            self._send("PUT", path, {"type": "gauge", "help": "Usage in bytes.", "labels": list(series_labels(0))})
            samples = [{"labels": series_labels(i), "value": series_value(i)} for i in range(family, series, FAMILIES)]
            for first in range(0, len(samples), 1000):
                self._send("POST", path + "/samples", {"samples": samples[first:first + 1000]})


class Asgi(Server):
    def __init__(self, name, *options):
        super().__init__()
        self.program, self.name, self._options = PYTHON, name, options
        self.page = self.ready_path = "/metrics/"

    def arguments(self):
        return ["-m", "uvicorn", "--factory", "peer:make_app", "--app-dir", HERE, "--no-access-log", "--log-level", "warning",
                "--port", str(self.ports[0]), *self._options]


class Program(Server):
    """A program that takes a port and the number of series."""

    def __init__(self, name, *command, series=1000):
        super().__init__()
        self.name, self._command, self._series = name, command, series
        self.program = command[0]

    def arguments(self):
        return [*self._command[1:], str(self.ports[0]), str(self._series)]


def _made(what, *commands, needs, cwd=None, env=None):
    """Whether the commands ran; else one line says what is not measured."""
    missing = [name for name in needs if not shutil.which(name)]
    why = f"there is no {missing[0]}" if missing else ""
    try:
        for command in [] if missing else commands:
            subprocess.run(command, check=True, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True,
                           timeout=580)
    except subprocess.CalledProcessError as failed:
        why = (failed.stderr.strip() or failed.stdout.strip() or str(failed)).splitlines()[-1]
    except subprocess.TimeoutExpired:
        why = "it took too long"
    if why:
        print(f"not measured: {what} ({why})", file=sys.stderr)
    return not why


@functools.cache
def has_python_peers():
    stamp = BUILT / "venv" / "complete"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == " ".join(PACKAGES):
        return True
    shutil.rmtree(BUILT / "venv", ignore_errors=True)
    made = _made("the peers in Python", [sys.executable, "-m", "venv", BUILT / "venv"],
                 [PYTHON, "-m", "pip", "install", "--quiet", *PACKAGES], needs=[])
    if made:
        stamp.write_text(" ".join(PACKAGES), encoding="utf-8")
    return made


@functools.cache
def has_prometheus_cpp():
    BUILT.mkdir(parents=True, exist_ok=True)
    return _made("prometheus-cpp", ["g++", "-O2", "-std=c++17", HERE / "prometheus_cpp.cc", "-o", BUILT / "prometheus_cpp",
                                    "-lprometheus-cpp-pull", "-lprometheus-cpp-core", "-lpthread"], needs=["g++"])


@functools.cache
def has_client_golang():
    return _made("client_golang", ["go", "build", "-buildvcs=false", "-o", BUILT / "client_golang", "."], needs=["go"],
                 cwd=HERE / "client_golang", env={"CGO_ENABLED": "0", "GOWORK": "off", "GOTOOLCHAIN": "local"})


STAND_IN, UVLOOP = "FastAPI as ICOS runs it", "FastAPI, uvloop"
WSGI, ASGI, CPP, GO = "prometheus_client, WSGI", "prometheus_client, ASGI", "prometheus-cpp", "client_golang"


def update_peers():
    """Servers with the path that takes an update."""
    if not has_python_peers():
        return []
    return [(Asgi(STAND_IN, "--loop", "asyncio", "--http", "h11"), "/create_metric"), (Asgi(UVLOOP), "/minimal")]


def page_peers():
    peers = [Program(WSGI, PYTHON, HERE / "peer.py"), Asgi(ASGI)] if has_python_peers() else []
    peers += [Program(CPP, BUILT / "prometheus_cpp")] if has_prometheus_cpp() else []
    return peers + ([Program(GO, BUILT / "client_golang")] if has_client_golang() else [])
