#!/usr/bin/env python3
"""Compiles each case of strong_types.cpp rightly, which must pass, and wrongly, which must fail for the stated reason.

compile_fail_test.py CASE SOURCE COMPILER [FLAG...]     runs one case
compile_fail_test.py --list SOURCE                      names the cases, one a line
"""
import re
import subprocess
import sys


def cases(source):
    """Case name to the reason in the comment behind its WRONG line."""
    with open(source, encoding='utf-8') as file:
        text = file.read()
    found = re.findall(r'#(?:if|elif) defined (CASE_\w+)\n#ifdef WRONG\n.*;.*?  // (.+)\n#else', text)
    assert len(found) == len(re.findall(r'defined CASE_', text)), 'a case without a reason'
    return dict(found)


def compile_case(compiler, source, defines):
    run = subprocess.run([*compiler, *('-D' + d for d in defines), '-fsyntax-only', source],
                         capture_output=True, text=True, env={'LC_ALL': 'C', 'PATH': '/usr/bin:/bin'}, check=False)
    return run.returncode == 0, run.stderr


def main():
    if sys.argv[1] == '--list':
        print('\n'.join(cases(sys.argv[2])))
        return 0
    case, source, compiler = sys.argv[1], sys.argv[2], sys.argv[3:]
    reason = cases(source)[case]
    passed, errors = compile_case(compiler, source, [case])
    if not passed:
        print('the right way does not compile:\n' + errors)
        return 1
    passed, errors = compile_case(compiler, source, [case, 'WRONG'])
    if passed:
        print('the wrong way compiles')
        return 1
    if reason not in errors:
        print('it fails for another reason than "%s":\n%s' % (reason, errors))
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
