"""A strict client of the protocol, written from its text alone; every deviation is an AssertionError.

It shares no code with tools/client: the two check each other's reading of the protocol.
"""

import asyncio
import json
import re
import socket
import zlib
from dataclasses import dataclass, field
from decimal import Decimal
from urllib.parse import urlsplit

import websockets

PATIENCE = 30.0

DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")

# Keys in the order of the wire; those with a question mark may be left out.
KEYS = {
    "snapshot": "type sid symbol epoch seq depth bids asks ck tx? tr ts",
    "delta": "type sid prev seq bids asks ck tx? tr ts",
    "bbo": "type sid symbol epoch seq bid ask tx? tr ts",
    "trades": "type sid symbol epoch prev seq trades tr? ts",
    "hb": "type ts",
    "pong": "type id ts",
    "status": "type symbol? venue? state why? since? retry_ms?",
    "lag": "type sid state lag_ms?",
    "gap": "type sid from to why",
    "goaway": "type why retry_ms",
}
DATA = {"snapshot", "delta", "bbo", "trades", "gap", "lag"}


def check_keys(message):
    order = KEYS.get(message["type"])
    if order is None:
        return
    expected = [key.rstrip("?") for key in order.split() if not key.endswith("?") or key[:-1] in message]
    assert list(message) == expected, f"keys {list(message)}, expected {expected}"


def check_decimal(text):
    assert isinstance(text, str) and DECIMAL.fullmatch(text), f"not a decimal: {text!r}"


def scale_of(text):
    return len(text.partition(".")[2])


@dataclass
class Book:
    symbol: str
    epoch: str
    seq: int
    depth: int
    bids: dict = field(default_factory=dict)  # price as sent -> quantity as sent
    asks: dict = field(default_factory=dict)
    ok: bool = True

    def apply(self, message):
        for side, levels in ((self.bids, message["bids"]), (self.asks, message["asks"])):
            assert len({price for price, _ in levels}) == len(levels), "a price twice in one message"
            for price, quantity in levels:
                check_decimal(price)
                check_decimal(quantity)
                if quantity == "0":
                    side.pop(price, None)
                else:
                    assert Decimal(quantity) > 0, f"quantity {quantity}"
                    side[price] = quantity
        self.cut()
        self.check_scales()

    def cut(self):
        if self.depth:
            self.bids = dict(self.best_bids()[:self.depth])
            self.asks = dict(self.best_asks()[:self.depth])

    def check_scales(self):
        """Each price has one spelling."""
        scales = {scale_of(price) for side in (self.bids, self.asks) for price in side}
        assert len(scales) <= 1, f"prices of several scales: {scales}"

    def best_bids(self):
        return sorted(self.bids.items(), key=lambda level: Decimal(level[0]), reverse=True)

    def best_asks(self):
        return sorted(self.asks.items(), key=lambda level: Decimal(level[0]))

    def checksum(self):
        text = "|".join(",".join(f"{p}:{q}" for p, q in side[:10]) for side in (self.best_bids(), self.best_asks()))
        return zlib.crc32(text.encode())

    def state(self):
        return tuple(self.best_bids()), tuple(self.best_asks())

    def shrink(self, depth):
        if self.depth == 0 or 0 < depth < self.depth:
            self.depth = depth
        self.cut()

    def position(self):
        return {"epoch": self.epoch, "seq": self.seq, "depth": self.depth}


@dataclass
class Trades:
    epoch: str
    seq: int
    trades: list = field(default_factory=list)

    def position(self):
        return {"epoch": self.epoch, "seq": self.seq}


class Client:
    """One connection. Messages are taken in only by request() and until(); between them the socket is not read."""

    def __init__(self, socket_):
        self.socket = socket_
        self.messages = []      # everything received, parsed
        self.bytes = 0
        self.streams = {}       # sid -> entry of an ack
        self.books, self.trades, self.touches = {}, {}, {}
        self.states = {}        # sid -> {seq: book state}, of the sids in `recorded`
        self.recorded = set()
        self.saved = {}         # symbol -> Book or Trades, offered as `resume`
        self.welcome = None
        self.takes_arrays = False
        self.next_id = 1

    @classmethod
    async def connect(cls, url, receive_buffer=None, **options):
        parts = urlsplit(url)
        plain = socket.socket()
        if receive_buffer:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        plain.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plain, (parts.hostname, parts.port))
        options = {"ping_interval": None, "max_size": None, "close_timeout": 1, "max_queue": 1, "compression": None,
                   "subprotocols": ["tickgate.v1.json"]} | options
        if parts.scheme == "wss":
            options = {"server_hostname": parts.hostname} | options
        client = cls(await websockets.connect(url, sock=plain, **options))
        await client.receive()
        assert client.welcome is not None, f"first came {client.messages}"
        return client

    async def close(self):
        await self.socket.close()

    # ---- sending

    async def send(self, message):
        """An op, with an id of its own unless it has one. Returns the id."""
        if "id" not in message:
            message = message | {"id": self.next_id}
            self.next_id += 1
        await self.socket.send(json.dumps(message))
        return message["id"]

    async def request(self, op, **fields):
        """Sends an op and takes in what comes up to its answer, which is returned."""
        return await self.answer(await self.send({"op": op} | fields))

    async def answer(self, id_):
        start = len(self.messages)

        def answers():
            return [m for m in self.messages[start:] if "id" in m and m["id"] == id_ and type(m["id"]) is type(id_)]
        await self.until(lambda _: answers())
        return answers()[0]

    async def take_arrays(self):
        """From now on what is due at one time comes as one message."""
        self.takes_arrays = True
        await self.request("hello", batch=True)

    async def subscribe(self, channel, *symbols, **fields):
        """Subscribes, offering what is in self.saved, and returns the `ok` entries of the ack."""
        positions = {symbol: self.saved[symbol].position() for symbol in symbols if symbol in self.saved}
        if positions:
            fields["resume"] = positions
        ack = await self.request("subscribe", channel=channel, symbols=list(symbols), **fields)
        assert ack["type"] == "ack" and ack["err"] == [], ack
        return ack["ok"]

    # ---- receiving

    async def receive(self, timeout=PATIENCE):
        text = await asyncio.wait_for(self.socket.recv(), timeout)
        assert isinstance(text, str), "a binary message"
        self.bytes += len(text)
        try:
            received = json.loads(text)
            assert self.takes_arrays or not isinstance(received, list), "an array that was not asked for"
            for message in received if isinstance(received, list) else [received]:
                self.messages.append(message)
                self.take_in(message)
        except (AssertionError, KeyError, ValueError) as error:
            raise AssertionError(f"{error!r} in {text[:2000]}") from error

    async def until(self, condition, timeout=PATIENCE):
        """Takes in messages until condition(self) holds."""
        deadline = asyncio.get_running_loop().time() + timeout
        while not condition(self):
            left = deadline - asyncio.get_running_loop().time()
            try:
                await self.receive(left)
            except asyncio.TimeoutError:
                raise AssertionError(f"not within {timeout} s; last: {self.messages[-3:]}") from None
        return self

    async def until_closed(self, timeout=PATIENCE):
        """Takes in what still comes; returns the close code."""
        try:
            await self.until(lambda _: False, timeout)
        except websockets.ConnectionClosed:
            return self.socket.close_code

    async def next(self, type_, sid=None, timeout=PATIENCE):
        """The next message of a type (of a sid)."""
        start = len(self.messages)

        def wanted():
            return [m for m in self.messages[start:] if m["type"] == type_ and sid in (None, m.get("sid"))]
        await self.until(lambda _: wanted(), timeout)
        return wanted()[0]

    def of_type(self, type_, sid=None):
        return [m for m in self.messages if m["type"] == type_ and sid in (None, m.get("sid"))]

    # ---- the client's rule

    def take_in(self, message):
        assert isinstance(message, dict) and isinstance(message.get("type"), str)
        check_keys(message)
        if self.welcome is None:
            assert message["type"] == "welcome", "the first message is no welcome"
        if message["type"] in DATA:
            assert message["sid"] in self.streams, "data of a sid that no ack announced, or that has ended"
        handler = getattr(self, "on_" + message["type"], None)
        if handler:
            handler(message)

    def on_welcome(self, message):
        assert self.welcome is None, "a second welcome"
        self.welcome = message

    def on_ack(self, message):
        for entry in message.get("ok", []):
            if isinstance(entry, dict):
                self.on_granted(entry)
            else:
                self.end(entry)

    def on_granted(self, entry):
        sid, was = entry["sid"], entry.get("was")
        if was is not None and was != sid:
            assert was in self.streams, f"was {was} is not held"
            self.move(was, sid, entry)
        if entry.get("resumed"):
            saved = self.saved.pop(entry["symbol"])
            if isinstance(saved, Book):
                saved.shrink(entry["depth"])
                self.books[sid] = saved
            else:
                self.trades[sid] = saved
        self.streams[sid] = entry

    def move(self, was, sid, entry):
        for held in (self.books, self.trades, self.touches):
            if was in held and sid not in held:
                held[sid] = held[was]
        if entry["channel"] == "book" and sid not in self.streams and sid in self.books:
            self.books[sid].shrink(entry["depth"])
        self.end(was)

    def end(self, sid):
        for held in (self.streams, self.books, self.trades, self.touches):
            held.pop(sid, None)

    def on_snapshot(self, message):
        stream = self.streams[message["sid"]]
        assert message["symbol"] == stream["symbol"] and message["depth"] == stream["depth"], f"stream is {stream}"
        book = Book(message["symbol"], message["epoch"], message["seq"], message["depth"])
        book.apply(message)
        sent = tuple(map(tuple, message["bids"])), tuple(map(tuple, message["asks"]))
        assert sent == book.state(), "a snapshot is not sorted best first, cut to its depth and free of zeros"
        self.books[message["sid"]] = book
        self.check(message)

    def on_delta(self, message):
        book = self.books.get(message["sid"])
        if book is None or not book.ok:
            return
        assert message["prev"] == book.seq, f"prev {message['prev']}, held {book.seq}"
        assert message["seq"] >= message["prev"], "seq falls"
        book.apply(message)
        book.seq = message["seq"]
        self.check(message)

    def check(self, message):
        book = self.books[message["sid"]]
        assert book.checksum() == message["ck"], f"own checksum {book.checksum()}"
        assert message.get("tx", 0) >= 0 and message["tr"] <= message["ts"] < 2**53
        if message["sid"] in self.recorded:
            self.states.setdefault(message["sid"], {})[book.seq] = book.state()

    def on_bbo(self, message):
        for level in (message["bid"], message["ask"]):
            assert level is None or len(level) == 2
            for text in level or ():
                check_decimal(text)
        held = self.touches.get(message["sid"])
        assert held is None or held["epoch"] != message["epoch"] or held["seq"] <= message["seq"], "seq falls"
        self.touches[message["sid"]] = message

    def on_trades(self, message):
        held = self.trades.setdefault(message["sid"], Trades(message["epoch"], message["prev"]))
        assert message["prev"] == held.seq, f"prev {message['prev']}, held {held.seq}"
        assert message["seq"] - message["prev"] == len(message["trades"]), "trades missing in the message"
        for id_, price, quantity, side, *time in message["trades"]:
            assert isinstance(id_, str) and side in ("buy", "sell") and len(time) <= 1
            check_decimal(price)
            check_decimal(quantity)
        held.epoch, held.seq = message["epoch"], message["seq"]
        held.trades += message["trades"]

    def on_gap(self, message):
        held = self.trades.setdefault(message["sid"], Trades("", message["to"]))
        assert message["from"] <= message["to"]
        held.seq = message["to"]

    def on_error(self, message):
        for key, kind in (("code", str), ("message", str), ("temporary", bool), ("retry_ms", int)):
            assert isinstance(message.get(key), kind), f"{key} of an error"

    # ---- coming back

    def positions(self):
        """What a next connection may resume."""
        held = {book.symbol: book for book in self.books.values() if book.ok}
        held |= {self.streams[sid]["symbol"]: trades for sid, trades in self.trades.items() if trades.epoch}
        return held
