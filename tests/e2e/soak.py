#!/usr/bin/env python3
"""Many watching clients on one looping recording, coming and going, one of them stopped for a while.

  soak.py [--binary DIR] [--recording FILE] [--speed 10] [--seconds 120] [--clients 50] [--stop-for 20] [--seed N]

Each client is a tickgate-watch of its own, which verifies every message; they differ in channel, depth and rate, and
reconnect every few seconds at random. Ends with one JSON line of what was seen, and exits 1 if anything was wrong.
"""

import argparse
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
MARKET_DATA = pathlib.Path(os.environ.get("TICKGATE_MARKET_DATA", ROOT.parent / "shared" / "market-data"))
REAL = MARKET_DATA / "binance" / "spot_btcusdt_20240808.gz"
BUNDLED = ROOT / "replay-data" / "binance_spot_walk.tickgate.zst"

DEPTHS = (1, 5, 10, 25, 50, 100, 500, 0)
RATES = (0, 50, 100, 250, 500, 1000, 5000)
VENUE = "binance-spot"

LONG_STOP_S = 15       # by then the kernel holds no more for a client that takes every update
GROWTH_KB = 1024       # what the gateway's memory may grow by while a client stands still
WARM_UP_S = 30         # until then it also grows by what it will use again
JUMP = 20              # more updates than this in a message of rate 0 are something missed
LONGEST_PAUSE_S = 1.0  # of one that is in step; a busy machine makes some of its own


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, default=os.environ.get("TICKGATE_BIN", ROOT / "build/dev/bin"))
    parser.add_argument("--recording", type=pathlib.Path, default=REAL if REAL.exists() else BUNDLED)
    parser.add_argument("--speed", default="10")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--stop-for", type=float, default=20)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    return parser.parse_args()


class Gateway:
    def __init__(self, options, log):
        self.process = subprocess.Popen(
            [options.binary / "tickgate", "--replay", options.recording, "--venue", VENUE, "--loop", "--speed",
             options.speed, "--listen", "127.0.0.1:0"], stdin=subprocess.DEVNULL, stderr=log.open("w"))
        self.log = log
        self.port = self._port()
        self.url = f"ws://127.0.0.1:{self.port}/v1/ws"

    def _port(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            if found := re.search(r"event=listening\b.*\baddress=\S*:(\d+)", self.log.read_text()):
                return int(found[1])
            time.sleep(0.05)
        raise RuntimeError("the gateway does not listen:\n" + self.log.read_text())

    def memory_kb(self):
        if (code := self.process.poll()) is not None:
            raise RuntimeError(f"the gateway ended with {code}:\n" + self.log.read_text())
        return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{self.process.pid}/status").read_text())[1])

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Watch:
    """One tickgate-watch. With `--print raw` the messages and when they came are kept."""

    def __init__(self, options, url, wish, *more):
        self.wish = wish
        channel, depth, rate = wish
        command = [options.binary / "tickgate-watch", url, "--channel", channel, "--symbols", "*"]
        command += ["--rate-ms", rate, *(["--depth", depth] if channel == "book" else []), *more]
        # Unbuffered, else a line is seen when its block is full.
        self.process = subprocess.Popen(["stdbuf", "-oL", *map(str, command)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines, self.remarks = [], []
        self.readers = [threading.Thread(target=self._read, args=pair, daemon=True)
                        for pair in ((self.process.stdout, self.lines), (self.process.stderr, self.remarks))]
        for reader in self.readers:
            reader.start()

    @staticmethod
    def _read(pipe, lines):
        with pipe:
            lines.extend((time.monotonic(), line) for line in pipe)

    def finish(self):
        """Its exit code and totals."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(30)
        for reader in self.readers:
            reader.join()
        return code, json.loads(self.lines.pop()[1])

    def data(self):
        """What came with a sid: (when, message)."""
        messages = ((when, json.loads(line)) for when, line in self.lines)
        return [(when, message) for when, message in messages if "sid" in message]

    def said(self):
        return "".join(text for _, text in self.remarks[-5:]).strip()


def wishes(options):
    """Each class of depth and rate comes about equally often, in an order that the seed decides."""
    chance = random.Random(options.seed)
    every = [("book", depth, rate) for depth in DEPTHS for rate in RATES]
    every += [(channel, None, rate) for channel in ("bbo", "trades") for rate in RATES]
    chance.shuffle(every)
    return [(every[n % len(every)], chance.uniform(1, 6)) for n in range(options.clients)]


def recorded_seconds(options):
    command = [options.binary / "tickgate-replay", "--venue", VENUE, "--print", "stats", options.recording]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["seconds"]


class Soak:
    def __init__(self, options, folder):
        self.options = options
        self.failures = []
        self.gateway = Gateway(options, folder / "gateway.log")
        self.watches = []

    def run(self):
        self.begin = time.monotonic()
        for wish, reconnect_every in wishes(self.options):
            self.watch(wish, "--print", "stats", "--reconnect-every", f"{reconnect_every:.2f}")
        observer = self.watch(("book", 25, 100), "--print", "raw")
        slow = [self.watch(("book", 0, 0), "--print", "raw"), self.watch(("trades", None, 0), "--print", "raw")]
        time.sleep((self.options.seconds - self.options.stop_for) / 2)
        report = self.stop_for_a_while(slow)
        time.sleep(max(0.0, self.begin + self.options.seconds - time.monotonic()))
        report["memory_at_the_end_kb"] = self.gateway.memory_kb()
        report["cpu_seconds"] = round(self.gateway.cpu_seconds(), 1)
        report |= self.end_clients()
        report |= self.check_observer(observer)
        report["jumps"] = [self.check_slow(watch) for watch in slow]
        self.end_gateway()
        return report

    def watch(self, wish, *more):
        self.watches.append(Watch(self.options, self.gateway.url, wish, *more))
        return self.watches[-1]

    def require(self, condition, text):
        if not condition:
            self.failures.append(text)

    def stop_for_a_while(self, watches):
        before = most = self.gateway.memory_kb()
        self.stopped_at = time.monotonic()
        for watch in watches:
            watch.process.send_signal(signal.SIGSTOP)
        while time.monotonic() < self.stopped_at + self.options.stop_for:
            time.sleep(0.25)
            most = max(most, self.gateway.memory_kb())
        self.continued_at = time.monotonic()
        for watch in watches:
            watch.process.send_signal(signal.SIGCONT)
        warm = self.stopped_at - self.begin >= WARM_UP_S
        self.require(most - before < GROWTH_KB * (1 if warm else 4),
                     f"memory grew from {before} to {most} KB while a client stood still")
        return {"memory_kb": before, "growth_kb": most - before}

    def end_clients(self):
        totals = {}
        for watch in self.watches:
            code, counts = watch.finish()
            self.require(code == 0, f"{watch.wish}: exit {code}: {watch.said()}")
            self.require(counts["messages"] > 0, f"{watch.wish}: nothing came")
            self.require(watch.wish[0] != "book" or counts["resume_expired"] == 0,
                         f"{watch.wish}: {counts['resume_expired']} not resumed: {watch.said()}")
            for key, value in counts.items():
                totals[key] = totals.get(key, 0) + value
        for key in ("prev_breaks", "ck_failures"):
            self.require(totals[key] == 0, f"{key}: {totals[key]}")
        return totals

    def check_observer(self, observer):
        """Who neither goes nor stands still gets one snapshot and then deltas, through every start of the recording,
        without a pause and without a word of a resync."""
        data = observer.data()
        joined = next(i for i, (_, line) in enumerate(observer.lines) if '"type":"snapshot"' in line)
        self.require(not any('"state":"resyncing"' in line for _, line in observer.lines[joined:]),
                     "a start of the recording told of a resync")
        symbols = {message["sid"] for _, message in data}
        snapshots = sum(message["type"] == "snapshot" for _, message in data)
        self.require(snapshots == len(symbols), f"{snapshots} snapshots of {len(symbols)} symbols")
        pauses = [(at, at - before) for (before, _), (at, _) in zip(data, data[1:])]
        during = [pause for at, pause in pauses if self.stopped_at <= at <= self.continued_at]
        other = [pause for at, pause in pauses if not self.stopped_at <= at <= self.continued_at]
        self.require(max(during) < max(2 * max(other), LONGEST_PAUSE_S), f"nothing came for {max(during):.3f} s")
        recorded = (data[-1][1]["ts"] - data[0][1]["ts"]) / 1e6
        return {"passes": round(recorded / recorded_seconds(self.options), 1),
                "longest_pause_s": round(max(other), 3), "longest_pause_while_one_stood_still_s": round(max(during), 3)}

    def check_slow(self, watch):
        """What it missed comes as one message for each symbol, or a gap and one, and then it is in step: the steps that
        are no ordinary ones, as [type, updates in it]."""
        after = [message for when, message in watch.data() if when >= self.continued_at]
        jumps = {}
        for message in after:
            if message["type"] in ("snapshot", "gap") or message.get("seq", 0) - message.get("prev", 0) > JUMP:
                span = message.get("seq", 0) - message.get("prev", 0) if "prev" in message else 0
                jumps.setdefault(message["sid"], []).append([message["type"], span])
        epochs = {message["epoch"] for _, message in watch.data() if "epoch" in message}
        self.require(len(epochs) == 1, f"{watch.wish}: epochs {epochs}")
        self.require(jumps or self.options.stop_for < LONG_STOP_S, f"{watch.wish}: nothing was missed")
        most = 2 if watch.wish[0] == "trades" else 1
        for sid, some in jumps.items():
            self.require(len(some) <= most, f"{watch.wish}: {some} after it stood still")
        self.require(len(after) > 0, f"{watch.wish}: nothing came after it stood still")
        return list(jumps.values())

    def end_gateway(self):
        self.gateway.process.send_signal(signal.SIGTERM)
        code = self.gateway.process.wait(30)
        self.require(code == 0, f"the gateway ended with {code}")

    def close(self):
        for process in [self.gateway.process, *(watch.process for watch in self.watches)]:
            if process.poll() is None:
                process.kill()
                process.wait()


def main():
    options = parse_arguments()
    with tempfile.TemporaryDirectory(prefix="tickgate-soak-") as folder:
        soak = Soak(options, pathlib.Path(folder))
        print(f"seed {options.seed}", file=sys.stderr)
        try:
            report = soak.run()
        finally:
            soak.close()
    print(json.dumps({"seed": options.seed, "recording": options.recording.name, **report}))
    for failure in soak.failures:
        print(f"soak: {failure}", file=sys.stderr)
    return 1 if soak.failures else 0


if __name__ == "__main__":
    sys.exit(main())
