"""The strict client itself: each fault that it exists for is found."""

import unittest

from client import Client
from harness import EndToEndTest
from scripted import ASKS, BIDS, WELCOME, ScriptedServer, ack, crc, delta, snapshot

TRADES = {"type": "trades", "sid": 12, "symbol": "SYN:S0", "epoch": "k3", "prev": 1, "seq": 2,
          "trades": [["7", "9.50", "1", "buy", 5]], "tr": 1, "ts": 2}


class StrictClient(EndToEndTest):
    async def asyncSetUp(self):
        self.server = await self.enterAsyncContext(ScriptedServer())

    async def received(self, *messages, channel="book"):
        """A client that took in a session with these messages after its ack."""
        op = {"id": 1, "channel": channel}
        granted = {"type": "ack", "id": 1, "ok": ack(op)["ok"], "err": []}

        async def serve():
            peer = await self.server.accept()
            await peer.send(WELCOME, granted, *messages)
            return peer
        serving = self.in_background(serve())
        client = await Client.connect(self.server.url + "/v1/ws")
        self.addAsyncCleanup(client.close)
        await serving
        await client.until(lambda c: len(c.messages) == 2 + len(messages))
        return client

    async def test_a_sound_session_passes(self):
        better = [["9.55", "7"], *BIDS]
        client = await self.received(snapshot(10), delta(10, 14, bids=better[:1], ck=crc(better, ASKS)),
                                     delta(14, 15, bids=[["9.55", "0"], ["1.00", "0"]]))
        self.assertEqual(client.books[12].seq, 15)
        await self.received(TRADES, TRADES | {"prev": 2, "seq": 3},
                            {"type": "gap", "sid": 12, "from": 4, "to": 9, "why": "slow_client"},
                            TRADES | {"prev": 9, "seq": 10}, channel="trades")

    async def test_each_fault_is_found(self):
        unsorted = snapshot(10, bids=BIDS[::-1]) | {"ck": crc(BIDS, ASKS)}
        reordered = dict(reversed(snapshot(10).items()))
        for name, messages in {
            "a broken chain": [snapshot(10), delta(11, 12)],
            "a wrong checksum": [snapshot(10, ck=1)],
            "a wrong checksum of a delta": [snapshot(10), delta(10, 12, bids=[["9.50", "8"]])],
            "data of an unknown sid": [snapshot(10, sid=13)],
            "an unsorted snapshot": [unsorted],
            "a snapshot of another depth": [snapshot(10, depth=5)],
            "keys in another order": [reordered],
            "a missing key": [{key: value for key, value in snapshot(10).items() if key != "tr"}],
            "a second spelling of a price": [snapshot(10, bids=[["9.5", "1"], ["9.40", "2"]])],
            "an exponent": [snapshot(10, bids=[["9e1", "1"]])],
            "a zero that is not 0": [snapshot(10, bids=[["9.50", "0.0"]])],
            "a price twice": [snapshot(10), delta(10, 11, bids=[["9.50", "1"], ["9.50", "1"]])],
            "a broken chain of trades": [TRADES, TRADES | {"prev": 3, "seq": 4}],
            "a missing trade": [TRADES | {"seq": 3}],
            "an error without its fields": [{"type": "error", "id": 1, "code": "internal"}],
        }.items():
            with self.subTest(name):
                with self.assertRaises(AssertionError):
                    await self.received(*messages)


if __name__ == "__main__":
    unittest.main()
