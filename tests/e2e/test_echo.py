"""tickgate-echo: the production frame code with messages larger than the gateway's protocol has, and binary ones."""

import asyncio
import os
import pathlib
import re
import struct
import unittest

import websockets

from harness import EndToEndTest
from raw_websocket import BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, Raw, masked

LIMIT = 16 << 20
SIZES = [0, 1, 125, 126, 65535, 65536, 1 << 20, LIMIT]


class EchoTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.echo = self.run_program("tickgate-echo", "--listen", "127.0.0.1:0")
        self.url = self.echo.wait_line(self.echo.stdout, r"^ws://127\.0\.0\.1:\d+/v1/ws$")[0]

    def raw(self, **options):
        client = Raw(self.url, **options)
        self.addCleanup(client.close)
        return client

    def memory_kb(self, what="VmHWM"):
        status = pathlib.Path(f"/proc/{self.echo.process.pid}/status").read_text()
        return int(re.search(what + r":\s+(\d+)", status)[1])

    async def test_every_size_comes_back_as_text_and_as_binary(self):
        async with websockets.connect(self.url, max_size=None, compression=None) as ws:
            for size in SIZES:
                for message in ("é" * (size // 2) + "x" * (size % 2), os.urandom(size)):
                    await ws.send(message)
                    self.assertTrue(await ws.recv() == message, f"{type(message)} of {size} bytes")

    async def test_a_message_above_the_limit_is_refused_by_its_header(self):
        for opcode in (TEXT, BINARY):
            client = self.raw()
            client.socket.sendall(masked(opcode, b"", length=LIMIT + 1))
            self.assertEqual(await self.in_thread(client.close_code), 1009)

    async def test_fragments_above_the_limit_are_refused_however_many(self):
        client = self.raw()
        half = bytes(LIMIT // 2)
        client.socket.sendall(masked(BINARY, half, fin=False))
        client.socket.sendall(masked(CONTINUATION, half, fin=False))
        client.socket.sendall(masked(CONTINUATION, b"x"))
        self.assertEqual(await self.in_thread(client.close_code), 1009)

    async def test_pings_between_fragments_are_answered_before_the_message(self):
        client = self.raw()
        client.socket.sendall(masked(TEXT, b"one ", fin=False) + masked(PING, b"a") +
                              masked(CONTINUATION, b"", fin=False) + masked(PING, b"") +
                              masked(CONTINUATION, b"two"))
        frames = [client.frame() for _ in range(3)]
        self.assertEqual(frames, [(FIN | PONG, b"a"), (FIN | PONG, b""), (FIN | TEXT, b"one two")])

    async def test_a_close_is_answered_with_its_code(self):
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999):
            client = self.raw()
            client.socket.sendall(masked(CLOSE, struct.pack("!H", code) + b"bye"))
            self.assertEqual(client.frame(), (FIN | CLOSE, struct.pack("!H", code)))
            self.assertEqual(client.file.read(), b"", "and nothing more")
        client = self.raw()
        client.socket.sendall(masked(CLOSE, b""))
        self.assertEqual(client.close_code(), 1000)

    async def test_nothing_is_sent_unasked(self):
        client = self.raw()
        client.socket.sendall(masked(TEXT, b"x"))
        self.assertEqual(client.frame(), (FIN | TEXT, b"x"))
        client.socket.sendall(masked(PING, b"last"))
        self.assertEqual(client.frame(), (FIN | PONG, b"last"))

    async def test_one_that_does_not_read_is_not_read_either(self):
        client = self.raw(receive_buffer=4096)
        message = masked(BINARY, bytes(1 << 20))
        client.socket.setblocking(False)
        loop = asyncio.get_running_loop()
        sent = loop.create_task(self.flood(client.socket, message))
        # The other client's answers show that the echo has had its turns meanwhile.
        async with websockets.connect(self.url, max_size=None, compression=None) as ws:
            for _ in range(200):
                await ws.send("x" * 1000)
                await ws.recv()
        self.assertFalse(sent.done())
        sent.cancel()
        self.assertLess(self.memory_kb(), 64 << 10)

    async def flood(self, sock, message):
        loop = asyncio.get_running_loop()
        for _ in range(256):
            await loop.sock_sendall(sock, message)
        raise AssertionError("it took 256 MiB from a client that reads nothing")

    async def test_a_signal_ends_it_with_a_close(self):
        async with websockets.connect(self.url) as ws:
            await ws.send("x")
            await ws.recv()
            self.assertEqual(await self.in_thread(self.echo.stop), 0)
            with self.assertRaises(websockets.ConnectionClosed) as closed:
                await ws.recv()
            self.assertEqual(closed.exception.rcvd.code, 1001)


class Usage(EndToEndTest):
    def test_what_it_cannot_do_is_said(self):
        program = self.run_program("tickgate-echo")
        self.assertEqual(program.wait(), 2)
        self.assertIn("usage: tickgate-echo --listen ADDR[:PORT]", program.output())
        program = self.run_program("tickgate-echo", "--listen", "nowhere:1")
        self.assertEqual(program.wait(), 1)
        self.assertIn("tickgate-echo: ", program.output())


if __name__ == "__main__":
    unittest.main()
