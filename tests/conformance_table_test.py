"""Holds tests/conformance.md to the tests that it names. Usage: conformance_table_test.py FOLDER-OF-TESTS"""

import pathlib
import re
import sys

FAMILIES = ["1", "2", "3", "4", "5", "6", "7", "9", "10", "12", "13"]


def suites_of_frame_code(text):
    return set(re.findall(r"^TEST\((\w+), \w+\)", text, re.MULTILINE))


def classes_from_outside(text):
    """Those that have tests."""
    parts = re.split(r"^class (\w+)\(ConformanceTest\):", text, flags=re.MULTILINE)
    return {name for name, body in zip(parts[1::2], parts[2::2]) if re.search(r"^    (async )?def test_", body, re.MULTILINE)}


def rows(text):
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    assert cells[0] == ["family", "what it asks", "frame code", "from outside", "result"], cells[0]
    return cells[2:]


def check(table, frame_code, outside):
    table = rows(table)
    assert [row[0] for row in table] == FAMILIES, "not each family once, in order"
    for row in table:
        assert len(row) == 5 and row[1] and row[4] == "passes", row
    for column, found in ((2, suites_of_frame_code(frame_code)), (3, classes_from_outside(outside))):
        named = {row[column] for row in table}
        assert named == found, f"named: {sorted(named - found)}, not named: {sorted(found - named)}"


def refuses(table, frame_code, outside):
    try:
        check(table, frame_code, outside)
    except AssertionError:
        return True
    return False


def main():
    folder = pathlib.Path(sys.argv[1])
    texts = [(folder / name).read_text() for name in
             ("conformance.md", "gateway/conformance_test.cpp", "e2e/test_conformance.py")]
    check(*texts)
    table, frame_code, outside = texts
    # And it bites.
    assert refuses(table.replace("| passes |", "| fails |", 1), frame_code, outside)
    assert refuses(re.sub(r"^\| 9 .*\n", "", table, flags=re.MULTILINE), frame_code, outside)
    assert refuses(table, frame_code + "\nTEST(ConformanceOther, IsNotInTheTable) {}\n", outside)
    assert refuses(table, frame_code.replace("TEST(ConformanceUtf8,", "TEST(Utf8,"), outside)
    assert refuses(table, frame_code, outside.replace("class Pings(ConformanceTest)", "class Pings(EndToEndTest)"))
    print("ok")


main()
