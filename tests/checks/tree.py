"""What all checks share: where the repository is, which files are its own, and how a check ends.

Locating an input is fatal, never a skip: a check that looks at nothing would pass for ever.
"""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ["base", "config", "auth", "proxy", "cli"]  # in the order of the include arrows


def _listing():
    """What git knows or would add; in a copy without git's folder, everything but what .gitignore keeps out."""
    if not (ROOT / ".git").exists():
        ignored = {"build", "node_modules", "__pycache__"}
        for folder, below, names in os.walk(ROOT):
            below[:] = [name for name in below if name not in ignored]
            yield from (os.path.relpath(os.path.join(folder, name), ROOT) for name in names)
        return
    run = subprocess.run(["git", "-C", str(ROOT), "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others",
                          "--exclude-standard"], capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"cannot list the repository's files: {run.stderr.strip()}")
    yield from (name for name in run.stdout.split("\0") if name)


def files(*patterns):
    """The repository's own files (committed, or new and not ignored) that match one of the glob patterns."""
    paths = {pathlib.PurePosixPath(name) for name in _listing()}
    kept = sorted(p for p in paths if not patterns or any(p.match(pattern) for pattern in patterns))
    return [p for p in kept if (ROOT / p).is_file()]


def sources():
    """All C++ files."""
    found = files("*.cc", "*.h")
    if not found:
        sys.exit("no C++ file found: this check looked at nothing")
    return found


def read(path):
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(f"{path}: {error}")


def is_text(path):
    return b"\0" not in (ROOT / path).read_bytes()[:8192]


_CODE_TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def without_comments(text):
    """C++ text with comments blanked, line numbers kept. Good enough for a grep, not a parser."""
    def blank(match):
        token = match.group(0)
        return re.sub(r"[^\n]", " ", token) if token.startswith("/") else token
    return _CODE_TOKEN.sub(blank, text)


def includes(path):
    """(line number, name) of each `#include "name"` or `#include <name>`; the name keeps its brackets or loses its quotes."""
    for number, line in enumerate(read(path).splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+(?:"([^"]+)"|(<[^>]+>))', line)
        if match:
            yield number, match.group(1) or match.group(2)


def finish(problems):
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)
