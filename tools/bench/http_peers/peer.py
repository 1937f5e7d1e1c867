# SPDX-License-Identifier: Apache-2.0
"""Peers of tools/bench/http_bench in Python.

As an ASGI app: POST /create_metric as the ICOS service has it (a plain `def` handler, a line of log a request), POST
/minimal the same by `async def` and without the line, GET /metrics of prometheus_client's ASGI app. As a program:
`peer.py PORT SERIES`, prometheus_client's own WSGI server. Both hold the series of the bench.
"""
import enum
import logging
import os
import sys
import threading
import typing

import prometheus_client
import pydantic

FAMILIES = 10


class MetricType(enum.Enum):
    COUNTER = 1
    GAUGE = 2
    INFO = 3
    ENUM = 4


class Metric(pydantic.BaseModel):
    metric_type: MetricType
    metric_name: str
    metric_info: typing.Optional[str] = None
    value: typing.Union[float, str, dict[str, typing.Union[str, float]]]
    labels: typing.Optional[dict[str, typing.Union[str, int, float]]] = None
    states: typing.Optional[list[str]] = None


def filled_registry(series):
    registry = prometheus_client.CollectorRegistry()
    gauges = [prometheus_client.Gauge(f"bench_usage_bytes_{number}", "Usage in bytes.", ["scope", "instance", "device"],
                                      registry=registry) for number in range(FAMILIES)]
    for i in range(series):
        gauges[i % FAMILIES].labels(f"tenant-{i:05}", f"10.0.{i // 250}.{i % 250}:9100", f"disk{i % 8}").set(i * 1234.5678)
    return registry


def make_app():
    import fastapi  # not needed by the WSGI server
    api = fastapi.FastAPI()
    registry = filled_registry(int(os.environ.get("SERIES", "1000")))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    log = logging.getLogger("peer")
    gauges = {}

    def update(metric):
        gauge = gauges.get(metric.metric_name)
        if gauge is None:
            gauge = prometheus_client.Gauge(metric.metric_name, metric.metric_info or f"{metric.metric_name} info",
                                            list(metric.labels), registry=registry)
            gauges[metric.metric_name] = gauge
        gauge.labels(**metric.labels).set(float(metric.value))
        return {"message": "Metric updated successfully."}

    @api.post("/create_metric")
    def create_metric(metric: Metric):
        log.info("create_metric %s", metric.metric_name)
        return update(metric)

    @api.post("/minimal")
    async def minimal(metric: Metric):
        return update(metric)

    api.mount("/metrics", prometheus_client.make_asgi_app(registry=registry))
    return api


if __name__ == "__main__":
    prometheus_client.start_http_server(int(sys.argv[1]), "127.0.0.1", registry=filled_registry(int(sys.argv[2])))
    threading.Event().wait()
