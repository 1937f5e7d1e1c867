# SPDX-License-Identifier: Apache-2.0
"""A real browser without a window, driven over its debugging pipe (the DevTools protocol).

    with Browser(find_browser()) as browser:
        browser.open(url)
        browser.value("document.title")      # of an expression, promises awaited
        browser.press("Tab"); browser.resize(390, 844); browser.use_colours("dark"); browser.screenshot(path)
        browser.requested, browser.complaints  # URLs that were asked for; what the console, the policy and scripts said
"""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
ANSWER_SECONDS = 60
KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), " ": (32, " ")}


def find_browser():
    """Its path, or None: $PROMTALLY_BROWSER, else one on PATH."""
    return os.environ.get("PROMTALLY_BROWSER") or next(filter(None, map(shutil.which, PROGRAMS)), None)


class Browser:
    def __init__(self, program):
        self._folder = tempfile.TemporaryDirectory(prefix="promtally-browser-", ignore_cleanup_errors=True)
        commands, self._write = os.pipe()
        self._read, answers = os.pipe()
        # The pipe's ends have to be 3 and 4.
        script = f'exec "$0" "$@" 3<&{commands} 4>&{answers}'
        self._process = subprocess.Popen(
            ["bash", "-c", script, program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--disable-background-networking", "--remote-debugging-pipe",
             f"--user-data-dir={self._folder.name}", "about:blank"],
            pass_fds=(commands, answers), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(commands)
        os.close(answers)
        self._unread, self._number, self._session, self._loaded = b"", 0, None, False
        self.requested, self.complaints = [], []
        target = next(each for each in self._ask("Target.getTargets")["targetInfos"] if each["type"] == "page")
        self._session = self._ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._ask(domain + ".enable")

    def _message(self):
        deadline = time.monotonic() + ANSWER_SECONDS
        while b"\0" not in self._unread:
            if not select.select([self._read], [], [], max(deadline - time.monotonic(), 0))[0]:
                raise TimeoutError("the browser does not answer")
            piece = os.read(self._read, 65536)
            if not piece:
                raise RuntimeError("the browser has ended")
            self._unread += piece
        text, self._unread = self._unread.split(b"\0", 1)
        return json.loads(text)

    def _note(self, event):
        method, about = event.get("method"), event.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requested.append(about["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(about["exceptionDetails"]))
        elif method == "Log.entryAdded" and about["entry"]["level"] in ("error", "warning"):
            self.complaints.append(about["entry"]["text"])
        elif method == "Page.loadEventFired":
            self._loaded = True

    def _ask(self, method, **parameters):
        self._number += 1
        request = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            request["sessionId"] = self._session
        os.write(self._write, json.dumps(request).encode() + b"\0")
        while True:
            message = self._message()
            if message.get("id") == self._number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self._note(message)

    def open(self, url):
        self._loaded = False
        self._ask("Page.navigate", url=url)
        while not self._loaded:
            self._note(self._message())

    def value(self, expression):
        answer = self._ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def wait_for(self, expression, seconds=20):
        deadline = time.monotonic() + seconds
        while not self.value(expression):
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s: {expression}")
            self.value("new Promise((go) => setTimeout(go, 50))")

    def press(self, key):
        code, text = KEYS[key]
        about = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": code}
        self._ask("Input.dispatchKeyEvent", type="keyDown", text=text, **about)
        self._ask("Input.dispatchKeyEvent", type="keyUp", **about)

    def type(self, text):
        self._ask("Input.insertText", text=text)

    def resize(self, width, height):
        self._ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)

    def use_colours(self, scheme):
        self._ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screenshot(self, path):
        with open(path, "wb") as out:
            out.write(base64.b64decode(self._ask("Page.captureScreenshot")["data"]))

    def close(self):
        self._process.kill()
        self._process.wait()
        os.close(self._write)
        os.close(self._read)
        self._folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()
