#!/usr/bin/env python3
"""Holds the folders apart: greps the includes of a source tree. include_rules_test.py ROOT

book/ knows nobody; feeds/ and gateway/ include book/ and never each other; only gateway/main.cpp and tools/ see both.
Every include of ours is written from the root; a source file includes its own header first, which shows that the
header compiles alone. `--self-test` shows that each rule bites.
"""
import pathlib
import re
import sys

FOLDERS = ('book', 'feeds', 'gateway', 'tests', 'tools')
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)
MAY_SEE = {
    'book': {'book'},
    'feeds': {'book', 'feeds'},
    'gateway': {'book', 'gateway'},
    'tools': {'book', 'feeds', 'gateway', 'tools'},
    'tests': set(FOLDERS),
}
COMPOSITION = {'gateway/main.cpp'}      # joins feeds and gateway
NO_IO_NO_THREADS = re.compile(
    r'^(boost/asio|boost/beast|thread$|stop_token$|condition_variable$|future$|semaphore$|latch$|barrier$|fstream$'
    r'|iostream$|filesystem$|sys/|unistd\.h|fcntl\.h|netinet/|arpa/|openssl/|spdlog/|simdjson)')


def faults_of(path, text, exists):
    """What breaks a rule in one file. `path` from the root; `exists` says whether a path from the root is a file."""
    folder = path.split('/')[0]
    includes = INCLUDE.findall(text)
    own = path.removesuffix('.cpp') + '.hpp'
    if path.endswith('.cpp') and exists(own) and ('"', own) != (includes or [None])[0]:
        yield f'{path}: must include "{own}" first'
    for bracket, name in includes:
        first = name.split('/')[0]
        if bracket == '"' and not (first in FOLDERS and exists(name)):
            yield f'{path}: no file "{name}" (includes are written from the root)'
        elif bracket == '<' and first in FOLDERS and exists(name):
            yield f'{path}: <{name}> is ours and belongs into quotes'
        if bracket == '"' and first in FOLDERS and first not in MAY_SEE[folder] and path not in COMPOSITION:
            yield f'{path}: {folder}/ must not see {name}'
        if folder == 'book' and bracket == '<' and NO_IO_NO_THREADS.match(name):
            yield f'{path}: book/ does no I/O and starts no thread, but includes <{name}>'
    if path.endswith('.hpp') and '#pragma once' not in text:
        yield f'{path}: no #pragma once'


def faults_of_tree(root):
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob('*')):
            if path.suffix in ('.hpp', '.cpp') and path.is_file() and 'node_modules' not in path.parts:
                name = path.relative_to(root).as_posix()
                yield from faults_of(name, path.read_text(encoding='utf-8'), lambda n: (root / n).is_file())


def self_test():
    def faulty(path, text):
        return list(faults_of(path, '#pragma once\n' + text, lambda name: name != path.replace('.cpp', '.hpp')))
    assert not faulty('book/a.cpp', '#include "book/b.hpp"\n#include <vector>\n#include <atomic>\n')
    assert faulty('book/a.cpp', '#include "feeds/feed.hpp"\n')
    assert faulty('book/a.cpp', '#include "gateway/stream.hpp"\n')
    assert faulty('book/a.cpp', '#include <boost/asio/io_context.hpp>\n')
    assert faulty('book/a.cpp', '#  include <thread>\n')
    assert faulty('feeds/a.cpp', '#include "gateway/stream.hpp"\n')
    assert faulty('gateway/a.cpp', '#include "feeds/feed.hpp"\n')
    assert faulty('gateway/a.cpp', '#include <feeds/feed.hpp>\n')
    assert faulty('gateway/a.cpp', '#include "stream.hpp"\n')
    assert faulty('feeds/a.cpp', '#include "tests/support/seed.hpp"\n')
    assert faulty('tools/a.cpp', '#include "../book/price.hpp"\n')
    assert not faulty('gateway/main.cpp', '#include "feeds/feed.hpp"\n')
    assert not faulty('tools/a.cpp', '#include "feeds/feed.hpp"\n#include "gateway/stream.hpp"\n')
    assert list(faults_of('book/a.hpp', '', lambda name: True))
    assert not list(faults_of('book/a.cpp', '#include "book/a.hpp"\n', lambda name: True))
    assert list(faults_of('book/a.cpp', '#include <vector>\n#include "book/a.hpp"\n', lambda name: True))
    assert list(faults_of('book/a.cpp', '', lambda name: True))


def main():
    if sys.argv[1] == '--self-test':
        self_test()
        return 0
    faults = list(faults_of_tree(pathlib.Path(sys.argv[1])))
    print('\n'.join(faults))
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
