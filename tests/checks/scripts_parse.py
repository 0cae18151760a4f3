#!/usr/bin/env python3
"""Every shell script parses, and says by its first line which shell it is for."""
import re
import subprocess

from tree import ROOT, files, finish, read

problems = []
scripts = files("*.sh", ".ci/run")
if not scripts:
    raise SystemExit("no script found: this check looked at nothing")
for path in scripts:
    first = read(path).split("\n", 1)[0]
    shell = re.match(r"#!(?:/usr/bin/env |/bin/)(bash|sh)\b|# shellcheck shell=(bash|sh)\b", first)
    if not shell:
        problems.append(f"{path}: the first line names no shell")
        continue
    run = subprocess.run([shell.group(1) or shell.group(2), "-n", str(path)], cwd=ROOT, capture_output=True, text=True)
    problems += run.stderr.splitlines()
finish(problems)
