# SPDX-License-Identifier: Apache-2.0
"""Reads pages with prometheus_client's parsers, the strict one for OpenMetrics. Standard input is for each page a line
`openmetrics|text LENGTH` and the page; the answer is a line a page: its families' names, sorted, or `error: ...`."""
import io
import sys

from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client import parser as text


def families(form, page):
    stream = io.StringIO(page.decode("utf-8"), newline="\n")
    parse = openmetrics.text_fd_to_metric_families if form == "openmetrics" else text.text_fd_to_metric_families
    return " ".join(sorted(family.name for family in parse(stream)))


def main():
    while header := sys.stdin.buffer.readline():
        form, length = header.split()
        page = sys.stdin.buffer.read(int(length))
        try:
            print(families(form.decode(), page))
        except (ValueError, KeyError, IndexError, TypeError) as error:
            print("error:", repr(error)[:2000].replace("\n", "\\n"))


if __name__ == "__main__":
    main()
