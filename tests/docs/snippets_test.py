#!/usr/bin/env python3
"""Each C++ snippet in the docs that names a file, `<!-- examples/gather.cpp -->` on the line before it, is in that file.

    snippets_test.py ROOT DOCUMENT...

Lines are compared without their indentation; `// …` in a snippet stands for lines left out. A snippet that names no
file is an error: what the docs show has been compiled.
"""
import re
import sys
from pathlib import Path


def lines_of(text):
    return [line.strip() for line in text.strip().splitlines()]


def find(part, lines, start):
    for at in range(start, len(lines) - len(part) + 1):
        if lines[at:at + len(part)] == part:
            return at + len(part)
    return None


def parts_of(snippet):
    part = []
    for line in lines_of(snippet) + ["// …"]:
        if line != "// …":
            part.append(line)
        elif part:
            yield part
            part = []


def check(root, document):
    text = (root / document).read_text()
    count, wrong = 0, []
    for match in re.finditer(r"(?:^<!-- (\S+) -->\n)?^```cpp\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        count += 1
        place = f"{document}:{text.count(chr(10), 0, match.start(2))}"
        if not match[1]:
            wrong.append(f"{place}: a snippet that names no file. Put <!-- PATH --> on the line before it.")
            continue
        lines, at = lines_of((root / match[1]).read_text()), 0
        for part in parts_of(match[2]):
            at = find(part, lines, at)
            if at is None:
                wrong.append(f"{place}: not in {match[1]}: {part[0]}")
                break
    return count, wrong


root = Path(sys.argv[1])
total, wrong = 0, []
for name in sys.argv[2:]:
    count, found = check(root, name)
    total += count
    wrong += found
    if count == 0:
        wrong.append(f"{name}: no snippet at all")
print("\n".join(wrong) if wrong else f"{total} snippets are as compiled")
sys.exit(1 if wrong else 0)
