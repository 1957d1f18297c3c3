"""The gateway's command line, configuration, exit codes and ending."""

import asyncio
import signal
import socket
import unittest

from harness import EndToEndTest
from recording import Recording

GOOD = """
[gateway]
listen = ["127.0.0.1:0", "127.0.0.1:0"]
shards = 1
threads = "shared"
io = "auto"

[[feeds]]
venue = "binance-spot"
replay = "RECORDING"
speed = 10
loop = true
"""

# (what is replaced, by what; what the message must name)
BAD = [
    ("shards =", "shard =", ["shard", "shards"]),
    ("[gateway]", "[gatewy]", ["gatewy", "gateway"]),
    ("loop =", "lop =", ["lop", "loop"]),
    ("shards = 1", "shards = \"many\"", ["shards", "many"]),
    ("shards = 1", "shards = -1", ["shards", "-1"]),
    ("\"shared\"", "\"sharde\"", ["threads", "sharde"]),
    ("\"binance-spot\"", "\"binance-spto\"", ["venue", "binance-spto", "binance-spot"]),
    ("\"127.0.0.1:0\", ", "\"nowhere\", ", ["listen", "nowhere"]),
    ("speed = 10", "speed = \"fast\"", ["speed", "fast"]),
    ("speed = 10", "speed = ", []),
]


class CommandLine(EndToEndTest):
    def ended(self, *args):
        """Runs the gateway to its end: (exit code, stdout, stderr)."""
        program = self.run_program("tickgate", *args)
        code = program.wait()
        return code, "\n".join(program.stdout), "\n".join(program.stderr)

    def config(self, text):
        recording = Recording(seconds=1).write(self.folder / "recording.txt")
        path = self.folder / "gateway.toml"
        path.write_text(text.replace("RECORDING", str(recording)))
        return path

    def test_help_and_version(self):
        code, out, _ = self.ended("--help")
        self.assertEqual(code, 0)
        for option in ("--config", "--replay", "--synthetic", "--listen", "--shards", "--threads", "--io",
                       "--check-config", "--print-config", "--version"):
            self.assertIn(option, out)
        code, out, _ = self.ended("--version")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"^tickgate \d+\.\d+\.\d+")

    def test_usage_errors_exit_2(self):
        for args in (["--unknown"], ["--shards", "x", "--synthetic", "symbols=1"], ["--synthetic", "symbols=x"],
                     ["--synthetic", "symbol=1"], ["--threads", "many", "--synthetic", "symbols=1"], ["--config"],
                     ["--replay"], []):
            with self.subTest(args=args):
                code, _, err = self.ended(*args)
                self.assertEqual(code, 2, err)
                self.assertTrue(err)

    def test_a_good_configuration_is_accepted_and_can_be_printed(self):
        path = self.config(GOOD)
        code, _, err = self.ended("--config", path, "--check-config")
        self.assertEqual(code, 0, err)
        code, out, err = self.ended("--config", path, "--shards", 2, "--print-config")
        self.assertEqual(code, 0, err)
        self.assertRegex(out, r"shards\s*=\s*2")
        printed = self.folder / "printed.toml"
        printed.write_text(out)
        code, again, err = self.ended("--config", printed, "--print-config")
        self.assertEqual((code, again), (0, out), err)

    def test_a_wrong_configuration_exits_78_and_is_named(self):
        for old, new, names in BAD:
            with self.subTest(new=new):
                self.assertIn(old, GOOD)
                path = self.config(GOOD.replace(old, new))
                for extra in (["--check-config"], []):
                    code, _, err = self.ended("--config", path, *extra)
                    self.assertEqual(code, 78, err)
                    for name in [path.name, *names]:
                        self.assertIn(name, err)

    def test_a_missing_file_is_named(self):
        code, _, err = self.ended("--config", self.folder / "none.toml")
        self.assertEqual(code, 78)
        self.assertIn("none.toml", err)
        code, _, err = self.ended("--replay", self.folder / "none.gz", "--venue", "binance-spot", "--listen",
                                  "127.0.0.1:0")
        self.assertNotEqual(code, 0)
        self.assertIn("none.gz", err)

    def test_an_address_in_use_is_named(self):
        gateway = self.start_gateway()
        code, _, err = self.ended("--synthetic", "symbols=1,rate=1", "--listen", f"127.0.0.1:{gateway.port}")
        self.assertNotEqual(code, 0)
        self.assertIn(str(gateway.port), err)


class Ending(EndToEndTest):
    async def test_signals_end_it_cleanly_with_a_goaway(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            gateway = self.start_gateway()
            client = await self.connect(gateway)
            await client.subscribe("book", "SYN:S0")
            await client.next("snapshot")
            gateway.process.send_signal(number)
            self.assertEqual(await client.until_closed(), 1012)
            self.assertEqual(client.of_type("goaway")[0]["why"], "restart")
            self.assertEqual(await self.in_thread(gateway.wait), 0)

    def test_a_request_under_way_is_answered_before_the_end(self):
        gateway = self.start_gateway()
        with socket.create_connection((gateway.host, gateway.port), 10) as begun:
            begun.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\n")
            gateway.get("/healthz")  # accepted after it, so it is known
            gateway.process.send_signal(signal.SIGTERM)
            with self.assertRaises(OSError):
                while True:
                    socket.create_connection((gateway.host, gateway.port), 10).close()
            begun.sendall(b"\r\n")
            answer = b"".join(iter(lambda: begun.recv(4096), b""))
        self.assertTrue(answer.startswith(b"HTTP/1.1 503 "), answer)
        self.assertIn(b'"status":"draining"', answer)
        self.assertEqual(gateway.wait(), 0)

    async def test_a_client_that_does_not_read_holds_nothing_up(self):
        gateway = self.start_gateway("--synthetic", "symbols=4,rate=500")
        client = await self.connect(gateway, receive_buffer=4096)
        await client.subscribe("book", "SYN:*", depth=0, rate_ms=0)
        observer = await self.connect(gateway)
        await observer.subscribe("book", "SYN:S0")
        await observer.until(lambda c: len(c.of_type("delta")) > 20)
        self.assertEqual(await self.in_thread(gateway.stop), 0)
        await asyncio.wait_for(observer.until_closed(), 10)


if __name__ == "__main__":
    unittest.main()
