"""All rates of one symbol lead to the same book."""

import unittest

from harness import GatewayTest

RATES = (0, 50, 100, 250, 500, 1000, 5000)


class Rates(GatewayTest):
    async def test_deltas_of_all_rates_lead_to_the_same_book(self):
        client = await self.client()
        sids = {}
        for rate in RATES:
            (entry,) = await client.subscribe("book", "SYN:S0", depth=25, rate_ms=rate)
            sids[rate] = entry["sid"]
            client.recorded.add(entry["sid"])
        await client.until(lambda c: len(c.of_type("delta", sids[5000])) >= 2)
        every = client.states[sids[0]]
        for rate in RATES[1:]:
            states = client.states[sids[rate]]
            common = states.keys() & every.keys()
            # Rate 0 merges only where updates arrive together, so nearly every sequence is one of its.
            self.assertGreaterEqual(len(common), max(1, len(states) // 2), f"rate {rate}")
            for seq in common:
                self.assertEqual(states[seq], every[seq], f"rate {rate} at {seq}")


if __name__ == "__main__":
    unittest.main()
