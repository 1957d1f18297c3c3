"""HTTP over TLS as clients find it, certificates that change, and the other places to listen at."""

import http.client
import os
import shutil
import signal
import socket
import ssl
import stat
import tempfile
import unittest

from certificates import Authority
from harness import EndToEndTest, PATIENCE, SYNTHETIC

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def read_all(connection):
    """What comes until the end, and whether it ended as it should."""
    answer = b""
    try:
        while part := connection.recv(65536):
            answer += part
    except (ConnectionResetError, ssl.SSLEOFError):
        pass
    return answer


class TlsTest(EndToEndTest):
    ARGS = ()

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="tickgate-e2e-")
        cls.addClassCleanup(folder.cleanup)
        cls.authority = Authority(folder.name)
        cls.pairs = {name: cls.authority.issue(name, "IP:127.0.0.1", "IP:::1", "DNS:localhost", expired=name == "late")
                     for name in ("first", "second", "late")}

    def setUp(self):
        super().setUp()
        self.certificate, self.key = self.folder / "served.pem", self.folder / "served.key"
        self.put("first")

    def put(self, name, *, key_of=None):
        """Makes this pair the one that the gateway reads."""
        shutil.copy(self.pairs[name][0], self.certificate)
        shutil.copy(self.pairs[key_of or name][1], self.key)

    def start_tls(self, *args, **options):
        return self.start_gateway(*SYNTHETIC, "--tls-certificate", self.certificate, "--tls-key", self.key, *args,
                                  tls=self.context(), **options)

    def context(self, version=None):
        return self.authority.client_context(version)

    def connect_tls(self, gateway, context=None, name="127.0.0.1", **options):
        plain = socket.create_connection((gateway.host, gateway.port), PATIENCE)
        self.addCleanup(plain.close)
        connection = (context or self.context()).wrap_socket(plain, server_hostname=name, **options)
        self.addCleanup(connection.close)
        return connection

    def get(self, gateway, path="/healthz", context=None):
        connection = http.client.HTTPSConnection(gateway.host, gateway.port, timeout=PATIENCE,
                                                 context=context or self.context())
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def server_name(self, gateway):
        """Of the certificate that a new connection is shown."""
        with self.connect_tls(gateway) as connection:
            return dict(entry[0] for entry in connection.getpeercert()["subject"])["commonName"]

    def reload(self, gateway, event):
        before = len(gateway.stderr)
        gateway.process.send_signal(signal.SIGHUP)
        # The lines before are other reloads'.
        return gateway.wait_line(LaterLines(gateway.stderr, before), event).string


class LaterLines:
    """The lines of a growing list from a place on."""

    def __init__(self, lines, first):
        self.lines, self.first = lines, first

    def __iter__(self):
        return iter(self.lines[self.first:])


class Https(TlsTest):
    def test_rest_is_served_with_both_versions(self):
        gateway = self.start_tls()
        for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
            with self.subTest(name):
                self.assertEqual(self.get(gateway, context=self.context(version)), (200, '{"status":"ok"}'))
                with self.connect_tls(gateway, self.context(version)) as connection:
                    self.assertEqual((connection.version(), connection.selected_alpn_protocol()), (name, "http/1.1"))
        status, body = self.get(gateway, "/v1/book/SYN:S0?depth=0")
        self.assertEqual(status, 200, body)
        self.assertIn('"type":"snapshot"', body)

    def test_the_log_says_what_is_spoken_where(self):
        gateway = self.start_tls("--listen", "plain:127.0.0.1:0", "--listen", f"unix:{self.folder}/socket")
        place = f"{gateway.host}:{gateway.port}"
        gateway.wait_line(gateway.stderr, rf"event=listening .*http=https://{place} websocket=wss://{place}/v1/ws$")
        gateway.wait_line(gateway.stderr, r"event=listening .*http=http://127.0.0.1:\d+ websocket=ws://127.0.0.1:\d+/v1/ws$")
        gateway.wait_line(gateway.stderr, rf"event=listening address=unix:{self.folder}/socket http=http websocket=ws$")

    def test_another_server_name_gets_the_same_certificate(self):
        gateway = self.start_tls()
        context = self.context()
        context.check_hostname = False
        with self.connect_tls(gateway, context, name="elsewhere.example") as connection:
            self.assertEqual(dict(entry[0] for entry in connection.getpeercert()["subject"])["commonName"], "first")
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.connect_tls(gateway, name="elsewhere.example")

    def test_other_protocols_only_are_refused(self):
        gateway = self.start_tls()
        context = self.context()
        context.set_alpn_protocols(["h2"])
        with self.assertRaisesRegex(ssl.SSLError, "(?i)no.application.protocol"):
            self.connect_tls(gateway, context)
        self.assertEqual(gateway.metrics()['tls_failures_total{reason="protocol"}'], 1)

    def test_sessions_resume_and_that_is_counted(self):
        gateway = self.start_tls()
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version):
                context = self.context(version)
                before = gateway.metrics()
                with self.connect_tls(gateway, context) as first:
                    first.sendall(REQUEST)
                    read_all(first)
                    session = first.session
                with self.connect_tls(gateway, context, session=session) as second:
                    self.assertTrue(second.session_reused)
                    second.sendall(REQUEST)
                    self.assertTrue(read_all(second).startswith(b"HTTP/1.1 200 OK"))
                after = gateway.metrics()
                resumed, full = ('tls_handshakes_total{kind="%s"}' % kind for kind in ("resumed", "full"))
                self.assertEqual(after[resumed] - before[resumed], 1)
                self.assertEqual(after[full] - before[full], 2)  # with the request for these numbers


class Wss(TlsTest):
    async def connect_wss(self, gateway, version=None):
        return await self.connect(gateway, ssl=self.context(version))

    async def test_books_are_followed_with_both_versions(self):
        gateway = self.start_tls()
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version):
                client = await self.connect_wss(gateway, version)
                await client.subscribe("book", "SYN:*", depth=0, rate_ms=0)
                await client.until(lambda c: len(c.of_type("delta")) > 200)

    async def test_others_go_on_through_reloads_and_bad_input(self):
        gateway = self.start_tls("--threads", "dedicated", "--shards", 2)
        clients = [await self.connect_wss(gateway) for _ in range(4)]
        for client in clients:
            await client.subscribe("book", "SYN:*", depth=0, rate_ms=0)
        self.put("second")
        await self.in_thread(self.reload, gateway, r"event=reload\b.*tls=true")
        for bytes_sent in (os.urandom(300), REQUEST, b"\x16\x03\x01"):
            with socket.create_connection((gateway.host, gateway.port), PATIENCE) as connection:
                connection.sendall(bytes_sent)
        for client in clients:
            seen = len(client.of_type("delta"))
            await client.until(lambda c: len(c.of_type("delta")) > seen + 100)

    async def test_a_client_that_comes_back_goes_on_from_its_position(self):
        gateway = self.start_tls()
        first = await self.connect_wss(gateway)
        (entry,) = await first.subscribe("book", "SYN:S0")
        await first.until(lambda c: len(c.of_type("delta", entry["sid"])) >= 2)
        await first.close()
        second = await self.connect_wss(gateway)
        second.saved = first.positions()
        (entry,) = await second.subscribe("book", "SYN:S0")
        self.assertTrue(entry["resumed"], entry)
        await second.next("delta", entry["sid"])
        self.assertEqual(second.of_type("snapshot"), [])

    async def test_the_end_is_said_over_tls_too(self):
        gateway = self.start_tls()
        client = await self.connect_wss(gateway)
        await client.subscribe("book", "SYN:S0")
        gateway.process.send_signal(signal.SIGTERM)
        self.assertEqual(await client.until_closed(), 1012)
        self.assertEqual(await self.in_thread(gateway.wait), 0)


class BadInput(TlsTest):
    def test_plain_http_is_told_so(self):
        gateway = self.start_tls()
        with socket.create_connection((gateway.host, gateway.port), PATIENCE) as plain:
            plain.sendall(REQUEST)
            answer = read_all(plain)
        self.assertTrue(answer.startswith(b"HTTP/1.1 400 Bad Request\r\n"), answer)
        self.assertIn(b"this port speaks TLS: use https or wss", answer)
        self.assertEqual(gateway.metrics()['tls_failures_total{reason="plain_http"}'], 1)

    def test_garbage_and_handshakes_cut_short_cost_nobody_else_anything(self):
        gateway = self.start_tls()
        hello = self.client_hello()
        silent = socket.create_connection((gateway.host, gateway.port), PATIENCE)  # stays, and says nothing
        self.addCleanup(silent.close)
        for bytes_sent in (b"\0" * 300, os.urandom(300), hello[:1], hello[:5], hello[:-1], hello[:50] + b"\xff" * 500,
                           b"\x15\x03\x03\x00\x02\x02\x28"):
            with socket.create_connection((gateway.host, gateway.port), PATIENCE) as connection:
                connection.sendall(bytes_sent)
                connection.shutdown(socket.SHUT_WR)
                self.assertNotIn(b"HTTP", read_all(connection))
            self.assertEqual(self.get(gateway)[0], 200)
        failures = {series: count for series, count in gateway.metrics().items()
                    if series.startswith("tls_failures_total")}
        self.assertEqual(sum(failures.values()), 7, failures)
        self.assertGreaterEqual(failures['tls_failures_total{reason="gone"}'], 3, failures)

    def test_a_client_that_does_not_trust_us_is_counted(self):
        gateway = self.start_tls()
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.connect_tls(gateway, ssl.create_default_context())
        refused = 'tls_failures_total{reason="refused"}'
        self.assertEqual(gateway.metrics()[refused], 1)

    def client_hello(self):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        with self.assertRaises(ssl.SSLWantReadError):
            self.context().wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
        return outgoing.read()


class Certificates(TlsTest):
    def test_a_reload_shows_new_clients_the_new_one_and_keeps_the_old_clients(self):
        for threads in ("shared", "dedicated"):
            with self.subTest(threads):
                self.put("first")
                self.check_reload(self.start_tls("--threads", threads, "--shards", 2))

    def check_reload(self, gateway):
        old = self.connect_tls(gateway)
        context = self.context()
        with self.connect_tls(gateway, context) as first:
            first.sendall(REQUEST)
            read_all(first)
            session = first.session
        self.put("second")
        self.assertIn("not_after=", self.reload(gateway, r"event=reload\b.*tls=true"))
        self.assertEqual(self.server_name(gateway), "second")
        old.sendall(REQUEST)
        self.assertTrue(read_all(old).startswith(b"HTTP/1.1 200 OK"))
        with self.connect_tls(gateway, context, session=session) as resumed:
            self.assertTrue(resumed.session_reused)
        numbers = gateway.metrics()
        self.assertEqual(numbers['tls_reloads_total{result="ok"}'], 1)
        with self.connect_tls(gateway) as connection:
            not_after = ssl.cert_time_to_seconds(connection.getpeercert()["notAfter"])
        self.assertEqual(numbers["tls_certificate_not_after_seconds"], not_after)

    def test_a_reload_that_fails_keeps_the_old_one_and_says_why(self):
        gateway = self.start_tls()
        broken = (lambda: self.put("late"), "certificate .*served.pem: expired at "), \
                 (lambda: self.put("second", key_of="first"), "key .*served.key: does not go with the certificate"), \
                 (lambda: self.certificate.write_text("nothing"), "served.pem: holds no certificate in PEM"), \
                 (self.key.unlink, "served.key: cannot be read: No such file or directory")
        for times, (spoil, why) in enumerate(broken, 1):
            with self.subTest(why):
                self.put("first")
                spoil()
                self.assertRegex(self.reload(gateway, r"warning event=not_reloaded\b"), why)
                self.assertEqual(self.server_name(gateway), "first")
                self.assertEqual(gateway.metrics()['tls_reloads_total{result="failed"}'], times)

    def test_without_tls_there_is_nothing_to_reload(self):
        gateway = self.start_gateway()
        self.reload(gateway, r"event=reload tls=false")
        self.assertEqual(gateway.get("/healthz")[0], 200)
        self.assertNotIn("tickgate_tls", gateway.get("/metrics")[2])

    def test_one_that_cannot_be_used_stops_the_start_and_the_check(self):
        args = *SYNTHETIC, "--listen", "127.0.0.1:0", "--tls-certificate", self.certificate, "--tls-key", self.key
        for spoil, why in ((lambda: self.put("late"), "expired at "),
                           (lambda: self.put("second", key_of="first"), "does not go with the certificate"),
                           (self.certificate.unlink, "cannot be read")):
            self.put("first")
            spoil()
            for extra in ([], ["--check-config"]):
                with self.subTest(why, extra=extra):
                    program = self.run_program("tickgate", *args, *extra)
                    self.assertEqual(program.wait(), 78, program.output())
                    self.assertRegex(program.output(), "gateway.tls: .*" + why)
        self.put("first")
        program = self.run_program("tickgate", *args, "--check-config")
        self.assertEqual(program.wait(), 0, program.output())


class Places(TlsTest):
    def test_several_are_served_at_once(self):
        path = self.folder / "socket"
        gateway = self.start_tls("--listen", "plain:127.0.0.1:0", "--listen", "[::1]:0", "--listen", f"unix:{path}",
                                 "--shards", 2)
        ports = [int(gateway.wait_line(gateway.stderr, rf"event=listening address=\S*:(\d+) http={url}:\d+")[1])
                 for url in (r"http://127.0.0.1", r"https://\[::1\]")]
        gateway.wait_line(gateway.stderr, "event=listening address=unix:")
        self.assertEqual(self.get(gateway)[0], 200)
        with socket.create_connection(("127.0.0.1", ports[0]), PATIENCE) as plain:
            self.check_health(plain)
        with socket.create_connection(("::1", ports[1]), PATIENCE) as sixth:
            with self.context().wrap_socket(sixth, server_hostname="::1") as connection:
                self.check_health(connection)
        for _ in range(4):
            with socket.socket(socket.AF_UNIX) as local:
                local.settimeout(PATIENCE)
                local.connect(str(path))
                self.check_health(local)

    def test_a_unix_socket_comes_and_goes_with_the_gateway(self):
        path = self.folder / "socket"
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(path))  # as a process that was killed leaves it
        gateway = self.start_tls("--listen", f"unix:{path}")
        gateway.wait_line(gateway.stderr, "event=listening address=unix:")
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o660)
        other = self.run_program("tickgate", *SYNTHETIC, "--listen", f"unix:{path}")
        self.assertEqual(other.wait(), 1)
        self.assertIn(f"cannot listen on unix:{path}: ", other.output())
        self.assertEqual(gateway.stop(), 0)
        self.assertFalse(path.exists())

    def test_clients_of_a_unix_socket_are_not_counted_by_address(self):
        path = self.folder / "socket"
        config = self.folder / "gateway.toml"
        config.write_text(f'[gateway]\nlisten = ["127.0.0.1:0", "unix:{path}"]\n[gateway.connections]\n'
                          'per_address = 1\n[[feeds]]\nsynthetic = { symbols = 1, rate = 10 }\n')
        program = self.run_program("tickgate", "--config", config)
        program.wait_line(program.stderr, "event=listening address=unix:")
        for _ in range(3):
            local = socket.socket(socket.AF_UNIX)
            self.addCleanup(local.close)
            local.settimeout(PATIENCE)
            local.connect(str(path))
            local.sendall(REQUEST.replace(b"Connection: close\r\n", b""))
            self.assertTrue(local.recv(4096).startswith(b"HTTP/1.1 200 OK"))
        self.assertEqual(program.stop(), 0)

    def check_health(self, connection):
        connection.sendall(REQUEST)
        self.assertTrue(read_all(connection).startswith(b"HTTP/1.1 200 OK"))


if __name__ == "__main__":
    unittest.main()
