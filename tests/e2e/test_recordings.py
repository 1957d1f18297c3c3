"""tickgate-replay over the real recordings, where they are at hand, against what an independent reference found in them:
final books, every checkpoint, and the exchanges' own checks. A recording is one entry of CASES.

Environment: TICKGATE_BIN, the folder of the binaries; TICKGATE_MARKET_DATA, the recordings (default: beside the
source tree).
"""

import hashlib
import json
import os
import pathlib
import subprocess
import unittest
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("TICKGATE_BIN", ROOT / "build" / "dev" / "bin"))
DATA = pathlib.Path(os.environ.get("TICKGATE_MARKET_DATA", ROOT.parent / "shared" / "market-data"))
DEPTH = 20


def plain(decimal):
    """Without exponent and trailing zeros, as the reference writes."""
    return format(Decimal(decimal).normalize(), "f")


def levels(side):
    return [[plain(price), plain(quantity)] for price, quantity in side]


def digest(bids, asks):
    lines = [f"{side} {price} {quantity}\n" for side, all_ in (("b", bids), ("a", asks)) for price, quantity in all_]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def micros(iso_time):
    since_1970 = datetime.fromisoformat(iso_time.replace("Z", "+00:00")) - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return since_1970 // timedelta(microseconds=1)


@dataclass
class Case:
    name: str                           # of its expected/*.json
    venue: str
    files: list                         # relative to the recordings' folder
    symbols: dict                       # the venue's names, to the canonical ones
    stats: dict                         # the counts of the exchange's checks; those in ZERO are 0
    seconds: float                      # from the first symbol's listing
    checkpoints: int
    counts_snapshots: bool = True       # as book messages between checkpoints: where they come in the stream
    key: str = "venue_id"               # of a batch line, what a checkpoint calls its key
    args: list = field(default_factory=list)


ZERO = ("decode_errors", "gaps", "resyncs", "chain_failed", "touch_failed", "checksum_failed")

BINANCE = {"counts_snapshots": False}
KRAKEN_V1 = [f"kraken/v1_{channel}_6pairs_20210417.ws.gz" for channel in ("book1000", "trade", "ticker")]

CASES = [
    Case("binance_spot_btcusdt_20240808", "binance-spot", ["binance/spot_btcusdt_20240808.gz"],
         {"BTCUSDT": "BINANCE:BTC-USDT"},
         {"messages": 41249, "batches": 3450, "trades": 9757, "chain_ok": 3449, "touch_ok": 3449}, 346.1, 34, **BINANCE),
    Case("binance_usdm_btcusdt_20240808", "binance-usdm", ["binance/usdm_btcusdt_20240808.gz"],
         {"BTCUSDT": "BINANCE-USDM:BTC-USDT-PERP"},
         {"messages": 93954, "batches": 6548, "trades": 21313, "chain_ok": 6547, "touch_ok": 6547}, 344.8, 65,
         **BINANCE),
    Case("binance_cm_ethusd_perp_20240808", "binance-coinm", ["binance/cm_ethusd_perp_20240808.gz"],
         {"ETHUSD_PERP": "BINANCE-COINM:ETH-USD-PERP"},
         {"messages": 40454, "batches": 22888, "trades": 1732, "chain_ok": 22887, "touch_ok": 22887}, 343.8, 228,
         **BINANCE),
    Case("binance_spot_4symbols_20211012", "binance-spot",
         ["binance/spot_4symbols_20211012.ws.gz", "binance/spot_4symbols_20211012.rest.gz"],
         {"BLZETH": "BINANCE:BLZ-ETH", "LRCBTC": "BINANCE:LRC-BTC", "NKNUSDT": "BINANCE:NKN-USDT",
          "RUNEEUR": "BINANCE:RUNE-EUR"},
         {"messages": 265, "batches": 176, "trades": 2, "chain_ok": 172, "touch_ok": 159}, 30.0, 1, **BINANCE),
    Case("bitfinex_v2_book_P0_seqall", "bitfinex", ["bitfinex/v2_book_P0_seqall_20210417.ws.gz"],
         {"tBFTUSD": "BITFINEX:BFT-USD", "tDOGUSD": "BITFINEX:DOG-USD", "tIOTETH": "BITFINEX:IOT-ETH",
          "tMNABTC": "BITFINEX:MNA-BTC", "tODEUSD": "BITFINEX:ODE-USD", "tSNGUSD": "BITFINEX:SNG-USD",
          "tTESTBTC:TESTUSD": "BITFINEX:TESTBTC-TESTUSD"},
         {"messages": 1693, "batches": 1600, "trades": 0, "chain_ok": 1669}, 29.4, 13),
    # The chain is that of the trades; the key of a checkpoint is a time.
    Case("coinbase_exchange_l2_6products", "coinbase-exchange", ["coinbase/exchange_l2_6products_20210417.ws.gz"],
         {"BAND-BTC": "COINBASE:BAND-BTC", "NMR-EUR": "COINBASE:NMR-EUR", "NU-GBP": "COINBASE:NU-GBP",
          "SKL-GBP": "COINBASE:SKL-GBP", "SKL-USD": "COINBASE:SKL-USD", "YFI-BTC": "COINBASE:YFI-BTC"},
         {"messages": 5275, "batches": 5120, "trades": 70, "chain_ok": 70}, 30.8, 47, key="tv"),
    Case("deribit_v2_book_raw", "deribit", ["deribit/v2_book_raw_20210722.ws.gz"],
         {"BTC-24JUN22-15000-C": "DERIBIT:BTC-220624-15000-C", "BTC-24SEP21-8000-P": "DERIBIT:BTC-210924-8000-P",
          "BTC-30JUL21-24000-P": "DERIBIT:BTC-210730-24000-P", "BTC-31DEC21-34000-P": "DERIBIT:BTC-211231-34000-P",
          "ETH-27AUG21-4000-P": "DERIBIT:ETH-210827-4000-P"},
         {"messages": 97, "batches": 38, "trades": 0, "chain_ok": 33}, 30.4, 0),
    # Beside the book's 2,536 messages those of the two other connections, with their heartbeats.
    Case("kraken_v1_6pairs", "kraken-v1", KRAKEN_V1,
         {"ADA/XBT": "KRAKEN:ADA-BTC", "ETH/CHF": "KRAKEN:ETH-CHF", "OCEAN/XBT": "KRAKEN:OCEAN-BTC",
          "OMG/USD": "KRAKEN:OMG-USD", "SC/EUR": "KRAKEN:SC-EUR", "XBT/CHF": "KRAKEN:BTC-CHF"},
         {"messages": 2627, "batches": 2498, "trades": 6, "checksum_ok": 2492}, 29.7, 22),
    Case("kraken_v2_btcusd_l2_resync", "kraken", ["kraken/v2_btcusd_l2.cbcap.gz"], {"BTC/USD": "KRAKEN:BTC-USD"},
         {"messages": 377, "batches": 301, "trades": 0, "checksum_ok": 301}, 59.9, 3),
    Case("kraken_v2_btcusd_sample", "kraken", ["kraken/v2_btcusd_sample.cbcap.gz"], {"BTC/USD": "KRAKEN:BTC-USD"},
         {"messages": 2104, "batches": 2052, "trades": 0, "checksum_ok": 2052}, 50.1, 20),
    # No symbol has the 100 book messages that a checkpoint takes; the same below.
    Case("bybit_v5_ob500_xrpusdt_first25", "bybit-linear", ["bybit/v5_ob500_xrpusdt_20241201_first25.jsonl.gz"],
         {"XRPUSDT": "BYBIT-LINEAR:XRP-USDT-PERP"}, {"messages": 25, "batches": 25, "trades": 0, "chain_ok": 24}, 2.3, 0),
    # The other 400 trades are from before the subscription.
    Case("bitget_v1_books_8symbols", "bitget-v1", ["bitget/v1_books_8symbols_20220407.ws.gz"],
         {f"{base}USDT": f"BITGET:{base}-USDT" for base in ("AVAX", "CULT", "EOS", "GOG", "HOT", "STG", "SUN", "VVS")},
         {"messages": 684, "batches": 443, "trades": 30, "checksum_ok": 443}, 30.0, 0),
    Case("okx_v5_books_2inst", "okx", ["okx/v5_books_2inst_20220513.ws.gz"],
         {"BTC-USDT": "OKX:BTC-USDT", "UNI-USD-SWAP": "OKX:UNI-USD-PERP"},
         {"messages": 299, "batches": 191, "trades": 70, "checksum_ok": 191}, 10.7, 0),
]


def replay(print_what, case, *args):
    command = [BIN / "tickgate-replay", "--venue", case.venue, "--print", print_what, *case.args, *args,
               *(DATA / name for name in case.files)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if result.returncode != 0:
        raise AssertionError(f"exit {result.returncode}: {result.stderr}")
    return [json.loads(line) for line in result.stdout.splitlines()]


@unittest.skipUnless((DATA / "expected").exists(), f"no recordings at {DATA}: set TICKGATE_MARKET_DATA")
class RecordingTest:
    """The tests of one recording, `case`."""

    def expected_books(self):
        return json.loads((DATA / "expected" / f"{self.case.name}.json").read_text())["books"]

    def test_the_final_books_are_the_references(self):
        lines = {line["venue_symbol"]: line for line in replay("books", self.case, "--top", str(DEPTH))}
        expected = self.expected_books()
        self.assertEqual(sorted(lines), sorted(expected))
        for symbol, book in expected.items():
            line = lines[symbol]
            self.assertEqual(line["symbol"], self.case.symbols[symbol])
            self.assertEqual(line["state"], "live")
            self.assertEqual(levels(line["bids"]), book["bids"])
            self.assertEqual(levels(line["asks"]), book["asks"])
            self.assertEqual((line["levels_bid"], line["levels_ask"]), (book["levels_bid"], book["levels_ask"]))
            self.assertEqual(digest(levels(line["bids"]), levels(line["asks"])), book["sha256_top20"])
            if "depth_events_applied" in book:
                self.assertEqual(line["seq"], book["depth_events_applied"] + 1, "each event and the snapshot")

    def test_the_whole_books_are_the_references(self):
        lines = {line["venue_symbol"]: line for line in replay("books", self.case, "--top", "0")}
        for symbol, book in self.expected_books().items():
            self.assertEqual(digest(levels(lines[symbol]["bids"]), levels(lines[symbol]["asks"])), book["sha256_full"])

    def test_the_book_is_the_references_at_every_checkpoint(self):
        batches = {symbol: [] for symbol in self.case.symbols}
        changes = 0
        for line in replay("batches", self.case, "--top", str(DEPTH)):
            changes += line["changes"]
            if line["kind"] == "delta" or self.case.counts_snapshots:
                batches[line["venue_symbol"]].append(line)
        compared = 0
        for symbol, book in self.expected_books().items():
            if "last_update_id" in book:
                self.assertEqual(int(batches[symbol][-1]["venue_id"]), book["last_update_id"])
            for n, key, best_bid, best_ask, sha256_top20 in book.get("checkpoints", []):
                line = batches[symbol][n - 1]
                bids, asks = levels(line["bids"]), levels(line["asks"])
                key = micros(key) if self.case.key == "tv" else key
                self.assertEqual((str(line[self.case.key]), bids[0], asks[0]), (str(key), best_bid, best_ask), n)
                self.assertEqual(digest(bids, asks), sha256_top20, n)
                compared += 1
        self.assertEqual(compared, self.case.checkpoints)
        (stats,) = replay("stats", self.case)
        self.assertEqual(stats["level_changes"], changes)

    def test_the_exchanges_own_checks_hold(self):
        (stats,) = replay("stats", self.case)
        expected = self.case.stats | {key: 0 for key in ZERO if key not in self.case.stats}
        self.assertEqual({key: stats[key] for key in expected}, expected)
        self.assertAlmostEqual(stats["seconds"], self.case.seconds, delta=0.1)
        self.assertGreater(stats["messages_per_s"], 0)


for _case in CASES:
    globals()[_case.name] = type(_case.name, (RecordingTest, unittest.TestCase), {"case": _case})


@unittest.skipUnless((DATA / "expected").exists(), f"no recordings at {DATA}: set TICKGATE_MARKET_DATA")
class Options(unittest.TestCase):
    def test_speed_and_several_names_change_nothing(self):
        case = CASES[0]
        whole = replay("books", case)
        self.assertEqual(replay("books", case, "--speed", "100"), whole)
        self.assertEqual(replay("books", case, "--format", "hft", "--speed", "max"), whole)


if __name__ == "__main__":
    unittest.main()
