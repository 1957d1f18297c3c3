#!/usr/bin/env python3
"""The bundled recordings are the bytes that metadata.json names, and what their script makes. bundled_session_test.py ROOT"""
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def check(root, entry):
    path = root / 'replay-data' / entry['file']
    packed = path.read_bytes()
    assert sha256(packed) == entry['sha256'], f'{path.name} is not the file that metadata.json describes'
    unpacked = subprocess.run(['zstd', '-dc', str(path)], capture_output=True, check=True).stdout
    assert sha256(unpacked) == entry['content_sha256'], f'{path.name}: its content'
    made = subprocess.run([str(root / entry['made_by']), '-'], capture_output=True, check=True).stdout
    assert made == unpacked, f'{entry["made_by"]} makes something else than {path.name} holds'


def main():
    root = pathlib.Path(sys.argv[1])
    entries = json.loads((root / 'replay-data/metadata.json').read_text(encoding='utf-8'))['recordings']
    bundled = {path.name for path in (root / 'replay-data').glob('*.zst')}
    assert bundled == {entry['file'] for entry in entries}, 'a recording without metadata, or the other way round'
    if shutil.which('zstd') is None:
        print('no zstd program')
        return 77
    for entry in entries:
        check(root, entry)
    return 0


if __name__ == '__main__':
    sys.exit(main())
