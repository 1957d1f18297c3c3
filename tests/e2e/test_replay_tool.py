"""tickgate-replay from outside: its output on small recordings, and its exit codes."""

import gzip
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("TICKGATE_BIN", ROOT / "build" / "dev" / "bin"))


def depth(first, last, bids=(), asks=()):
    return json.dumps({"stream": "btcusdt@depth", "data": {
        "e": "depthUpdate", "E": 1700000000000, "s": "BTCUSDT", "U": first, "u": last,
        "b": list(bids), "a": list(asks)}})


SNAPSHOT = '{"lastUpdateId":10,"bids":[["1.5","2"],["1.4","1"]],"asks":[["1.6","3"]]}'
TRADE = '{"e":"trade","s":"BTCUSDT","t":1,"p":"1.5","q":"1","T":1,"m":true}'


class ReplayTool(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def write(self, *messages, name="recording", start_ns=1_700_000_000_000_000_000):
        path = pathlib.Path(self.folder.name) / name
        path.write_text("".join(f"{start_ns + n * 1_000_000_000} {text}\n" for n, text in enumerate(messages)))
        return path

    def run_tool(self, *args):
        return subprocess.run([BIN / "tickgate-replay", *map(str, args)], capture_output=True, text=True, timeout=60)

    def replay(self, print_what, *args):
        result = self.run_tool("--venue", "binance-spot", "--print", print_what, *args)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout.splitlines()

    def test_books_are_one_line_a_symbol(self):
        path = self.write(depth(9, 9), SNAPSHOT, depth(11, 12, [["1.5", "0"]], [["1.7", "4"]]))
        self.assertEqual(self.replay("books", path), [
            '{"symbol":"BINANCE:BTC-USDT","venue_symbol":"BTCUSDT","state":"live","seq":2,"levels_bid":1,'
            '"levels_ask":2,"bids":[["1.4","1"]],"asks":[["1.6","3"],["1.7","4"]]}'])

    def test_batches_are_one_line_a_book_message_also_without_a_change(self):
        path = self.write(depth(9, 9), SNAPSHOT, TRADE, depth(11, 12, [["1.3", "0"]]), depth(13, 13, [["1.5", "1"]]))
        lines = self.replay("batches", path, "--top", "1")
        self.assertEqual(lines[0],
                         '{"symbol":"BINANCE:BTC-USDT","venue_symbol":"BTCUSDT","kind":"snapshot","seq":1,'
                         '"venue_id":"10","tv":null,"tr":1700000001000000,"changes":3,"bids":[["1.5","2"]],"asks":[["1.6","3"]]}')
        rest = [json.loads(line) for line in lines[1:]]
        self.assertEqual([(line["kind"], line["seq"], line["venue_id"], line["changes"]) for line in rest],
                         [("delta", 2, "12", 0), ("delta", 3, "13", 1)])

    def test_stats_count_gaps_and_what_cannot_be_read(self):
        path = self.write(depth(9, 9), SNAPSHOT, depth(11, 11), depth(13, 13), "nonsense", TRADE)
        (line,) = self.replay("stats", path)
        stats = json.loads(line)
        self.assertEqual(list(stats), ["messages", "decode_errors", "batches", "level_changes", "trades", "gaps",
                                       "resyncs", "chain_ok", "chain_failed", "checksum_ok", "checksum_failed",
                                       "touch_ok", "touch_failed", "seconds", "messages_per_s", "level_changes_per_s"])
        self.assertEqual({key: stats[key] for key in ("messages", "decode_errors", "batches", "level_changes", "trades",
                                                      "gaps", "resyncs", "chain_ok", "chain_failed", "seconds")},
                         {"messages": 6, "decode_errors": 1, "batches": 2, "level_changes": 3, "trades": 1, "gaps": 1,
                          "resyncs": 1, "chain_ok": 1, "chain_failed": 1, "seconds": 5.0})

    def test_a_book_that_waits_for_a_snapshot_says_so(self):
        book = json.loads(self.replay("books", self.write(depth(9, 9), SNAPSHOT, depth(12, 12)))[0])
        self.assertEqual((book["state"], book["seq"]), ("resyncing", 1))

    def test_a_recording_without_a_snapshot_starts_from_empty_on_demand(self):
        path = self.write(depth(9, 9, [["1.5", "2"]]), depth(10, 10, [], [["1.6", "1"]]))
        self.assertEqual(json.loads(self.replay("books", path)[0])["seq"], 0)
        book = json.loads(self.replay("books", path, "--from-empty")[0])
        self.assertEqual((book["state"], book["seq"], book["bids"], book["asks"]),
                         ("live", 2, [["1.5", "2"]], [["1.6", "1"]]))

    def test_a_recording_that_names_its_venue_needs_no_other(self):
        path = pathlib.Path(self.folder.name) / "own"
        path.write_text("# tickgate 1 binance-spot 1700000000000000000\n"
                        f"1700000000000000000 {depth(9, 9)}\n"
                        f"1700000001000000000 https://x/api/v3/depth?symbol=BTCUSDT -> {SNAPSHOT}\n")
        result = self.run_tool("--print", "books", path)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(json.loads(result.stdout)["seq"], 1)

    def test_each_of_several_files_has_the_snapshot_of_its_own_symbol(self):
        btc = self.write(depth(9, 9), SNAPSHOT, depth(11, 11, [["1.5", "1"]]), name="btc")
        eth = self.write(*(text.replace("BTC", "ETH").replace("btc", "eth")
                           for text in (depth(9, 9), SNAPSHOT, depth(11, 11, [["1.5", "3"]]))), name="eth")
        books = [json.loads(line) for line in self.replay("books", btc, eth)]
        self.assertEqual([(book["venue_symbol"], book["state"], book["bids"][0]) for book in books],
                         [("BTCUSDT", "live", ["1.5", "1"]), ("ETHUSDT", "live", ["1.5", "3"])])

    def test_a_damaged_recording_exits_1_after_what_comes_before(self):
        whole = self.write(depth(9, 9), SNAPSHOT, *(depth(n, n, [["1.5", str(n)]]) for n in range(11, 3000)))
        cut = whole.with_suffix(".gz")
        packed = gzip.compress(whole.read_bytes())
        cut.write_bytes(packed[:len(packed) // 2])
        result = self.run_tool("--venue", "binance-spot", "--print", "books", cut)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"recording\.gz: line \d+, byte \d+: ")
        self.assertGreater(json.loads(result.stdout)["seq"], 1)

    def test_a_file_that_is_not_there_exits_1(self):
        result = self.run_tool("--venue", "binance-spot", "--print", "books", "/nonexistent/file")
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("/nonexistent/file", result.stderr)

    def test_a_file_without_a_line_of_the_format_asked_for_exits_1(self):
        path = self.write(depth(9, 9))
        result = self.run_tool("--venue", "binance-spot", "--format", "cf", "--print", "stats", path)
        self.assertEqual(result.returncode, 1)
        self.assertIn("no line up to here is a message of this format", result.stderr)

    def test_a_recording_of_a_venue_without_a_session_exits_2(self):
        path = self.write()
        path.write_text("CBCAP1 mars BTC/USD 100\n5 2\n{}\n")
        result = self.run_tool("--print", "stats", path)
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("unknown venue mars", result.stderr)

    def test_a_wrong_command_line_exits_2(self):
        path = self.write(depth(9, 9))
        right = ["--venue", "binance-spot", "--print", "books"]
        self.assertEqual(self.run_tool(*right, path).returncode, 0)
        for args in ([], right, right[:2] + [path], right[2:] + [path], right[:3] + ["tables", path],
                     ["--venue", "binance", *right[2:], path], [*right, "--format", "csv", path],
                     [*right, "--speed", "0", path], [*right, "--top", "-1", path], [*right, "--unknown", path]):
            result = self.run_tool(*args)
            self.assertEqual(result.returncode, 2, args)
            self.assertEqual(result.stdout, "", args)
            self.assertNotEqual(result.stderr, "", args)

    def test_help_exits_0(self):
        result = self.run_tool("--help")
        self.assertEqual(result.returncode, 0)
        self.assertIn("--print", result.stdout)


if __name__ == "__main__":
    unittest.main()
