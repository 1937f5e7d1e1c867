# SPDX-License-Identifier: Apache-2.0
"""The servers that promtally supports, each as a class that starts one with data of one's own.

    with Mimir() as server:
        server.write(series)                # series of remote_write.write
        server.url, server.headers          # what a source of promtally.yml needs

`available()` of a class says whether this machine has its program, `reason` what a skipped test says.
"""
import json
import shutil
import urllib.parse
import urllib.request

from . import remote_write, server_process
from .server_process import ServerProcess


class WritableServer(ServerProcess):
    name = None
    write_path = "/api/v1/write"
    base_path = ""
    headers = {}

    def __init__(self):
        super().__init__()
        self.program = type(self).find()

    @classmethod
    def find(cls):
        return server_process.find_program(cls.name)

    @classmethod
    def available(cls):
        return cls.find() is not None

    @classmethod
    def reason(cls):
        return server_process.missing(cls.name)

    @property
    def write_url(self):
        return self.url + self.write_path

    def write(self, series):
        remote_write.write(self.write_url, series, self.headers)

    def get(self, path, **parameters):
        """The `data` of an answer of the API below the base path."""
        query = urllib.parse.urlencode(parameters, doseq=True)
        request = urllib.request.Request(f"{self.url}{self.base_path}{path}?{query}", headers=self.headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["data"]


class Prometheus2(WritableServer):
    """Debian's. external_labels: YAML flow map; a Thanos sidecar needs one."""
    name = "prometheus"
    features = ()  # of --enable-feature

    def __init__(self, external_labels="{}"):
        super().__init__()
        self.external_labels = external_labels

    @classmethod
    def find(cls):
        return shutil.which("prometheus")

    @classmethod
    def reason(cls):
        return "no prometheus: tools/setup installs it"

    def arguments(self):
        (self.folder / "prometheus.yml").write_text(f"global: {{external_labels: {self.external_labels}}}\n")
        return ["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--storage.tsdb.retention.time=100y",
                "--storage.tsdb.min-block-duration=2h", "--storage.tsdb.max-block-duration=2h",
                f"--web.listen-address={self.address}", "--web.enable-remote-write-receiver", "--log.level=warn",
                *(f"--enable-feature={feature}" for feature in self.features)]


class Prometheus3(Prometheus2):
    name = "prometheus3"

    @classmethod
    def find(cls):
        return server_process.find_program(cls.name)

    @classmethod
    def reason(cls):
        return server_process.missing(cls.name)


class VictoriaMetrics(WritableServer):
    name = "victoriametrics"
    ready_path = "/health"

    def arguments(self):
        return ["-storageDataPath=data", f"-httpListenAddr={self.address}", "-retentionPeriod=100y"]

    def write(self, series):
        super().write(series)
        with urllib.request.urlopen(self.url + "/internal/force_flush", timeout=30):
            pass  # samples are invisible for some seconds otherwise


class ThanosReceive(WritableServer):
    """A store of its own; queries go to a ThanosQuery."""
    name = "thanos"
    port_count = 3

    def arguments(self):
        http, grpc, write = self.ports
        return ["receive", "--tsdb.path=data", "--tsdb.retention=0d", f"--http-address=127.0.0.1:{http}",
                f"--grpc-address=127.0.0.1:{grpc}", f"--remote-write.address=127.0.0.1:{write}",
                f"--receive.local-endpoint=127.0.0.1:{grpc}", '--label=store="a"', "--log.level=warn"]

    @property
    def grpc(self):
        return f"127.0.0.1:{self.ports[1]}"

    @property
    def write_url(self):
        return f"http://127.0.0.1:{self.ports[2]}/api/v1/receive"


class ThanosSidecar(WritableServer):
    """Makes a store of a Prometheus."""
    name = "thanos"
    port_count = 2

    def __init__(self, prometheus):
        super().__init__()
        self._prometheus = prometheus

    def arguments(self):
        return ["sidecar", f"--prometheus.url={self._prometheus.url}", f"--tsdb.path={self._prometheus.folder}/data",
                f"--http-address=127.0.0.1:{self.ports[0]}", f"--grpc-address={self.grpc}", "--log.level=warn"]

    @property
    def grpc(self):
        return f"127.0.0.1:{self.ports[1]}"


class ThanosQuery(WritableServer):
    name = "thanos"
    port_count = 2

    def __init__(self, *stores, flags=()):
        super().__init__()
        self._stores = stores
        self._flags = flags

    def arguments(self):
        return ["query", f"--http-address=127.0.0.1:{self.ports[0]}", f"--grpc-address=127.0.0.1:{self.ports[1]}",
                *(f"--endpoint={store.grpc}" for store in self._stores), "--log.level=warn", *self._flags]

    def stores(self):
        listed = self.get("/api/v1/stores")
        return [store for kind in listed.values() for store in kind or []]

    def wait_for_stores(self):
        """Stores are looked at every five seconds: until all answer and have data."""
        def known():
            stores = self.stores()
            return len(stores) == len(self._stores) and all(
                store["lastError"] is None and store["minTime"] < 2**62 for store in stores)
        if not self.until(known):
            raise RuntimeError(f"the stores are not known: {self.stores()}")


class Thanos:
    """A receiver and a query before it."""
    name = "thanos"
    headers = {}
    base_path = ""
    available = ThanosQuery.available
    reason = ThanosQuery.reason

    def start(self):
        self._receive = ThanosReceive().start()
        self._query = ThanosQuery(self._receive)
        return self

    def write(self, series):
        self._receive.write(series)
        self._query.start()
        self._query.wait_for_stores()

    @property
    def url(self):
        return self._query.url

    def stop(self):
        self._query.stop()
        self._receive.stop()


class Mimir(WritableServer):
    """All parts in one process. overrides: limits by tenant."""
    name = "mimir"
    ready_path = "/ready"
    write_path = "/api/v1/push"
    base_path = "/prometheus"
    headers = {"X-Scope-OrgID": "t1"}
    port_count = 3

    def __init__(self, overrides=None):
        super().__init__()
        self._overrides = overrides or {}

    def arguments(self):
        http, grpc, members = self.ports
        store = {"kvstore": {"store": "inmemory"}}
        ring = {"instance_addr": "127.0.0.1", **store}
        folder = str(self.folder)
        settings = {
            "multitenancy_enabled": True,
            "usage_stats": {"enabled": False},
            "common": {"storage": {"backend": "filesystem", "filesystem": {"dir": f"{folder}/common"}}},
            "blocks_storage": {"storage_prefix": "blocks", "bucket_store": {"sync_dir": f"{folder}/sync"},
                               "tsdb": {"dir": f"{folder}/tsdb"}},
            "compactor": {"data_dir": f"{folder}/compactor", "sharding_ring": store},
            "distributor": {"ring": ring},
            "ingester": {"ring": {**ring, "replication_factor": 1, "min_ready_duration": "0s"}},
            "store_gateway": {"sharding_ring": {**ring, "replication_factor": 1}},
            "ruler": {"enable_api": False, "rule_path": f"{folder}/rules", "ring": ring},
            "alertmanager": {"data_dir": f"{folder}/am", "sharding_ring": {**ring, "replication_factor": 1}},
            "query_scheduler": {"ring": ring},
            "frontend": {"address": "127.0.0.1"},
            "limits": {"query_ingesters_within": "0s"},
            "runtime_config": {"file": f"{folder}/overrides.yml"},
            "memberlist": {"bind_addr": ["127.0.0.1"], "bind_port": members},
            "server": {"http_listen_address": "127.0.0.1", "http_listen_port": http,
                       "grpc_listen_address": "127.0.0.1", "grpc_listen_port": grpc, "log_level": "warn"},
        }
        (self.folder / "overrides.yml").write_text(json.dumps({"overrides": self._overrides}))
        (self.folder / "mimir.yml").write_text(json.dumps(settings))
        return ["-target=all", "-config.file=mimir.yml"]

    @property
    def write_url(self):
        return self.url + self.write_path
