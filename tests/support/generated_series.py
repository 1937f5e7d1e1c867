# SPDX-License-Identifier: Apache-2.0
"""Series as servers have them: counters with resets, gauges, gaps, scrapes that fall on whole minutes and beside them, NaN and
infinities, values of very different size.

    series = generate(1000, begin, minutes=60, start_number=7)   # [(labels, [(milliseconds, float)])], sorted by labels
    openmetrics(series)                                          # text for promtool
    write_json_lines(series, path)                               # for tests/programs/evaluate_promql
"""
import json
import math
import random
import struct

STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
INTERVALS = (10, 15, 30, 60, 60, 97)


def is_stale(value):
    return math.isnan(value) and struct.pack("<d", value) == struct.pack("<d", STALE)


def value_text(value):
    if is_stale(value):
        return "stale"
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(value)


def scrape_times(chance, begin, minutes):
    interval = chance.choice(INTERVALS) * 1000
    phase = chance.choice((0, 0, 1, 17_000, 59_999, chance.randrange(60_000)))
    jitter = chance.choice((0, 0, 0, 3, 2000))
    # Some series begin late or end early, some pause.
    first = chance.choice((0, 0, 0, chance.randrange(minutes * 60_000)))
    last = chance.choice((minutes, minutes, chance.randrange(1, minutes + 1))) * 60_000
    pause = chance.randrange(minutes * 60_000)
    pause_length = chance.choice((0, 0, 90_000, 7 * 60_000))
    times = []
    for base in range(phase, minutes * 60_000 + 1, interval):
        at = base + (chance.randrange(-jitter, jitter + 1) if jitter else 0)
        is_there = first <= at <= last and not pause <= at < pause + pause_length and at >= 0
        if is_there and chance.random() > 0.01 and (not times or times[-1] < begin + at):
            times.append(begin + at)
    return times


def counter_values(chance, count):
    step = chance.choice((1, 5, 0.1, 1e9, 2 ** 44, chance.random() * 1000))
    is_whole = chance.random() < 0.5
    resets = chance.choice((0, 0, 0.03))
    value = float(chance.choice((0, 0, 3, 1e6, 2 ** 53, chance.random() * 1e9)))
    values = []
    for _ in range(count):
        values.append(float(value))
        if chance.random() < resets:
            value = chance.choice((0.0, 1.0, step))
        elif chance.random() < 0.8:
            value += step * (chance.randrange(0, 5) if is_whole else chance.random() * 5)
    return values


def gauge_values(chance, count):
    kind = chance.randrange(8)
    level = chance.choice((0, 1, 1e9, -1e15, 1e-9))
    spread = chance.choice((0, 1, 1e-3, 1e6))
    values = []
    for _ in range(count):
        value = level + chance.gauss(0, 1) * spread
        if kind == 0:
            value = chance.choice((1.0, -1.0)) * 10.0 ** chance.randrange(-300, 301)
        if kind == 1 and chance.random() < 0.1:
            value = math.nan
        if kind == 2 and chance.random() < 0.1:
            value = chance.choice((math.inf, -math.inf, math.inf))
        if kind == 3:
            value = float(round(level))
        if kind == 4:
            value = float(chance.randrange(-2, 3))
        values.append(float(value))
    return values


def labels_of(metric, number):
    return {"__name__": metric, "group": f"g{number % 7}", "id": f"{number:05}", "job": "j" if number % 3 else "k"}


def generate(count, begin, minutes, start_number):
    chance = random.Random(start_number)
    series = []
    for number in range(count):
        times = scrape_times(chance, begin, minutes)
        is_counter = number % 2 == 0
        values = (counter_values if is_counter else gauge_values)(chance, len(times))
        if times:
            series.append((labels_of("c_total" if is_counter else "g", number), list(zip(times, values))))
    return sorted(series, key=lambda one: sorted(one[0].items()))


def openmetrics(series):
    lines, metric = [], None
    for labels, samples in series:
        name = labels["__name__"]
        if name != metric:
            metric = name
            lines.append(f"# TYPE {name} unknown" if not name.endswith("_total") else f"# TYPE {name[:-6]} counter")
        pairs = ",".join(f'{key}="{value}"' for key, value in labels.items() if key != "__name__")
        for milliseconds, value in samples:
            lines.append(f"{name}{{{pairs}}} {value_text(value)} {milliseconds // 1000}.{milliseconds % 1000:03}")
    return "\n".join(lines) + "\n# EOF\n"


def write_json_lines(series, path):
    with open(path, "w", encoding="utf-8") as file:
        for labels, samples in series:
            file.write(json.dumps({"labels": labels, "samples": [[at, value_text(value)] for at, value in samples]}) + "\n")
