"""What careless, broken and hostile clients do; each costs nobody but itself anything."""

import asyncio
import json
import os
import random
import resource
import selectors
import socket
import struct
import unittest

import client as client_module
from harness import EndToEndTest, GatewayTest, PATIENCE
from raw_websocket import HANDSHAKE
from recording import Recording

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
S0 = "SYN:S0"


def frame(opcode, payload=b"", final=True):
    """A client's frame."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack(">H", size)
    mask = b"\x01\x02\x03\x04"
    masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return bytes([(0x80 if final else 0) | opcode]) + length + mask + masked


def op(id_, name, **fields):
    return frame(TEXT, json.dumps({"op": name, "id": id_} | fields).encode())


def send_at_once(client, *frames):
    """Past the library, which writes frame by frame."""
    client.socket.transport.write(b"".join(frames))


def ids(client):
    return [m["id"] for m in client.messages if "id" in m]


class FaultTest(GatewayTest):
    def descriptors(self):
        return len(os.listdir(f"/proc/{self.gateway.process.pid}/fd"))

    def status(self):
        return json.loads(self.gateway.get("/v1/status")[2])

    async def nobody_is_left(self):
        """Every session and subscription of the test is gone."""
        async with asyncio.timeout(PATIENCE):
            while (status := self.status())["sessions"] or status["subscriptions"] or self.gateway.metrics()["streams"]:
                await asyncio.sleep(0.05)

    def raw(self, *chunks):
        """A plain connection that has sent these."""
        connection = socket.create_connection((self.gateway.host, self.gateway.port), timeout=PATIENCE)
        self.addCleanup(connection.close)
        for chunk in chunks:
            connection.sendall(chunk)
        return connection

    def raw_session(self, *frames):
        """A session without a library, its handshake read."""
        connection = self.raw(HANDSHAKE, *frames)
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(1)
        return connection

    def to_the_end(self, connection):
        """All that still comes before the gateway closes."""
        received = b""
        try:
            while chunk := connection.recv(65536):
                received += chunk
        except ConnectionError:
            pass
        return received


class Connections(FaultTest):
    async def test_garbage_ends_only_its_connection(self):
        observer = await self.client()
        await observer.subscribe("book", S0)
        noise = random.Random(7)
        for _ in range(30):
            garbage = noise.randbytes(noise.randint(1, 2000))
            plain = self.raw(garbage)
            plain.shutdown(socket.SHUT_WR)
            answer = self.to_the_end(plain)
            self.assertTrue(answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer[:100])
            in_session = self.raw_session(garbage)
            in_session.shutdown(socket.SHUT_WR)
            self.to_the_end(in_session)
        await observer.next("delta")
        await observer.close()
        await self.nobody_is_left()

    def test_a_frame_against_the_rules_is_closed_with_1002(self):
        for fault in (b"\x81\x02{}", b"\xc1\x80\0\0\0\0", b"\x83\x80\0\0\0\0", b"\x09\x80\0\0\0\0", b"\x80\x80\0\0\0\0",
                      b"\x89\xfe\0\x7e\0\0\0\0", b"\x81\xfe\0\x01\0\0\0\0x"):
            with self.subTest(fault=fault):
                end = self.to_the_end(self.raw_session(fault))
                self.assertIn(b"\x88", end)
                self.assertEqual(end[end.rindex(b"\x88") + 2:][:2], struct.pack(">H", 1002), end[-60:])

    async def test_many_come_and_go(self):
        await self.nobody_is_left()
        before, memory = self.descriptors(), self.gateway.memory_kb()

        async def visit(n):
            client = await self.client()
            await client.subscribe("book", S0, "SYN:S1", depth=(1, 10, 25, 0)[n % 4])
            await client.next("snapshot")
            (client.socket.transport.abort, client.socket.transport.close, lambda: None)[n % 3]()
            await client.close()
        for n in range(0, 200, 20):
            await asyncio.gather(*(visit(n + i) for i in range(20)))
        await self.nobody_is_left()
        async with asyncio.timeout(PATIENCE):
            while self.descriptors() > before:
                await asyncio.sleep(0.05)
        self.assertLess(self.gateway.memory_kb(), memory + 16384)

    def storm(self, count):
        """Connects so many times at once, and waits for every `welcome`."""
        selector = selectors.DefaultSelector()
        self.addCleanup(selector.close)
        connections = [socket.socket() for _ in range(count)]
        for connection in connections:
            self.addCleanup(connection.close)
            connection.setblocking(False)
            connection.connect_ex((self.gateway.host, self.gateway.port))
            selector.register(connection, selectors.EVENT_WRITE, b"")
        while selector.get_map():
            ready = selector.select(PATIENCE)
            self.assertTrue(ready, f"{len(selector.get_map())} of {count} are left waiting")
            for key, events in ready:
                if events & selectors.EVENT_WRITE:
                    key.fileobj.sendall(HANDSHAKE)
                    selector.modify(key.fileobj, selectors.EVENT_READ, b"")
                    continue
                chunk = key.fileobj.recv(4096)
                self.assertTrue(chunk, key.data)
                received = key.data + chunk
                selector.modify(key.fileobj, selectors.EVENT_READ, received)
                if b'"type":"welcome"' in received:
                    self.assertTrue(received.startswith(b"HTTP/1.1 101 "), received)
                    selector.unregister(key.fileobj)
        return connections

    async def test_ten_thousand_that_connect_at_once_get_in(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        count = min(10_000, hard - 500)
        observer = await self.client()
        await observer.subscribe("book", S0)
        before, accepted = self.descriptors(), self.gateway.metrics()["sessions_accepted_total"]
        storm = self.in_background(self.in_thread(self.storm, count))
        while not storm.done():  # nobody is held up
            await observer.next("delta")
        for connection in await storm:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        self.assertEqual(self.gateway.metrics()["sessions_accepted_total"], accepted + count)
        self.assertEqual(self.gateway.metrics()["http_accept_failures_total"], 0)
        await observer.close()
        await self.nobody_is_left()
        async with asyncio.timeout(PATIENCE):
            while self.descriptors() >= before:
                await asyncio.sleep(0.05)

    async def test_half_open_connections_hold_nothing_up(self):
        silent = [self.raw(*chunks) for chunks in ((), (b"GET /v1/w",), (HANDSHAKE[:-2],), (HANDSHAKE[:60],)) * 25]
        left = [self.raw_session() for _ in range(25)]
        client = await self.client()
        await client.subscribe("book", S0)
        await client.next("delta")
        await client.close()
        for connection in left:  # says that it will say no more
            connection.shutdown(socket.SHUT_WR)
            self.to_the_end(connection)
        for connection in silent:  # reset
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        await self.nobody_is_left()

    async def test_one_that_is_reset_while_it_is_owed_something_is_forgotten(self):
        for _ in range(20):
            connection = self.raw_session(op(1, "subscribe", channel="book", symbols=["*"], depth=0, rate_ms=0))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        await self.nobody_is_left()

    def test_ops_behind_the_handshake_in_one_packet_are_answered(self):
        end = self.to_the_end(self.raw_session(op(1, "ping"), op(2, "ping"), frame(CLOSE, b"\x03\xe8")))
        self.assertLess(end.index(b'"welcome"'), end.index(b'"pong","id":1'))
        self.assertLess(end.index(b'"pong","id":1'), end.index(b'"pong","id":2'))
        self.assertTrue(end.endswith(b"\x88\x02\x03\xe8"), end[-10:])


class Messages(FaultTest):
    async def test_a_hundred_subscribes_in_one_packet_are_acked_in_order(self):
        client = await self.client()
        wishes = [(channel, symbol, depth, rate) for channel in ("book",) for symbol in range(4)
                  for depth in (1, 5, 10, 25, 0) for rate in (0, 50, 100, 250, 500)]
        send_at_once(client, *(op(n, "subscribe", channel=channel, symbols=[f"SYN:S{symbol}"], depth=depth, rate_ms=rate)
                               for n, (channel, symbol, depth, rate) in enumerate(wishes)))
        await client.until(lambda c: len(c.books) == 100)
        self.assertEqual(ids(client), list(range(100)))
        acked = [m["ok"][0] for m in client.of_type("ack")]
        self.assertEqual([(e["channel"], int(e["symbol"][-1]), e["depth"], e["rate_ms"]) for e in acked], wishes)
        self.assertEqual(len(client.of_type("snapshot")), 100)

    async def test_subscribes_of_many_sessions_at_once_are_not_mixed_up(self):
        clients = [await self.client() for _ in range(12)]
        for n, client in enumerate(clients):
            send_at_once(client, *(op(i, "subscribe", channel="book", symbols=[f"SYN:S{(n + i) % 4}"], depth=1 + i)
                                   for i in range(10)))
        for n, client in enumerate(clients):
            await client.until(lambda c: ids(c) == list(range(10)))
            for i, ack in enumerate(client.of_type("ack")):
                self.assertEqual(ack["ok"][0]["symbol"], f"SYN:S{(n + i) % 4}")
            await client.until(lambda c: len(c.books) == len(c.streams))

    async def test_leaving_and_joining_in_one_packet_starts_anew(self):
        client = await self.client()
        (entry,) = await client.subscribe("book", S0, rate_ms=0)
        for n in range(1, 6):
            await client.next("delta", entry["sid"])
            start = len(client.messages)
            send_at_once(client, op(f"u{n}", "unsubscribe", sids=[entry["sid"]]),
                         op(f"s{n}", "subscribe", channel="book", symbols=[S0], rate_ms=0))
            await client.until(lambda c: len(c.of_type("snapshot")) == 1 + n)
            self.assertEqual(ids(client)[-2:], [f"u{n}", f"s{n}"])
            (entry,) = client.of_type("ack")[-1]["ok"]
            after = [m["type"] for m in client.messages[start:] if m.get("sid") == entry["sid"]]
            self.assertEqual(after[-1], "snapshot")

    async def test_leaving_a_stream_before_it_is_acked(self):
        client = await self.client()
        send_at_once(client, op(1, "subscribe", channel="book", symbols=[S0, "SYN:S1"]),
                     op(2, "modify", sid=1, rate_ms=1000), op(3, "unsubscribe", sids=[1, 2, 3, 4, 5, 6, 7, 8]),
                     op(4, "list"), op(5, "ping"))
        await client.answer(5) if 5 not in ids(client) else None
        self.assertEqual(ids(client), [1, 2, 3, 4, 5])

    async def test_two_hundred_names_and_a_wildcard(self):
        client = await self.client()
        ack = await client.request("subscribe", channel="book", symbols=["*"] + [f"SYN:S{n}" for n in range(199)])
        self.assertEqual(sorted(entry["symbol"] for entry in ack["ok"]), [f"SYN:S{n}" for n in range(4)])
        self.assertEqual([error["symbol"] for error in ack["err"]], [f"SYN:S{n}" for n in range(4, 199)])
        await client.until(lambda c: len(c.books) == 4)

    async def test_a_text_in_fragments_is_one_message(self):
        client = await self.client()
        text = json.dumps({"op": "ping", "id": "ü€𝄞", "pad": "x" * 300}, ensure_ascii=False).encode()
        send_at_once(client, frame(TEXT, text[:5], False), frame(0, b"", False), frame(PING, b"between"),
                     *(frame(0, text[i:i + 1], False) for i in range(5, len(text))), frame(0, b""))
        self.assertEqual((await client.next("pong"))["id"], "ü€𝄞")
        for piece in (op(7, "ping")[i:i + 1] for i in range(len(op(7, "ping")))):  # byte by byte
            send_at_once(client, piece)
            await asyncio.sleep(0)
        self.assertEqual((await client.next("pong"))["id"], 7)

    async def test_a_flood_of_pings_is_answered_in_order(self):
        flooder = self.raw_session()
        observer = await self.client()
        await observer.subscribe("book", S0)
        count = 20_000
        sending = self.in_background(self.in_thread(
            flooder.sendall, b"".join(frame(PING, struct.pack(">I", n)) for n in range(count))))
        pongs, received = 0, b""
        while pongs < count:
            received += await self.in_thread(flooder.recv, 65536)
            while (at := received.find(b"\x8a\x04" + struct.pack(">I", pongs))) >= 0:
                received = received[at + 6:]
                pongs += 1
        await sending
        await observer.next("delta")

    async def test_one_that_sends_and_never_reads_is_held_back(self):
        observer = await self.client()
        await observer.subscribe("book", S0)
        deaf = self.raw_session(op(1, "subscribe", channel="book", symbols=["*"], depth=0, rate_ms=0))
        memory = self.gateway.memory_kb()
        deaf.settimeout(3)
        with self.assertRaises(TimeoutError):  # the gateway stops reading long before this
            for n in range(1_000_000):
                deaf.sendall(frame(PING, b"x" * 125) * 100)
        await observer.next("delta")
        self.assertLess(self.gateway.memory_kb(), memory + 8192)

    async def test_answers_wait_for_one_that_reads_late(self):
        client = await self.client(receive_buffer=4096)
        await client.subscribe("book", "*", depth=0, rate_ms=0)
        for n in range(100, 150):
            send_at_once(client, op(n, "list"))
        await asyncio.sleep(0)
        await client.until(lambda c: 149 in ids(c))
        self.assertEqual([i for i in ids(client) if i >= 100], list(range(100, 150)))


class Positions(FaultTest):
    async def test_a_book_ahead_of_all_is_waited_for_and_then_sent(self):
        client = await self.client()
        (first,) = await client.subscribe("book", S0)
        epoch = (await client.next("snapshot", first["sid"]))["epoch"]
        # A client at a position that no other has: nobody is to wait for its 2 s.
        patient = await self.client()
        started = asyncio.get_running_loop().time()
        patient.saved = client.positions()
        patient.saved[S0].seq = 2**53 - 1
        (entry,) = await patient.subscribe("book", S0)
        self.assertTrue(entry["resumed"])
        await patient.next("snapshot", entry["sid"])
        waited = asyncio.get_running_loop().time() - started
        self.assertTrue(1.9 < waited < 2.0 + 5.0, waited)
        self.assertEqual(patient.books[entry["sid"]].epoch, epoch)
        self.assertEqual(patient.of_type("delta", entry["sid"]), [])
        await patient.next("delta", entry["sid"])

    async def test_a_seq_of_2_to_the_53_is_refused(self):
        client = await self.client()
        answer = await client.request("subscribe", channel="book", symbols=[S0],
                                      resume={S0: {"epoch": "x", "seq": 2**53, "depth": 25}})
        self.assertEqual((answer["code"], answer["field"]), ("bad_request", "resume"))


class Trades(EndToEndTest):
    async def test_trades_that_are_gone_are_announced_when_resumed(self):
        recording = Recording(seconds=200)  # 2000 trades, more than are kept
        path = recording.write(self.folder / "recording.txt")
        gateway = self.start_gateway("--replay", path, "--venue", "binance-spot", "--speed", "max")
        last = len(recording.trades)
        client = await self.connect(gateway)
        (entry,) = await client.subscribe("trades", "BINANCE:BTC-USDT")
        await client.until(lambda c: c.trades.get(entry["sid"]) and c.trades[entry["sid"]].seq == last)
        epoch = client.trades[entry["sid"]].epoch
        for seq in (0, 100, last - 30, last):
            with self.subTest(seq=seq):
                client = await self.connect(gateway)
                client.saved = {"BINANCE:BTC-USDT": client_module.Trades(epoch, seq)}
                (entry,) = await client.subscribe("trades", "BINANCE:BTC-USDT")
                await self.check(client, entry, seq, recording)

    async def check(self, client, entry, seq, recording):
        last = len(recording.trades)
        if seq < last:
            await client.until(lambda c: c.trades[entry["sid"]].seq == last if entry["sid"] in c.trades else False)
        else:
            await client.request("ping")
        gaps = client.of_type("gap", entry["sid"])
        kept = [trade[0] for m in client.of_type("trades", entry["sid"]) for trade in m["trades"]]
        self.assertEqual(kept, [trade[0] for trade in recording.trades[last - len(kept):]])
        if seq >= last - 30:
            self.assertEqual((entry["resumed"], gaps, len(kept)), (True, [], last - seq))
        else:
            self.assertEqual((entry["resumed"], entry["why"]), (False, "resume_expired"))
            self.assertEqual([(gap["from"], gap["to"]) for gap in gaps], [(seq + 1, last - len(kept))])


class Silence(EndToEndTest):
    CONFIG = ('[gateway]\nlisten = ["127.0.0.1:0"]\nheartbeat_ms = {heartbeat_ms}\nslow_close_s = {slow_close_s}\n'
              '[[feeds]]\nsynthetic = {{ symbols = 4, rate = 200 }}\n')

    def start(self, **values):
        path = self.folder / "gateway.toml"
        path.write_text(self.CONFIG.format(**values))
        return self.start_gateway("--config", path)

    async def test_one_that_answers_no_ping_is_closed(self):
        gateway = self.start(heartbeat_ms=1000, slow_close_s=60)
        lively = await self.connect(gateway)
        mute = socket.create_connection((gateway.host, gateway.port), timeout=PATIENCE)
        self.addCleanup(mute.close)
        mute.sendall(HANDSHAKE)

        def all_of_it():
            received = b""
            while chunk := mute.recv(65536):
                received += chunk
            return received
        end = await self.in_thread(all_of_it)
        self.assertIn(b"\x88", end)
        self.assertEqual(end[end.rindex(b"\x88") + 2:][:2], struct.pack(">H", 1001))
        self.assertGreaterEqual(end.count(b'"type":"hb"'), 3)
        self.assertEqual((await lively.request("ping"))["type"], "pong")

    async def test_one_that_takes_nothing_for_too_long_is_closed_with_4408(self):
        gateway = self.start(heartbeat_ms=500, slow_close_s=3)
        slow = await self.connect(gateway, receive_buffer=4096)
        await slow.subscribe("book", "*", depth=0, rate_ms=0)
        observer = await self.connect(gateway)
        await observer.subscribe("book", S0, rate_ms=1000)
        await observer.until(lambda c: gateway.metrics()['sessions_closed_total{code="4408"}'] == 1)
        self.assertIn(await slow.until_closed(), (4408, 1006))  # 1006: the connection was cut before it read so far


if __name__ == "__main__":
    unittest.main()
