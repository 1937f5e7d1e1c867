# SPDX-License-Identifier: Apache-2.0
"""A real VictoriaMetrics on a loopback port, with samples of the test's own.

    with VictoriaMetrics("up 1 1748736000000\n") as server:      # Prometheus text with timestamps in milliseconds
        server.url
"""
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

START_SECONDS = 30
TRIES = 5


def is_available():
    return shutil.which("victoria-metrics") is not None


class VictoriaMetrics:
    def __init__(self, data):
        self._data = data
        self._process = None
        self._folder = None
        self.url = None

    def start(self):
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="promtally-victoria-metrics-"))
        try:
            for attempt in range(TRIES):  # another program may take the port meanwhile
                if self._launch(self._folder / f"data{attempt}"):
                    break
            else:
                raise RuntimeError("VictoriaMetrics did not start")
            urllib.request.urlopen(f"{self.url}/api/v1/import/prometheus", data=self._data.encode(), timeout=30).close()
            urllib.request.urlopen(f"{self.url}/internal/force_flush", timeout=30).close()
        except BaseException:
            self.stop()
            raise
        return self

    def _launch(self, storage):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            ["victoria-metrics", f"-httpListenAddr=127.0.0.1:{port}", f"-storageDataPath={storage}", "-retentionPeriod=100y",
             "-loggerLevel=ERROR"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=5) as answer:
                    if answer.status == 200:
                        return True
            except (urllib.error.URLError, ConnectionError):
                try:
                    self._process.wait(0.05)
                except subprocess.TimeoutExpired:
                    pass
        self._end()
        return False

    def _end(self):
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def stop(self):
        self._end()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_exception):
        self.stop()
