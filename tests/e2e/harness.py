"""Starts the real programs on loopback ports and talks to them.

Environment: TICKGATE_BIN, the folder of the binaries (default: build/dev/bin of the source tree).
"""

import asyncio
import http.client
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from certificates import Authority, newest_version
from client import Client

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("TICKGATE_BIN", ROOT / "build" / "dev" / "bin"))
PATIENCE = 30.0  # seconds that a condition may take on a busy machine

SYNTHETIC = ("--synthetic", "symbols=4,rate=50")


class Program:
    """A process whose output lines are collected; killed at the latest by close()."""

    def __init__(self, name, *args, env=None):
        """`env`: what it has beside our environment."""
        self.command = [str(BIN / name), *map(str, args)]
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, errors="replace",
                                        env=os.environ | (env or {}))
        self.stdout, self.stderr = [], []
        self._changed = threading.Condition()
        self._readers = [threading.Thread(target=self._read, args=pair, daemon=True)
                         for pair in ((self.process.stdout, self.stdout), (self.process.stderr, self.stderr))]
        for reader in self._readers:
            reader.start()

    def _read(self, pipe, lines):
        with pipe:
            for line in pipe:
                with self._changed:
                    lines.append(line.rstrip("\n"))
                    self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def wait_line(self, lines, pattern, timeout=PATIENCE):
        """The match of the first line in `lines` (self.stdout or self.stderr) that has `pattern`."""
        def found():
            return next((match for match in map(re.compile(pattern).search, lines) if match), None)

        def ended():
            return not any(reader.is_alive() for reader in self._readers)

        deadline = time.monotonic() + timeout
        with self._changed:
            while not (match := found()) and not ended() and time.monotonic() < deadline:
                self._changed.wait(0.1)
        if match is None:
            raise AssertionError(f"{self.command}: no line like {pattern!r}\n" + self.output())
        return match

    def wait(self, timeout=PATIENCE):
        """The exit code, once the process has ended and its output is read."""
        code = self.process.wait(timeout)
        for reader in self._readers:
            reader.join()
        return code

    def stop(self, signal_number=signal.SIGTERM):
        self.process.send_signal(signal_number)
        return self.wait()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.wait()

    def output(self):
        return "\n".join([*self.stdout[-20:], *self.stderr[-20:]])


class Gateway(Program):
    """A running gateway; returns once it listens. `tls`: what its clients trust, where it speaks TLS."""

    def __init__(self, *args, listen="127.0.0.1:0", tls=None, env=None):
        super().__init__("tickgate", "--listen", listen, *args, env=env)
        try:
            match = self.wait_line(self.stderr, r"event=listening\b.*\baddress=\S*?([\d.]+):(\d+).* websocket=(\S+)")
        except AssertionError:
            super().close()
            raise
        self.host, self.port, self.url = match[1], int(match[2]), match[3]
        self.tls = tls

    def close(self):
        """Whatever its clients did, it ends cleanly: no crash before, no leak that a sanitizer finds."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            code = self.wait()
        except subprocess.TimeoutExpired:
            super().close()
            raise
        if code != 0:
            raise AssertionError(f"{self.command} ended with {code}\n" + self.output())

    def http(self, method, path, headers=None):
        """A request on its own connection: (status, headers with lower-case names, body as text)."""
        connection = (http.client.HTTPSConnection(self.host, self.port, timeout=PATIENCE, context=self.tls) if self.tls
                      else http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE))
        try:
            connection.request(method, path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode()
        finally:
            connection.close()

    def get(self, path, headers=None):
        return self.http("GET", path, headers)

    def metrics(self):
        """Numbers by series without `tickgate_`, those of all shards together."""
        numbers = {}
        for line in self.get("/metrics")[2].splitlines():
            if not line.startswith("#"):
                series, number = line.rsplit(" ", 1)
                series = re.sub(r'shard="\d+",?', "", series.removeprefix("tickgate_")).removesuffix("{}")
                numbers[series] = numbers.get(series, 0) + float(number)
        return numbers

    def memory_kb(self):
        return self._memory_kb("VmRSS")

    def peak_memory_kb(self):
        return self._memory_kb("VmHWM")

    def _memory_kb(self, key):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(key + r":\s+(\d+)", status)[1])


class EndToEndTest(unittest.IsolatedAsyncioTestCase):
    """Cleans up after itself: programs, clients and the folder for files."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="tickgate-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_program(self, name, *args, **options):
        program = Program(name, *args, **options)
        self.addCleanup(program.close)
        return program

    def start_gateway(self, *args, **options):
        gateway = Gateway(*(args or SYNTHETIC), **options)
        self.addCleanup(gateway.close)
        return gateway

    async def connect(self, gateway, **options):
        client = await Client.connect(gateway.url, **({"ssl": gateway.tls} if gateway.tls else {}) | options)
        self.addAsyncCleanup(client.close)
        return client

    def in_background(self, work):
        """A task that is cancelled at the latest when the test ends."""
        task = asyncio.get_running_loop().create_task(work)
        self.addCleanup(task.cancel)
        return task

    async def in_thread(self, function, *args):
        """Runs what blocks beside the event loop, so that clients go on."""
        return await asyncio.get_running_loop().run_in_executor(None, function, *args)


class GatewayTest(EndToEndTest):
    """Tests that share one gateway of four synthetic symbols. `TLS`: the one version that it and they speak."""

    ARGS = SYNTHETIC
    TLS = None

    @classmethod
    def setUpClass(cls):
        args, options = cls.ARGS, {}
        if cls.TLS:
            folder = tempfile.TemporaryDirectory(prefix="tickgate-e2e-")
            cls.addClassCleanup(folder.cleanup)
            cls.authority = Authority(folder.name)
            certificate, key = cls.authority.issue("gateway", "IP:127.0.0.1")
            args += "--tls-certificate", certificate, "--tls-key", key
            options = {"tls": cls.authority.client_context(cls.TLS), "env": newest_version(cls.TLS, folder.name)}
        cls.gateway = Gateway(*args, **options)
        cls.addClassCleanup(cls.gateway.close)

    async def client(self, **options):
        return await self.connect(self.gateway, **options)
