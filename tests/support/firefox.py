"""A headless Firefox for the tests of pages, by WebDriver BiDi. Without the program these tests are skipped."""

import base64
import contextlib
import itertools
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

NAMES = ("firefox", "firefox-esr")
PREFERENCES = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "ui.prefersReducedMotion": 1,
}


class Firefox:
    """A window of a running Firefox."""

    def __init__(self, port):
        self.numbers = itertools.count(1)
        self.socket = _connected(port)
        self.call("session.new", capabilities={})
        self.context = self.call("browsingContext.getTree")["contexts"][0]["context"]

    def call(self, method, **parameters):
        """Send a command and return its result; events are ignored."""
        number = next(self.numbers)
        text = json.dumps({"id": number, "method": method, "params": parameters}).encode()
        size = len(text)
        head = bytes([128 + size]) if size < 126 else b"\xfe" + struct.pack(">H", size)
        mask = os.urandom(4)
        masked = bytes(value ^ mask[k % 4] for k, value in enumerate(text))
        self.socket.sendall(b"\x81" + head + mask + masked)
        while True:
            answer = json.loads(self._message())
            if answer.get("id") == number:
                assert answer["type"] == "success", answer
                return answer["result"]

    def _message(self):
        parts, is_last = [], False
        while not is_last:
            first, second = self._bytes(2)
            size = second & 127
            if size > 125:
                size = int.from_bytes(self._bytes(2 if size == 126 else 8), "big")
            parts.append(self._bytes(size))
            is_last = first >= 128
        return b"".join(parts)

    def _bytes(self, n):
        read = b""
        while len(read) < n:
            piece = self.socket.recv(n - len(read))
            assert piece, "Firefox has closed its connection"
            read += piece
        return read

    def open(self, path, fragment="", size=(1280, 720)):
        """Open a page and wait until it is ready."""
        self.call(
            "browsingContext.setViewport",
            context=self.context,
            viewport={"width": size[0], "height": size[1]},
        )
        for address in ("about:blank", path.as_uri() + fragment):
            self.call(
                "browsingContext.navigate", context=self.context, url=address, wait="complete"
            )
        self.evaluate("ready.then(() => true)")

    def evaluate(self, expression):
        """Return the value of an expression in the page; a promise is awaited."""
        text = f"Promise.resolve({expression}).then((value) => JSON.stringify(value ?? null))"
        target = {"context": self.context}
        found = self.call("script.evaluate", expression=text, target=target, awaitPromise=True)
        assert found["type"] == "success", found
        return json.loads(found["result"]["value"])

    def picture(self):
        """Return a screenshot as PNG."""
        return base64.b64decode(
            self.call("browsingContext.captureScreenshot", context=self.context)["data"]
        )


def _connected(port):
    """Return a socket after the handshake of a WebSocket."""
    for _ in range(300):
        with contextlib.suppress(OSError):
            connection = socket.create_connection(("127.0.0.1", port), timeout=300)
            break
        time.sleep(0.1)
    else:
        raise AssertionError("Firefox has not opened its port")
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        "GET /session HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
    ]
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(1)
    assert b" 101 " in head, head
    return connection


@contextlib.contextmanager
def firefox():
    """Yield a browser; skips the test if there is none."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("needs the program firefox")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with tempfile.TemporaryDirectory() as profile:
        lines = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});"
            for name, value in PREFERENCES.items()
        ]
        Path(profile, "user.js").write_text("\n".join(lines), encoding="utf-8")
        command = [
            program,
            "--headless",
            f"--remote-debugging-port={port}",
            "--no-remote",
            "--profile",
            profile,
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            opened = Firefox(port)
            yield opened
            opened.socket.close()
        finally:
            process.terminate()
            process.wait(30)
