"""tickgate-watch and tickgate-load over TLS, against a scripted server: whom they trust, what they say of others."""

import asyncio
import json
import logging
import signal
import ssl
import tempfile
import unittest

from certificates import Authority, server_context
from harness import EndToEndTest
from scripted import ScriptedServer, delta, snapshot


class WssTest(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # it tells of each refused handshake
        folder = tempfile.TemporaryDirectory(prefix="tickgate-e2e-")
        cls.addClassCleanup(folder.cleanup)
        cls.authority = Authority(folder.name)
        cls.certificate, cls.key = cls.authority.issue("sound", "IP:127.0.0.1", "DNS:localhost")

    async def serve(self, certificate=None, key=None, **options):
        self.server_names = []
        context = server_context(certificate or self.certificate, key or self.key, **options)
        context.sni_callback = lambda _socket, name, _context: self.server_names.append(name)
        self.server = await self.enterAsyncContext(ScriptedServer(tls=context))

    async def ended(self, code):
        self.assertEqual(await self.in_thread(self.program.wait), code, self.program.output())
        return json.loads(self.program.stdout[-1]) if self.program.stdout else None

    async def finish(self, peer, code=0):
        await peer.everything_is_read()
        self.program.process.send_signal(signal.SIGTERM)
        return await self.ended(code)

    async def fails_again_and_again(self, why):
        await self.in_thread(self.program.wait_line, self.program.stderr, why)
        self.program.process.send_signal(signal.SIGTERM)
        await self.ended(1)

    def assert_said(self, text):
        self.assertIn(text, "\n".join(self.program.stderr))


class ToolTest:
    """What both tools do alike; a subclass says how one is started."""

    async def follow(self, *args, url=None):
        self.start(url or self.server.url, *args)
        peer = await self.server.accept()
        await peer.start()
        await peer.send(snapshot(10), delta(10, 11))
        totals = await self.finish(peer)
        self.assertEqual((totals["snapshots"], totals["deltas"]), (1, 1))
        return peer

    async def refused(self, why, *args, url=None):
        self.start(url or self.server.url, *args)
        await self.ended(1)
        self.assert_said(why)
        self.assertTrue(self.server.connections.empty())

    async def test_trusts_the_authorities_of_a_file(self):
        await self.serve()
        peer = await self.follow("--ca", self.authority.certificate)
        self.assertEqual(peer.tls.version(), "TLSv1.3")
        self.assertEqual(peer.tls.selected_alpn_protocol(), "http/1.1")
        self.assertEqual(set(self.server_names), {None}, "an address is no server name")

    async def test_names_the_server_that_it_wants(self):
        await self.serve()
        await self.follow("--ca", self.authority.certificate, url=f"wss://localhost:{self.server.port}")
        self.assertEqual(set(self.server_names), {"localhost"})

    async def test_trusts_a_file_that_has_the_servers_own_certificate(self):
        await self.serve()
        await self.follow("--ca", self.certificate)

    async def test_speaks_tls_1_2(self):
        await self.serve(newest=ssl.TLSVersion.TLSv1_2)
        peer = await self.follow("--ca", self.authority.certificate)
        self.assertEqual(peer.tls.version(), "TLSv1.2")

    async def test_refuses_tls_1_1(self):
        with self.assertWarns(DeprecationWarning):  # of Python, of such a server
            await self.serve(newest=ssl.TLSVersion.TLSv1_1)
        self.start(self.server.url, "--insecure")
        await self.fails_again_and_again("the TLS handshake failed: ")

    async def test_refuses_an_authority_that_the_system_does_not_know(self):
        await self.serve()
        await self.refused("the server's certificate is refused: unable to get local issuer certificate")

    async def test_refuses_an_expired_certificate(self):
        await self.serve(*self.authority.issue("expired", "IP:127.0.0.1", expired=True))
        await self.refused("the server's certificate is refused: certificate has expired",
                           "--ca", self.authority.certificate)

    async def test_refuses_the_certificate_of_another_server(self):
        certificate = self.authority.issue("other", "DNS:example.org", "IP:127.0.0.2")
        await self.serve(*certificate)
        await self.refused("the server's certificate is refused: IP address mismatch",
                           "--ca", self.authority.certificate)
        await self.refused("the server's certificate is refused: hostname mismatch",
                           "--ca", self.authority.certificate, url=f"wss://localhost:{self.server.port}")

    async def test_trusts_anybody_when_told_to(self):
        await self.serve(*self.authority.issue("expired", "DNS:example.org", expired=True))
        await self.follow("--insecure")

    async def test_says_that_a_server_speaks_no_tls(self):
        self.server = await self.enterAsyncContext(ScriptedServer())
        self.start(f"wss://127.0.0.1:{self.server.port}")
        await self.fails_again_and_again("the server does not speak TLS")

    async def test_says_that_a_server_closed_during_the_handshake(self):
        async def hang_up(reader, writer):
            await reader.read(1)
            writer.close()
        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        self.addCleanup(server.close)
        self.start("wss://127.0.0.1:%d" % server.sockets[0].getsockname()[1])
        await self.fails_again_and_again("the TLS handshake failed: closed by the server")

    async def test_goes_on_over_the_same_connection_when_records_are_cut_anywhere(self):
        await self.serve()
        self.start(self.server.url, "--ca", self.authority.certificate)
        peer = await self.server.accept()
        await peer.start()
        await peer.send(snapshot(10), *[delta(n, n + 1) for n in range(10, 500)])
        totals = await self.finish(peer)
        self.assertEqual((totals["deltas"], totals["prev_breaks"], totals["ck_failures"]), (490, 0, 0))

    async def test_says_what_was_wrong_with_its_arguments(self):
        empty = self.folder / "empty.pem"
        empty.write_text("")
        for url, *args in (["ws://127.0.0.1:1", "--insecure"], ["ws://127.0.0.1:1", "--ca", self.certificate],
                           ["wss://127.0.0.1:1", "--ca", self.folder / "missing.pem"],
                           ["wss://127.0.0.1:1", "--ca", empty],
                           ["wss://127.0.0.1:1", "--ca", self.certificate, "--insecure"]):
            self.start(url, *args)
            await self.ended(2)
            self.assertTrue(self.program.stderr, args)
        self.start("wss://127.0.0.1:1", "--ca", empty)
        await self.ended(2)
        self.assert_said(f"no certificates in {empty}")


class Watch(ToolTest, WssTest):
    def start(self, url, *args):
        self.program = self.run_program("tickgate-watch", url, "--symbols", "SYN:S0", *args)

    async def test_resumes_its_tls_session_on_each_reconnect(self):
        for newest in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            await self.serve(newest=newest)
            self.start(self.server.url, "--ca", self.authority.certificate, "--reconnect-every", "0.1")
            for held in (False, True, True, True):
                peer = await self.server.accept()
                await peer.start(resumed=held)
                await peer.send(*[] if held else [snapshot(10)])
                self.assertEqual(peer.tls.session_reused, held)
            await self.finish(peer)

    async def test_resumes_its_tls_session_after_a_lost_connection(self):
        await self.serve()
        self.start(self.server.url, "--ca", self.authority.certificate)
        for held in (False, True):
            peer = await self.server.accept()
            await peer.start(resumed=held)
            await peer.send(snapshot(10))
            await peer.everything_is_read()
            self.assertEqual(peer.tls.session_reused, held)
            peer.abort()
        await (await self.server.accept()).start()
        self.program.process.send_signal(signal.SIGTERM)
        await self.ended(0)


class Load(ToolTest, WssTest):
    def start(self, url, *args, clients=1, seconds=1000, symbols="SYN:S0"):
        self.program = self.run_program("tickgate-load", url, "--symbols", symbols, "--clients", clients, "--warmup", 0,
                                        "--for", seconds, *args)

    async def test_resumes_its_tls_sessions_in_a_storm(self):
        for newest in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            await self.serve(newest=newest)
            self.start(self.server.url, "--ca", self.authority.certificate, "--storm", clients=3, seconds=1)
            for held in (False, True):
                for _ in range(3):
                    peer = await self.server.accept()
                    await peer.start(resumed=held)
                    await peer.send(*[] if held else [snapshot(10)])
                    self.assertEqual(peer.tls.session_reused, held)
            report = await self.ended(0)
            self.assertEqual((report["tls_full"], report["tls_resumed"]), (3, 3))
            self.assertEqual((report["storm"]["tls_full"], report["storm"]["tls_resumed"]), (0, 3))

    async def test_asks_for_symbols_over_tls(self):
        async def names(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"symbols":[{"symbol":"SYN:S7"}]}')
            writer.close()
        server = await asyncio.start_server(names, "127.0.0.1", 0, ssl=server_context(self.certificate, self.key))
        self.addCleanup(server.close)
        url = "wss://127.0.0.1:%d" % server.sockets[0].getsockname()[1]
        self.start(url, "--ca", self.authority.certificate, symbols="SYN:*")
        await self.fails_again_and_again("the server answered .* to the upgrade")
        self.start(url, symbols="SYN:*")
        self.assertIsNone(await self.ended(1))
        self.assert_said("the server's certificate is refused: unable to get local issuer certificate")


if __name__ == "__main__":
    unittest.main()
