#!/usr/bin/env python3
"""Layout is clang-format's matter, not ours: no debate."""
import collections
import re
import shutil
import subprocess

from tree import ROOT, finish, sources

TOOL = "clang-format-14"
if not shutil.which(TOOL):
    raise SystemExit(f"{TOOL} is not installed")
run = subprocess.run([TOOL, "--dry-run", "-Werror", *map(str, sources())], cwd=ROOT, capture_output=True, text=True)
places = collections.Counter(re.findall(r"^([^:\n]+):\d+:\d+: error:", run.stderr, re.MULTILINE))
if run.returncode != 0 and not places:
    raise SystemExit(run.stderr)
finish([f"{path}: {count} places; run {TOOL} -i {path}" for path, count in sorted(places.items())])
