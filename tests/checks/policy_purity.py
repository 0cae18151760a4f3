#!/usr/bin/env python3
"""Policy is pure: it takes the time, randomness and keys as arguments and reaches no event, fetch or log header,
neither itself nor through a header of ours. Every .cc of auth/ and proxy/ stands in policy_files.txt or io_files.txt,
so that a new file must choose."""
import pathlib
import sys

from tree import ROOT, files, finish, includes, read, without_comments

HERE = pathlib.Path(__file__).parent
IMPURE_HEADERS = ["base/event.h", "base/log.h", "base/clock.h", "auth/provider/fetch.h", "auth/gate/gatekeeper.h", "auth/service/auth_service.h",
                  "auth/provider/provider.h", "auth/realm/realm.h", "event2/", "<event2/", "<curl/", "<fstream>", "<thread>", "<random>",
                  "<sys/socket.h>", "<unistd.h>"]
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


policy, io = listed("policy_files.txt"), listed("io_files.txt")
problems = [f"{path}: listed but not there" for path in policy + io if not (ROOT / path).is_file()]
problems += [f"{path}: listed as policy and as I/O" for path in sorted(set(policy) & set(io))]
for path in files("*.cc"):
    if path.parts[0] in ("auth", "proxy") and str(path) not in policy and str(path) not in io:
        problems.append(f"{path}: add it to tests/checks/policy_files.txt (pure) or io_files.txt")
for path in policy:
    if (ROOT / path).is_file():
        problems += judge(path)
finish(problems)
