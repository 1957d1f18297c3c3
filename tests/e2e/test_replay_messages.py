"""tickgate-replay --print messages: what a client that subscribed at the start gets, the same bytes at every speed."""

import json
import os
import pathlib
import time
import unittest
from decimal import Decimal

from client import Book
from harness import ROOT, EndToEndTest
from recording import Recording
from replay_messages import digest, print_messages, run_replay

VENUE = ("--venue", "binance-spot")
SPEEDS = ("1", "50", "max")


def numbers(levels):
    return [(Decimal(price), Decimal(quantity)) for price, quantity in levels]


class Golden(unittest.TestCase):
    """The digests in replay-data/golden.json; TICKGATE_UPDATE_GOLDEN=1 writes them anew."""

    PATH = ROOT / "replay-data" / "golden.json"

    def test_the_bundled_sessions_messages_are_the_golden_ones(self):
        golden = json.loads(self.PATH.read_text())
        for entry in golden["messages"]:
            with self.subTest(**entry):
                output = print_messages(*entry["options"].split(), ROOT / "replay-data" / entry["file"])
                found = {"lines": output.count(b"\n"), "sha256": digest(output)}
                if os.environ.get("TICKGATE_UPDATE_GOLDEN"):
                    entry.update(found)
                self.assertEqual({key: entry.get(key) for key in found}, found)
        if os.environ.get("TICKGATE_UPDATE_GOLDEN"):
            self.PATH.write_text(json.dumps(golden, indent=2) + "\n")

    def test_every_bundled_session_has_golden_messages_of_every_channel(self):
        golden = json.loads(self.PATH.read_text())["messages"]
        for path in (ROOT / "replay-data").glob("*.zst"):
            options = [entry["options"].split() for entry in golden if entry["file"] == path.name]
            for channel in ("book", "bbo", "trades"):
                self.assertTrue(any(channel in some for some in options), f"{path.name}: {channel}")


class Messages(EndToEndTest):
    def record(self, symbol="BTCUSDT", **options):
        recording = Recording(symbol, **options)
        return recording, recording.write(self.folder / symbol)

    def messages(self, *args):
        return [json.loads(line) for line in print_messages(*VENUE, *args).splitlines()]

    def test_every_speed_gives_the_same_bytes(self):
        _, path = self.record(seconds=3)
        for channel in ("book", "bbo", "trades"):
            outputs = {}
            for speed in SPEEDS:
                begin = time.monotonic()
                outputs[speed] = print_messages(*VENUE, "--channel", channel, "--rate-ms", 50, "--speed", speed, path)
                if speed == "1":
                    self.assertGreater(time.monotonic() - begin, 2.9, "speed 1 takes the time that was recorded")
            self.assertEqual(set(outputs.values()), {outputs["max"]}, channel)
            self.assertGreater(outputs["max"].count(b"\n"), 25, channel)

    def test_a_client_from_the_start_gets_a_snapshot_and_then_every_change(self):
        recording, path = self.record(seconds=10)
        first, *deltas = self.messages("--rate-ms", 0, path)
        self.assertEqual((first["type"], first["sid"], first["epoch"], first["seq"], first["depth"]),
                         ("snapshot", 1, "replay", 1, 25))
        self.assertEqual({m["type"] for m in deltas}, {"delta"})
        self.assertEqual([m["prev"] for m in deltas], [first["seq"], *(m["seq"] for m in deltas[:-1])])
        self.assertTrue(all(m["ts"] == m["tr"] for m in deltas), "sent when it was recorded")
        self.assertEqual(deltas[-1]["seq"], 1 + recording.updates)
        book = Book(first["symbol"], first["epoch"], first["seq"], first["depth"])
        for message in (first, *deltas):
            book.apply(message)
            self.assertEqual(book.checksum(), message["ck"])
        self.assertEqual(tuple(map(numbers, book.state())), tuple(map(numbers, recording.book(25))))

    def test_what_is_owed_at_the_end_is_sent(self):
        recording, path = self.record(seconds=7)
        *_, last = self.messages("--rate-ms", 5000, path)
        self.assertEqual(last["seq"], 1 + recording.updates)
        *_, trades = self.messages("--channel", "trades", "--rate-ms", 5000, path)
        self.assertEqual((trades["seq"], trades["trades"][-1][0]), (len(recording.trades), recording.trades[-1][0]))

    def test_throttled_messages_are_sent_at_multiples_of_their_rate(self):
        _, path = self.record(seconds=7)
        for rate in (50, 250, 1000):
            _, *deltas, _ = self.messages("--rate-ms", rate, path)
            self.assertEqual({m["ts"] % (rate * 1000) for m in deltas}, {0}, rate)

    def test_sids_count_from_one_in_the_order_given(self):
        paths = [self.record(symbol, seed=seed, named=True)[1] for seed, symbol in enumerate(("BTCUSDT", "ETHUSDT"))]
        for names, order in (("BINANCE:ETHUSDT,binance:btc-usdt", ["BINANCE:ETH-USDT", "BINANCE:BTC-USDT"]),
                             ("BINANCE:BTC-USDT,BINANCE:ETH-USDT,BINANCE:BTCUSDT",
                              ["BINANCE:BTC-USDT", "BINANCE:ETH-USDT"])):
            snapshots = [m for m in self.messages("--symbols", names, *paths) if m["type"] == "snapshot"]
            self.assertEqual({m["sid"]: m["symbol"] for m in snapshots}, dict(enumerate(order, 1)))
        everything = self.messages("--symbols", "*", *paths)
        self.assertEqual(everything, self.messages(*paths))
        self.assertEqual({m["sid"] for m in everything}, {1, 2})

    def test_depth_and_rate_are_rounded_up_to_what_is_offered(self):
        _, path = self.record(seconds=2)
        self.assertEqual(self.messages("--depth", 11, "--rate-ms", 60, path),
                         self.messages("--depth", 25, "--rate-ms", 100, path))

    def test_a_symbol_that_is_not_there_exits_2_with_those_near_it(self):
        _, path = self.record(seconds=1)
        result = run_replay(*VENUE, "--symbols", "BINANCE:BTC-USD", path)
        self.assertEqual((result.returncode, result.stdout), (2, b""))
        self.assertIn(b"BINANCE:BTC-USD;", result.stderr)
        self.assertIn(b"BINANCE:BTC-USDT", result.stderr)

    def test_wishes_above_what_is_offered_exit_2(self):
        _, path = self.record(seconds=1)
        for wish in (["--depth", 501], ["--rate-ms", 5001], ["--channel", "candles"]):
            result = run_replay(*VENUE, *wish, path)
            self.assertEqual((result.returncode, result.stdout), (2, b""), wish)
            self.assertNotEqual(result.stderr, b"", wish)

    def test_a_damaged_recording_exits_1_after_what_comes_before(self):
        _, path = self.record(seconds=5)
        whole = print_messages(*VENUE, "--rate-ms", 0, path)
        pathlib.Path(path).write_bytes(pathlib.Path(path).read_bytes() + b"12345 {\n\xff\xfe nothing\n")
        result = run_replay(*VENUE, "--rate-ms", 0, path)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertEqual(result.stdout, whole)


if __name__ == "__main__":
    unittest.main()
