"""TLS and compression in the whole gateway: its tools through both, what is deflated and how often, and storms."""

import asyncio
import json
import ssl
import unittest

from harness import EndToEndTest, GatewayTest

FAULTS = ("prev_breaks", "ck_failures")


class ToolTest(EndToEndTest):
    async def run_tool(self, name, gateway, *args, code=0):
        """Its last line, once it has ended."""
        trust = ("--ca", self.authority.certificate) if gateway.tls else ()
        program = self.run_program(name, gateway.url, *trust, *args)
        self.assertEqual(await self.in_thread(program.wait), code, program.output())
        return json.loads(program.stdout[-1]) if program.stdout else {}, program

    async def follow(self, name, gateway, *args):
        report, program = await self.run_tool(name, gateway, *args)
        self.assertEqual([report[fault] for fault in FAULTS], [0, 0], program.output())
        self.assertGreater(report["deltas"], 100)
        return report


class Tools(ToolTest, GatewayTest):
    ARGS = "--synthetic", "symbols=4,rate=100,levels=20"
    WATCH = "tickgate-watch", "--channel", "book", "--symbols", "SYN:*", "--depth", 25, "--rate-ms", 0, "--for", 1
    LOAD = ("tickgate-load", "--clients", 20, "--depth", 25, "--rate-ms", 0, "--verify-every", 1, "--warmup", 0,
            "--for", 1)

    async def test_they_follow_every_book(self):
        before = self.gateway.metrics()["deflate_calls_total"]
        for name, *args in (self.WATCH, self.LOAD):
            await self.follow(name, self.gateway, *args)
        self.assertEqual(self.gateway.metrics()["deflate_calls_total"], before)

    async def test_they_follow_every_book_compressed(self):
        for name, *args in (self.WATCH, self.LOAD):
            before = self.gateway.metrics()["deflate_calls_total"]
            await self.follow(name, self.gateway, *args, "--deflate")
            self.assertGreater(self.gateway.metrics()["deflate_calls_total"] - before, 100)


class ToolsOverTls12(Tools):
    TLS = ssl.TLSVersion.TLSv1_2

    async def test_this_is_tls_1_2(self):
        with self.assertRaisesRegex(ssl.SSLError, "(?i)protocol.version"):
            await self.client(ssl=self.authority.client_context(ssl.TLSVersion.TLSv1_3))


class ToolsOverTls13(Tools):
    TLS = ssl.TLSVersion.TLSv1_3


class Uncompressed(ToolTest):
    async def test_the_tools_end_where_compression_is_off(self):
        path = self.folder / "gateway.toml"
        path.write_text('[gateway]\nlisten = "127.0.0.1:0"\n[gateway.compression]\nenabled = false\n'
                        "[[feeds]]\nsynthetic = { symbols = 1, rate = 10 }\n")
        gateway = self.start_gateway("--config", path)
        for name, *args in (Tools.WATCH, Tools.LOAD):
            _, program = await self.run_tool(name, gateway, *args, "--deflate", code=1)
            self.assertIn("permessage-deflate was not negotiated", "\n".join(program.stderr))


class Deflated(GatewayTest):
    """Each message once in a shard, whoever takes it."""

    ARGS = "--synthetic", "symbols=2,rate=10,levels=20"
    TLS = ssl.TLSVersion.TLSv1_3
    SHARDS = 1
    LARGE = 256  # gateway.compression.min_bytes
    CLIENTS = 20

    async def join(self, client):
        await client.subscribe("book", "SYN:*", depth=25, rate_ms=100)
        await client.until(lambda c: len(c.books) == 2)

    async def test_calls_are_messages_encoded_not_messages_delivered(self):
        clients = [await self.client(compression="deflate") for _ in range(self.CLIENTS)]
        for client in clients[::2]:
            await client.take_arrays()
        await asyncio.gather(*map(self.join, clients))
        # All have joined: what follows in either book goes to everybody.
        joined = max(book.seq for client in clients for book in client.books.values())
        await asyncio.gather(*(c.until(lambda c: min(book.seq for book in c.books.values()) > joined + 25)
                               for c in clients))
        # After this nothing comes, so everything that was deflated has been read.
        await asyncio.gather(*(c.request("unsubscribe", sids=list(c.streams)) for c in clients))

        numbers = self.gateway.metrics()
        book, deltas, personal = set(), [], 0
        for client in clients:
            deltas.append(set())
            for message in client.messages:
                text = json.dumps(message, separators=(",", ":"))
                if message["type"] == "delta":
                    deltas[-1].add(text)
                elif message["type"] == "snapshot":
                    book.add(text)
                elif len(text) >= self.LARGE:
                    personal += 1
        book.update(*deltas)
        large = sum(len(text) >= self.LARGE for text in book)
        of_all = set.intersection(*deltas)
        self.assertTrue(any(len(text) >= self.LARGE for text in of_all))
        self.assertGreaterEqual(numbers["deliveries_total"], self.CLIENTS * len(of_all))
        self.assertGreaterEqual(numbers["deflate_calls_total"], large + personal)
        self.assertLessEqual(numbers["deflate_calls_total"], self.SHARDS * large + personal)
        self.check_encoded(numbers['messages_encoded_total{channel="book"}'] - len(book))
        self.assertLess(numbers["deflate_out_bytes_total"], numbers["deflate_in_bytes_total"] * 2 / 3)

    def check_encoded(self, unseen):
        # One of each stream may have been encoded after the last client had left.
        self.assertIn(unseen, (0, 1, 2))


class DeflatedInTwoShards(Deflated):
    ARGS = *Deflated.ARGS, "--threads", "dedicated", "--shards", 2
    SHARDS = 2

    def check_encoded(self, unseen):
        # More may be under way to a shard that the last client has left.
        self.assertGreaterEqual(unseen, 0)


class StormOverTls12(ToolTest, GatewayTest):
    """All come back at once, with the tickets and the positions that they held."""

    ARGS = "--synthetic", "symbols=20,rate=50"
    TLS = ssl.TLSVersion.TLSv1_2
    CLIENTS = 200

    async def test_nobody_shakes_hands_in_full_nor_starts_anew(self):
        await self.storm()

    async def test_nor_does_anybody_where_all_is_compressed(self):
        await self.storm("--deflate")

    async def storm(self, *args):
        resumed = 'tls_handshakes_total{kind="resumed"}'
        before = self.gateway.metrics()[resumed]
        report, program = await self.run_tool(
            "tickgate-load", self.gateway, "--clients", self.CLIENTS, "--subs-per-client", 5, "--depth", 10,
            "--rate-ms", 100, "--verify-every", 2, "--storm", "--for", 1, *args)
        self.assertEqual([report[fault] for fault in FAULTS], [0, 0], program.output())
        storm = report["storm"]
        self.assertEqual((storm["back"], storm["resumed"], storm["snapshots"]), (self.CLIENTS, 5 * self.CLIENTS, 0),
                         storm)
        self.assertEqual((storm["tls_full"], storm["tls_resumed"]), (0, self.CLIENTS))
        self.assertGreaterEqual(self.gateway.metrics()[resumed] - before, self.CLIENTS)


class StormOverTls13(StormOverTls12):
    """Between two threads: a ticket of one is as good to the other."""

    ARGS = *StormOverTls12.ARGS, "--threads", "dedicated", "--shards", 2
    TLS = ssl.TLSVersion.TLSv1_3


if __name__ == "__main__":
    unittest.main()
