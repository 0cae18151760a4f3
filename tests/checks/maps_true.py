#!/usr/bin/env python3
"""The maps show what is there: docs/ARCHITECTURE.md has the table of arrows.txt and fits on two screens, and the README.md
of each folder with more than three source files names each of its files once, and no other.

A pair x.h and x.cc is one entry: "- `x`: what it is". The first paragraph of a README says what arrows.txt says of purity
and thread, and the last one begins with "Never here:"."""
import re

from arrows import folders
from tree import ROOT, files, finish, read

MAP = "docs/ARCHITECTURE.md"
MAP_LINES, MAP_COLUMNS, README_FROM = 130, 120, 4
table = folders()
problems = []


def expanded(text, folder):
    """The folders that a cell of the map names: "http net auth/{visit rules}", or "all but" some."""
    part = folder.split("/")[0]
    text = re.sub(r"(\w+)/\{([\w ]+)\}", lambda m: " ".join(f"{m.group(1)}/{name}" for name in m.group(2).split()), text)
    but = text.startswith("all but ")
    names = {name if "/" in name else f"{part}/{name}" for name in text.removeprefix("all but ").split()}
    return set(table) - names - {folder, "base", "config"} if but else names


def check_row(folder, pure, sees, group):
    if folder not in table:
        problems.append(f"{MAP}: {folder} has no line in arrows.txt")
        return
    one = table[folder]
    given = set(one.includes) - {"base", "config"}
    for below in [name for name in ("base", "config") if list(table).index(name) < list(table).index(folder)]:
        if below not in one.includes:
            problems.append(f"arrows.txt: {folder} does not include {below}, as {MAP} says of all")
    for name in sorted(expanded(sees, folder) ^ given):
        problems.append(f"{MAP}: {folder} and {name}: the table and arrows.txt differ")
    if (pure == "pure") != one.is_pure:
        problems.append(f"{MAP}: whether {folder} is pure, the table and arrows.txt differ")
    if one.thread not in (None, group) or group == "auth thread" and one.thread is None:
        problems.append(f"{MAP}: {folder} stands under {group}, arrows.txt says {one.thread}")


def check_map():
    lines = read(MAP).splitlines()
    if len(lines) > MAP_LINES:
        problems.append(f"{MAP}: {len(lines)} lines, a map has at most {MAP_LINES}")
    group, shown = None, []
    for number, line in enumerate(lines, 1):
        if len(line) > MAP_COLUMNS:
            problems.append(f"{MAP}:{number}: {len(line)} characters, at most {MAP_COLUMNS}")
        heading = re.match(r"\| \*\*([a-z ]+)\*\* \|", line)
        row = re.match(r"\| `([\w/]+)` \| (pure)? ?\| ([^|]*?) ?\| [^|]+ \|$", line)
        if heading:
            group = heading.group(1)
        elif row:
            shown.append(row.group(1))
            check_row(row.group(1), row.group(2), row.group(3), group)
    for folder in table:
        if shown.count(folder) != 1:
            problems.append(f"{MAP}: {folder} stands {shown.count(folder)} times in the table")


def check_first_paragraph(readme, text, one):
    paragraph = re.sub(r"^#.*\n+", "", text).split("\n\n")[0].lower().replace("\n", " ")
    for mark in one.marks:
        if not re.search(rf"\b{mark}\b", paragraph):
            problems.append(f'{readme}: the first paragraph does not say "{mark}", as arrows.txt does')
    if not re.search(r"\n\nNever here: .+\.\n$", text, re.DOTALL):
        problems.append(f'{readme}: does not end with "Never here: ..."')


def check_readme(one):
    sources = [path for path in files("*.cc", "*.h") if str(path.parent) == one.name]
    readme = f"{one.name}/README.md"
    if not (ROOT / readme).is_file():
        if len(sources) >= README_FROM:
            problems.append(f"{readme} is missing: {one.name}/ has {len(sources)} source files")
        return
    text = read(readme)
    check_first_paragraph(readme, text, one)
    entries = [name for names in re.findall(r"^- ((?:`\w+`(?:, )?)+): ", text, re.MULTILINE) for name in re.findall(r"\w+", names)]
    stems = {path.stem for path in sources}
    for name in sorted(stems ^ set(entries)):
        problems.append(f"{readme}: " + (f"says nothing of {name}" if name in stems else f"names {name}, which is not there"))
    for name in sorted({name for name in entries if entries.count(name) > 1}):
        problems.append(f"{readme}: names {name} more than once")


check_map()
for folder in table.values():
    check_readme(folder)
finish(problems)
