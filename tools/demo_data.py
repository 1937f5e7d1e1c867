#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes OpenMetrics text for tools/demo: five projects in two regions, a sample every 30 s.

Requests and function invocations are counters that restart now and then, memory and volumes are gauges; some instances
pause for a while. The samples of a series depend on nothing but --begin and the series, so a later call goes on where
an earlier one ended: --from and --to (Unix seconds, whole hours) choose the part (from, to] that is printed.
"""
import argparse
import random
import sys

STEP = 30
PROJECTS = {"acme": 9, "globex": 5, "initech": 2, "soylent": 3, "umbrella": 7}  # weight of each
REGIONS = ("eu-west", "us-east")


def series_of(project, weight):
    """Family, type, name, labels and the kind of each series of one project."""
    for number, region in enumerate(REGIONS):
        if project == "initech" and region == "us-east":
            continue  # a small customer in one region
        place = {"project_id": project, "region": region}
        for code, share in (("200", 1.0), ("500", 0.02)):
            yield "http_requests", "counter", "http_requests_total", {**place, "code": code}, ("count", weight * share)
        for function in ("resize", "thumbnail")[: 1 + weight % 2]:
            yield ("gateway_function_invocation", "counter", "gateway_function_invocation_total",
                   {**place, "function_name": function}, ("count", weight / 8))
        for container in range(1 + weight // 4):
            yield ("container_memory_working_set_bytes", "gauge", "container_memory_working_set_bytes",
                   {**place, "container": f"web-{container}"}, ("level", weight * 150_000_000))
        yield ("openstack_cinder_volume_size_gb", "gauge", "openstack_cinder_volume_size_gb",
               {**place, "volume_id": f"{project}-{number}", "volume_type": ("ssd", "hdd")[number]},
               ("size", 20 * weight))
    yield "up", "gauge", "up", {"job": "demo", "instance": project}, ("up", 1)


def samples(labels, name, kind, begin, end):
    """Times and texts of one series from begin to end, the pauses left out."""
    random_of_series = random.Random(f"{name}{sorted(labels.items())}{begin}")
    draw = random_of_series.random
    shape, size = kind
    phase = 0 if shape in ("size", "up") else random_of_series.randrange(1, STEP)
    value = int(draw() * 100_000) if shape == "count" else size
    pause = 0
    for time in range(begin + phase, end + 1, STEP):
        chance, noise = draw(), draw()
        if shape == "count":
            value = 0 if chance < 0.0008 else value + int(noise * 2 * size + draw())
        elif shape == "level":
            value = max(4096, int(value + (noise - 0.5) * size / 20))
        elif shape == "size" and chance < 0.001:
            value += 10
        if pause == 0 and shape != "up" and chance > 0.9985:
            pause = 8 + int(noise * 20)  # 4 to 14 minutes without a scrape
        if pause > 0:
            pause -= 1
            continue
        yield time, value


def write(out, begin, start, end):
    families = {}
    for project, weight in PROJECTS.items():
        for family, kind, name, labels, shape in series_of(project, weight):
            families.setdefault((family, kind), []).append((name, labels, shape))
    for (family, kind), members in families.items():
        out.write(f"# TYPE {family} {kind}\n")
        for name, labels, shape in members:
            head = name + "{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}"
            for time, value in samples(labels, name, shape, begin, end):
                if start < time <= end:
                    out.write(f"{head} {value} {time}\n")
    out.write("# EOF\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--begin", type=int, required=True, help="where the series start")
    parser.add_argument("--from", type=int, required=True, dest="start", help="print samples later than this")
    parser.add_argument("--to", type=int, required=True, dest="end", help="and up to this")
    arguments = parser.parse_args()
    write(sys.stdout, arguments.begin, arguments.start, arguments.end)


if __name__ == "__main__":
    main()
