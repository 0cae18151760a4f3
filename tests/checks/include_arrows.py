#!/usr/bin/env python3
"""A folder includes what its line in arrows.txt names and nothing else, always as "folder/file.h"; every .cc has its header."""
from arrows import folders
from tree import ROOT, finish, includes, sources

# A program's own file, and the rest of one class that is over the size of a file.
WITHOUT_HEADER = {"cli/main.cc", "proxy/exchange/exchange_pumps.cc", "proxy/exchange/exchange_grpc.cc"}  # these two: of exchange.h

table = folders()
tops = {name.split("/")[0] for name in table}
problems = []
seen = set()
used = set()


def what_a_test_may_see(folder):
    """A test sees what its folder sees, all that is below it, and how settings are read; support, fuzz and bench everything."""
    part = folder.removeprefix("tests/")
    if part not in table and part not in tops:
        return set(table)
    reached, queue = set(), ["config/file"] * (part.split("/")[0] != "base") + [name for name in table if name == part or name.split("/")[0] == part.split("/")[0]]
    while queue:
        name = queue.pop()
        if name not in reached:
            reached.add(name)
            queue += table[name].includes
    return reached


def check_folder(path, line, name, folder, target):
    used.add((folder, target))
    if folder.startswith("tests"):
        if target in table and target not in what_a_test_may_see(folder):
            problems.append(f'{path}:{line}: {folder}/ must not include "{name}": arrows.txt leads {folder[6:]}/ nowhere near')
    elif target != folder and target not in table[folder].includes:
        problems.append(f'{path}:{line}: {folder}/ must not include "{name}": its line in arrows.txt does not name {target}')


for one in table.values():
    others = {table[name].thread for name in one.includes} - {None}
    if one.thread and others - {one.thread}:
        problems.append(f"arrows.txt: {one.name} runs on the {one.thread} and names a folder of the other thread")
for path in sources():
    folder = str(path.parent)
    if path.parts[0] != "tests" and folder not in table:
        problems.append(f"{path}: {folder}/ has no line in arrows.txt")
        continue
    seen.add(folder)
    if path.parts[0] != "tests" and path.suffix == ".cc" and str(path) not in WITHOUT_HEADER:
        own = path.with_suffix(".h")
        if not (ROOT / own).is_file():
            problems.append(f"{path}: there is no {own}: whose functions are these?")
    for line, name in includes(path):
        if name.startswith("<"):
            if name[1:-1].split("/")[0] in tops:
                problems.append(f"{path}:{line}: {name} is ours: write it in quotes")
            continue
        if path.parts[0] == "tests" and (ROOT / path.parent / name).is_file():
            continue  # a helper beside the test
        if not (ROOT / name).is_file():
            problems.append(f'{path}:{line}: "{name}" is not a path from the root of the repository')
            continue
        check_folder(path, line, name, folder, name.rsplit("/", 1)[0])
for one in table.values():
    for other in one.includes:
        if (one.name, other) not in used and other not in ("base", "config"):
            problems.append(f"arrows.txt: {one.name} includes nothing of {other}: take the name out of its line")
for name in table:
    if name not in seen:
        problems.append(f"{name}/ has no source file: arrows.txt names an empty folder")
finish(problems)
