"""tickgate-load: clean under a sound gateway, and what it must detect in one that is not."""

import json
import signal
import unittest

from harness import EndToEndTest, GatewayTest
from scripted import ASKS, BIDS, WELCOME, ScriptedServer, ack, crc, delta, snapshot


class LoadTest(EndToEndTest):
    def load(self, url, *args):
        self.program = self.run_program("tickgate-load", url, *args)
        return self.program

    async def ended(self, code):
        """Waits for its end; returns its report, the only line that it prints."""
        self.assertEqual(await self.in_thread(self.program.wait), code, self.program.output())
        self.assertEqual(len(self.program.stdout), 1)
        return json.loads(self.program.stdout[0])

    def assert_counts(self, report, **counts):
        self.assertEqual({key: report[key] for key in counts}, counts, self.program.output())


class SoundGateway(GatewayTest, LoadTest):
    ARGS = ("--synthetic", "symbols=20,rate=50")
    FAULTS = ("prev_breaks", "ck_failures", "unreadable", "strays", "errors", "unexpected_closes", "connect_errors")

    async def clean(self, *args):
        self.load(self.gateway.url, *args)
        report = await self.ended(0)
        self.assert_counts(report, **dict.fromkeys(self.FAULTS, 0))
        return report

    async def test_reports_a_clean_run(self):
        report = await self.clean("--clients", 60, "--subs-per-client", 5, "--depth", 10, "--rate-ms", 0, "--for", 2,
                                  "--warmup", 0.5, "--verify-every", 3)
        self.assert_counts(report, clients=60, settled=60, subscriptions=300, snapshots=300, interrupted=False)
        self.assertGreater(report["deliveries"], 60 * 5 * 50)
        self.assertGreater(report["ck_verified"], report["deltas"] / 4)
        latency = report["latency_us"]
        self.assertEqual(latency["n"], report["deliveries"])
        self.assertLessEqual(0 < latency["p50"] <= latency["p99"] <= latency["p99_9"], latency["max"])
        self.assertGreater(report["fairness"]["jain"], 0.99)
        self.assertGreater(report["gateway"]["encoded_per_s"], 500)

    async def test_mixes_channels_depths_and_rates(self):
        report = await self.clean("--clients", 12, "--mix", "book:0:0,book:5:100,bbo::50", "--mix", "trades", "--for", 1,
                                  "--verify-every", 1)
        self.assert_counts(report, subscriptions=240)
        for kind in ("snapshots", "deltas", "bbos", "trades", "ck_verified"):
            self.assertGreater(report[kind], 10, kind)

    async def test_takes_names_and_wildcards(self):
        report = await self.clean("--clients", 2, "--symbols", "syn:s1,SYN:S1*", "--for", 0.2, "--warmup", 0)
        self.assert_counts(report, subscriptions=2 * 11)

    async def test_brings_everybody_back_from_a_storm(self):
        report = await self.clean("--clients", 200, "--subs-per-client", 5, "--rate-ms", 100, "--depth", 10, "--for", 2,
                                  "--verify-every", 2, "--storm")
        storm = report["storm"]
        self.assertEqual((storm["clients"], storm["back"], storm["subscriptions"]), (200, 200, 1000))
        self.assertEqual((storm["resumed"], storm["resume_expired"], storm["busy"], storm["snapshots"]), (1000, 0, 0, 0))
        self.assertEqual((storm["streams"], storm["without_data"]), (20, 0))
        self.assertTrue(1 <= storm["positions_mean"] <= storm["positions_max"] <= 8, storm)
        self.assertGreater(storm["after_deltas"], 200 * 5 * 10)
        self.assertGreater(storm["back_s"], 0)
        encodings = storm["encodings"]
        self.assertGreater(encodings["counted"], 0)
        self.assertAlmostEqual(encodings["after_per_s"], encodings["usual_per_s"], delta=encodings["usual_per_s"] / 2)

    async def test_slow_readers_cost_the_others_nothing(self):
        gateway = self.start_gateway("--synthetic", "symbols=4,rate=500")
        self.load(gateway.url, "--clients", 40, "--rate-ms", 0, "--depth", 100, "--for", 4, "--slow", 0.25,
                  "--slow-bytes", 20000)
        report = await self.ended(0)
        self.assert_counts(report, clients=40, slow_clients=10, prev_breaks=0, unexpected_closes=0)
        fast, slow = report["deliveries"] / 30, report["slow_deliveries"] / 10
        self.assertLess(slow, fast / 4)
        self.assertGreater(report["fairness"]["least_share"], 0.95)
        self.assertGreaterEqual(gateway.metrics()["session_blocks_total"], 10)

    async def test_connects_at_the_rate_it_is_told(self):
        report = await self.clean("--clients", 50, "--connect-rate", 50, "--for", 0.2, "--warmup", 0)
        self.assertGreater(report["connect_s"], 0.8)

    async def test_reports_when_it_is_interrupted(self):
        program = self.load(self.gateway.url, "--clients", 5, "--for", 1000)
        await self.in_thread(program.wait_line, program.stderr, "5 of 5 clients in, with 100 subscriptions")
        program.process.send_signal(signal.SIGINT)
        report = await self.ended(0)
        self.assert_counts(report, clients=5, interrupted=True)


class FaultyServer(LoadTest):
    async def asyncSetUp(self):
        self.server = await self.enterAsyncContext(ScriptedServer())

    async def start(self, *args, seconds=1000):
        self.load(self.server.url, "--symbols", "SYN:S0", "--clients", 1, "--warmup", 0, "--for", seconds, *args)
        return await self.server.accept()

    async def finish(self, peer, code):
        """Ends it once it has read everything."""
        if peer:
            await peer.everything_is_read()
        self.program.process.send_signal(signal.SIGTERM)
        return await self.ended(code)

    async def test_verifies_a_sound_stream(self):
        peer = await self.start("--depth", 25, "--rate-ms", 100)
        op = await peer.start()
        self.assertEqual(op, {"op": "subscribe", "id": 1, "channel": "book", "symbols": ["SYN:S0"], "depth": 25,
                              "rate_ms": 100})
        await peer.send(snapshot(10), delta(10, 14), {"type": "hb", "ts": 5}, delta(14, 15))
        report = await self.finish(peer, 0)
        self.assert_counts(report, snapshots=1, deltas=2, ck_verified=3, prev_breaks=0, ck_failures=0, gateway=None)
        self.assertEqual(self.server.paths[-1], "/v1/ws")

    async def test_detects_a_broken_chain_also_where_it_holds_no_books(self):
        peer = await self.start("--verify-every", 0)
        await peer.start()
        await peer.send(snapshot(10), delta(11, 12), delta(12, 13))
        op = await peer.op("resync")
        self.assertEqual(op["sid"], 12)
        await peer.send({"type": "ack", "id": op["id"]}, snapshot(13), delta(13, 14))
        report = await self.finish(peer, 1)
        self.assert_counts(report, prev_breaks=1, ck_verified=0, ck_failures=0, snapshots=2, deltas=3)

    async def test_detects_a_wrong_checksum_in_its_sample(self):
        peer = await self.start()
        await peer.start()
        await peer.send(snapshot(10), delta(10, 11, bids=[["9.50", "8"]]))
        op = await peer.op("resync")
        await peer.send({"type": "error", "id": op["id"], "code": "rate_limited", "message": "", "temporary": True,
                         "retry_ms": 20})
        await peer.op("resync")
        self.assert_counts(await self.finish(peer, 1), prev_breaks=0, ck_failures=1, retries=1)

    async def test_detects_a_broken_chain_of_trades_but_not_a_gap(self):
        peer = await self.start("--channel", "trades")

        def trades(prev, seq):
            return {"type": "trades", "sid": 12, "symbol": "SYN:S0", "epoch": "k3", "prev": prev, "seq": seq,
                    "trades": [], "tr": 1, "ts": 2}
        await peer.start()
        await peer.send(trades(1, 5), {"type": "gap", "sid": 12, "from": 6, "to": 9, "why": "slow_client"},
                        trades(9, 11), trades(12, 13))
        self.assert_counts(await self.finish(peer, 1), trades=3, gaps=1, prev_breaks=1)

    async def test_detects_what_was_never_granted_and_what_is_no_message(self):
        peer = await self.start()
        await peer.start()
        await peer.send(snapshot(10), delta(1, 2, sid=99), "nonsense")
        self.assert_counts(await self.finish(peer, 1), strays=1, unreadable=1, prev_breaks=0)

    async def test_reports_what_it_could_not_subscribe_to(self):
        peer = await self.start()
        await peer.send(WELCOME)
        op = await peer.op("subscribe")
        await peer.send({"type": "ack", "id": op["id"], "ok": [], "err": [{"symbol": "SYN:S0", "code": "unknown_symbol"}]})
        self.assert_counts(await self.finish(peer, 1), errors=1, subscriptions=0)

    async def test_asks_again_when_refused_for_now(self):
        peer = await self.start()
        await peer.send(WELCOME)
        op = await peer.op("subscribe")
        await peer.send({"type": "error", "id": op["id"], "code": "not_ready", "message": "", "temporary": True,
                         "retry_ms": 20})
        await peer.send(ack(await peer.op("subscribe")), snapshot(10))
        self.assert_counts(await self.finish(peer, 0), retries=1, errors=0, subscriptions=1)

    async def test_reports_a_close_that_it_did_not_deserve(self):
        peer = await self.start()
        await peer.start()
        await peer.send(snapshot(10))
        await peer.close(4408)
        self.assert_counts(await self.finish(None, 1), unexpected_closes=1, slow_closes=0, close_codes={"4408": 1})

    async def test_expects_that_slow_readers_are_closed(self):
        peer = await self.start("--slow", 1, "--slow-bytes", 100000)
        await peer.start()
        await peer.send(snapshot(10))
        await peer.everything_is_read()
        await peer.close(4408)
        self.assert_counts(await self.finish(None, 0), unexpected_closes=0, slow_closes=1, close_codes={"4408": 1})

    async def test_comes_back_with_what_it_held(self):
        peer = await self.start("--storm", seconds=1)
        await peer.start()
        await peer.send(snapshot(10), delta(10, 14))
        peer = await self.server.accept()
        op = await peer.start(resumed=True)
        self.assertEqual(op["resume"], {"SYN:S0": {"epoch": "k3", "seq": 14, "depth": 25}})
        await peer.send(delta(14, 20, bids=[["9.40", "0"]], ck=crc(BIDS[:1], ASKS)), delta(21, 22))
        report = await self.ended(1)
        storm = report["storm"]
        self.assertEqual((storm["resumed"], storm["snapshots"], storm["back"]), (1, 0, 1))
        self.assertEqual((report["prev_breaks"], report["ck_failures"]), (1, 0))
        self.assertIsNone(storm["encodings"])

    async def test_takes_a_snapshot_where_its_position_has_expired(self):
        peer = await self.start("--storm", seconds=1)
        await peer.start()
        await peer.send(snapshot(10))
        peer = await self.server.accept()
        await peer.start(resumed=False, why="resume_expired")
        await peer.send(snapshot(500), delta(500, 501))
        report = await self.ended(0)
        storm = report["storm"]
        self.assertEqual((storm["resumed"], storm["resume_expired"], storm["snapshots"]), (0, 1, 1))


class CommandLine(LoadTest):
    async def test_refuses_what_it_cannot_do(self):
        for args in (["nonsense"], ["ws://127.0.0.1:1", "--clients", "0"], ["ws://127.0.0.1:1", "--mix", "candles:1"],
                     ["ws://127.0.0.1:1", "--clients", "1000000000"], ["ws://127.0.0.1:1", "--slow", "2"],
                     ["ws://127.0.0.1:1", "--mix", "book", "--depth", "5"], []):
            program = self.run_program("tickgate-load", *args)
            self.assertEqual(await self.in_thread(program.wait), 2, args)

    async def test_explains_itself(self):
        program = self.run_program("tickgate-load", "--help")
        self.assertEqual(await self.in_thread(program.wait), 0)
        self.assertIn("--storm", "\n".join(program.stdout))


if __name__ == "__main__":
    unittest.main()
