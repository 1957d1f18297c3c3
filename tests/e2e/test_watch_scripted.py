"""tickgate-watch against a scripted server: what it must detect, heal, resume and give up."""

import asyncio
import json
import signal
import socket
import unittest

from harness import EndToEndTest, PATIENCE
from scripted import ASKS, BIDS, WELCOME, ScriptedServer, ack, crc, delta, snapshot

TOTALS = ["messages", "snapshots", "deltas", "resumed", "resume_expired", "prev_breaks", "ck_failures", "reconnects"]


class WatchTest(EndToEndTest):
    async def asyncSetUp(self):
        self.server = await self.enterAsyncContext(ScriptedServer())

    def watch(self, *args, url=None, channel="book"):
        self.program = self.run_program("tickgate-watch", url or self.server.url, "--channel", channel,
                                        "--symbols", "SYN:S0", *args)
        return self.program

    async def finish(self, code, **totals):
        """Ends the program by SIGTERM unless it has ended; checks its exit code and some totals."""
        if self.program.process.poll() is None and code is not None:
            self.program.process.send_signal(signal.SIGTERM)
        return await self.ended(code, **totals)

    async def ended(self, code, **totals):
        self.assertEqual(await self.in_thread(self.program.wait), code, self.program.output())
        printed = json.loads(self.program.stdout[-1])
        self.assertEqual(list(printed), TOTALS)
        self.assertEqual({key: printed[key] for key in totals}, totals, self.program.output())
        return printed

    # ---- verified, detected, healed

    async def test_verifies_a_sound_stream(self):
        self.watch("--depth", "25", "--rate-ms", "100")
        peer = await self.server.accept()
        op = await peer.start()
        self.assertEqual(op, {"op": "subscribe", "id": 1, "channel": "book", "symbols": ["SYN:S0"], "depth": 25,
                              "rate_ms": 100})
        better = [["9.55", "7"], *BIDS]
        await peer.send(delta(1, 2), snapshot(10), delta(10, 14, bids=[["9.55", "7"]], ck=crc(better, ASKS)),
                        {"type": "hb", "ts": 5}, {"type": "new kind of message"})
        await peer.everything_is_read()
        await self.finish(0, messages=7, snapshots=1, deltas=2, prev_breaks=0, ck_failures=0, reconnects=0)
        self.assertEqual(self.server.paths, ["/v1/ws"])

    async def test_detects_a_broken_chain_and_heals_it_by_one_resync(self):
        self.watch()
        peer = await self.server.accept()
        await peer.start()
        await peer.send(snapshot(10), delta(11, 12), delta(12, 13))
        op = await peer.op("resync")
        self.assertEqual(op["sid"], 12)
        await peer.send({"type": "ack", "id": op["id"]}, snapshot(13), delta(13, 14))
        await peer.everything_is_read()
        await self.finish(1, prev_breaks=1, ck_failures=0, snapshots=2, deltas=3)

    async def test_detects_a_wrong_checksum_and_heals_it_by_one_resync(self):
        self.watch()
        peer = await self.server.accept()
        await peer.start()
        await peer.send(snapshot(10), delta(10, 11, bids=[["9.50", "8"]]), delta(11, 12))
        op = await peer.op("resync")
        await peer.send({"type": "ack", "id": op["id"]}, snapshot(13))
        await peer.everything_is_read()
        await self.finish(1, prev_breaks=0, ck_failures=1)

    async def test_detects_a_wrong_checksum_of_a_snapshot(self):
        self.watch()
        peer = await self.server.accept()
        await peer.start()
        await peer.send(snapshot(10, ck=1))
        await peer.op("resync")
        await self.finish(1, ck_failures=1)

    async def test_asks_again_when_a_resync_is_refused_for_now(self):
        self.watch()
        peer = await self.server.accept()
        await peer.start()
        await peer.send(snapshot(10), delta(11, 12))
        for _ in range(2):
            op = await peer.op("resync")
            await peer.send({"type": "error", "id": op["id"], "code": "rate_limited", "message": "", "temporary": True,
                             "retry_ms": 20})
        op = await peer.op("resync")
        await peer.send({"type": "ack", "id": op["id"]}, snapshot(12))
        await peer.everything_is_read()
        await self.finish(1, prev_breaks=1)

    async def test_verifies_the_chain_of_trades_and_goes_on_behind_a_gap(self):
        self.watch(channel="trades")
        peer = await self.server.accept()
        await peer.start()

        def trades(prev, seq):
            rows = [[str(n), "9.50", "1", "buy", 5] for n in range(prev, seq)]
            return {"type": "trades", "sid": 12, "symbol": "SYN:S0", "epoch": "k3", "prev": prev, "seq": seq,
                    "trades": rows, "tr": 1, "ts": 2}
        await peer.send(trades(491, 511), trades(511, 514),
                        {"type": "gap", "sid": 12, "from": 515, "to": 540, "why": "slow_client"}, trades(540, 541))
        await peer.everything_is_read()
        peer.abort()
        peer = await self.server.accept()
        op = await peer.start(resumed=True)
        self.assertEqual(op["resume"], {"SYN:S0": {"epoch": "k3", "seq": 541}})
        await peer.send(trades(541, 542), trades(543, 544))
        await peer.everything_is_read()
        await self.finish(1, prev_breaks=1, resumed=1)

    # ---- coming back

    async def test_resumes_after_a_lost_connection(self):
        self.watch()
        peer = await self.server.accept()
        await peer.start()
        await peer.send(snapshot(10), delta(10, 12))
        await peer.everything_is_read()
        peer.abort()
        peer = await self.server.accept()
        op = await peer.start(sid=40, resumed=True)
        self.assertEqual(op["resume"], {"SYN:S0": {"epoch": "k3", "seq": 12, "depth": 25}})
        await peer.send(delta(12, 15, sid=40))
        await peer.everything_is_read()
        await self.finish(0, resumed=1, reconnects=1, resume_expired=0, prev_breaks=0)

    async def test_verifies_that_a_resumed_chain_goes_on(self):
        self.watch()
        peer = await self.server.accept()
        await peer.start()
        await peer.send(snapshot(10))
        await peer.everything_is_read()
        peer.abort()
        peer = await self.server.accept()
        await peer.start(resumed=True)
        await peer.send(delta(11, 12))
        await peer.op("resync")
        await self.finish(1, prev_breaks=1)

    async def test_does_not_resume_what_is_not_verified(self):
        self.watch()
        peer = await self.server.accept()
        await peer.start()
        await peer.send(snapshot(10), delta(11, 12))
        await peer.op("resync")
        peer.abort()
        peer = await self.server.accept()
        self.assertNotIn("resume", await peer.start())
        await self.finish(1)

    async def test_counts_what_expired_and_starts_over(self):
        self.watch()
        peer = await self.server.accept()
        await peer.start()
        await peer.send(snapshot(10))
        for why in ("resume_expired", "busy"):
            await peer.everything_is_read()
            peer.abort()
            peer = await self.server.accept()
            self.assertIn("resume", await peer.start(why=why))
            await peer.send(delta(7, 8), snapshot(20))
        await peer.everything_is_read()
        await self.finish(0, resumed=0, resume_expired=1, reconnects=2, snapshots=3, prev_breaks=0)

    async def test_comes_back_after_the_delay_of_a_goaway(self):
        self.watch()
        peer = await self.server.accept()
        await peer.start()
        await peer.send({"type": "goaway", "why": "restart", "retry_ms": 200})
        await peer.close(1012)
        before = asyncio.get_running_loop().time()
        await (await self.server.accept()).start()
        self.assertGreaterEqual(asyncio.get_running_loop().time() - before, 0.15)
        await self.finish(0, reconnects=1)

    async def test_comes_back_after_every_code_that_is_for_now(self):
        self.watch()
        for code in (1001, 1012, 1013, 4408, 4429):
            peer = await self.server.accept()
            await peer.start()
            await peer.close(code)
        await (await self.server.accept()).start()
        await self.finish(0, reconnects=5)

    async def test_does_not_come_back_after_4400_and_4401(self):
        for code in (4400, 4401):
            self.watch()
            peer = await self.server.accept()
            await peer.start()
            await peer.close(code, "no")
            await self.ended(1, reconnects=0)
            self.assertTrue(self.server.connections.empty())

    async def test_reconnects_on_purpose(self):
        self.watch("--reconnect-every", "0.1")
        for held in (False, True, True):
            peer = await self.server.accept()
            op = await peer.start(resumed=held)
            self.assertEqual("resume" in op, held)
            await peer.send(*[] if held else [snapshot(10)])
            await asyncio.wait_for(peer.socket.wait_closed(), PATIENCE)
            self.assertEqual(peer.socket.close_code, 1000)
        await (await self.server.accept()).start(resumed=True)
        await self.finish(0, resumed=3, prev_breaks=0)

    async def test_breaks_off_a_connection_that_went_silent(self):
        self.watch()
        peer = await self.server.accept()
        await peer.send(WELCOME | {"heartbeat_ms": 50})
        await peer.op("subscribe")
        await (await self.server.accept()).start()
        await self.finish(0, reconnects=1)

    # ---- endings

    async def test_prints_each_message_as_received(self):
        self.watch("--print", "raw")
        peer = await self.server.accept()
        await peer.start()
        odd = '{ "type":"hb",  "ts":5}'
        await peer.send(odd)
        await peer.everything_is_read()
        await self.finish(0, messages=3)
        self.assertEqual(self.program.stdout[-2], odd)
        self.assertEqual(len(self.program.stdout), 4)

    async def test_draws_a_ladder(self):
        self.watch("--print", "ladder")
        peer = await self.server.accept()
        await peer.start()
        await peer.send(snapshot(10))
        await self.in_thread(self.program.wait_line, self.program.stdout, r"\x1b\[31m +10\.00")
        await self.finish(0)

    async def test_ends_after_its_time(self):
        self.watch("--for", "0.3")
        await (await self.server.accept()).start()
        await self.ended(0, messages=2)

    async def test_ends_on_sigint_while_it_waits_to_reconnect(self):
        self.watch()
        peer = await self.server.accept()
        await peer.start()
        await peer.send({"type": "goaway", "why": "restart", "retry_ms": 3600000})
        await peer.close(1012)
        await self.in_thread(self.program.wait_line, self.program.stderr, "closed: 1012")
        self.program.process.send_signal(signal.SIGINT)
        await self.ended(0)

    async def test_ends_when_its_request_is_refused_for_good(self):
        self.watch()
        peer = await self.server.accept()
        await peer.send(WELCOME)
        op = await peer.op("subscribe")
        await peer.send({"type": "ack", "id": op["id"], "ok": [],
                         "err": [{"symbol": "SYN:S0", "code": "unknown_symbol", "near": []}]})
        await self.ended(1)
        self.assertIn("SYN:S0: unknown_symbol", "\n".join(self.program.stderr))

    async def test_says_that_it_could_not_connect(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # bound but not listening: refused
            self.watch("--for", "0.3", url="ws://127.0.0.1:%d" % taken.getsockname()[1])
            await self.ended(1, messages=0)
        self.assertIn("could not connect", "\n".join(self.program.stderr))

    async def test_says_what_was_wrong_with_its_arguments(self):
        for args in ([], ["ws://127.0.0.1:1"], ["http://127.0.0.1:1", "--symbols", "A"],
                     ["ws://127.0.0.1:1", "--symbols", "A", "--channel", "books"],
                     ["ws://127.0.0.1:1", "--symbols", "A", "--depth", "x"],
                     ["ws://127.0.0.1:1", "--symbols", "A", "--for", "-1"],
                     ["ws://127.0.0.1:1", "--symbols", "A", "--unknown"]):
            program = self.run_program("tickgate-watch", *args)
            self.assertEqual(await self.in_thread(program.wait), 2, args)
            self.assertTrue(program.stderr, args)
        program = self.run_program("tickgate-watch", "--help")
        self.assertEqual(await self.in_thread(program.wait), 0)


if __name__ == "__main__":
    unittest.main()
