#!/usr/bin/env python3
"""Policy is pure: it takes the time, randomness and keys as arguments and reaches no event, fetch or log header,
neither itself nor through a header of ours. Folders that arrows.txt marks [pure] are so as a whole; in the mixed ones
the pure files stand in policy_files.txt."""
import pathlib
import sys

from arrows import folders
from tree import ROOT, files, finish, includes, read, without_comments

HERE = pathlib.Path(__file__).parent
IMPURE_HEADERS = ["base/event.h", "base/log.h", "base/clock.h", "auth/provider/fetch.h", "auth/provider/pinned_fetch.h",
                  "auth/gate/gatekeeper.h", "auth/service/auth_service.h", "auth/provider/provider.h", "auth/realm/realm.h",
                  "event2/", "<event2/", "<curl/", "<fstream>", "<thread>", "<random>", "<sys/socket.h>", "<unistd.h>"]
IMPURE_CALLS = ["system_clock", "steady_clock", "::now(", "random_bytes(", "getenv(", "time(nullptr)", "time(NULL)", "std::rand("]


def listed(name):
    path = HERE / name
    if not path.is_file():
        sys.exit(f"{name} is missing")
    lines = [line.split("#")[0].strip() for line in path.read_text().splitlines()]
    entries = [line for line in lines if line]
    if not entries:
        sys.exit(f"{name} lists nothing: this check would look at nothing")
    return entries


def reached(path, via=(), seen=None):
    """Every include that `path` reaches: (name, chain of files that leads to it)."""
    seen = set() if seen is None else seen
    for _, name in includes(path):
        if name in seen:
            continue
        seen.add(name)
        yield name, via
        if not name.startswith("<") and (ROOT / name).is_file():
            yield from reached(name, via + (name,), seen)


def judge(path):
    for name, via in reached(path):
        if any(name == banned or (banned.endswith("/") and name.startswith(banned)) for banned in IMPURE_HEADERS):
            chain = f" (through {' -> '.join(via)})" if via else ""
            yield f"{path}: policy must not include {name}{chain}"
    header = pathlib.PurePosixPath(path).with_suffix(".h")
    for part in [path] + ([str(header)] if (ROOT / header).is_file() else []):
        for number, line in enumerate(without_comments(read(part)).splitlines(), 1):
            for call in IMPURE_CALLS:
                if call in line:
                    yield f"{part}:{number}: policy must not call {call}: take it as an argument"


table = folders()
pure_folders = {one.name for one in table.values() if one.is_pure}
policy = listed("policy_files.txt")
problems = [f"{header}: this check forbids it, and there is no such file" for header in IMPURE_HEADERS
            if not header.startswith(("<", "event2")) and not (ROOT / header).is_file()]
for path in policy:
    folder = str(pathlib.PurePosixPath(path).parent)
    if not (ROOT / path).is_file():
        problems.append(f"{path}: listed but not there")
    if folder in pure_folders:
        problems.append(f"{path}: need not be listed, for {folder}/ is pure as a whole")
policy += [str(path) for path in files("*.cc", "*.h") if str(path.parent) in pure_folders]
for path in policy:
    if (ROOT / path).is_file():
        problems += judge(path)
finish(problems)
