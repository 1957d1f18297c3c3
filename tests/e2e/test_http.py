"""What is served beside the socket, on the same port."""

import json
import socket
import unittest

from client import Book, check_keys
from harness import GatewayTest, PATIENCE

UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}


class Http(GatewayTest):
    def get_json(self, path, status=200):
        code, headers, body = self.gateway.get(path)
        self.assertEqual(code, status, body)
        self.assertTrue(headers["content-type"].startswith("application/json"), headers)
        return json.loads(body)

    def raw(self, request):
        """The first bytes of an answer to bytes that no HTTP library would send."""
        with socket.create_connection((self.gateway.host, self.gateway.port), timeout=PATIENCE) as connection:
            connection.sendall(request)
            return connection.recv(4096)

    def test_health(self):
        self.assertEqual(self.gateway.get("/healthz")[0], 200)
        self.assertEqual(self.gateway.get("/readyz")[0], 200)

    def test_symbols(self):
        symbols = self.get_json("/v1/symbols")["symbols"]
        self.assertEqual(sorted(entry["symbol"] for entry in symbols), [f"SYN:S{n}" for n in range(4)])
        self.assertEqual(list(symbols[0]), ["symbol", "venue_symbol", "price_scale", "qty_scale", "state"])

    def test_a_book_is_a_snapshot_without_sid(self):
        for depth in (1, 5, 25, 0):
            message = self.get_json(f"/v1/book/SYN:S0?depth={depth}")
            self.assertNotIn("sid", message)
            check_keys(dict(list(message.items())[:1] + [("sid", 0)] + list(message.items())[1:]))
            book = Book(message["symbol"], message["epoch"], message["seq"], depth)
            book.apply(message)
            self.assertEqual(book.checksum(), message["ck"])
            self.assertEqual(message["depth"], depth)
            if depth:
                self.assertLessEqual(len(message["bids"]), depth)

    def test_a_book_has_the_depth_25_and_is_found_in_any_case(self):
        message = self.get_json("/v1/book/syn:s0")
        self.assertEqual((message["symbol"], message["depth"]), ("SYN:S0", 25))
        self.assertEqual(self.get_json("/v1/book/SYN%3AS0")["symbol"], "SYN:S0")

    def test_the_etag_of_a_book_is_its_position(self):
        _, headers, body = self.gateway.get("/v1/book/SYN:S0")
        message = json.loads(body)
        self.assertEqual(headers["etag"], f'"{message["epoch"]}/{message["seq"]}"')

    def test_trades_are_a_message_without_sid(self):
        message = self.get_json("/v1/trades/SYN:S0")
        self.assertEqual((message["type"], message["symbol"], "sid" in message), ("trades", "SYN:S0", False))
        self.assertEqual(message["seq"] - message["prev"], len(message["trades"]))

    def test_status_and_metrics(self):
        self.assertIsInstance(self.get_json("/v1/status"), dict)
        code, headers, body = self.gateway.get("/metrics")
        self.assertEqual(code, 200)
        self.assertTrue(headers["content-type"].startswith("text/plain"), headers)
        self.assertRegex(body, r"(?m)^# TYPE tickgate_\w+ (counter|gauge|histogram)$")
        for line in body.splitlines():
            if not line.startswith("#"):
                self.assertRegex(line, r"^[a-z_]+(\{.*\})? \S+$")
        self.assertRegex(body, r'(?m)^tickgate_http_requests_total\{shard="0"\} [1-9]')

    def test_anything_else_is_not_found(self):
        for path in ("/nowhere", "/v1", "/v1/book/SYN:S99", "/v1/trades/SYN:S99", "/v1/book/", "/v1/ws/x",
                     "/../etc/passwd"):
            with self.subTest(path=path):
                self.assertIsInstance(self.get_json(path, 404), dict)

    def test_a_bad_path_or_depth_is_a_bad_request(self):
        self.assertIsInstance(self.get_json("/%00", 400), dict)
        for depth in ("x", "-1", "501", ""):
            with self.subTest(depth=depth):
                self.assertIsInstance(self.get_json(f"/v1/book/SYN:S0?depth={depth}", 400), dict)

    def test_other_methods_are_refused(self):
        for method in ("POST", "DELETE", "PUT"):
            code, _, _ = self.gateway.http(method, "/v1/symbols")
            self.assertIn(code, (404, 405), method)
        code, _, body = self.gateway.http("HEAD", "/healthz")
        self.assertEqual((code, body), (200, ""))

    def test_a_websocket_request_elsewhere_is_not_found(self):
        for path in ("/", "/v1/ws2", "/v1/symbols", "/healthz"):
            self.assertEqual(self.gateway.get(path, UPGRADE)[0], 404, path)

    def test_an_upgrade_without_the_right_headers_is_a_bad_request(self):
        self.assertEqual(self.gateway.get("/v1/ws")[0], 400)
        for name in ("Sec-WebSocket-Key", "Sec-WebSocket-Version", "Upgrade"):
            headers = {key: value for key, value in UPGRADE.items() if key != name}
            self.assertEqual(self.gateway.get("/v1/ws", headers)[0], 400, f"without {name}")
        self.assertIn(self.gateway.get("/v1/ws", UPGRADE | {"Sec-WebSocket-Version": "7"})[0], (400, 426))

    def test_what_is_no_http_costs_only_its_connection(self):
        for request in (b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"hello\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                        b"GET / HTTP/1.1\r\nX: " + b"y" * 100_000 + b"\r\n\r\n"):
            try:
                answer = self.raw(request)
            except ConnectionError:
                answer = b""
            self.assertTrue(answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer)
        self.assertEqual(self.gateway.get("/healthz")[0], 200)

    def test_a_connection_serves_several_requests(self):
        with socket.create_connection((self.gateway.host, self.gateway.port), timeout=PATIENCE) as connection:
            reader = connection.makefile("rb")
            for _ in range(3):
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertTrue(reader.readline().startswith(b"HTTP/1.1 200"))
                length = 0
                while (line := reader.readline()) != b"\r\n":
                    name, _, value = line.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                reader.read(length)
            reader.close()


if __name__ == "__main__":
    unittest.main()
