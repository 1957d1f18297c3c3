"""tickgate-watch and tickgate-load with compression, against a scripted server: negotiated or nothing, and bounded."""

import json
import signal
import struct
import unittest
import zlib

from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

from harness import EndToEndTest
from scripted import ASKS, BIDS, ScriptedServer, crc, delta, snapshot

LIMIT = 64 << 20
PLAIN_TEXT, COMPRESSED_TEXT = 0x81, 0xc1  # RFC 6455, 5.2: FIN and opcode; RFC 7692, 6: RSV1


def deflated(text):
    compress = zlib.compressobj(wbits=-15)
    return (compress.compress(text.encode()) + compress.flush(zlib.Z_SYNC_FLUSH))[:-4]


class ToolTest:
    """What both tools do alike; a subclass says how one is started."""

    async def serve(self, *factories):
        self.server = await self.enterAsyncContext(ScriptedServer(extensions=factories))

    async def serve_compressed(self):
        await self.serve(ServerPerMessageDeflateFactory())

    async def ended(self, code):
        self.assertEqual(await self.in_thread(self.program.wait), code, self.program.output())
        return json.loads(self.program.stdout[-1])

    async def finish(self, peer, code=0):
        await peer.everything_is_read()
        self.program.process.send_signal(signal.SIGTERM)
        return await self.ended(code)

    def write_frame(self, peer, payload, first_byte=COMPRESSED_TEXT):
        """Past the extension of the server, which would compress it again."""
        size = len(payload)
        length = (struct.pack("!B", size) if size < 126 else
                  struct.pack("!BH", 126, size) if size < 1 << 16 else struct.pack("!BQ", 127, size))
        peer.socket.transport.write(bytes([first_byte]) + length + payload)

    def assert_said(self, text):
        self.assertIn(text, "\n".join(self.program.stderr))

    async def test_reads_compressed_messages(self):
        await self.serve_compressed()
        self.start(self.server.url, "--deflate")
        peer = await self.server.accept()
        extension, = peer.socket.extensions
        self.assertTrue(extension.local_no_context_takeover)
        self.assertTrue(extension.remote_no_context_takeover)
        await peer.start()
        ck = crc([["9.55", "7"], *BIDS], ASKS)
        await peer.send(snapshot(10), delta(10, 14, bids=[["9.55", "7"]], ck=ck),
                        *[delta(n, n + 1, ck=ck) for n in range(14, 300)])
        totals = await self.finish(peer)
        self.assertEqual((totals["snapshots"], totals["deltas"]), (1, 287))
        self.assertEqual((totals["prev_breaks"], totals["ck_failures"]), (0, 0))

    async def test_reads_what_the_server_left_uncompressed_as_well(self):
        await self.serve_compressed()
        self.start(self.server.url, "--deflate")
        peer = await self.server.accept()
        await peer.start()
        self.write_frame(peer, json.dumps(snapshot(10)).encode(), PLAIN_TEXT)
        self.write_frame(peer, deflated(json.dumps(delta(10, 11))))
        totals = await self.finish(peer)
        self.assertEqual((totals["snapshots"], totals["deltas"]), (1, 1))

    async def test_ends_where_the_server_does_not_compress(self):
        await self.serve()
        self.start(self.server.url, "--deflate")
        await self.ended(1)
        self.assert_said("permessage-deflate was not negotiated")

    async def test_offers_nothing_unless_told_to(self):
        await self.serve_compressed()
        self.start(self.server.url)
        peer = await self.server.accept()
        self.assertEqual(peer.socket.extensions, [])
        await peer.start()
        await peer.send(snapshot(10))
        await self.finish(peer)

    async def test_takes_the_longest_message_and_refuses_a_longer_one(self):
        await self.serve_compressed()
        self.start(self.server.url, "--deflate")
        peer = await self.server.accept()
        await peer.start()
        head = '{"type":"new kind of message","pad":"'
        fill = LIMIT - len(head) - 2
        await peer.send(snapshot(10))
        self.write_frame(peer, deflated(head + " " * fill + '"}'))
        await peer.everything_is_read()
        self.write_frame(peer, deflated(head + " " * (fill + 1) + '"}'))
        await peer.socket.wait_closed()
        await self.says_that_it_lost()

    async def test_refuses_what_is_no_deflate(self):
        await self.serve_compressed()
        self.start(self.server.url, "--deflate")
        peer = await self.server.accept()
        await peer.start()
        await peer.send(snapshot(10))
        self.write_frame(peer, b"\xff\xff\xff\xff")
        await peer.socket.wait_closed()
        await self.says_that_it_lost()


class Watch(ToolTest, EndToEndTest):
    def start(self, url, *args):
        self.program = self.run_program("tickgate-watch", url, "--symbols", "SYN:S0", *args)

    async def says_that_it_lost(self):
        """It comes back with what it held."""
        op = await (await self.server.accept()).start(resumed=True)
        self.assertEqual(op["resume"]["SYN:S0"]["seq"], 10)
        self.program.process.send_signal(signal.SIGTERM)
        self.assertEqual((await self.ended(0))["reconnects"], 1)


class Load(ToolTest, EndToEndTest):
    def start(self, url, *args, seconds=1000):
        self.program = self.run_program("tickgate-load", url, "--symbols", "SYN:S0", "--clients", 1, "--warmup", 0,
                                        "--for", seconds, *args)

    async def says_that_it_lost(self):
        self.program.process.send_signal(signal.SIGTERM)
        report = await self.ended(1)
        self.assertEqual((report["unexpected_closes"], report["close_codes"]), (1, {"1002": 1}))

    async def test_states_what_compression_saves(self):
        of_the_text = {}
        for args in ((), ("--deflate",)):
            await self.serve_compressed()
            self.start(self.server.url, *args, seconds=0.5)
            peer = await self.server.accept()
            await peer.start()
            await peer.send(snapshot(10))
            await self.send_deltas_to_the_end(peer)
            report = await self.ended(0)
            self.assertEqual(report["ck_failures"], 0)
            of_the_text[args] = report["wire_bytes"] / report["bytes"]
        self.assertGreater(of_the_text[()], 1)
        self.assertLess(of_the_text["--deflate",], 0.6)

    async def send_deltas_to_the_end(self, peer):
        seq = 10
        try:
            while True:
                await peer.send(delta(seq, seq + 1) | {"note": "-" * 300})
                await peer.everything_is_read()
                seq += 1
        except ConnectionClosed:
            pass



if __name__ == "__main__":
    unittest.main()
