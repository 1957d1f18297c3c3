"""tools/test-summary on result files made up here: what it counts, and what it does not take for a success."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

SUMMARY = pathlib.Path(__file__).resolve().parents[1] / "tools" / "test-summary"

PASSED = '<testcase name="good" status="run"/>'
FAILED = '<testcase name="bad" status="fail"><failure message="Failed"/></testcase>'
SKIPPED = ('<testcase name="skip" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/>'
           '<system-out>no recordings</system-out></testcase>')


def suite(*cases):
    return f'<testsuite name="x">{"".join(cases)}</testsuite>'


class TestSummary(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.build = pathlib.Path(folder.name)
        self.results = self.build / "results"
        self.results.mkdir()

    def sum_up(self, *runs, **files):
        """Exit code and lines of the summary over files of these names and texts."""
        for name, text in files.items():
            (self.results / f"{name}.xml").write_text(text)
        result = subprocess.run([sys.executable, "-B", SUMMARY, self.build, self.results, *runs],
                                capture_output=True, text=True, timeout=60)
        self.assertEqual(result.stderr, "")
        return result.returncode, result.stdout.splitlines()

    def test_counts_over_all_runs_and_says_why_a_test_was_skipped(self):
        code, lines = self.sum_up("dev", "asan", dev=suite(PASSED, SKIPPED), asan=suite(PASSED))
        self.assertEqual(code, 0)
        self.assertEqual(lines, ["skipped  dev: skip  (no recordings)", "2 passed, 0 failed, 1 skipped"])

    def test_a_failed_test_fails(self):
        code, lines = self.sum_up("dev", dev=suite(PASSED, FAILED))
        self.assertEqual((code, lines[-1]), (1, "1 passed, 1 failed, 0 skipped"))

    def test_a_binary_counts_as_what_it_held(self):
        own = self.build / "asan" / "gtest" / "good.xml"
        own.parent.mkdir(parents=True)
        own.write_text(suite('<testcase classname="A" name="a" status="run"/>' * 3))
        code, lines = self.sum_up("asan", asan=suite(PASSED))
        self.assertEqual((code, lines), (0, ["3 passed, 0 failed, 0 skipped"]))

    def test_a_run_that_left_no_result_fails(self):
        for name, text in (("missing", None), ("empty", ""), ("cut", suite(PASSED)[:-9]), ("nothing", suite())):
            with self.subTest(name):
                code, lines = self.sum_up("dev", name, dev=suite(PASSED), **({name: text} if text is not None else {}))
                self.assertEqual(code, 1)
                self.assertRegex(lines[0], rf"FAILED  {name}  \(.*{name}\.xml holds no test\)")
                self.assertEqual(lines[-1], "1 passed, 1 failed, 0 skipped")


if __name__ == "__main__":
    unittest.main()
