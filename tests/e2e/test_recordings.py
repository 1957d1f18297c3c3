"""tickgate-replay over the real recordings of Binance, where they are at hand, against what an independent reference
found in them: final books, every checkpoint, and the exchange's own checks.

Environment: TICKGATE_BIN, the folder of the binaries; TICKGATE_MARKET_DATA, the recordings (default: beside the
source tree).
"""

import hashlib
import json
import os
import pathlib
import subprocess
import unittest
from decimal import Decimal

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("TICKGATE_BIN", ROOT / "build" / "dev" / "bin"))
DATA = pathlib.Path(os.environ.get("TICKGATE_MARKET_DATA", ROOT.parent / "shared" / "market-data"))
DEPTH = 20


def replay(print_what, venue, files, *args):
    command = [BIN / "tickgate-replay", "--venue", venue, "--print", print_what, *args,
               *(DATA / "binance" / name for name in files)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if result.returncode != 0:
        raise AssertionError(f"exit {result.returncode}: {result.stderr}")
    return [json.loads(line) for line in result.stdout.splitlines()]


def plain(decimal):
    """Without exponent and trailing zeros, as the reference writes."""
    return format(Decimal(decimal).normalize(), "f")


def levels(side):
    return [[plain(price), plain(quantity)] for price, quantity in side]


def digest(bids, asks):
    lines = [f"{side} {price} {quantity}\n" for side, all_ in (("b", bids), ("a", asks)) for price, quantity in all_]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@unittest.skipUnless((DATA / "binance").exists(), f"no recordings at {DATA}: set TICKGATE_MARKET_DATA")
class RecordingTest:
    """The tests of one recording; a case says which, and the counts of its exchange's checks."""

    def expected_books(self):
        return json.loads((DATA / "expected" / f"{self.name}.json").read_text())["books"]

    def test_the_final_books_are_the_references(self):
        lines = {line["venue_symbol"]: line for line in replay("books", self.venue, self.files, "--top", str(DEPTH))}
        expected = self.expected_books()
        self.assertEqual(sorted(lines), sorted(expected))
        for symbol, book in expected.items():
            line = lines[symbol]
            self.assertEqual(line["symbol"], self.symbols[symbol])
            self.assertEqual(line["state"], "live")
            self.assertEqual(levels(line["bids"]), book["bids"])
            self.assertEqual(levels(line["asks"]), book["asks"])
            self.assertEqual((line["levels_bid"], line["levels_ask"]), (book["levels_bid"], book["levels_ask"]))
            self.assertEqual(digest(levels(line["bids"]), levels(line["asks"])), book["sha256_top20"])
            self.assertEqual(line["seq"], book["depth_events_applied"] + 1, "each event and the snapshot")

    def test_the_whole_books_are_the_references(self):
        lines = {line["venue_symbol"]: line for line in replay("books", self.venue, self.files, "--top", "0")}
        for symbol, book in self.expected_books().items():
            self.assertEqual(digest(levels(lines[symbol]["bids"]), levels(lines[symbol]["asks"])), book["sha256_full"])

    def test_the_book_is_the_references_at_every_checkpoint(self):
        deltas = {symbol: [] for symbol in self.symbols}
        snapshots = {symbol: 0 for symbol in self.symbols}
        changes = 0
        for line in replay("batches", self.venue, self.files, "--top", str(DEPTH)):
            changes += line["changes"]
            if line["kind"] == "snapshot":
                snapshots[line["venue_symbol"]] += 1
            else:
                deltas[line["venue_symbol"]].append(line)
        self.assertEqual(set(snapshots.values()), {1})
        compared = 0
        for symbol, book in self.expected_books().items():
            self.assertEqual(len(deltas[symbol]), book["depth_events_applied"])
            self.assertEqual(int(deltas[symbol][-1]["venue_id"]), book["last_update_id"])
            for n, key, best_bid, best_ask, sha256_top20 in book.get("checkpoints", []):
                line = deltas[symbol][n - 1]
                bids, asks = levels(line["bids"]), levels(line["asks"])
                self.assertEqual((int(line["venue_id"]), bids[0], asks[0]), (key, best_bid, best_ask), n)
                self.assertEqual(digest(bids, asks), sha256_top20, n)
                compared += 1
        self.assertEqual(compared, self.checkpoints)
        (stats,) = replay("stats", self.venue, self.files)
        self.assertEqual(stats["level_changes"], changes)

    def test_the_exchanges_own_checks_hold(self):
        (stats,) = replay("stats", self.venue, self.files)
        counts = {key: stats[key] for key in self.stats}
        self.assertEqual(counts, self.stats)
        for key in ("decode_errors", "gaps", "resyncs", "chain_failed", "touch_failed", "checksum_failed"):
            self.assertEqual(stats[key], 0, key)
        self.assertEqual(stats["batches"], stats["chain_ok"] + len(self.symbols))
        self.assertAlmostEqual(stats["seconds"], self.seconds, delta=0.1)
        self.assertGreater(stats["messages_per_s"], 0)


class SpotBtcUsdt(RecordingTest, unittest.TestCase):
    name = "binance_spot_btcusdt_20240808"
    venue = "binance-spot"
    files = ["spot_btcusdt_20240808.gz"]
    symbols = {"BTCUSDT": "BINANCE:BTC-USDT"}
    checkpoints = 34
    stats = {"messages": 41249, "trades": 9757, "chain_ok": 3449, "touch_ok": 3449}
    seconds = 346.1

    def test_speed_and_several_names_change_nothing(self):
        whole = replay("books", self.venue, self.files)
        self.assertEqual(replay("books", self.venue, self.files, "--speed", "100"), whole)
        self.assertEqual(replay("books", self.venue, self.files, "--format", "hft", "--speed", "max"), whole)


class UsdMarginedBtcUsdt(RecordingTest, unittest.TestCase):
    name = "binance_usdm_btcusdt_20240808"
    venue = "binance-usdm"
    files = ["usdm_btcusdt_20240808.gz"]
    symbols = {"BTCUSDT": "BINANCE-USDM:BTC-USDT-PERP"}
    checkpoints = 65
    stats = {"messages": 93954, "trades": 21313, "chain_ok": 6547, "touch_ok": 6547}
    seconds = 344.8


class CoinMarginedEthUsd(RecordingTest, unittest.TestCase):
    name = "binance_cm_ethusd_perp_20240808"
    venue = "binance-coinm"
    files = ["cm_ethusd_perp_20240808.gz"]
    symbols = {"ETHUSD_PERP": "BINANCE-COINM:ETH-USD-PERP"}
    checkpoints = 228
    stats = {"messages": 40454, "trades": 1732, "chain_ok": 22887, "touch_ok": 22887}
    seconds = 343.8


class SpotFourSymbols(RecordingTest, unittest.TestCase):
    name = "binance_spot_4symbols_20211012"
    venue = "binance-spot"
    files = ["spot_4symbols_20211012.ws.gz", "spot_4symbols_20211012.rest.gz"]
    symbols = {"BLZETH": "BINANCE:BLZ-ETH", "LRCBTC": "BINANCE:LRC-BTC", "NKNUSDT": "BINANCE:NKN-USDT",
               "RUNEEUR": "BINANCE:RUNE-EUR"}
    checkpoints = 1
    stats = {"messages": 265, "trades": 2, "chain_ok": 172, "touch_ok": 159}
    seconds = 30.0


if __name__ == "__main__":
    unittest.main()
