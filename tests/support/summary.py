#!/usr/bin/env python3
"""Sums up a run of `meson test` by test cases, from the log that Meson writes (meson-logs/testlog.json).

The first line counts by suite, then each failure is shown by the end of its output, and the last line is
`N passed, N failed`. Meson counts programs; Catch2's own closing line in a program's output says how many
cases it held. A program that died or hung before that line, or failed after it (a leak), is one failure more.
"""

import json
import re
import sys

ALL_PASSED = re.compile(r"^All tests passed \(.* in (\d+) test cases?\)", re.M)
SOME_FAILED = re.compile(r"^test cases:(.*)$", re.M)
LINES_SHOWN = 60


def count(test):
    """(passed, failed, skipped) of one program."""
    output = test.get("stdout") or ""
    failed_program = test["result"] in ("FAIL", "ERROR", "TIMEOUT", "INTERRUPT", "UNEXPECTEDPASS")
    passed = failed = skipped = 0
    all_passed, some_failed = ALL_PASSED.findall(output), SOME_FAILED.findall(output)
    if all_passed:
        passed = int(all_passed[-1])
    elif some_failed:
        numbers = {words: int(number) for number, words in re.findall(r"(\d+) ([a-z ]+?)\s*(?:\||$)", some_failed[-1])}
        passed = numbers.get("passed", 0) + numbers.get("failed as expected", 0)
        failed = numbers.get("failed", 0)
        skipped = numbers.get("skipped", 0)
    elif test["result"] == "SKIP":
        skipped = 1
    elif not failed_program:
        passed = 1
    if failed_program and failed == 0:
        failed = 1
    return passed, failed, skipped


def show(test):
    output = ((test.get("stdout") or "") + (test.get("stderr") or "")).splitlines()
    name = test["name"].split(" / ")[-1]
    print(f"\nFAILED  {name}: {test['result'].lower()}, exit code {test['returncode']}")
    if len(output) > LINES_SHOWN:
        print(f"  … {len(output) - LINES_SHOWN} lines before these are in the log")
    for line in output[-LINES_SHOWN:]:
        print("  " + line)
    print("  again: " + " ".join(test["command"]))


def main(log):
    suites, failures, total = {}, [], [0, 0, 0]
    with open(log, encoding="utf-8", errors="replace") as lines:
        for test in map(json.loads, lines):
            counts = count(test)
            suite = test["name"].split(" / ")[0].split(":")[-1]
            suites[suite] = suites.get(suite, 0) + counts[0] + counts[1]
            total = [sum(pair) for pair in zip(total, counts)]
            if counts[1]:
                failures.append(test)
    skipped = f", {total[2]} skipped" if total[2] else ""
    print(", ".join(f"{suite} {cases}" for suite, cases in suites.items()) + skipped)
    for test in failures:
        show(test)
    print(f"{total[0]} passed, {total[1]} failed")
    return 1 if total[1] or not total[0] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
