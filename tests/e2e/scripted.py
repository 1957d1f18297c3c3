"""A server that says what a test tells it to, and the messages to say."""

import asyncio
import json
import zlib

import websockets

from harness import PATIENCE

WELCOME = {"type": "welcome", "proto": 1, "server": "script", "node": "a", "session": "s", "ts": 1,
           "heartbeat_ms": 60000, "auth": "none", "channels": ["book", "bbo", "trades"], "depths": [1, 5, 25, 0],
           "rates_ms": [0, 100], "limits": {"subscriptions": 10, "ops_per_s": 20, "frame_bytes": 65536,
                                            "symbols_per_op": 200},
           "reconnect": {"base_ms": 1, "max_ms": 5}}
BIDS = [["9.50", "1"], ["9.40", "2"]]
ASKS = [["10.00", "3"]]


def crc(bids=(), asks=()):
    sides = (",".join(f"{p}:{q}" for p, q in side) for side in (bids, asks))
    return zlib.crc32("|".join(sides).encode())


def snapshot(seq, sid=12, bids=BIDS, asks=ASKS, ck=None, depth=25):
    return {"type": "snapshot", "sid": sid, "symbol": "SYN:S0", "epoch": "k3", "seq": seq, "depth": depth,
            "bids": bids, "asks": asks, "ck": crc(bids, asks) if ck is None else ck, "tr": 1, "ts": 2}


def delta(prev, seq, sid=12, bids=(), asks=(), ck=None):
    """By default one that changes nothing."""
    return {"type": "delta", "sid": sid, "prev": prev, "seq": seq, "bids": bids, "asks": asks,
            "ck": crc(BIDS, ASKS) if ck is None else ck, "tr": 1, "ts": 2}


def ack(op, sid=12, **more):
    entry = {"sid": sid, "channel": op["channel"], "symbol": "SYN:S0", "depth": op.get("depth", 25), "rate_ms": 100,
             "resumed": False} | more
    return {"type": "ack", "id": op["id"], "ok": [entry], "err": []}


class Peer:
    """The server's end of one connection."""

    def __init__(self, socket_):
        self.socket = socket_

    async def send(self, *messages):
        for message in messages:
            await self.socket.send(message if isinstance(message, str) else json.dumps(message))

    async def op(self, name):
        """The client's next message, which must be this op."""
        message = json.loads(await asyncio.wait_for(self.socket.recv(), PATIENCE))
        assert message["op"] == name, message
        return message

    async def start(self, **more):
        """Welcomes, grants the subscription and returns it."""
        await self.send(WELCOME)
        op = await self.op("subscribe")
        await self.send(ack(op, **more))
        return op

    async def everything_is_read(self):
        """A ping is answered behind all that was sent before."""
        await asyncio.wait_for(await self.socket.ping(), PATIENCE)

    async def close(self, code, reason=""):
        await self.socket.close(code, reason)

    def abort(self):
        self.socket.transport.abort()

    @property
    def tls(self):
        """The server's end of its TLS."""
        return self.socket.transport.get_extra_info("ssl_object")


class ScriptedServer:
    """Accepts connections and hands them out one by one; over TLS with an ssl.SSLContext."""

    def __init__(self, tls=None, extensions=None):
        self.tls, self.extensions = tls, extensions
        self.connections = asyncio.Queue()
        self.paths = []
        self._over = asyncio.Event()

    async def __aenter__(self):
        self.server = await websockets.serve(self._serve, "127.0.0.1", 0, ping_interval=None, close_timeout=1,
                                             subprotocols=["tickgate.v1.json"], ssl=self.tls,
                                             extensions=self.extensions, compression=None)
        self.port = self.server.sockets[0].getsockname()[1]
        self.url = f"{'wss' if self.tls else 'ws'}://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_):
        self._over.set()
        self.server.close()
        await self.server.wait_closed()

    async def _serve(self, socket_, path):
        self.paths.append(path)
        await self.connections.put(Peer(socket_))
        await self._over.wait()

    async def accept(self):
        return await asyncio.wait_for(self.connections.get(), PATIENCE)
