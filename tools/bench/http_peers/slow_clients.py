# SPDX-License-Identifier: Apache-2.0
"""Connections that are slow on purpose, for tools/bench/http_bench: they read a page in small pieces, or send a header or
a body byte by byte. One that the server closes, as its limits want it, is opened again. All of them share one thread.
"""
import asyncio
import random
import socket
import threading

PAUSE = 0.25
READ_BYTES = 4096
WINDOW = 4096  # small, so that the server is the one that waits


class SlowClients:
    """`with SlowClients(port, page, readers, heads, bodies) as clients`; afterwards all their sockets are closed."""

    def __init__(self, port, page, readers, heads, bodies):
        self._port, self._page = port, page
        self._kinds = [self._read_slowly] * readers + [self._send_head] * heads + [self._send_body] * bodies
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self.open = 0
        self.closed = 0  # by the server

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_exception):
        self._stop.set()
        self._thread.join()

    async def _run(self):
        tasks = [asyncio.create_task(self._again(kind)) for kind in self._kinds]
        while not self._stop.is_set():
            await asyncio.sleep(PAUSE)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _again(self, kind):
        await asyncio.sleep(random.uniform(0, 2))
        while True:
            connection = socket.socket()
            connection.setblocking(False)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
            with connection:
                await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", self._port))
                self.open += 1
                try:
                    await kind(connection)
                except OSError:
                    pass  # the server closed it while a byte was under way
                finally:
                    self.open -= 1
            self.closed += 1
            await asyncio.sleep(PAUSE)

    async def _send(self, connection, data):
        await asyncio.get_running_loop().sock_sendall(connection, data)

    async def _read_slowly(self, connection):
        while True:
            await self._send(connection, f"GET {self._page} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            tail = b""
            while not tail.endswith(b"\r\n0\r\n\r\n"):
                data = await asyncio.get_running_loop().sock_recv(connection, READ_BYTES)
                if not data:
                    return
                tail = (tail + data)[-7:]
                await asyncio.sleep(PAUSE)

    async def _send_bytes(self, connection, data):
        """A byte at a time, until the server has had enough."""
        for at in range(len(data)):
            await self._send(connection, data[at:at + 1])
            await asyncio.sleep(PAUSE)

    async def _send_head(self, connection):
        await self._send_bytes(connection, b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"s" * 2000)

    async def _send_body(self, connection):
        await self._send(connection, b"POST /create_metric HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                     b"Content-Length: 2000\r\n\r\n")
        await self._send_bytes(connection, b'{"metric_name":"' + b"s" * 1984)
