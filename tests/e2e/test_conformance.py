"""What the case families of the well-known WebSocket fuzzing client ask, against tickgate-echo from outside:
tests/conformance.md says which test is for which."""

import os
import struct
import unittest

from harness import EndToEndTest, Program
from raw_websocket import (BINARY, CLOSE, CONTINUATION, DEFLATED, FIN, PING, PONG, TEXT, Raw, deflated, fragments,
                           inflated, masked)

LIMIT = 16 << 20
SIZES = [0, 125, 126, 127, 128, 65535, 65536]
VALID = ["", "a", "é", "κόσμε", "世界", "\ufffe\uffff", "\ud7ff\ue000", "\U00010000", "\U0010ffff", "mixed é 世 \U0001f30d"]
INVALID = [b"\x80", b"\xc0\xaf", b"\xc1\xbf", b"\xe0\x80\xaf", b"\xe0\x9f\xbf", b"\xed\xa0\x80", b"\xed\xbf\xbf",
           b"\xf0\x80\x80\xaf", b"\xf0\x8f\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xfe", b"\xff",
           b"\xe2\x82", b"\xf0\x9f\x98", b"\xe2\x28\xa1"]
AGREED = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


def letters(size):
    return (b"abcdefghijklmnopqrstuvwxyz0123456789 " * (size // 37 + 1))[:size]


class ConformanceTest(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        cls.echo = Program("tickgate-echo", "--listen", "127.0.0.1:0")
        cls.addClassCleanup(cls.echo.close)
        cls.url = cls.echo.wait_line(cls.echo.stdout, r"^ws://127\.0\.0\.1:\d+/v1/ws$")[0]

    def raw(self, **options):
        client = Raw(self.url, **options)
        self.addCleanup(client.close)
        return client

    def expect_echo(self, data, opcode, payload, piece=None):
        client = self.raw()
        client.send(data, piece)
        first, answer = client.frame()
        self.assertEqual(first, FIN | opcode)
        self.assertTrue(answer == payload, f"{len(payload)} bytes sent, {len(answer)} came back")
        self.expect_end(client)

    def expect_end(self, client, code=1000):
        """The connection is whole: a close is answered, and nothing was before it."""
        client.send(masked(CLOSE, struct.pack("!H", code)))
        self.assertEqual(client.frame(), (FIN | CLOSE, struct.pack("!H", code)))
        self.assertEqual(client.file.read(), b"")

    def expect_refused(self, data, code, before=(), piece=None):
        """It is closed with this code after these frames, and nothing follows."""
        client = self.raw()
        client.send(data, piece)
        for frame in before:
            self.assertEqual(client.frame(), frame)
        self.assertEqual(client.close_code(), code, data[:60])
        self.assertEqual(client.file.read(), b"")


class Framing(ConformanceTest):
    def test_every_size_comes_back(self):
        for size in SIZES:
            for piece in (None, 997):
                self.expect_echo(masked(TEXT, letters(size), mask=b"mask"), TEXT, letters(size), piece)
                self.expect_echo(masked(BINARY, b"\xfe" * size), BINARY, b"\xfe" * size, piece)


class Pings(ConformanceTest):
    def test_a_ping_is_answered_with_its_payload(self):
        for payload in (b"", b"hello", b"\x00\xff\xfe\xfd", b"\xfe" * 125):
            for piece in (None, 1):
                self.expect_echo(masked(PING, payload), PONG, payload, piece)

    def test_a_ping_too_long_fails(self):
        self.expect_refused(masked(PING, b"\xfe" * 126), 1002)

    def test_pongs_unasked_are_passed_over(self):
        client = self.raw()
        client.send(masked(PONG, b"") + masked(PONG, b"unasked") + masked(PING, b"p"))
        self.assertEqual(client.frame(), (FIN | PONG, b"p"))
        self.expect_end(client)

    def test_ten_at_once_are_answered_in_order(self):
        for piece in (None, 1):
            client = self.raw()
            client.send(b"".join(masked(PING, b"%d" % i) for i in range(10)), piece)
            self.assertEqual([client.frame() for _ in range(10)], [(FIN | PONG, b"%d" % i) for i in range(10)])
            self.expect_end(client)


class ReservedBits(ConformanceTest):
    def test_any_of_them_fails_after_what_came_before(self):
        for bits in range(0x10, 0x80, 0x10):
            for opcode in (TEXT, BINARY, CLOSE, PING, PONG):
                bad = masked(opcode, b"", bits=bits)
                self.expect_refused(bad, 1002)
                self.expect_refused(masked(TEXT, b"good") + bad + masked(PING, b""), 1002, [(FIN | TEXT, b"good")])
            self.expect_refused(masked(TEXT, b"good") + masked(TEXT, b"bad", bits=bits), 1002,
                                [(FIN | TEXT, b"good")], piece=1)


class Opcodes(ConformanceTest):
    def test_those_without_a_meaning_fail(self):
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
            for payload in (b"", b"payload"):
                self.expect_refused(masked(opcode, payload), 1002)
                self.expect_refused(masked(TEXT, b"good") + masked(opcode, payload) + masked(PING, b""), 1002,
                                    [(FIN | TEXT, b"good")], piece=1)


class Fragments(ConformanceTest):
    def test_control_frames_in_fragments_fail(self):
        for opcode in (PING, PONG, CLOSE):
            self.expect_refused(masked(opcode, b"a", fin=False) + masked(CONTINUATION, b"b"), 1002)

    def test_fragments_are_joined_with_pings_between(self):
        for piece in (None, 1):
            client = self.raw()
            client.send(masked(TEXT, b"one ", fin=False) + masked(PING, b"1") + masked(CONTINUATION, b"", fin=False) +
                        masked(PING, b"2") + masked(CONTINUATION, b"two") + masked(TEXT, b"next"), piece)
            self.assertEqual([client.frame() for _ in range(4)],
                             [(FIN | PONG, b"1"), (FIN | PONG, b"2"), (FIN | TEXT, b"one two"), (FIN | TEXT, b"next")])
            self.expect_end(client)

    def test_out_of_place_they_fail(self):
        for fin in (True, False):
            self.expect_refused(masked(CONTINUATION, b"of nothing", fin=fin), 1002)
            self.expect_refused(masked(TEXT, b"whole") + masked(CONTINUATION, b"", fin=fin), 1002,
                                [(FIN | TEXT, b"whole")], piece=1)
            for opcode in (TEXT, BINARY):
                self.expect_refused(masked(TEXT, b"unfinished", fin=False) + masked(opcode, b"new", fin=fin), 1002)


class Utf8(ConformanceTest):
    def test_valid_text_comes_back_however_it_is_split(self):
        for text in VALID:
            payload = text.encode()
            self.expect_echo(masked(TEXT, payload), TEXT, payload, piece=1)
            client = self.raw()
            for size in range(1, len(payload) + 1):
                client.send(fragments(TEXT, payload, size))
                self.assertEqual(client.frame(), (FIN | TEXT, payload))
            self.expect_end(client)

    def test_invalid_text_fails_however_it_is_split(self):
        for bad in INVALID:
            payload = b"<" + bad
            for size in range(1, len(payload) + 1):
                self.expect_refused(fragments(TEXT, payload, size), 1007)
            self.expect_refused(masked(TEXT, payload), 1007, piece=1)
            self.expect_echo(masked(BINARY, payload), BINARY, payload)

    def test_it_fails_at_the_first_byte_that_nothing_can_make_right(self):
        self.expect_refused(masked(TEXT, b"good \xf4\x90", fin=False), 1007)
        # The frame goes on: its rest is never sent.
        self.expect_refused(masked(TEXT, b"good \xf4\x90" + bytes(100))[:-100], 1007)
        self.expect_refused(masked(TEXT, b"good \xf4", fin=False) + masked(CONTINUATION, b"\x90", fin=False), 1007)


class Close(ConformanceTest):
    def test_each_code_is_answered_or_fails(self):
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999):
            self.expect_end(self.raw(), code)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535):
            self.expect_refused(masked(CLOSE, struct.pack("!H", code)), 1002)

    def test_payloads_of_every_length(self):
        client = self.raw()
        client.send(masked(CLOSE, b""))
        self.assertEqual(client.close_code(), 1000)
        self.expect_refused(masked(CLOSE, b"\x03"), 1002)
        client = self.raw()
        client.send(masked(CLOSE, b"\x03\xe8" + b"r" * 123))
        self.assertEqual(client.close_code(), 1000)
        self.expect_refused(masked(CLOSE, b"\x03\xe8" + b"r" * 124), 1002)
        self.expect_refused(masked(CLOSE, b"\x03\xe8\xce\xba\xed\xa0\x80"), 1007)

    def test_nothing_is_answered_after_it(self):
        for after in (masked(PING, b""), masked(TEXT, b"late"), masked(CLOSE, b"\x03\xe9"), b"\xff\xff\xff"):
            self.expect_refused(masked(CLOSE, b"\x03\xe8") + after, 1000)
        self.expect_refused(masked(TEXT, b"whole") + masked(CLOSE, b"\x03\xe8") + masked(PING, b""), 1000,
                            [(FIN | TEXT, b"whole")])
        self.expect_refused(masked(TEXT, b"part", fin=False) + masked(CLOSE, b"\x03\xe8") + masked(CONTINUATION, b""),
                            1000)


class Sizes(ConformanceTest):
    def test_up_to_16_mib_come_back(self):
        for size in (64 << 10, 256 << 10, 1 << 20, 4 << 20, 8 << 20, LIMIT):
            self.expect_echo(masked(TEXT, letters(size), mask=b"mask"), TEXT, letters(size))
            self.expect_echo(masked(BINARY, letters(size)), BINARY, letters(size))

    def test_large_ones_come_in_frames_of_any_size(self):
        payload = letters(4 << 20)
        for size in (64, 256, 1024, 4096, 65536, 1 << 20):
            self.expect_echo(fragments(TEXT, payload, size), TEXT, payload)
            self.expect_echo(fragments(BINARY, payload, size), BINARY, payload)

    def test_large_ones_come_in_pieces_of_any_size(self):
        payload = letters(1 << 20)
        for piece in (64, 256, 1024, 4096):
            self.expect_echo(masked(TEXT, payload), TEXT, payload, piece)

    def test_many_go_back_and_forth(self):
        client = self.raw()
        for size in (0, 16, 64, 256, 1024, 4096, 16384):
            payload = letters(size)
            for _ in range(200):
                client.send(masked(TEXT, payload))
                self.assertEqual(client.frame(), (FIN | TEXT, payload))
        self.expect_end(client)


class AutoFragments(ConformanceTest):
    def test_a_message_in_frames_of_any_size_comes_back(self):
        payload = letters(65536)
        for size in (100, 1300, 65535):
            self.expect_echo(fragments(TEXT, payload, size), TEXT, payload)


class Compression(ConformanceTest):
    SIZES = (0, 16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072)
    # What is offered, what is agreed to, and the windows of what we and what the echo may send.
    OFFERS = (
        ("permessage-deflate", AGREED, 15, 12),
        ("permessage-deflate; client_max_window_bits", AGREED, 15, 12),
        ("permessage-deflate; client_max_window_bits=9; client_no_context_takeover", AGREED, 9, 12),
        ("permessage-deflate; server_no_context_takeover; client_max_window_bits=15", AGREED, 15, 12),
        ("permessage-deflate; server_max_window_bits=9", AGREED + "; server_max_window_bits=9", 15, 9),
        ("permessage-deflate; server_max_window_bits=15", AGREED + "; server_max_window_bits=12", 15, 12),
        ("permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=10",
         AGREED + "; server_max_window_bits=10", 15, 10),
    )

    def agreed(self, offer, answer):
        client = self.raw(extensions=offer)
        self.assertIn(f"Sec-WebSocket-Extensions: {answer}\r\n", client.answer)
        return client

    def expect_back(self, client, opcode, payload, bits, seen):
        first, answer = client.frame()
        self.assertEqual(first & ~DEFLATED, FIN | opcode)
        seen.append(bool(first & DEFLATED))
        self.assertTrue((inflated(answer, bits) if first & DEFLATED else answer) == payload, f"{len(payload)} bytes")

    def test_every_size_comes_back_whatever_was_offered(self):
        for offer, answer, ours, theirs in self.OFFERS:
            client = self.agreed(offer, answer)
            seen = []
            for size in self.SIZES:
                for opcode, payload in ((TEXT, letters(size)), (BINARY, os.urandom(size))):
                    packed = deflated(payload, bits=ours)
                    for data in (masked(opcode, packed, bits=DEFLATED), masked(opcode, payload),
                                 fragments(opcode, packed, 256, bits=DEFLATED)):
                        client.send(data)
                        self.expect_back(client, opcode, payload, theirs, seen)
            self.assertGreaterEqual(sum(seen), 6, offer)
            self.expect_end(client)

    def test_pings_go_between_the_fragments(self):
        client = self.agreed("permessage-deflate", AGREED)
        packed = deflated(letters(1000))
        client.send(masked(TEXT, packed[:20], fin=False, bits=DEFLATED) + masked(PING, b"p") +
                    masked(CONTINUATION, packed[20:]), piece=1)
        self.assertEqual(client.frame(), (FIN | PONG, b"p"))
        self.expect_back(client, TEXT, letters(1000), 12, [])
        self.expect_end(client)

    def test_16_mib_come_back_and_more_are_refused(self):
        client = self.agreed("permessage-deflate", AGREED)
        client.send(masked(BINARY, deflated(letters(LIMIT)), bits=DEFLATED))
        self.expect_back(client, BINARY, letters(LIMIT), 12, [])
        client.send(masked(BINARY, deflated(letters(LIMIT + 1)), bits=DEFLATED))
        self.assertEqual(client.close_code(), 1009)

    def test_what_may_not_be_fails(self):
        packed = deflated(letters(500))
        for data, code in ((masked(PING, packed[:100], bits=DEFLATED), 1002),
                           (masked(CLOSE, b"\x03\xe8", bits=DEFLATED), 1002),
                           (masked(TEXT, packed, bits=0x20), 1002),
                           (masked(TEXT, b"", fin=False) + masked(CONTINUATION, packed, bits=DEFLATED), 1002),
                           (masked(TEXT, packed[:-3], bits=DEFLATED), 1007),
                           (masked(TEXT, b"\xff\xff\xff", bits=DEFLATED), 1007),
                           (masked(TEXT, deflated(b"not \xff UTF-8"), bits=DEFLATED), 1007),
                           (masked(BINARY, deflated(bytes(200 << 20), level=9), bits=DEFLATED), 1009)):
            client = self.agreed("permessage-deflate", AGREED)
            client.send(data)
            self.assertEqual(client.close_code(), code, data[:20])

    def test_what_cannot_be_met_is_not_agreed_to(self):
        for offer in ("permessage-deflate; server_max_window_bits=8", "permessage-deflate; unknown",
                      "permessage-deflate; server_max_window_bits", "permessage-deflate; client_max_window_bits=16",
                      "permessage-deflate; client_no_context_takeover; client_no_context_takeover", "other"):
            client = self.raw(extensions=offer)
            self.assertNotIn("Extensions", client.answer)
            client.send(masked(TEXT, letters(500)))
            self.assertEqual(client.frame(), (FIN | TEXT, letters(500)))
            client.send(masked(TEXT, deflated(letters(500)), bits=DEFLATED))
            self.assertEqual(client.close_code(), 1002)
        self.assertIn(" 400 ", self.raw(extensions="permessage-deflate; =").answer)


if __name__ == "__main__":
    unittest.main()
