#!/usr/bin/env python3
"""What is left to do stands in the issues, not in the code."""
import re

from tree import files, finish, read

WORDS = re.compile(r"\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b")
problems = []
looked_at = files("*.cc", "*.h", "*.mjs", "*.js", "*.py", "*.sh", "*.md", "*.yaml", "*.txt")
if not looked_at:
    raise SystemExit("no file found: this check looked at nothing")
for path in looked_at:
    if path.parts[:2] == ("tests", "corpora"):
        continue
    for number, line in enumerate(read(path).splitlines(), 1):
        if WORDS.search(line):
            problems.append(f"{path}:{number}: {line.strip()[:100]}")
finish(problems)
