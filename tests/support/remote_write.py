# SPDX-License-Identifier: Apache-2.0
"""Writes samples to a server by Prometheus' remote write protocol 1.0, which all of them take.

    write(url, [({"__name__": "up", "job": "j"}, [(1748736000000, 1.0)])], headers={"X-Scope-OrgID": "t1"})

Samples go out in the order of their time over all series, ten minutes a request: a server refuses what is much older than
the newest it has.
"""
import struct
import urllib.request

SLICE_MILLISECONDS = 600_000


def _varint(number):
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _field(number, payload):
    return _varint(number << 3 | 2) + _varint(len(payload)) + payload


def _series(labels, samples):
    encoded = b"".join(_field(1, _field(1, name.encode()) + _field(2, value.encode()))
                       for name, value in sorted(labels.items()))
    for milliseconds, value in samples:
        encoded += _field(2, b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(milliseconds))
    return _field(1, encoded)


def _snappy(plain):
    """The form of literals only."""
    encoded = _varint(len(plain))
    for start in range(0, len(plain), 65536):
        chunk = plain[start:start + 65536]
        encoded += b"\xf4" + struct.pack("<H", len(chunk) - 1) + chunk
    return encoded


def write(url, series, headers=None):
    """series: pairs of labels and samples, each sample a pair of milliseconds and value."""
    slices = {}
    for place, (_labels, samples) in enumerate(series):
        for sample in samples:
            slices.setdefault(sample[0] // SLICE_MILLISECONDS, {}).setdefault(place, []).append(sample)
    for _number, places in sorted(slices.items()):
        body = b"".join(_series(series[place][0], sorted(samples)) for place, samples in places.items())
        request = urllib.request.Request(url, _snappy(body), {
            "Content-Type": "application/x-protobuf", "Content-Encoding": "snappy",
            "X-Prometheus-Remote-Write-Version": "0.1.0", **(headers or {})})
        with urllib.request.urlopen(request, timeout=30):
            pass
