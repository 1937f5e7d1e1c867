# SPDX-License-Identifier: Apache-2.0
"""What a power cut may leave of the files that a program wrote: every write is recorded by strace, then at each cut point
everything that was synced is there, and of the rest nothing, all, random sectors or random writes.

    trace = record(["promtally", "collect", …], folder)     # folder: whose files matter
    for state in trace.states(random.Random(seed), 1000):
        state.write_to(folder)                              # state.said: what the program had said on stderr by then

Model: names in a folder are durable at once, `-shm` is dropped, the disk keeps what a sync confirmed.
"""
import os
import pathlib
import re
import signal
import subprocess
import tempfile

CALLS = "pwrite64,write,fdatasync,fsync,ftruncate,unlink"
SECTOR = 512
LINE = re.compile(r"^(\d+) +(.*)$")
CALL = re.compile(r"^(\w+)\((.*)\) += (-?\d+)")
RESUMED = re.compile(r"^<\.\.\. \w+ resumed>(.*)$")
DESCRIPTOR = re.compile(r"^(\d+)(?:<(.*?)>)?(?:, |$)")


def unescape(text):
    return bytes.fromhex(text.replace("\\x", "")) if text.startswith("\\x") else text.encode()


class State:
    def __init__(self, files, said, where):
        self.files, self.said, self.where = files, said, where

    def write_to(self, folder):
        for path in folder.iterdir():
            path.unlink()
        for name, content in self.files.items():
            (folder / name).write_bytes(content)


class File:
    """`durable`: what is on the disk for sure; `pending`: writes and lengths since the last sync."""

    def __init__(self):
        self.durable = bytearray()
        self.pending = []

    @staticmethod
    def apply(content, operation):
        offset, data = operation
        if data is None:
            del content[offset:]
            content.extend(bytes(offset - len(content)))
        else:
            content.extend(bytes(max(0, offset - len(content))))
            content[offset:offset + len(data)] = data

    def sync(self):
        for operation in self.pending:
            self.apply(self.durable, operation)
        self.pending = []

    def after(self, how, chance):
        content = bytearray(self.durable)
        for offset, data in self.pending:
            if how == "none" or (how == "writes" and chance.random() < 0.5):
                continue
            if how == "sectors" and data is not None:
                for at in range(0, len(data), SECTOR):
                    if chance.random() < 0.5:
                        self.apply(content, (offset + at, data[at:at + SECTOR]))
            else:
                self.apply(content, (offset, data))
        return bytes(content)


class Trace:
    def __init__(self, events):
        self.events = events

    def states(self, chance, count):
        """So many states, spread evenly over the cut points, each with another choice of what got through."""
        cuts = sorted(chance.choices(range(len(self.events) + 1), k=count))
        files, said, at = {}, [], 0
        for number, cut in enumerate(cuts):
            while at < cut:
                self._replay(self.events[at], files, said)
                at += 1
            how = ("none", "all", "sectors", "writes")[number % 4]
            yield State({name: file.after(how, chance) for name, file in files.items()}, "".join(said),
                        f"cut {cut} of {len(self.events)}, {how}")

    @staticmethod
    def _replay(event, files, said):
        call, name, *rest = event
        if call == "said":
            said.append(name)
        elif call == "unlink":
            files.pop(name, None)
        elif call == "sync":
            files.setdefault(name, File()).sync()
        else:
            files.setdefault(name, File()).pending.append(tuple(rest))


def _event(call, arguments, result, folder):
    if call == "unlink":
        path = unescape(arguments.strip().strip('"')).decode()
        return ("unlink", pathlib.Path(path).name) if result == 0 and path.startswith(str(folder)) else None
    found = DESCRIPTOR.match(arguments)
    if not found or result < 0:
        return None
    descriptor, path = int(found[1]), unescape(found[2] or "").decode(errors="replace")
    rest = arguments[found.end():]
    if call == "write":
        return ("said", unescape(rest.split('"')[1]).decode(errors="replace")) if descriptor == 2 else None
    name = pathlib.Path(path).name
    if not path.startswith(str(folder)) or name.endswith(("-shm", ".lock")):
        return None
    if call in ("fdatasync", "fsync"):
        return "sync", name
    if call == "ftruncate":
        return "write", name, int(rest), None
    data, numbers = rest.split('"')[1], rest.rsplit('"', 1)[1]
    return "write", name, int(numbers.split(",")[-1]), unescape(data)[:result]


def parse(text, folder):
    events, unfinished = [], {}
    for line in text.split("\n"):
        numbered = LINE.match(line)
        if numbered is None:
            continue
        process, rest = numbered.groups()
        if rest.endswith("<unfinished ...>"):
            unfinished[process] = rest[:-len("<unfinished ...>")].rstrip()
            continue
        if resumed := RESUMED.match(rest):
            rest = unfinished.pop(process, "") + resumed[1]
        if called := CALL.match(rest):
            event = _event(called[1], called[2], int(called[3]), folder)
            if event is not None:
                events.append(event)
    return Trace(events)


def record(command, folder, until=None, environment=None):
    """Runs the command to its end, or until a line of its stderr satisfies `until`, which ends it by SIGTERM."""
    with tempfile.TemporaryDirectory() as place:
        log = pathlib.Path(place) / "trace"
        with subprocess.Popen(["strace", "-f", "-y", "-xx", "-s", "1000000", "-e", f"trace={CALLS}", "-o", str(log),
                               "-e", "signal=none", *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, encoding="utf-8", env=environment) as process:
            ended = False
            for line in process.stderr:
                if until is not None and not ended and until(line):
                    ended = True
                    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii")
                    os.kill(int(children.split()[0]), signal.SIGTERM)
            status = process.wait(120)
        if status not in (0, -signal.SIGTERM):
            raise RuntimeError(f"{command} ended with {status}")
        return parse(log.read_text(encoding="ascii"), folder)
