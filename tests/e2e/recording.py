"""Makes small recordings in Binance's wire format (spot, one symbol a file), and knows what they must lead to."""

import json
import random
from decimal import Decimal

START_NS = 1_700_000_000_000_000_000


class Recording:
    """A random walk in the `hft` line format: a snapshot, then depth updates every 100 ms and trades between."""

    def __init__(self, symbol="BTCUSDT", seconds=10, seed=1, named=False):
        self.symbol = symbol
        self.named = named              # the snapshot says whose it is, as it must among several symbols
        self.random = random.Random(seed)
        self.lines = []
        self.bids, self.asks = {}, {}   # price in ticks of 0.01 -> quantity as text
        self.middle = 1_000_000
        self.update_id = 1000
        self.updates = 0
        self.trades = []                # [id, price, quantity, taker's side]
        self._snapshot()
        for step in range(1, seconds * 10 + 1):
            now = START_NS + step * 100_000_000
            self._trade(now - 50_000_000)
            self._update(now)

    def write(self, path):
        path.write_text("".join(line + "\n" for line in self.lines))
        return path

    def book(self, depth):
        """Best levels of the final book as on the wire."""
        bids = sorted(self.bids.items(), reverse=True)[:depth]
        asks = sorted(self.asks.items())[:depth]
        return tuple([[price_text(p), q] for p, q in side] for side in (bids, asks))

    def _line(self, now, message):
        self.lines.append(f"{now} {json.dumps(message, separators=(',', ':'))}")

    def _stream(self, now, stream, data):
        self._line(now, {"stream": f"{self.symbol.lower()}@{stream}", "data": data})

    def _quantity(self):
        return f"{Decimal(self.random.randint(1, 500_000)).scaleb(-5):.5f}"

    def _snapshot(self):
        for distance in range(1, 101):
            self.bids[self.middle - distance] = self._quantity()
            self.asks[self.middle + distance] = self._quantity()
        bids, asks = self.book(1000)
        pad = [[[p + "000000", q + "000"] for p, q in side] for side in (bids, asks)]
        name = {"symbol": self.symbol} if self.named else {}
        self._line(START_NS, name | {"lastUpdateId": self.update_id, "bids": pad[0], "asks": pad[1]})

    def _update(self, now):
        """The middle walks by a tick at most; the side that it walks into loses its best level."""
        self.middle += self.random.choice((-1, 0, 1))
        changes = {"b": {}, "a": {}}
        for key, side, sign in (("b", self.bids, -1), ("a", self.asks, 1)):
            for price in [p for p in side if (p - self.middle) * sign <= 0]:
                changes[key][price] = "0"
            for _ in range(4):
                price = self.middle + sign * self.random.randint(1, 30)
                changes[key][price] = self.random.choice(("0", self._quantity(), self._quantity()))
            best = self.middle + sign
            changes[key][best] = self._quantity()
            for price, quantity in changes[key].items():
                if quantity == "0":
                    side.pop(price, None)
                else:
                    side[price] = quantity
        first, last = self.update_id + 1, self.update_id + 5
        self.update_id = last
        self.updates += 1
        rows = {key: [[price_text(p) + "000000", (q if q != "0" else "0.00000") + "000"] for p, q in levels.items()]
                for key, levels in changes.items()}
        self._stream(now, "depth@100ms", {"e": "depthUpdate", "E": now // 1_000_000 - 2, "s": self.symbol, "U": first,
                                          "u": last, **rows})

    def _trade(self, now):
        id_ = 5000 + len(self.trades)
        seller_takes = self.random.random() < 0.5
        price = price_text(self.middle - 1 if seller_takes else self.middle + 1)
        quantity = self._quantity()
        self.trades.append([str(id_), price, quantity, "sell" if seller_takes else "buy"])
        millis = now // 1_000_000 - 2
        self._stream(now, "trade", {"e": "trade", "E": millis, "s": self.symbol, "t": id_, "p": price + "000000",
                                    "q": quantity + "000", "T": millis, "m": seller_takes, "M": True})


def price_text(ticks):
    return f"{Decimal(ticks).scaleb(-2):.2f}"
