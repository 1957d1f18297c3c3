"""A recording, from its file to a client."""

import unittest
from decimal import Decimal

from harness import EndToEndTest
from recording import Recording

SYMBOL = "BINANCE:BTC-USDT"


def numbers(levels):
    return [(Decimal(price), Decimal(quantity)) for price, quantity in levels]


class Replay(EndToEndTest):
    def start(self, recording, *args):
        path = recording.write(self.folder / f"{recording.symbol}.txt")
        return self.start_gateway("--replay", path, "--venue", "binance-spot", *args)

    async def at_the_end(self, client, sid, recording):
        expected = tuple(map(numbers, recording.book(25)))

        def reached(c):
            book = c.books.get(sid)
            return book and (numbers(book.best_bids()), numbers(book.best_asks())) == expected
        await client.until(reached)

    async def test_a_client_ends_with_the_final_book(self):
        recording = Recording(seconds=20)
        client = await self.connect(self.start(recording, "--speed", "10"))
        (entry,) = await client.subscribe("book", SYMBOL, rate_ms=0)
        await self.at_the_end(client, entry["sid"], recording)

    async def test_at_full_speed_the_final_book_stays(self):
        recording = Recording(seconds=60)
        client = await self.connect(self.start(recording, "--speed", "max"))
        (entry,) = await client.subscribe("book", SYMBOL)
        await self.at_the_end(client, entry["sid"], recording)

    async def test_trades_are_those_of_the_recording(self):
        recording = Recording(seconds=20)
        client = await self.connect(self.start(recording, "--speed", "10"))
        (entry,) = await client.subscribe("trades", SYMBOL)
        last = recording.trades[-1][0]
        await client.until(lambda c: c.trades.get(entry["sid"]) and c.trades[entry["sid"]].trades[-1:] and
                           c.trades[entry["sid"]].trades[-1][0] == last)
        got = client.trades[entry["sid"]].trades
        expected = recording.trades[-len(got):]
        self.assertEqual([[t[0], *numbers([t[1:3]]), t[3]] for t in got],
                         [[t[0], *numbers([t[1:3]]), t[3]] for t in expected])

    async def test_the_venues_own_name_is_an_alias(self):
        client = await self.connect(self.start(Recording(), "--speed", "max"))
        (entry,) = await client.subscribe("book", "binance:btcusdt")
        self.assertEqual(entry["symbol"], SYMBOL)
        ack = await client.request("subscribe", channel="book", symbols=["BINANCE:BTC-USD"])
        self.assertEqual(ack["err"], [{"symbol": "BINANCE:BTC-USD", "code": "unknown_symbol", "near": [SYMBOL]}])

    async def test_a_loop_goes_on_in_sequence_and_epoch(self):
        recording = Recording(seconds=5)
        client = await self.connect(self.start(recording, "--speed", "10", "--loop"))
        (book,) = await client.subscribe("book", SYMBOL, rate_ms=0)
        (trades,) = await client.subscribe("trades", SYMBOL)
        # Twice the recording's messages; the client itself verifies the chains.
        await client.until(lambda c: len(c.of_type("delta", book["sid"])) > 2 * 5 * 10 and
                           c.trades.get(trades["sid"]) and len(c.trades[trades["sid"]].trades) > 2 * 5 * 10)
        self.assertEqual(len(client.of_type("snapshot")), 1)

    async def test_several_files_make_one_session(self):
        recordings = [Recording(symbol, seed=seed, named=True) for seed, symbol in enumerate(("BTCUSDT", "ETHUSDT"))]
        paths = [recording.write(self.folder / recording.symbol) for recording in recordings]
        gateway = self.start_gateway("--replay", *paths, "--venue", "binance-spot", "--speed", "max")
        client = await self.connect(gateway)
        entries = await client.subscribe("book", "BINANCE:*")
        self.assertEqual([entry["symbol"] for entry in sorted(entries, key=lambda e: e["symbol"])],
                         ["BINANCE:BTC-USDT", "BINANCE:ETH-USDT"])
        for entry, recording in zip(sorted(entries, key=lambda e: e["symbol"]), recordings):
            await self.at_the_end(client, entry["sid"], recording)


if __name__ == "__main__":
    unittest.main()
