"""What breaks the rules of WebSocket, permessage-deflate or TLS in a session: it gets the documented answer, nothing of
it stays, and the books of others go on. Over plain connections, TLS 1.2 and TLS 1.3."""

import asyncio
import os
import socket
import ssl
import struct
import subprocess
import unittest

from harness import GatewayTest, PATIENCE
from raw_websocket import BINARY, CLOSE, CONTINUATION, DEFLATED, HANDSHAKE, PING, TEXT, Raw, deflated, fragments, masked

LIMIT = 65_536  # frame_bytes
OP = b'{"op":"ping","id":1}'
BROKEN_FRAMES = {
    "no mask": (b"\x81" + bytes([len(OP)]) + OP, 1002),
    "no mask on a long one": (b"\x81\x7e" + struct.pack("!H", 1000) + bytes(1000), 1002),
    "a reserved bit": (masked(TEXT, OP, bits=0x20), 1002),
    "an opcode without a meaning": (masked(3, OP), 1002),
    "a ping in fragments": (masked(PING, b"p", fin=False), 1002),
    "a ping too long": (masked(PING, bytes(126)), 1002),
    "a continuation of nothing": (masked(CONTINUATION, OP), 1002),
    "a text within a text": (masked(TEXT, OP, fin=False) + masked(TEXT, OP), 1002),
    "a close code that may not be": (masked(CLOSE, struct.pack("!H", 1005)), 1002),
    "a compressed ping": (masked(PING, deflated(b"ping"), bits=DEFLATED), 1002),
    "a compressed close": (masked(CLOSE, b"\x03\xe8", bits=DEFLATED), 1002),
    "RSV1 on a continuation": (masked(TEXT, OP, fin=False) + masked(CONTINUATION, OP, bits=DEFLATED), 1002),
    "a binary message": (masked(BINARY, OP), 1003),
    "no UTF-8": (masked(TEXT, b"\xff"), 1007),
    "a byte above the limit": (masked(TEXT, bytes(LIMIT + 1)), 1009),
    "above the limit in fragments": (fragments(TEXT, bytes(LIMIT + 1), 1000), 1009),
    "a length of 2^62": (masked(TEXT, OP, length=2**62), 1009),
    "16 MiB": (masked(TEXT, bytes(16 << 20)), 1009),
}
BOMB = deflated(bytes(60 << 20), level=9)
LEEWAY_KB = 40 << 10  # far less than a bomb; a sanitizer keeps what is freed for a while
BROKEN_DEFLATE = {
    "no deflate": (masked(TEXT, b"\xff\xff\xff", bits=DEFLATED), 1007),
    "cut short": (masked(TEXT, deflated(OP * 20)[:-3], bits=DEFLATED), 1007),
    "no UTF-8 in it": (masked(TEXT, deflated(b"\xff" * 100), bits=DEFLATED), 1007),
    "RSV1 on the second fragment too": (masked(TEXT, b"", fin=False, bits=DEFLATED) +
                                        masked(CONTINUATION, deflated(OP), bits=DEFLATED), 1002),
    "a byte above the limit": (masked(TEXT, deflated(b" " * (LIMIT + 1)), bits=DEFLATED), 1009),
    "a bomb": (masked(TEXT, BOMB, bits=DEFLATED), 1009),
    "a bomb in fragments": (fragments(TEXT, BOMB, 1000, bits=DEFLATED), 1009),
}


class BadInputTest(GatewayTest):
    async def asyncSetUp(self):
        self.before = self.gateway.metrics()
        self.observer = await self.client()
        await self.observer.subscribe("book", "SYN:*", depth=0, rate_ms=0)
        await self.observer.until(lambda c: len(c.books) == 4)

    async def asyncTearDown(self):
        """The other client goes on, one update after the other, and nobody else is left."""
        await self.nobody_else_is_left()
        seen = len(self.observer.messages)
        await self.observer.until(lambda c: len(c.messages) > seen + 100)
        self.assertEqual(len(self.observer.of_type("snapshot")), 4)
        self.assertEqual(self.observer.of_type("lag"), [])

    def risen(self, series):
        return self.gateway.metrics()[series] - self.before[series]

    def closed(self, code):
        return self.risen(f'sessions_closed_total{{code="{code}"}}')

    async def nobody_else_is_left(self):
        async with asyncio.timeout(PATIENCE):
            while self.gateway.metrics()["sessions"] > 1:
                await self.observer.receive()

    async def meanwhile(self, function, *args, **options):
        """What the function returns, which runs in a thread: the other client reads on."""
        work = asyncio.ensure_future(self.in_thread(lambda: function(*args, **options)))
        await self.observer.until(lambda _: work.done())
        return work.result()

    def raw(self, **options):
        client = Raw(self.gateway.url, tls=self.gateway.tls, **options)
        self.addCleanup(client.close)
        return client

    def answer_to(self, data, **options):
        """The code that it is closed with."""
        client = self.raw(**options)
        try:
            client.send(data)
        except OSError:
            pass  # what is sent behind an error is thrown away, and not for ever
        code = client.close_code_at_last()
        client.close()
        return code

    def send_endlessly(self, data):
        """The code that it is closed with, once nothing more is taken."""
        client = self.raw()
        client.send(masked(TEXT, b" ", fin=False))
        with self.assertRaises(OSError):
            while True:
                client.send(data)
        return client.close_code_at_last()


class Frames:
    async def check_answers(self, cases, **options):
        for name, (data, code) in cases.items():
            with self.subTest(name):
                self.assertEqual(await self.meanwhile(self.answer_to, data, **options), code)
        await self.nobody_else_is_left()
        codes = [code for _, code in cases.values()]
        for code in codes:
            self.assertEqual(self.closed(code), codes.count(code))

    async def test_what_breaks_the_rules_is_closed_with_the_code_that_says_so(self):
        await self.check_answers(BROKEN_FRAMES)

    async def test_so_is_what_breaks_the_rules_of_deflate(self):
        peak = self.gateway.peak_memory_kb()
        await self.check_answers(BROKEN_DEFLATE, extensions="permessage-deflate")
        self.assertLess(self.gateway.peak_memory_kb(), peak + LEEWAY_KB, "a bomb went off")

    async def test_endless_fragments_are_refused_at_the_limit(self):
        peak = self.gateway.peak_memory_kb()
        for data in (masked(CONTINUATION, b" " * 1000, fin=False) * 50,
                     masked(CONTINUATION, b" " * 1000, fin=False) * 50 + masked(PING, b"still here")):
            self.assertEqual(await self.meanwhile(self.send_endlessly, data), 1009)
        self.assertLess(self.gateway.peak_memory_kb(), peak + LEEWAY_KB)


class Records:
    """Over TLS."""

    async def test_what_is_no_tls_in_a_session_is_told_by_an_alert(self):
        garbage = {"text": masked(TEXT, OP), "noise": os.urandom(300),
                   "a made up record": b"\x17\x03\x03\0\x40" + bytes(64),
                   "one too long": b"\x17\x03\x03\xff\xff" + bytes(1000), "one too short": b"\x17\x03\x03\0\x01\0"}
        for name, data in garbage.items():
            with self.subTest(name):
                with self.assertRaisesRegex(ssl.SSLError, "(?i)alert"):
                    await self.meanwhile(self.send_beside_tls, data)
        await self.nobody_else_is_left()
        self.assertEqual(self.risen("session_tls_errors_total"), len(garbage))
        self.assertEqual(self.closed(1006), len(garbage))

    def send_beside_tls(self, data):
        client = self.raw()
        client.frame()
        socket.socket.sendall(client.socket, data)
        client.file.read()

    async def test_one_that_ends_tls_has_left(self):
        for unfinished in (b"", masked(TEXT, OP)[:-5]):
            client = self.raw()
            client.frame()
            client.send(unfinished)
            await self.meanwhile(self.end_tls, client)
        await self.nobody_else_is_left()
        self.assertEqual(self.closed(1006), 2)
        self.assertEqual(self.risen("session_tls_errors_total"), 0)

    def end_tls(self, client):
        try:
            client.socket.unwrap()
        except ssl.SSLError:
            pass  # it is not told the same


class Plain(Frames, BadInputTest):
    pass


class Tls12(Frames, Records, BadInputTest):
    TLS = ssl.TLSVersion.TLSv1_2

    async def test_one_that_wants_to_renegotiate_is_told_no(self):
        # Python cannot. This one takes a line "R" for the wish, and does not care to go on after a no.
        with subprocess.Popen(["openssl", "s_client", "-tls1_2", "-CAfile", self.authority.certificate, "-connect",
                               f"{self.gateway.host}:{self.gateway.port}"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as client:
            self.addCleanup(client.kill)
            client.stdin.write(HANDSHAKE)
            client.stdin.flush()
            await self.meanwhile(client.stdout.readline)
            client.stdin.write(b"R\n")
            client.stdin.flush()
            errors = await self.meanwhile(client.stderr.read)
        self.assertIn(b":no renegotiation:", errors)
        await self.nobody_else_is_left()
        self.assertEqual(self.closed(1006), 1)


class Tls13(Frames, Records, BadInputTest):
    ARGS = *BadInputTest.ARGS, "--threads", "dedicated", "--shards", 2
    TLS = ssl.TLSVersion.TLSv1_3


if __name__ == "__main__":
    unittest.main()
