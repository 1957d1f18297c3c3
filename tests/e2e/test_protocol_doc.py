"""gateway/PROTOCOL.md tells the truth: its examples are played against a real gateway, its tables compared with code.

In a block `json` a line that begins with "C " is sent and one with "S " is waited for; indented lines go on with the
one before; `welcome` begins a new connection, and messages between those shown are passed over. What differs from run
to run (sid, seq, epoch, times) stands in the document for what really comes. In a block `http` lines with "> " are sent
and "< " come back. Blocks marked `aside` are no part of the story: each message of theirs has a test of its own that
brings it about.
"""

import json
import re
import signal
import unittest
import zlib

from client import Client
from harness import EndToEndTest, GatewayTest, ROOT
from recording import Recording

TEXT = (ROOT / "gateway" / "PROTOCOL.md").read_text()
SOURCES = {path.name: path.read_text() for path in (ROOT / "gateway").glob("*.cpp")}

# What the document only stands for. All else must come as it is written.
TIMES = {"ts", "tx", "tr", "since"}
VARYING = TIMES | {"session", "server", "sid", "was", "seq", "prev", "epoch", "ck", "lag_ms", "from", "to", "sessions",
                   "subscriptions"}
LEVELS = {"bids", "asks", "trades"}  # lists of which the document shows a part


def blocks(language, aside=False):
    """The fenced blocks of one kind, each a list of its lines with indented ones joined to the line before."""
    mark = re.escape(language + (" aside" if aside else ""))
    for body in re.findall(rf"(?ms)^```{mark}\n(.*?)^```$", TEXT):
        yield re.sub(r"\n +", "", body).splitlines()


def conversation(aside=False):
    """Pairs of who speaks ("C" or "S") and the message."""
    for lines in blocks("json", aside):
        for line in lines:
            speaker, _, text = line.partition(" ")
            assert speaker in ("C", "S"), line
            yield speaker, json.loads(text)


def asides():
    return [message for _, message in conversation(aside=True)]


def exchanges(aside=False):
    """Requests over HTTP: (method, path, headers sent, status, headers and JSON that must come back)."""
    for lines in blocks("http", aside):
        for sent, got in re.findall(r"((?:^> .*\n)+)((?:^< .*\n?)+)", "\n".join(lines) + "\n", re.MULTILINE):
            (request, *sent_headers), (status, *answer) = ([line[2:] for line in part.splitlines()]
                                                           for part in (sent, got))
            body = next((json.loads(line) for line in answer if line.startswith("{")), None)
            headers = dict(line.split(": ", 1) for line in answer if not line.startswith("{"))
            yield (*request.split(" "), dict(line.split(": ", 1) for line in sent_headers), int(status), headers, body)


class Shape:
    """Compares what is written with what came, and remembers what each written number stands for."""

    def __init__(self):
        self.names = {"sid": {}, "epoch": {}}

    def check(self, written, real, path=""):
        assert type(written) is type(real), f"{path}: {written!r} is written, {real!r} came"
        if isinstance(written, dict):
            assert list(written) == list(real), f"{path}: keys {list(written)} are written, {list(real)} came"
            for key in written:
                self.check_field(key, written[key], real[key], f"{path}.{key}")
        elif isinstance(written, list):
            assert len(written) == len(real), f"{path}: {written} is written, {real} came"
            for number, pair in enumerate(zip(written, real)):
                self.check(*pair, f"{path}[{number}]")
        else:
            assert written == real, f"{path}: {written!r} is written, {real!r} came"

    def check_field(self, key, written, real, path):
        if key in LEVELS:
            for level in real if written else []:
                self.check_types(written[0], level, path)
        elif key in ("bid", "ask"):
            self.check_types(written, real, path)
        elif key == "ok" and written and isinstance(written[0], int):
            self.check([self.stands_for("sid", sid) for sid in written], real, path)
        elif key in VARYING:
            self.check_types(written, real, path)
            if key in self.names:
                self.names[key][written] = real
        else:
            self.check(written, real, path)

    def check_types(self, written, real, path):
        def kind(value):
            return list(map(type, value)) if isinstance(value, list) else type(value)
        assert kind(written) == kind(real), f"{path}: {written!r} is written, {real!r} came"

    def stands_for(self, key, written):
        return self.names[key].get(written, written)


class Story:
    """Plays the document's conversation."""

    def __init__(self, test):
        self.test = test
        self.shape = Shape()
        self.client, self.cursor, self.saved, self.resumed = None, 0, {}, {}

    async def play(self):
        for speaker, message in conversation():
            try:
                await (self.send(message) if speaker == "C" else self.expect(message))
            except AssertionError as error:
                raise AssertionError(f"{error}\nat {speaker} {json.dumps(message)[:500]}") from error

    async def connect(self):
        if self.client:
            self.saved = self.client.positions()
            await self.client.close()
        self.client = await Client.connect(self.test.gateway.url)
        self.test.addAsyncCleanup(self.client.close)
        self.cursor = 0

    async def send(self, written):
        message = dict(written)
        if "sid" in message:
            message["sid"] = self.shape.stands_for("sid", message["sid"])
        if "sids" in message:
            message["sids"] = [self.shape.stands_for("sid", sid) for sid in message["sids"]]
        self.resumed = {}
        if "resume" in message:
            message["resume"] = {symbol: self.position(symbol, point) for symbol, point in message["resume"].items()}
        await self.client.send(message)

    def position(self, symbol, written):
        """What is really held, unless an epoch is written that never came."""
        if written["epoch"] not in self.shape.names["epoch"]:
            return written
        real = self.saved[symbol].position()
        assert list(real) == list(written), f"a position is {real}"
        self.client.saved[symbol] = self.saved[symbol]
        self.resumed[written["seq"]] = real["seq"]
        return real

    async def expect(self, written):
        if written["type"] == "welcome":
            await self.connect()
        sid = self.shape.stands_for("sid", written["sid"]) if "sid" in written else None

        def wanted(message):
            if "id" in written:
                return "id" in message and message["id"] == written["id"]
            return message["type"] == written["type"] and message.get("sid") == sid
        while True:
            await self.client.until(lambda c: len(c.messages) > self.cursor)
            real = self.client.messages[self.cursor]
            self.cursor += 1
            if wanted(real):
                break
        self.shape.check(written, real)
        if written.get("prev") in self.resumed:
            self.test.assertEqual(real["prev"], self.resumed.pop(written["prev"]), "goes on from the position resumed")


class Examples(GatewayTest):
    async def test_the_conversation_is_as_written(self):
        await Story(self).play()

    async def test_http_is_as_written(self):
        client = await self.client()
        (entry,) = await client.subscribe("trades", "SYN:S2")
        await client.next("trades", entry["sid"])
        for method, path, headers, status, answer_headers, body in exchanges():
            with self.subTest(request=f"{method} {path}", status=status):
                for _ in range(100):  # a book moves on between two requests
                    if "If-None-Match" in headers:
                        headers["If-None-Match"] = self.gateway.get(path)[1]["etag"]
                    real_status, real_headers, real_body = self.gateway.http(method, path, headers)
                    if real_status == status or status != 304:
                        break
                self.compare(status, answer_headers, body, real_status, real_headers, real_body)

    def compare(self, status, headers, body, real_status, real_headers, real_body):
        self.assertEqual(real_status, status, real_body)
        for name, value in headers.items():
            real = real_headers[name.lower()]
            if name == "ETag":
                self.assertRegex(value, r'^"\w+/\d+"$')
                self.assertRegex(real, r'^"\w+/\d+"$')
            else:
                self.assertEqual(real, value, name)
        if body is None:
            return
        real = json.loads(real_body)
        Shape().check(body, real)
        for written, held in ((headers.get("ETag"), body), (real_headers.get("etag"), real)):
            if written:
                self.assertEqual(written, f'"{held["epoch"]}/{held["seq"]}"')

    async def test_too_many_ops_are_refused_as_written(self):
        client = await self.client()
        (written,) = [m for m in asides() if m.get("code") == "rate_limited"]
        for _ in range(200):
            await client.send({"op": "ping", "id": written["id"]})
        Shape().check(written, await client.next("error"))


class Document(unittest.TestCase):
    """What the document says is right in itself, and complete."""

    def setUp(self):
        self.client = None

    def test_a_strict_client_accepts_the_conversation(self):
        for speaker, message in conversation():
            with self.subTest(message=message):
                if message.get("type") == "welcome":
                    saved = self.client.positions() if self.client else {}
                    self.client = Client(None)
                    self.client.saved = saved
                if speaker == "S":
                    self.client.take_in(message)
                else:
                    for symbol, point in message.get("resume", {}).items():
                        if symbol in self.client.saved:
                            self.assertEqual(point, self.client.saved[symbol].position())

    def test_books_over_http_have_their_checksum(self):
        for *_, body in exchanges():
            if body and "ck" in body:
                sides = (",".join(f"{p}:{q}" for p, q in body[side]) for side in ("bids", "asks"))
                self.assertEqual(zlib.crc32("|".join(sides).encode()), body["ck"])

    def test_the_worked_checksum_is_right(self):
        ((text, number),) = blocks("checksum")
        self.assertEqual(zlib.crc32(text.encode()), int(number))
        delta = next(m for speaker, m in conversation() if m.get("type") == "delta")
        self.assertEqual(int(number), delta["ck"], "it is that of the first delta")
        rows = [[cell.strip() for cell in row.split("|")] for row in re.findall(r"(?m)^\|((?:[\d. ]+\|){4})$", TEXT)]
        sides = (",".join(f"{row[i]}:{row[i + 1]}" for row in rows if row[i]) for i in (0, 2))
        self.assertEqual("|".join(sides), text)

    def test_every_message_type_has_an_example(self):
        sources = "".join(SOURCES[name] for name in ("messages.cpp", "operations.cpp", "wire.cpp"))
        types = set(re.findall(r'\{\{?"type":"(\w+)"', sources))
        self.assertEqual(len(types), 13, types)
        shown = {m["type"] for aside in (False, True) for speaker, m in conversation(aside) if speaker == "S"}
        self.assertEqual(shown, types)

    def test_every_op_has_an_example(self):
        (table,) = re.findall(r"(?s)kOps\{\{(.*?)\}\};", SOURCES["request.cpp"])
        self.assertEqual({m["op"] for speaker, m in conversation() if speaker == "C"},
                         set(re.findall(r'\{"(\w+)", Op::', table)) | {"dance"})

    def test_the_tables_of_errors_are_those_of_the_code(self):
        traits = re.findall(r'\{"(\w+)", (true|false), Closes::(\w+), (\d+)\}', SOURCES["protocol.cpp"])
        self.assertEqual(len(traits), 20)
        sent, reserved = re.split(r"(?m)^## Not in this release$", TEXT)

        def rows(text):
            found = re.findall(r"(?m)^\| `(\w+)` \| (yes|no) \| (\d*)([^|]*)\| [^|]+ \|$", text)
            return {code: (temporary, closes) for code, temporary, closes, _ in found}
        expected = {code: ("yes" if temporary == "true" else "no", close if closes != "Never" else "")
                    for code, temporary, closes, close in traits}
        self.assertEqual(rows(sent) | rows(reserved), expected)
        others = "".join(text for name, text in SOURCES.items() if name != "protocol.cpp")
        used = set(re.findall(r"ErrorCode::(\w+)", others)) - {"Internal"}  # the value before anything is known
        names = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in used}
        names |= set(re.findall(r'"code":"(\w+)"', others))
        self.assertEqual(set(rows(sent)), names, "the codes that are sent")

    def test_the_reasons_against_a_resume_are_those_of_the_code(self):
        (section,) = re.findall(r"(?ms)^## Coming back$(.*?)^## ", TEXT)
        self.assertEqual(set(re.findall(r"(?m)^\| `(\w+)` \| [^|]+ \|$", section)),
                         set(re.findall(r'return "(\w+)";', SOURCES["messages.cpp"])))


class Rare(EndToEndTest):
    """The messages that the story has no place for."""

    def written(self, type_, **fields):
        (message,) = [m for m in asides() if m["type"] == type_ and fields.items() <= m.items()]
        return message

    async def test_goaway_is_as_written(self):
        gateway = self.start_gateway()
        client = await self.connect(gateway)
        gateway.process.send_signal(signal.SIGTERM)
        self.assertEqual(await client.until_closed(), 1012)
        (real,) = client.of_type("goaway")
        Shape().check(self.written("goaway"), real | {"retry_ms": self.written("goaway")["retry_ms"]})
        self.assertTrue(500 <= real["retry_ms"] <= 15000)

    async def test_the_limit_of_subscriptions_is_as_written(self):
        config = self.folder / "tickgate.toml"
        config.write_text("[gateway.limits]\nsubscriptions = 3\n[[feeds]]\nsynthetic = { symbols = 4, rate = 50 }\n")
        client = await self.connect(self.start_gateway("--config", config))
        await client.subscribe("book", "SYN:S0", "SYN:S1")
        written = self.written("error", code="limit_subscriptions")
        await client.send({"op": "subscribe", "id": written["id"], "channel": "bbo", "symbols": ["SYN:*"]})
        Shape().check(written, await client.answer(written["id"]))

    async def test_a_symbol_that_is_not_live_is_as_written(self):
        recording = Recording(seconds=5)
        lost = next(n for n, line in enumerate(recording.lines) if n > 20 and "depthUpdate" in line)
        del recording.lines[lost]
        path = recording.write(self.folder / "gap.txt")
        gateway = self.start_gateway("--replay", path, "--venue", "binance-spot", "--speed", "max")
        client = await self.connect(gateway)
        await client.subscribe("book", "BINANCE:BTC-USDT")
        await client.until(lambda c: any(m["state"] == "resyncing" for m in c.of_type("status")))
        Shape().check(self.written("status"), client.of_type("status")[-1])
        ((method, path, _, status, headers, body),) = exchanges(aside=True)
        real_status, real_headers, real_body = gateway.http(method, path)
        self.assertEqual((real_status, real_headers["retry-after"]), (status, headers["Retry-After"]))
        Shape().check(body, json.loads(real_body))

    async def test_what_a_slow_client_is_told_is_as_written(self):
        gateway = self.start_gateway("--synthetic", "symbols=4,rate=5000")
        observer, slow = await self.connect(gateway), await self.connect(gateway, receive_buffer=4096)
        await observer.subscribe("bbo", "SYN:S0", rate_ms=500)
        await slow.subscribe("book", "SYN:*", depth=100, rate_ms=0)
        await slow.subscribe("trades", "SYN:*")
        await observer.next("bbo")
        begin = observer.of_type("bbo")[-1]["ts"]
        await observer.until(lambda c: c.of_type("bbo")[-1]["ts"] > begin + 6_000_000)

        def states(client):
            return {m["state"] for m in client.of_type("lag")}
        await slow.until(lambda c: states(c) == {"behind", "caught_up"} and c.of_type("gap"))
        for state in ("behind", "caught_up"):
            real = next(m for m in slow.of_type("lag") if m["state"] == state)
            Shape().check(self.written("lag", state=state), real)
        Shape().check(self.written("gap"), slow.of_type("gap")[0])
        self.assertLess(max(m.get("lag_ms", 0) for m in slow.of_type("lag")), 600_000)


if __name__ == "__main__":
    unittest.main()
