# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus with data of one's own, on a free loopback port, below a temporary folder.

    with PrometheusServer(openmetrics_text) as server:
        server.url                                   # http://127.0.0.1:PORT
        server.query("sum(up)", 1748743200)          # the list of series
        server.logged_queries()                      # what the server was asked, with query_log=True

The port is chosen by the system and read from the server's log, so servers never fight for one. Leaving the block ends
the process that was started, and deletes the folder.
"""
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import urllib.parse
import urllib.request

START_SECONDS = 30


def is_available():
    return shutil.which("prometheus") is not None and shutil.which("promtool") is not None


def import_openmetrics(text_or_path, folder):
    """Makes blocks of OpenMetrics text (or of a file of it) below folder."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        path = text_or_path
        if isinstance(text_or_path, str):
            path = pathlib.Path(scratch) / "data.om"
            path.write_text(text_or_path, encoding="utf-8")
        subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", str(path), str(folder)],
                       cwd=scratch, check=True, stdout=subprocess.DEVNULL)


class PrometheusServer:
    """`data`: OpenMetrics text, a pathlib.Path of such a file, or None. `storage`: a folder with blocks to serve instead
    (kept). `scrape_configs`: YAML below that key, for tests in which Prometheus scrapes."""

    def __init__(self, data=None, storage=None, query_log=False, scrape_configs="", arguments=()):
        self._data = data
        self._storage = storage
        self._query_log = query_log
        self._scrape_configs = scrape_configs
        self._arguments = list(arguments)
        self._process = None
        self._folder = None
        self._log = []
        self.url = None

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="promtally-prometheus-"))
        try:
            self._launch()
        except BaseException:
            self.stop()
            raise
        return self

    def _launch(self):
        storage = pathlib.Path(self._storage) if self._storage else self._folder / "data"
        if self._data is not None:
            import_openmetrics(self._data, storage)
        settings = "global:\n  scrape_interval: 1s\n"
        if self._query_log:
            settings += f"  query_log_file: {self._folder / 'queries.log'}\n"
        if self._scrape_configs:
            settings += "scrape_configs:\n" + self._scrape_configs
        (self._folder / "prometheus.yml").write_text(settings, encoding="utf-8")
        self._process = subprocess.Popen(
            ["prometheus", f"--config.file={self._folder / 'prometheus.yml'}", f"--storage.tsdb.path={storage}",
             "--storage.tsdb.retention.time=100y", "--web.listen-address=127.0.0.1:0", "--log.level=info",
             *self._arguments],
            cwd=self._folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self._wait_until_ready()

    def _wait_until_ready(self):
        """The log names the port and says that the server is ready, in either order; a thread keeps the pipe from
        filling up."""
        port, announced, settled = [], set(), threading.Event()

        def read_log():
            for line in self._process.stderr:
                self._log = self._log[-50:] + [line]
                listening = re.search(r'msg="Listening on" address=127\.0\.0\.1:(\d+)', line)
                if listening:
                    port.append(listening.group(1))
                    announced.add("port")
                if "Server is ready to receive web requests" in line:
                    announced.add("ready")
                if len(announced) == 2:
                    settled.set()
            settled.set()  # it has ended

        self._reader = threading.Thread(target=read_log, daemon=True)
        self._reader.start()
        if not settled.wait(START_SECONDS) or len(announced) < 2 or self._process.poll() is not None:
            raise RuntimeError("Prometheus did not start:\n" + "".join(self._log))
        self.url = f"http://127.0.0.1:{port[0]}"

    def stop(self):
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._reader.join()
            self._process.stderr.close()
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_exception):
        self.stop()

    def get(self, path, **parameters):
        """The `data` of an API answer."""
        query = urllib.parse.urlencode(parameters, doseq=True)
        with urllib.request.urlopen(f"{self.url}{path}?{query}", timeout=30) as answer:
            return json.load(answer)["data"]

    def query(self, text, time):
        """The series of an instant query."""
        return self.get("/api/v1/query", query=text, time=time)["result"]

    def logged_queries(self):
        """Texts of the queries that were asked, in order (needs query_log=True)."""
        return [query for query, _time in self.logged_instants()]

    def logged_instants(self):
        """Text and evaluation time (RFC 3339) of each query that was asked."""
        path = self._folder / "queries.log"
        if not path.exists():
            return []
        logged = [json.loads(line)["params"] for line in path.read_text(encoding="utf-8").splitlines()]
        return [(parameters["query"], parameters["start"]) for parameters in logged]
