#!/usr/bin/env python3
"""No C++ file over 800 lines, no function over 100: a long one is a missing noun."""
import re

from tree import finish, read, sources

FILE_LINES = 800
FUNCTION_LINES = 100


def long_blocks(lines, indent):
    """Blocks that clang-format closes with a lone '}' at `indent`; they begin at the last line of that indent before it."""
    start = None
    for number, line in enumerate(lines, 1):
        if not line.startswith(indent) or not line.strip():
            continue
        rest = line[len(indent):]
        if rest == "}" and start is not None:
            if number - start + 1 > FUNCTION_LINES:
                yield start, number - start + 1
        elif re.match(r"[A-Za-z_~\[]", rest):
            if not re.match(r"(namespace|public|private|protected|case|default)\b", rest):
                start = number


problems = []
for path in sources():
    lines = read(path).splitlines()
    if len(lines) > FILE_LINES:
        problems.append(f"{path}: {len(lines)} lines, the ceiling is {FILE_LINES}")
    for indent in ("", "  "):
        for start, length in long_blocks(lines, indent):
            problems.append(f"{path}:{start}: a function of {length} lines, the ceiling is {FUNCTION_LINES}")
finish(problems)
