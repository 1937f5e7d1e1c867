# SPDX-License-Identifier: Apache-2.0
"""Waiting for a condition, with an end."""
import threading
import time


def until(condition, what, seconds=30):
    """The first true value of condition()."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        pause.wait(0.1)
