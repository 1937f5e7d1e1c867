# SPDX-License-Identifier: Apache-2.0
"""Model servers that tests start, each with the model of tests/servers/models (12 lags, XGBoost).

    with Triton() as server:
        server.url, server.rows              # a CSV file of rows
        server.predictions                   # what the model says of them, by Python
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess

from support.server_process import ServerProcess

SCRIPTS = pathlib.Path(__file__).resolve().parents[1] / "servers" / "models"


def python_of(server):
    """The interpreter of the environment that tools/test-servers made, or None."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    folder = cache / "promtally" / "servers" / server
    return str(folder / "bin" / "python") if (folder / "ready").exists() else None


def missing(server):
    return f"no {server}: tools/test-servers {server} installs it"


class ModelServer(ServerProcess):
    """A process with a model below its folder; the whole process group is ended."""
    kind = None

    def start(self):
        self.program = python_of(self.kind)
        return super().start()

    def _launch(self):
        self._script("make_model.py", self.folder)
        self.prepare()
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([self.program, *self.arguments()], cwd=self.folder, stdin=subprocess.DEVNULL,
                                             stdout=log, stderr=log, start_new_session=True, env=self.environment())
        return self.until(lambda: self.answers(self.ready_path), 120)

    def _script(self, name, *arguments):
        subprocess.run([self.program, SCRIPTS / name, *map(str, arguments)], check=True, capture_output=True,
                       env=self.environment(), timeout=300)

    def prepare(self):
        pass

    def environment(self):
        return {**os.environ, "PATH": f"{pathlib.Path(self.program).parent}:{os.environ.get('PATH', '')}"}

    @property
    def rows(self):
        return self.folder / "rows.csv"

    @property
    def predictions(self):
        return json.loads((self.folder / "predictions.json").read_text(encoding="utf-8"))

    def stop(self):
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._process = None
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None


class Triton(ModelServer):
    kind = "triton"
    ready_path = "/v2/models/masked/ready"

    def arguments(self):
        return [str(SCRIPTS / "triton_server.py"), str(self.folder), str(self.ports[0])]


class MlServer(ModelServer):
    kind = "mlserver"
    ready_path = "/v2/models/lags/ready"
    port_count = 3

    def prepare(self):
        models = self.folder / "models"
        models.mkdir(exist_ok=True)
        shutil.copy(self.folder / "model.json", models / "model.json")
        (models / "settings.json").write_text(json.dumps(
            {"host": "127.0.0.1", "http_port": self.ports[0], "grpc_port": self.ports[1],
             "metrics_port": self.ports[2], "parallel_workers": 0}), encoding="utf-8")
        (models / "model-settings.json").write_text(json.dumps(
            {"name": "lags", "implementation": "mlserver_xgboost.XGBoostModel",
             "parameters": {"uri": "./model.json", "version": "1"},
             "inputs": [{"name": "input_series", "datatype": "FP32", "shape": [-1, 12]}],
             "outputs": [{"name": "predict", "datatype": "FP32", "shape": [-1, 1]}]}), encoding="utf-8")

    def arguments(self):
        return [str(pathlib.Path(self.program).parent / "mlserver"), "start", "models"]


class Mlflow(ModelServer):
    kind = "mlflow"
    ready_path = "/ping"

    def prepare(self):
        if not (self.folder / "mlflow").exists():
            self._script("save_mlflow.py", self.folder)

    def arguments(self):
        return ["-m", "mlflow", "models", "serve", "-m", str(self.folder / "mlflow"), "--env-manager", "local", "-h",
                "127.0.0.1", "-p", str(self.ports[0]), "--workers", "1"]
