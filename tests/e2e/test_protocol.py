"""The protocol's basics: sessions, subscriptions, changes to them, and what is told about them."""

import json
import unittest

import websockets

from harness import GatewayTest

S = [f"SYN:S{n}" for n in range(4)]


class Session(GatewayTest):
    async def test_the_welcome_comes_first_and_states_the_terms(self):
        client = await self.client()
        welcome = client.messages[0]
        self.assertEqual(list(welcome), ["type", "proto", "server", "node", "session", "ts", "heartbeat_ms", "auth",
                                         "channels", "depths", "rates_ms", "limits", "reconnect"])
        self.assertEqual((welcome["proto"], welcome["auth"]), (1, "none"))
        self.assertTrue(welcome["server"].startswith("tickgate "))
        self.assertEqual(welcome["channels"], ["book", "bbo", "trades"])
        self.assertEqual(welcome["depths"], [1, 5, 10, 25, 50, 100, 500, 0])
        self.assertEqual(welcome["rates_ms"], [0, 50, 100, 250, 500, 1000, 5000])
        self.assertEqual(list(welcome["limits"]), ["subscriptions", "ops_per_s", "frame_bytes", "symbols_per_op"])
        self.assertEqual(list(welcome["reconnect"]), ["base_ms", "max_ms"])
        self.assertEqual(client.socket.subprotocol, "tickgate.v1.json")

    async def test_sessions_have_names_of_their_own(self):
        one, two = await self.client(), await self.client(subprotocols=None)
        self.assertNotEqual(one.welcome["session"], two.welcome["session"])
        self.assertEqual(one.welcome["node"], two.welcome["node"])
        self.assertIsNone(two.socket.subprotocol)

    async def test_every_op_is_answered_with_its_id(self):
        client = await self.client()
        for id_ in (0, -7, 2**53 - 1, 2**63 - 1, "a", "", 'quote " \\ ü €', "x" * 64):
            pong = await client.request("ping", id=id_)
            self.assertEqual((list(pong), pong["id"]), (["type", "id", "ts"], id_))

    async def test_the_server_answers_websocket_pings(self):
        client = await self.client()
        waiter = await client.socket.ping(b"mark")
        await waiter

    async def test_a_client_may_have_its_turns_as_arrays(self):
        async with websockets.connect(self.gateway.url) as ws:
            await ws.recv()
            await ws.send(json.dumps({"op": "hello", "id": 1, "batch": True}))
            self.assertEqual(json.loads(await ws.recv()), [{"type": "ack", "id": 1}])
            await ws.send(json.dumps({"op": "subscribe", "id": 2, "channel": "book", "symbols": S, "rate_ms": 250}))
            seqs, arrays = {}, []
            while not arrays or len(arrays) < 5:
                array = json.loads(await ws.recv())
                self.assertIsInstance(array, list)
                data = [message for message in array if message["type"] in ("snapshot", "delta")]
                for message in data:
                    self.assertEqual(message.get("prev"), seqs.get(message["sid"]))
                    seqs[message["sid"]] = message["seq"]
                if any(message["type"] == "delta" for message in data):
                    arrays.append(data)
        self.assertEqual(max(map(len, arrays)), len(S))

    async def test_heartbeats_come_without_a_subscription(self):
        client = await self.client()
        beats = [await client.next("hb") for _ in range(2)]
        spacing = (beats[1]["ts"] - beats[0]["ts"]) / 1000
        self.assertAlmostEqual(spacing, client.welcome["heartbeat_ms"], delta=1000)


class Subscribe(GatewayTest):
    async def test_the_ack_comes_before_the_data_and_a_snapshot_first(self):
        client = await self.client()
        (entry,) = await client.subscribe("book", S[0])
        self.assertEqual(list(entry), ["sid", "channel", "symbol", "depth", "rate_ms", "resumed"])
        self.assertEqual({key: entry[key] for key in list(entry)[1:]},
                         {"channel": "book", "symbol": S[0], "depth": 25, "rate_ms": 100, "resumed": False})
        await client.until(lambda c: len(c.of_type("delta", entry["sid"])) >= 5)
        data = [m["type"] for m in client.messages if m.get("sid") == entry["sid"]]
        self.assertEqual(data[0], "snapshot")
        self.assertEqual(set(data[1:]), {"delta"})

    async def test_a_throttled_stream_keeps_its_distance(self):
        client = await self.client()
        (entry,) = await client.subscribe("book", S[0], rate_ms=250)
        await client.until(lambda c: len(c.of_type("delta", entry["sid"])) >= 10)
        deltas = client.of_type("delta", entry["sid"])
        times = [m["ts"] for m in deltas]
        # Due at the multiples of the rate: on a busy machine the first may be late, and so the distances shorter.
        self.assertGreaterEqual(times[-1] - times[0], 8 * 250_000)
        self.assertGreater(deltas[-1]["seq"] - deltas[0]["prev"], len(deltas))

    async def test_the_best_bid_and_ask_are_those_of_the_book(self):
        client = await self.client()
        ((book,), (bbo,)) = (await client.subscribe("book", S[1], depth=1, rate_ms=0),
                             await client.subscribe("bbo", S[1], rate_ms=0))
        client.recorded.add(book["sid"])
        await client.until(lambda c: len(c.of_type("bbo", bbo["sid"])) >= 20)
        compared = 0
        for message in client.of_type("bbo", bbo["sid"]):
            state = client.states.get(book["sid"], {}).get(message["seq"])
            if state:
                compared += 1
                self.assertEqual(tuple(map(tuple, (message["bid"], message["ask"]))), (state[0][0], state[1][0]))
        self.assertGreater(compared, 5)

    async def test_trades_begin_with_the_newest_and_go_on_without_a_hole(self):
        client = await self.client()
        (entry,) = await client.subscribe("trades", S[0])
        self.assertEqual(entry["rate_ms"], 0)
        await client.until(lambda c: len(c.of_type("trades", entry["sid"])) >= 4)
        self.assertLessEqual(len(client.of_type("trades", entry["sid"])[0]["trades"]), 20)
        ids = [trade[0] for trade in client.trades[entry["sid"]].trades]
        self.assertEqual(len(set(ids)), len(ids))

    async def test_names_are_found_in_any_case_and_answered_in_theirs(self):
        client = await self.client()
        (entry,) = await client.subscribe("book", "syn:s0")
        self.assertEqual(entry["symbol"], "SYN:S0")

    async def test_a_wildcard_stands_for_all_that_match(self):
        client = await self.client()
        entries = await client.subscribe("bbo", "SYN:*")
        self.assertEqual(sorted(entry["symbol"] for entry in entries), S)
        self.assertEqual(len(await client.subscribe("trades", "*:s1")), 1)
        self.assertEqual(await client.subscribe("bbo", "NOWHERE:*"), [])

    async def test_an_unknown_symbol_costs_only_itself(self):
        client = await self.client()
        ack = await client.request("subscribe", channel="book", symbols=[S[0], "SYN:S99", S[1]])
        self.assertEqual([entry["symbol"] for entry in ack["ok"]], [S[0], S[1]])
        ((error,),) = (ack["err"],)
        self.assertEqual((error["symbol"], error["code"]), ("SYN:S99", "unknown_symbol"))
        self.assertTrue(0 < len(error["near"]) <= 3 and set(error["near"]) <= set(S), error)

    async def test_depth_and_rate_round_up_to_what_is_offered(self):
        client = await self.client()
        for wanted, offered in ((1, 1), (2, 5), (26, 50), (101, 500), (500, 500), (0, 0)):
            (entry,) = await client.subscribe("book", S[0], depth=wanted)
            self.assertEqual(entry["depth"], offered)
        for wanted, offered in ((0, 0), (1, 50), (251, 500), (5000, 5000)):
            (entry,) = await client.subscribe("book", S[1], rate_ms=wanted)
            self.assertEqual(entry["rate_ms"], offered)
        await client.until(lambda c: len(c.books) == len(c.streams) == 9)  # 101 and 500 are one stream

    async def test_asking_again_answers_the_same_sid_without_a_second_snapshot(self):
        client = await self.client()
        (first,) = await client.subscribe("book", S[0])
        await client.next("delta", first["sid"])
        (second,) = await client.subscribe("book", S[0])
        self.assertEqual((second["sid"], second["resumed"]), (first["sid"], False))
        for _ in range(3):
            await client.next("delta", first["sid"])
        self.assertEqual(len(client.of_type("snapshot")), 1)

    async def test_a_sid_names_the_same_stream_for_every_client(self):
        one, two = await self.client(), await self.client()
        (entry,) = await one.subscribe("book", S[2], depth=10)
        (same,) = await two.subscribe("book", S[2], depth=10)
        (other,) = await two.subscribe("book", S[2], depth=5)
        self.assertEqual(entry["sid"], same["sid"])
        self.assertNotEqual(entry["sid"], other["sid"])

    async def test_all_clients_of_a_stream_get_the_same_messages(self):
        one, two = await self.client(), await self.client()
        (entry,) = await one.subscribe("book", S[2])
        await two.subscribe("book", S[2])
        await one.until(lambda c: len(c.of_type("delta")) >= 10)
        await two.until(lambda c: c.books.get(entry["sid"]) and
                        c.books[entry["sid"]].seq >= one.books[entry["sid"]].seq)
        sent = {m["seq"]: m for m in one.of_type("delta")}
        shared = [m for m in two.of_type("delta") if m["seq"] in sent]
        self.assertGreater(len(shared), 3)
        self.assertTrue(all(m == sent[m["seq"]] for m in shared))


class Modify(GatewayTest):
    async def held(self, **fields):
        client = await self.client()
        (entry,) = await client.subscribe("book", S[0], **fields)
        await client.next("delta", entry["sid"])
        return client, entry

    async def modify(self, client, sid, **fields):
        ack = await client.request("modify", sid=sid, **fields)
        self.assertEqual((ack["type"], len(ack.get("ok", []))), ("ack", 1), ack)
        self.assertEqual(ack["ok"][0]["was"], sid)
        return ack["ok"][0]

    async def test_another_rate_goes_on_from_the_sequence_held(self):
        client, entry = await self.held(rate_ms=0)
        for rate in (1000, 0, 100):
            new = await self.modify(client, entry["sid"], rate_ms=rate)
            self.assertNotEqual(new["sid"], entry["sid"])
            self.assertEqual((new["rate_ms"], new["depth"]), (rate, 25))
            await client.next("delta", new["sid"])
            entry = new
        self.assertEqual(len(client.of_type("snapshot")), 1)

    async def test_a_smaller_depth_goes_on_from_the_sequence_held(self):
        client, entry = await self.held(depth=25)
        new = await self.modify(client, entry["sid"], depth=5)
        await client.next("delta", new["sid"])
        await client.next("delta", new["sid"])
        self.assertEqual(len(client.of_type("snapshot")), 1)
        self.assertLessEqual(len(client.books[new["sid"]].bids), 5)

    async def test_a_greater_depth_brings_a_snapshot(self):
        client, entry = await self.held(depth=5)
        new = await self.modify(client, entry["sid"], depth=10)
        snapshot = await client.next("snapshot", new["sid"])
        self.assertEqual(snapshot["depth"], 10)
        await client.next("delta", new["sid"])

    async def test_the_class_it_has_changes_nothing(self):
        client, entry = await self.held(depth=25, rate_ms=100)
        new = await self.modify(client, entry["sid"], depth=24, rate_ms=99)
        self.assertEqual(new["sid"], entry["sid"])
        await client.next("delta", entry["sid"])

    async def test_a_stream_already_held_just_ends_the_old_one(self):
        client, deep = await self.held(depth=25)
        (shallow,) = await client.subscribe("book", S[0], depth=5)
        await client.next("delta", shallow["sid"])
        new = await self.modify(client, deep["sid"], depth=5)
        self.assertEqual(new["sid"], shallow["sid"])
        await client.next("delta", shallow["sid"])
        self.assertEqual(len((await client.request("list"))["subs"]), 1)
        self.assertEqual(len(client.of_type("snapshot")), 2)

    async def test_trades_keep_their_chain(self):
        client = await self.client()
        (entry,) = await client.subscribe("trades", S[0])
        await client.next("trades", entry["sid"])
        new = await self.modify(client, entry["sid"], rate_ms=250)
        await client.next("trades", new["sid"])
        await client.next("trades", new["sid"])


class OtherOps(GatewayTest):
    async def test_after_unsubscribe_nothing_more_comes(self):
        client = await self.client()
        (one,) = await client.subscribe("book", S[0], rate_ms=0)
        (two,) = await client.subscribe("bbo", S[0], rate_ms=0)
        await client.next("delta", one["sid"])
        ack = await client.request("unsubscribe", sids=[one["sid"], two["sid"], 4_000_000_000])
        self.assertEqual(ack["ok"], [one["sid"], two["sid"]])
        self.assertEqual(ack["err"], [{"sid": 4_000_000_000, "code": "not_subscribed"}])
        await client.next("hb")  # anything on an ended sid is an assertion in the client
        self.assertEqual((await client.request("list"))["subs"], [])

    async def test_subscribing_anew_after_unsubscribe_brings_a_snapshot(self):
        client = await self.client()
        for _ in range(2):
            (entry,) = await client.subscribe("book", S[0])
            await client.next("snapshot", entry["sid"])
            await client.request("unsubscribe", sids=[entry["sid"]])

    async def test_a_stream_left_and_joined_in_one_go_starts_anew(self):
        client = await self.client()
        (entry,) = await client.subscribe("book", S[0], rate_ms=0)
        await client.next("delta", entry["sid"])
        ids = [await client.send({"op": "unsubscribe", "sids": [entry["sid"]]}),
               await client.send({"op": "subscribe", "channel": "book", "symbols": [S[0]], "rate_ms": 0})]
        for id_ in ids:
            await client.answer(id_)
        await client.until(lambda c: len(c.of_type("snapshot")) == 2)

    async def test_resync_brings_a_snapshot(self):
        client = await self.client()
        (entry,) = await client.subscribe("book", S[0])
        await client.next("delta", entry["sid"])
        ack = await client.request("resync", sid=entry["sid"])
        self.assertEqual(ack["type"], "ack")
        await client.until(lambda c: len(c.of_type("snapshot", entry["sid"])) == 2)
        await client.next("delta", entry["sid"])

    async def test_list_tells_what_is_held(self):
        client = await self.client()
        (book,) = await client.subscribe("book", S[0], depth=10, rate_ms=250)
        (trades,) = await client.subscribe("trades", S[1])
        await client.until(lambda c: book["sid"] in c.books and trades["sid"] in c.trades)
        answer = await client.request("list")
        self.assertEqual(list(answer), ["type", "id", "subs"])
        subs = {sub["sid"]: sub for sub in answer["subs"]}
        self.assertEqual(set(subs), {book["sid"], trades["sid"]})
        self.assertEqual(list(subs[book["sid"]])[:5], ["sid", "channel", "symbol", "depth", "rate_ms"])
        self.assertEqual([subs[book["sid"]][k] for k in ("channel", "symbol", "depth", "rate_ms")],
                         ["book", S[0], 10, 250])
        self.assertIsInstance(subs[book["sid"]]["seq"], int)

    async def test_symbols_tells_what_there_is(self):
        client = await self.client()
        answer = await client.request("symbols", match="SYN:*")
        self.assertEqual([entry["symbol"] for entry in sorted(answer["symbols"], key=lambda e: e["symbol"])], S)
        self.assertEqual(list(answer["symbols"][0]), ["symbol", "venue_symbol", "price_scale", "qty_scale", "state"])
        self.assertEqual({entry["state"] for entry in answer["symbols"]}, {"live"})
        self.assertEqual((await client.request("symbols", match="NOWHERE:*"))["symbols"], [])

    async def test_the_scales_of_symbols_are_those_of_the_levels(self):
        client = await self.client()
        (scales,) = (await client.request("symbols", match=S[0]))["symbols"]
        (entry,) = await client.subscribe("book", S[0])
        await client.next("snapshot", entry["sid"])
        price, quantity = next(iter(client.books[entry["sid"]].bids.items()))
        self.assertEqual([len(text.partition(".")[2]) for text in (price, quantity)],
                         [scales["price_scale"], scales["qty_scale"]])


if __name__ == "__main__":
    unittest.main()
