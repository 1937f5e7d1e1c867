# SPDX-License-Identifier: Apache-2.0
"""`promtally serve` as a process of a test, and what its /metrics says.

    with Serving(site) as service:           # listens on a free port, or on the one that is given
        service.url, service.get("/-/ready"), service.page()
        service.terminate()                  # the exit status; service.kill() ends it as kill -9 does
"""
import re
import signal
import threading
import urllib.error
import urllib.request

from . import promtally_cli

START_SECONDS = 30
SAMPLE = re.compile(r'^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)')


class Page:
    """`samples`: pairs of (name, frozenset of label pairs) and value, in the page's order."""

    def __init__(self, text):
        self.text = text
        self.samples = []
        for line in text.split("\n"):
            if line and not line.startswith("#"):
                name, labels, value = SAMPLE.match(line).groups()
                self.samples.append(((name, frozenset(LABEL.findall(labels or ""))), float(value)))

    def family(self, name):
        """Values by labels (sorted pairs without promtally_job and the metric's name)."""
        return {tuple(sorted(pair for pair in labels if pair[0] != "promtally_job")): value
                for (found, labels), value in self.samples if found == name}


class Serving:
    def __init__(self, site, address="127.0.0.1:0", *arguments, env=None):
        """address None: the settings' own."""
        self.log = []
        self._listening, self._address = threading.Event(), None
        listen = () if address is None else ("--web.listen-address", address)
        self._process = promtally_cli.start("serve", "--config", site.config, *listen, *arguments, env=env)
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        if not self._listening.wait(START_SECONDS) or self._address is None:
            self.kill()
            raise RuntimeError("promtally did not start:\n" + "".join(self.log))

    def _read_log(self):
        for line in self._process.stderr:
            self.log.append(line)
            found = re.search(r'Listening.*address"?[=:]"?([\d.:]+)', line)
            if found:
                self._address = found.group(1)
                self._listening.set()
        self._listening.set()

    @property
    def address(self):
        return self._address

    @property
    def url(self):
        return f"http://{self._address}"

    @property
    def pid(self):
        return self._process.pid

    def get(self, path):
        """Status and text."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()

    def page(self):
        return Page(self.get("/metrics")[1])

    def signal(self, number=signal.SIGTERM):
        self._process.send_signal(number)

    def wait(self, seconds):
        """The exit status; subprocess.TimeoutExpired after so many seconds."""
        status = self._process.wait(seconds)
        self._reader.join()
        return status

    def terminate(self, seconds=5):
        self.signal()
        return self.wait(seconds)

    def kill(self):
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join()
        self._process.stdout.close()
        self._process.stderr.close()

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.kill()
