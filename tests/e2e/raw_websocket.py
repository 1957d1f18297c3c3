"""A WebSocket client that sends what bytes it likes, right or wrong."""

import re
import socket
import struct
import zlib

FIN, DEFLATED = 0x80, 0x40
TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10
TAIL = b"\x00\x00\xff\xff"
HANDSHAKE = (b"GET /v1/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
             b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")


def masked(opcode, payload, fin=True, length=None, mask=bytes(4), bits=0):
    """A client's frame. `length`: what its header says, if that is not so; `bits`: reserved ones of its first byte."""
    length = len(payload) if length is None else length
    head = bytes([opcode | (FIN if fin else 0) | bits])
    if length < 126:
        head += bytes([0x80 | length])
    elif length < 65536:
        head += struct.pack("!BH", 0x80 | 126, length)
    else:
        head += struct.pack("!BQ", 0x80 | 127, length)
    if any(mask):
        key = (mask * (len(payload) // 4 + 1))[:len(payload)]
        payload = (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(len(payload), "big")
    return head + mask + payload


def fragments(opcode, payload, size, bits=0):
    """A message in frames of so many bytes each; the bits on the first."""
    frames = b""
    for at in range(0, max(len(payload), 1), size):
        frames += masked(opcode if at == 0 else CONTINUATION, payload[at:at + size], fin=at + size >= len(payload),
                         bits=bits if at == 0 else 0)
    return frames


def deflated(data, level=6, bits=15):
    deflater = zlib.compressobj(level, zlib.DEFLATED, -bits)
    out = deflater.compress(data) + deflater.flush(zlib.Z_SYNC_FLUSH)
    assert out.endswith(TAIL)
    return out[:-4]


def inflated(data, bits=15):
    return zlib.decompressobj(-bits).decompress(data + TAIL)


class Raw:
    """One connection. `answer`: the header of the server's handshake."""

    def __init__(self, url, receive_buffer=None, extensions=None, tls=None):
        host, port = re.match(r"wss?://([\d.]+):(\d+)", url).groups()
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(60)
        self.socket.connect((host, int(port)))
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname=host)
        self.file = self.socket.makefile("rb")
        headers = f"Sec-WebSocket-Extensions: {extensions}\r\n" if extensions else ""
        self.socket.sendall(HANDSHAKE[:-2] + headers.encode() + b"\r\n")
        self.answer = ""
        while (line := self.file.readline()) not in (b"\r\n", b""):
            self.answer += line.decode()

    def send(self, data, piece=None):
        """In one, or in pieces of so many bytes."""
        if piece is None:
            return self.socket.sendall(data)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(data), piece):
            self.socket.sendall(data[at:at + piece])

    def frame(self):
        """The next frame: (first byte, payload)."""
        head = self.file.read(2)
        if len(head) < 2:
            raise ConnectionError("the connection ended")
        first, length = head
        if length == 126:
            length, = struct.unpack("!H", self.file.read(2))
        elif length == 127:
            length, = struct.unpack("!Q", self.file.read(8))
        return first, self.file.read(length)

    def close_code(self):
        first, payload = self.frame()
        assert first == FIN | CLOSE, (first, payload[:100])
        return struct.unpack("!H", payload[:2])[0]

    def close_code_at_last(self):
        """That of the close frame, whatever comes before."""
        while True:
            first, payload = self.frame()
            if first == FIN | CLOSE:
                return struct.unpack("!H", payload[:2])[0]

    def close(self):
        self.file.close()
        self.socket.close()
