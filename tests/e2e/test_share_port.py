"""Several processes on one TCP port, out of which the kernel deals them their connections."""

import re
import unittest

from client import Client
from harness import EndToEndTest, SYNTHETIC

S0 = "SYN:S0"


class SharedPort(EndToEndTest):
    def start(self, node, port=0):
        """A gateway on the port, and on one of its own, where `get` asks it and no other."""
        config = self.folder / f"{node}.toml"
        config.write_text(f'[gateway]\nnode = "{node}"\nshare_port = true\nshards = 2\n')
        gateway = self.start_gateway(*SYNTHETIC, "--config", config, "--listen", f"127.0.0.1:{port}")
        line = rf"event=listening address=127\.0\.0\.1:(?!{gateway.port}\b)(\d+)"
        gateway.shared_port = int(gateway.wait_line(gateway.stderr, line)[1])
        return gateway

    def start_two(self):
        first = self.start("a")
        second = self.start("b", first.shared_port)
        self.assertEqual(second.shared_port, first.shared_port)
        return first, second

    async def visit(self, port):
        client = await Client.connect(f"ws://127.0.0.1:{port}/v1/ws")
        self.addAsyncCleanup(client.close)
        return client

    async def visit_both(self, port):
        """Clients of both, 64 at least, by node."""
        clients = {"a": [], "b": []}
        while sum(map(len, clients.values())) < 64 or not all(clients.values()):
            client = await self.visit(port)
            clients[client.welcome["node"]].append(client)
        return clients

    def sessions(self, gateway):
        """Of each of its shards."""
        return [int(n) for n in re.findall(r'^tickgate_sessions\{shard="\d"\} (\d+)$', gateway.get("/metrics")[2], re.M)]

    async def test_each_process_serves_its_part(self):
        first, second = self.start_two()
        clients = await self.visit_both(first.shared_port)
        for node, gateway in (("a", first), ("b", second)):
            shards = self.sessions(gateway)
            self.assertEqual((len(shards), sum(shards)), (2, len(clients[node])))
            (entry,) = await clients[node][0].subscribe("book", S0)
            await clients[node][0].next("delta", entry["sid"])

    async def test_the_clients_of_one_that_stops_go_to_the_other(self):
        first, second = self.start_two()
        clients = await self.visit_both(first.shared_port)
        staying, leaving = clients["b"][0], clients["a"][0]
        for client in (staying, leaving):
            await client.subscribe("book", S0)
            await client.next("delta")
        first.process.terminate()
        for client in clients["a"]:
            self.assertEqual(await client.until_closed(), 1012)
            self.assertEqual(client.of_type("goaway")[0]["why"], "restart")
        self.assertEqual(await self.in_thread(first.wait), 0)
        for _ in range(32):
            client = await self.visit(first.shared_port)
            self.assertEqual(client.welcome["node"], "b")
        client.saved = leaving.positions()
        (entry,) = await client.subscribe("book", S0)
        self.assertEqual((entry["resumed"], entry["why"]), (False, "epoch_changed"))
        await client.next("delta", entry["sid"])
        await staying.next("delta")
        self.assertEqual(sum(self.sessions(second)), len(clients["b"]) + 32)

    def test_one_that_does_not_share_is_refused_and_the_other_goes_on(self):
        gateway = self.start("a")
        address = f"127.0.0.1:{gateway.shared_port}"
        other = self.run_program("tickgate", *SYNTHETIC, "--listen", address)
        self.assertEqual(other.wait(), 1)
        self.assertIn(f"cannot listen on {address}: Address already in use", other.output())
        self.assertEqual(gateway.get("/readyz")[0], 200)

    def test_a_free_port_is_one_that_nobody_has(self):
        ports = [gateway.port for gateway in (self.start_gateway(*SYNTHETIC, "--share-port") for _ in range(4))]
        self.assertEqual(len(set(ports)), 4)

    def test_a_unix_socket_is_not_shared(self):
        address = f"unix:{self.folder}/socket"
        gateway = self.start_gateway(*SYNTHETIC, "--share-port", "--listen", address)
        gateway.wait_line(gateway.stderr, "event=listening address=unix:")
        other = self.run_program("tickgate", *SYNTHETIC, "--share-port", "--listen", address)
        self.assertEqual(other.wait(), 1)
        self.assertIn(f"cannot listen on {address}: ", other.output())


if __name__ == "__main__":
    unittest.main()
