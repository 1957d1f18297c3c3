"""Coming back: a position still known goes on with a delta of exactly that `prev`; anything else says why."""

import unittest

from harness import GatewayTest, EndToEndTest

S0 = "SYN:S0"


class Resume(GatewayTest):
    async def leave(self, channel="book", symbols=(S0,), **fields):
        """Holds something for a few messages and disconnects; returns what may be resumed, by symbol."""
        client = await self.client()
        entries = await client.subscribe(channel, *symbols, **fields)
        kind = {"book": "delta", "trades": "trades"}[channel]
        for entry in entries:
            await client.until(lambda c: len(c.of_type(kind, entry["sid"])) >= 2)
        await client.close()
        return client.positions()

    async def come_back(self, saved, channel="book", symbols=(S0,), **fields):
        client = await self.client()
        client.saved = dict(saved)
        return client, await client.subscribe(channel, *symbols, **fields)

    async def test_a_book_goes_on_from_the_position_held(self):
        saved = await self.leave()
        seq = saved[S0].seq
        client, (entry,) = await self.come_back(saved)
        self.assertEqual((entry["resumed"], "why" in entry), (True, False))
        delta = await client.next("delta", entry["sid"])
        self.assertEqual(delta["prev"], seq)
        await client.next("delta", entry["sid"])
        self.assertEqual(client.of_type("snapshot"), [])

    async def test_it_goes_on_at_any_rate(self):
        for before, after in ((0, 1000), (1000, 0), (0, 5000), (100, 100)):
            with self.subTest(before=before, after=after):
                saved = await self.leave(rate_ms=before)
                client, (entry,) = await self.come_back(saved, rate_ms=after)
                self.assertTrue(entry["resumed"])
                await client.next("delta", entry["sid"])
                await client.next("delta", entry["sid"])
                self.assertEqual(client.of_type("snapshot"), [])

    async def test_it_goes_on_at_a_smaller_depth(self):
        for held, wanted in ((25, 5), (0, 25), (100, 1)):
            with self.subTest(held=held, wanted=wanted):
                saved = await self.leave(depth=held)
                client, (entry,) = await self.come_back(saved, depth=wanted)
                self.assertTrue(entry["resumed"])
                await client.next("delta", entry["sid"])
                await client.next("delta", entry["sid"])
                self.assertEqual(client.of_type("snapshot"), [])

    async def test_a_greater_depth_is_answered_with_a_snapshot(self):
        for held, wanted in ((5, 25), (25, 0)):
            with self.subTest(held=held, wanted=wanted):
                saved = await self.leave(depth=held)
                client, (entry,) = await self.come_back(saved, depth=wanted)
                self.assertEqual((entry["resumed"], entry["why"]), (False, "depth_changed"))
                await client.next("snapshot", entry["sid"])

    async def test_another_epoch_is_answered_with_a_snapshot(self):
        saved = await self.leave()
        saved[S0].epoch += "x"
        client, (entry,) = await self.come_back(saved)
        self.assertEqual((entry["resumed"], entry["why"]), (False, "epoch_changed"))
        await client.next("snapshot", entry["sid"])

    async def test_a_position_ahead_of_all_is_answered_with_a_snapshot_in_time(self):
        saved = await self.leave()
        saved[S0].seq += 1_000_000
        client, (entry,) = await self.come_back(saved)
        await client.next("snapshot", entry["sid"])

    async def test_several_books_go_on_together(self):
        symbols = [f"SYN:S{n}" for n in range(4)]
        saved = await self.leave(symbols=symbols)
        client, entries = await self.come_back(saved, symbols=symbols)
        self.assertTrue(all(entry["resumed"] for entry in entries))
        await client.until(lambda c: all(c.of_type("delta", entry["sid"]) for entry in entries))
        self.assertEqual(client.of_type("snapshot"), [])

    async def test_trades_go_on_without_a_hole(self):
        saved = await self.leave("trades")
        seq = saved[S0].seq
        client, (entry,) = await self.come_back(saved, "trades")
        self.assertTrue(entry["resumed"])
        self.assertEqual((await client.next("trades", entry["sid"]))["prev"], seq)
        await client.next("trades", entry["sid"])

    async def test_many_times_in_a_row(self):
        saved = await self.leave(rate_ms=0)
        for _ in range(20):
            client, (entry,) = await self.come_back(saved, rate_ms=0)
            self.assertTrue(entry["resumed"] or entry["why"] == "busy", entry)
            await client.until(lambda c: c.of_type("delta", entry["sid"]))
            await client.close()
            saved = client.positions()


class Restart(EndToEndTest):
    async def test_a_new_process_is_a_new_epoch(self):
        gateway = self.start_gateway()
        client = await self.connect(gateway)
        (entry,) = await client.subscribe("book", S0)
        await client.next("delta", entry["sid"])
        saved = client.positions()
        await client.close()
        self.assertEqual(gateway.stop(), 0)
        client = await self.connect(self.start_gateway())
        client.saved = saved
        (entry,) = await client.subscribe("book", S0)
        self.assertEqual((entry["resumed"], entry["why"]), (False, "epoch_changed"))
        await client.next("snapshot", entry["sid"])


if __name__ == "__main__":
    unittest.main()
