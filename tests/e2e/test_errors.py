"""Every error a client can cause without `hello`, and which of them end the session."""

import asyncio
import json
import unittest

import websockets

from harness import GatewayTest

LONG = "x" * 65
GOOD = {"op": "subscribe", "channel": "book", "symbols": ["SYN:S0"]}

# (message without id, or with one on purpose; the field to blame)
BAD_REQUESTS = [
    ({"id": 1}, "op"),
    ({"op": 5}, "op"),
    ({"op": "ping", "id": None}, "id"),
    ({"op": "ping", "id": 1.5}, "id"),
    ({"op": "ping", "id": [1]}, "id"),
    ({"op": "ping", "id": LONG}, "id"),
    (GOOD | {"channel": 1}, "channel"),
    ({"op": "subscribe", "symbols": ["SYN:S0"]}, "channel"),
    ({"op": "subscribe", "channel": "book"}, "symbols"),
    (GOOD | {"symbols": "SYN:S0"}, "symbols"),
    (GOOD | {"symbols": [1]}, "symbols"),
    (GOOD | {"symbols": ["SYN:S0"] * 201}, "symbols"),
    (GOOD | {"depth": "10"}, "depth"),
    (GOOD | {"depth": 1.5}, "depth"),
    (GOOD | {"depth": None}, "depth"),
    (GOOD | {"rate_ms": True}, "rate_ms"),
    (GOOD | {"resume": []}, "resume"),
    (GOOD | {"resume": {"SYN:S0": 7}}, "resume"),
    (GOOD | {"resume": {"SYN:S0": {"epoch": 1, "seq": 1}}}, "resume"),
    (GOOD | {"resume": {"SYN:S0": {"epoch": "a", "seq": -1}}}, "resume"),
    ({"op": "modify", "depth": 5}, "sid"),
    ({"op": "modify", "sid": "x"}, "sid"),
    ({"op": "resync"}, "sid"),
    ({"op": "unsubscribe"}, "sids"),
    ({"op": "unsubscribe", "sids": 5}, "sids"),
    ({"op": "unsubscribe", "sids": ["5"]}, "sids"),
    ({"op": "symbols", "match": 5}, "match"),
]


class Errors(GatewayTest):
    async def refused(self, client, message):
        """The error that answers a message, which echoes its id if that can be echoed."""
        message = message if "id" in message else message | {"id": 77}
        await client.socket.send(json.dumps(message))
        error = await client.next("error")
        id_ = message["id"]
        if isinstance(id_, int) or (isinstance(id_, str) and len(id_) <= 64):
            self.assertEqual(error["id"], id_)
        return error

    async def ping_on(self, client):
        """More and more ops, until the connection is closed."""
        try:
            for _ in range(10_000):
                await client.send({"op": "ping"})
        except websockets.ConnectionClosed:
            pass

    async def test_a_bad_field_is_named(self):
        client = None
        for n, (message, field) in enumerate(BAD_REQUESTS):
            if n % 10 == 0:  # below the limit of ops
                client = await self.client()
            with self.subTest(message=str(message)[:100]):
                error = await self.refused(client, message)
                self.assertEqual((error["code"], error.get("field")), ("bad_request", field))
                self.assertFalse(error["temporary"])

    async def test_an_integer_beyond_64_bits_is_refused(self):
        client = await self.client()
        await client.socket.send('{"op":"ping","id":123456789012345678901234567890}')
        self.assertIn((await client.next("error"))["code"], ("bad_json", "bad_request"))
        await client.request("ping")

    async def test_a_message_without_an_id_is_refused(self):
        client = await self.client()
        await client.socket.send('{"op":"ping"}')
        error = await client.next("error")
        self.assertEqual((error["code"], error["field"]), ("bad_request", "id"))
        self.assertIsNone(error["id"])

    async def test_other_faults_have_codes_of_their_own(self):
        client = await self.client()
        for message, code in (({"op": "dance"}, "unknown_op"), (GOOD | {"channel": "candles"}, "unknown_channel"),
                              (GOOD | {"depth": 501}, "bad_depth"), (GOOD | {"depth": -1}, "bad_depth"),
                              (GOOD | {"rate_ms": 5001}, "bad_rate"),
                              ({"op": "modify", "sid": 4_000_000, "depth": 5}, "not_subscribed"),
                              ({"op": "resync", "sid": 4_000_000}, "not_subscribed")):
            with self.subTest(code=code):
                error = await self.refused(client, message)
                self.assertEqual((error["code"], error["temporary"]), (code, False))
        (entry,) = await client.subscribe("book", "SYN:S0")  # the session goes on
        error = await self.refused(client, {"op": "modify", "sid": entry["sid"], "depth": 1000})
        self.assertEqual(error["code"], "bad_depth")
        await client.next("delta", entry["sid"])

    async def test_what_is_unknown_is_ignored(self):
        client = await self.client()
        pong = await client.request("ping", surprise={"a": [1, None]})
        self.assertEqual(pong["type"], "pong")

    async def test_a_third_message_that_is_no_json_closes(self):
        client = await self.client()
        for text in ("not json", "[1,2]", '{"op":"ping","id":1'):
            await client.socket.send(text)
        self.assertEqual(await client.until_closed(), 4400)
        self.assertEqual([m["code"] for m in client.of_type("error")], ["bad_json"] * 3)

    async def test_invalid_utf8_is_no_message(self):
        client = await self.client()
        await client.socket.write_frame(True, 1, b'{"op":"ping","id":"\xff"}')
        self.assertEqual(await client.until_closed(), 1007)

    async def test_a_frame_that_is_too_big_closes(self):
        client = await self.client()
        limit = client.welcome["limits"]["frame_bytes"]
        fitting = {"op": "ping", "id": 1, "pad": ""}
        fitting["pad"] = "x" * (limit - len(json.dumps(fitting)))
        await client.socket.send(json.dumps(fitting))
        await client.next("pong")
        await client.socket.send(json.dumps(fitting | {"pad": fitting["pad"] + "x"}))
        self.assertEqual(await client.until_closed(), 1009)

    async def test_fragments_count_together(self):
        client = await self.client()
        try:
            await client.socket.send("x" * 1000 for _ in range(100))  # an iterable: one fragment each
        except websockets.ConnectionClosed:
            pass  # closed before the last fragment was written
        self.assertEqual(await client.until_closed(), 1009)

    async def test_too_many_ops_are_refused_for_now_and_abuse_closes(self):
        client = await self.client()
        limit = client.welcome["limits"]["ops_per_s"]
        while not client.of_type("error"):  # a burst is allowed, its size is not promised
            ids = [await client.send({"op": "ping"}) for _ in range(10)]
            await client.until(lambda c: c.messages[-1].get("id") == ids[-1])
        for error in client.of_type("error"):
            self.assertEqual((error["code"], error["temporary"]), ("rate_limited", True))
            self.assertGreater(error["retry_ms"], 0)
        self.assertGreaterEqual(len(client.of_type("pong")), limit)
        await asyncio.sleep(error["retry_ms"] / 1000)  # on the gateway's clock: no less can be tried
        self.assertEqual((await client.request("ping"))["type"], "pong")
        abuse = self.in_background(self.ping_on(client))
        self.assertEqual(await client.until_closed(), 4429)
        await abuse


class SubscriptionLimit(GatewayTest):
    ARGS = ("--synthetic", "symbols=400,rate=1")

    async def test_more_subscriptions_than_allowed_are_refused(self):
        client = await self.client()
        limit = client.welcome["limits"]["subscriptions"]
        granted, refusals = 0, []
        for depth in (1, 5, 10):
            answer = await client.request("subscribe", channel="book", symbols=["SYN:*"], depth=depth, rate_ms=5000)
            granted += len(answer.get("ok", []))
            refusals += answer.get("err", []) if answer["type"] == "ack" else [answer]
        self.assertLessEqual(granted, limit)
        self.assertTrue(refusals)
        self.assertEqual({refusal["code"] for refusal in refusals}, {"limit_subscriptions"})
        self.assertEqual(len((await client.request("list"))["subs"]), granted)
        sids = list(client.streams)[:400]
        await client.request("unsubscribe", sids=sids)
        (entry,) = await client.subscribe("bbo", "SYN:S0")
        self.assertEqual(entry["channel"], "bbo")


if __name__ == "__main__":
    unittest.main()
