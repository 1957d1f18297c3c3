"""tickgate-watch against the gateway."""

import json
import re
import unittest

from harness import EndToEndTest, GatewayTest


def totals(program):
    return json.loads(program.stdout[-1])


class Watch(GatewayTest):
    async def watch(self, *args):
        """Runs it to its end; returns its totals."""
        program = self.run_program("tickgate-watch", self.gateway.url, *args)
        self.assertEqual(await self.in_thread(program.wait), 0, program.output())
        return totals(program)

    async def test_verifies_books_of_all_depths(self):
        for depth in (1, 25, 0):
            counts = await self.watch("--channel", "book", "--symbols", "SYN:*", "--depth", depth, "--rate-ms", 50,
                                      "--for", 1)
            self.assertEqual(counts["snapshots"], 4)
            self.assertGreater(counts["deltas"], 10)
            self.assertEqual(counts["reconnects"], 0)

    async def test_follows_best_bid_and_ask_and_trades(self):
        for channel in ("bbo", "trades"):
            counts = await self.watch("--channel", channel, "--symbols", "SYN:S0,SYN:S1", "--rate-ms", 0, "--for", 1)
            self.assertGreater(counts["messages"], 5)
            self.assertEqual((counts["snapshots"], counts["deltas"]), (0, 0))

    async def test_resumes_after_every_reconnect(self):
        for channel in ("book", "trades"):
            counts = await self.watch("--channel", channel, "--symbols", "SYN:*", "--reconnect-every", 1, "--for", 5)
            self.assertGreater(counts["reconnects"], 1)
            self.assertGreater(counts["resumed"], 0)
            self.assertEqual(counts["resume_expired"], 0)

    async def test_many_at_once_with_mixed_wishes(self):
        programs = [self.run_program("tickgate-watch", self.gateway.url, "--channel", channel, "--symbols", "SYN:*",
                                     "--depth", depth, "--rate-ms", rate, "--reconnect-every", 1, "--for", 5)
                    for channel in ("book", "trades") for depth in (1, 10, 0) for rate in (0, 100, 500)]
        for program in programs:
            self.assertEqual(await self.in_thread(program.wait), 0, program.output())

    async def test_draws_a_ladder(self):
        program = self.run_program("tickgate-watch", self.gateway.url, "--symbols", "SYN:S0", "--print", "ladder")
        await self.in_thread(program.wait_line, program.stdout, r"SYN:S0.* depth 25 every 100 ms  seq \d+")
        self.assertEqual(await self.in_thread(program.stop), 0)


class Restart(EndToEndTest):
    async def test_comes_back_to_a_gateway_that_restarts(self):
        gateway = self.start_gateway()
        program = self.run_program("tickgate-watch", gateway.url, "--symbols", "SYN:S0", "--print", "raw")
        await self.in_thread(program.wait_line, program.stdout, '"type":"delta"')
        self.assertEqual(await self.in_thread(gateway.stop), 0)
        await self.in_thread(program.wait_line, program.stdout, '"type":"goaway"')
        self.start_gateway(listen=f"127.0.0.1:{gateway.port}")
        await self.in_thread(program.wait_line, program.stdout, "epoch_changed")
        at = next(n for n, line in enumerate(program.stdout) if "epoch_changed" in line)
        await self.in_thread(program.wait_line, _Tail(program.stdout, at), '"type":"delta"')
        self.assertEqual(await self.in_thread(program.stop), 0, program.output())
        counts = totals(program)
        self.assertGreaterEqual(counts["reconnects"], 1)
        self.assertEqual((counts["snapshots"], counts["resumed"]), (2, 0))
        self.assertTrue(any(re.search("closed: 1012", line) for line in program.stderr), program.stderr)


class _Tail:
    """The lines of a growing list from an index on."""

    def __init__(self, lines, start):
        self.lines, self.start = lines, start

    def __iter__(self):
        return iter(self.lines[self.start:])


if __name__ == "__main__":
    unittest.main()
