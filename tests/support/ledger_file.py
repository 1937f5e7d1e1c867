# SPDX-License-Identifier: Apache-2.0
"""A ledger's file, changed past the program's back.

    with changing(path) as connection:       # by SQL; the pages get the checksums that the program gives them
        connection.execute("delete from record")
"""
import contextlib
import pathlib
import sqlite3
import struct

ROOM = 8  # bytes at the end of a page


def checksum(page):
    first = second = 0
    words = struct.unpack(f"<{(len(page) - ROOM) // 4}I", page[:-ROOM])
    for index in range(0, len(words), 2):
        first = (first + words[index] + second) & 0xffffffff
        second = (second + words[index + 1] + first) & 0xffffffff
    return struct.pack("<II", first, second)


def pages(content):
    """Offset and bytes of each page of a database."""
    size = int.from_bytes(content[16:18], "big")
    size = 65536 if size == 1 else size
    return [(at, content[at:at + size]) for at in range(0, len(content), size)]


def seal(path):
    """Writes the checksums anew; the file has no WAL any more."""
    file = pathlib.Path(path)
    content = bytearray(file.read_bytes())
    if len(content) < 100 or content[20] != ROOM:
        return
    for at, page in pages(bytes(content)):
        content[at + len(page) - ROOM:at + len(page)] = checksum(page)
    file.write_bytes(content)


@contextlib.contextmanager
def changing(path):
    connection = sqlite3.connect(path)
    try:
        with connection:
            yield connection
    finally:
        connection.close()
    seal(path)
