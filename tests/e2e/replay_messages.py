"""What `tickgate-replay --print messages` prints, as a test wants it."""

import hashlib
import json
import re
import subprocess

from harness import BIN

PERSONAL = re.compile(r'"sid":\d+|"epoch":"[^"]*"')


def run_replay(*args, timeout=120):
    return subprocess.run([BIN / "tickgate-replay", "--print", "messages", *map(str, args)], capture_output=True,
                          timeout=timeout, check=False)


def print_messages(*args):
    """The bytes of stdout."""
    result = run_replay(*args)
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout


def digest(output):
    return hashlib.sha256(output).hexdigest()


def without_personal(text):
    """A data message without what differs from node to node and from run to run."""
    return PERSONAL.sub(lambda match: match[0].partition(":")[0], text)


class Reference:
    """The messages of one stream, by `seq`, and in which order they follow each other."""

    def __init__(self, lines):
        self.text = {}   # seq -> message without sid and epoch
        self.after = {}  # seq -> seq of the message before
        before = None
        for line in lines:
            seq = json.loads(line)["seq"]
            self.text[seq] = without_personal(line)
            self.after[seq] = before
            before = seq
        self.last = before
