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


@dataclass
class Received:
    """What came for one stream: the texts of its messages in order."""

    symbol: str
    wish: tuple
    texts: list = field(default_factory=list)
    seq: int = 0


async def collect(url, after, under_way, finished):
    """A client that subscribes to everything and only keeps what comes, until `finished` says so of all streams. It
    begins when the event `after` is set, and sets `under_way` once it has seen something."""
    await after.wait()
    streams, messages = {}, 0
    async with websockets.connect(url, compression=None, max_size=None, max_queue=None) as socket:
        for id_, (channel, depth, rate) in enumerate(WISHES):
            op = {"op": "subscribe", "id": id_, "channel": channel, "symbols": ["*"], "rate_ms": rate}
            await socket.send(json.dumps(op | ({} if depth is None else {"depth": depth})))
        while not (len(streams) == 2 * len(WISHES) and all(map(finished, streams.values()))):
            text = await asyncio.wait_for(socket.recv(), PATIENCE)
            messages += 1
            if messages == 200:
                under_way.set()
            message = json.loads(text)
            if message["type"] == "ack":
                assert message["err"] == [], message
                for entry in message["ok"]:
                    streams[entry["sid"]] = Received(entry["symbol"], WISHES[message["id"]])
            elif "seq" in message:
                stream = streams[message["sid"]]
                stream.texts.append(text)
                stream.seq = message["seq"]
    under_way.set()
    return list(streams.values())


class Streams(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        cls.references = {}
        for channel, depth, rate in WISHES:
            options = ["--channel", channel, "--rate-ms", rate, *(["--depth", depth] if depth is not None else [])]
            for symbol in ("BINANCE:BTC-USDT", "BINANCE:ETH-USDT"):
                lines = print_messages(*options, "--symbols", symbol, SESSION).decode().splitlines()
                cls.references[symbol, (channel, depth, rate)] = Reference(lines)

    def reference(self, received):
        return self.references[received.symbol, received.wish]

    async def received(self, speed, shards, threads, clients=3):
        gateway = self.start_gateway("--replay", SESSION, "--speed", speed, "--shards", shards, "--threads", threads)

        def finished(stream):
            return stream.seq >= self.reference(stream).last
        events = [asyncio.Event() for _ in range(clients + 1)]
        events[0].set()
        streams = await asyncio.gather(*(collect(gateway.url, after, under_way, finished)
                                         for after, under_way in zip(events, events[1:])))
        self.assertEqual(await self.in_thread(gateway.stop), 0, gateway.output())
        return [stream for some in streams for stream in some]

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
                self.assertEqual(followed, reference.after[message["seq"]], received.wish)
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
