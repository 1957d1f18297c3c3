"""A client that stops reading is brought up to date by one bigger delta, and costs nobody else anything."""

import pathlib
import ssl
import unittest

from harness import GatewayTest

STALL_S = 5
SNDBUF_BYTES = 131_072  # by default; the kernel doubles it for its own use


class SlowClient(GatewayTest):
    ARGS = ("--synthetic", "symbols=4,rate=500")
    SYMBOLS = [f"SYN:S{n}" for n in range(4)]

    async def stall(self, observer, seconds=STALL_S):
        """Lets market time pass that only the observer takes part in; returns its messages of that time."""
        start = len(observer.messages)
        await observer.next("delta")
        begin = observer.of_type("delta")[-1]["ts"]
        await observer.until(lambda c: c.of_type("delta")[-1]["ts"] > begin + seconds * 1_000_000)
        return observer.messages[start:]

    def kernel_holds(self):
        """The most bytes that wait in the kernel for one client of the gateway."""
        held = []
        for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, local, _, _, queues, *_ = line.split()
            if int(local.split(":")[1], 16) == self.gateway.port:
                held.append(int(queues.split(":")[0], 16))
        self.assertGreater(max(held), 4096, "nobody is slow")
        return max(held)

    async def test_a_slow_client_lacks_nothing_and_gets_no_backlog(self):
        await self.check_catching_up(await self.client(receive_buffer=4096))

    async def test_nor_does_one_that_takes_compressed_arrays(self):
        slow = await self.client(receive_buffer=4096, compression="deflate")
        await slow.take_arrays()
        await self.check_catching_up(slow)

    async def check_catching_up(self, slow):
        observer = await self.client()
        await observer.subscribe("book", self.SYMBOLS[0], rate_ms=100)
        sids = [entry["sid"] for entry in await slow.subscribe("book", *self.SYMBOLS, depth=100, rate_ms=0)]
        await slow.until(lambda c: len(c.books) == 4)
        memory = self.gateway.memory_kb()

        seen = await self.stall(observer)
        self.assertLess(self.gateway.memory_kb(), memory + 8192)
        self.assertLessEqual(self.kernel_holds(), 2 * SNDBUF_BYTES)
        now = seen[-1]["ts"]
        start, start_bytes = len(slow.messages), slow.bytes
        await slow.until(lambda c: all(any(m["ts"] >= now for m in c.of_type("delta", sid)[-1:]) for sid in sids))

        # What the kernel held comes first. Then one message leads each book to the present.
        self.assertEqual(len(slow.of_type("snapshot")), 4)
        self.assertLess(slow.bytes - start_bytes, 2_000_000)
        for sid in sids:
            deltas = [m for m in slow.messages[start:] if m["type"] == "delta" and m["sid"] == sid]
            jumps = [m["seq"] - m["prev"] for m in deltas]
            self.assertGreater(max(jumps), 500 * STALL_S / 4, f"sid {sid}")
            self.assertLessEqual(sum(jump > 100 for jump in jumps), 3, f"sid {sid}")

        # The other one noticed nothing.
        times = [m["ts"] for m in seen if m["type"] == "delta"]
        self.assertLess(max(b - a for a, b in zip(times, times[1:])), 1_000_000)

    async def test_trades_that_can_no_longer_be_had_are_announced(self):
        observer, slow = await self.client(), await self.client(receive_buffer=4096)
        await observer.subscribe("book", self.SYMBOLS[0], rate_ms=100)
        entries = await slow.subscribe("trades", *self.SYMBOLS)
        await slow.until(lambda c: len(c.trades) == 4)
        seen = await self.stall(observer)
        now = seen[-1]["ts"]
        # The chain is verified by the client itself, with or without a gap.
        await slow.until(lambda c: all(any(m["ts"] >= now for m in c.of_type("trades", entry["sid"])[-1:])
                                       for entry in entries))

    async def test_one_that_is_slow_from_the_start_is_told_for_how_long(self):
        observer, slow = await self.client(), await self.client(receive_buffer=4096)
        await observer.subscribe("book", self.SYMBOLS[0], rate_ms=100)
        for depth in (500, 100, 50, 25, 10, 5):  # too much for the kernel, at every rate
            for rate_ms in (0, 50, 100, 250, 500, 1000, 5000):
                await slow.send({"op": "subscribe", "channel": "book", "symbols": self.SYMBOLS, "depth": depth,
                                 "rate_ms": rate_ms})
        await self.stall(observer)
        await slow.until(lambda c: c.of_type("lag"))
        await slow.until(lambda c: len(c.books) == 6 * 7 * 4)
        behind = [m["lag_ms"] for m in slow.of_type("lag") if m["state"] == "behind"]
        self.assertGreaterEqual(min(behind), 1000)
        self.assertLess(max(behind), 600_000)

    async def test_a_slow_client_is_read_again_when_it_has_caught_up(self):
        observer, slow = await self.client(), await self.client(receive_buffer=4096)
        await observer.subscribe("book", self.SYMBOLS[0], rate_ms=100)
        await slow.subscribe("book", *self.SYMBOLS, depth=100, rate_ms=0)
        await self.stall(observer)
        id_ = await slow.send({"op": "ping"})
        self.assertEqual((await slow.answer(id_))["type"], "pong")


class SlowClientOverTls(SlowClient):
    TLS = ssl.TLSVersion.TLSv1_3


if __name__ == "__main__":
    unittest.main()
