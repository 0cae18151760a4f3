#!/usr/bin/env python3
"""docs/formats.md tells the formats as the code has them: each constant that it names, as many members as it has, and
each label that keys are made with; and no format of the code is missing there."""
import re

from tree import ROOT, finish, read, sources

PAGE = "docs/formats.md"
CONSTANT = r"k\w+(?:\s=\s|\{)[^`]+"
CODE_VERSION = re.compile(r"constexpr (?:int k\w*Version|JournalFormat k\w+|std::string_view kField)\b")
LABEL = re.compile(r'"(logto-proxy (?:v\d|stored|revocation)[^"\\]*)')
# What is in the memory of one process only.
NOT_SHARED = {"auth/session/held_requests.cc"}
problems = []
page = read(PAGE)


def check_constants():
    """`FILE`: `kName = 3`, `kOther = 4`: each stands in FILE, and where kMembers is one, so many rows follow."""
    named = set()
    for match in re.finditer(rf"`([\w/]+(?:\.cc|\.h)?)`:\s((?:`{CONSTANT}`(?:,\s)?)+)", page):
        path = match.group(1) if "." in match.group(1) else match.group(1) + ".h"
        if not (ROOT / path).is_file():
            problems.append(f"{PAGE}: there is no {path}")
            continue
        named.add(path)
        code = re.sub(r"\s+", " ", read(path))
        for constant in re.findall(rf"`({CONSTANT})`", match.group(2)):
            constant = re.sub(r"\s+", " ", constant)
            if f" {constant};" not in code:
                problems.append(f"{PAGE}: {path} does not say {constant};")
        members = re.search(r"`k(?!Note)\w*Members\s=\s(\d+)`", match.group(2))
        if members:
            check_rows(path, int(members.group(1)), page[match.end():])
    return named


def check_rows(path, wanted, after):
    table = re.match(r"[^|]*\| member \|.*\n\|.*\n((?:\| \d+ \|.*\n)+)", after)
    rows = re.findall(r"^\| (\d+) \|", table.group(1), re.MULTILINE) if table else []
    if rows != [str(number) for number in range(wanted)]:
        problems.append(f"{PAGE}: {path} has {wanted} members, the table tells of {len(rows)}")


named = check_constants()
labels = set()
for path in sources():
    if path.parts[0] == "tests":
        continue
    code = read(path)
    if CODE_VERSION.search(code) and str(path) not in named | NOT_SHARED:
        problems.append(f"{path}: has a version of a format of which {PAGE} says nothing")
    labels.update(LABEL.findall(code))
    if '"logto-proxy v1 " + purpose' in code:
        labels.update(f"logto-proxy v1 {purpose}" for purpose in re.findall(r'return "([a-z-]+)";', code))
if not named or not labels:
    problems.append("found no format or no label: this check looked at nothing")
for label in sorted(labels):
    if f"`{label.strip()}" not in page:
        problems.append(f"{PAGE}: does not tell what is made with the label {label.strip()!r}")
finish(problems)
