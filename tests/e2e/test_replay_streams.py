"""The gateway sends the same messages for a stream, whatever its speed, shards and threads, and `tickgate-replay
--print messages` prints them."""

import asyncio
import json
import re
import unittest
from dataclasses import dataclass, field

import websockets

from harness import PATIENCE, ROOT, EndToEndTest
from replay_messages import Reference, print_messages, without_personal

SESSION = ROOT / "replay-data" / "binance_spot_walk.tickgate.zst"

BOOKS = [("book", depth, rate) for depth, rate in
         ((1, 50), (1, 1000), (5, 250), (10, 100), (25, 100), (50, 500), (100, 50), (500, 5000), (0, 100), (0, 1000))]
WISHES = [*BOOKS, ("bbo", None, 50), ("bbo", None, 500), ("trades", None, 50), ("trades", None, 1000)]


SYMBOLS = ("BINANCE:BTC-USDT", "BINANCE:ETH-USDT")
WAVES = 3              # of clients, one after the other
MESSAGES_A_WAVE = 200  # that have come to a wave before the next begins


@dataclass
class Received:
    """What came for one stream: the texts of its messages in order."""

    symbol: str
    wish: tuple
    texts: list = field(default_factory=list)
    seq: int = 0


async def follow(url, symbol, wish, until_seq, tell):
    """A client of one stream, on a connection of its own so that no large snapshot of another makes it a slow one. It
    only keeps what comes, and calls `tell` for each message."""
    channel, depth, rate = wish
    received = Received(symbol, wish)
    op = {"op": "subscribe", "id": 1, "channel": channel, "symbols": [symbol], "rate_ms": rate}
    async with websockets.connect(url, compression=None, max_size=None, max_queue=None) as socket:
        await socket.send(json.dumps(op | ({} if depth is None else {"depth": depth})))
        while received.seq < until_seq:
            text = await asyncio.wait_for(socket.recv(), PATIENCE)
            message = json.loads(text)
            assert message["type"] != "error" and not message.get("err"), message
            if "seq" in message:
                received.texts.append(text)
                received.seq = message["seq"]
                tell()
    return received


class Streams(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        cls.references = {}
        for channel, depth, rate in WISHES:
            options = ["--channel", channel, "--rate-ms", rate, *(["--depth", depth] if depth is not None else [])]
            for symbol in SYMBOLS:
                lines = print_messages(*options, "--symbols", symbol, SESSION).decode().splitlines()
                cls.references[symbol, (channel, depth, rate)] = Reference(lines)

    async def asyncSetUp(self):
        # unittest turns it on, and then the clients are too slow for what they get.
        asyncio.get_running_loop().set_debug(False)

    def reference(self, received):
        return self.references[received.symbol, received.wish]

    async def received(self, speed, shards, threads):
        """What clients of all streams got that came at different times."""
        gateway = self.start_gateway("--replay", SESSION, "--speed", speed, "--shards", shards, "--threads", threads)
        clients = []
        for _ in range(WAVES):
            clients += await self.wave(gateway.url)
        received = await asyncio.gather(*clients)
        self.assertEqual(await self.in_thread(gateway.stop), 0, gateway.output())
        return received

    async def wave(self, url):
        """One client for each stream. Returns their tasks once some messages have come."""
        messages, under_way = 0, asyncio.Event()

        def tell():
            nonlocal messages
            messages += 1
            if messages == MESSAGES_A_WAVE:
                under_way.set()
        clients = [self.in_background(follow(url, symbol, wish, reference.last, tell))
                   for (symbol, wish), reference in self.references.items()]
        over = asyncio.gather(*clients)
        await asyncio.wait((over, self.in_background(under_way.wait())), return_when=asyncio.FIRST_COMPLETED)
        return clients

    def compare(self, received):
        """The first message is what the stream was when the client came, and the second leads from there: neither
        begins where a message of the reference does. Returns how many were compared."""
        reference = self.reference(received)
        followed = json.loads(received.texts[1])["seq"] if len(received.texts) > 1 else None
        for text in received.texts[2:]:
            message = json.loads(text)
            self.assertIn(message["seq"], reference.text, received.wish)
            expected = reference.text[message["seq"]]
            if followed in reference.text:
                self.assertEqual(followed, reference.after[message["seq"]], (received.wish, received.texts[:4]))
            else:
                # What leads back to the cut that the reference had sent before is nothing to the reference.
                expected = re.sub(r'"prev":\d+', f'"prev":{followed}', expected)
            self.assertEqual(without_personal(text), expected, (received.symbol, received.wish))
            followed = message["seq"]
        return max(len(received.texts) - 2, 0)

    async def test_speed_shards_and_threads_change_nothing(self):
        for speed, shards, threads in ((10, 1, "dedicated"), (15, 3, "dedicated"), (20, 2, "shared")):
            with self.subTest(speed=speed, shards=shards, threads=threads):
                streams = await self.received(speed, shards, threads)
                compared = sum(map(self.compare, streams))
                possible = sum(len(self.reference(stream).text) for stream in streams)
                self.assertGreater(compared, possible // 2, "most of the session was seen")

    async def test_at_full_speed_what_comes_leads_to_where_the_reference_does(self):
        """Most clients come late and slow ones get less: whatever they get begins and ends where a message does."""
        for received in await self.received("max", 2, "shared"):
            reference = self.reference(received)
            for text in received.texts[2:]:
                message = json.loads(text)
                self.assertIn(message["seq"], reference.text)
                if message.get("prev") == reference.after[message["seq"]]:
                    self.assertEqual(without_personal(text), reference.text[message["seq"]])


if __name__ == "__main__":
    unittest.main()
