#!/usr/bin/env python3
"""base <- config <- auth <- proxy <- cli: a folder includes only what stands to its left, always as "folder/file.h"."""
from tree import FOLDERS, ROOT, finish, includes, sources

# tests/<folder>/ may look at what its folder may look at; fuzz and bench at everything.
TEST_FOLDERS = {f"tests/{name}": FOLDERS[: FOLDERS.index(name) + 1] for name in FOLDERS}


def allowed_for(path):
    if path.parts[0] in FOLDERS:
        return FOLDERS[: FOLDERS.index(path.parts[0]) + 1]
    return TEST_FOLDERS.get("/".join(path.parts[:2]), FOLDERS)


problems = []
seen = set()
for path in sources():
    seen.add(path.parts[0])
    for line, name in includes(path):
        if name.startswith("<"):
            inner = name[1:-1].split("/")[0]
            if inner in FOLDERS:
                problems.append(f"{path}:{line}: {name} is ours: write it in quotes")
            continue
        if path.parts[0] == "tests" and (ROOT / path.parent / name).is_file():
            continue  # a helper beside the test
        folder = name.split("/")[0]
        if not (ROOT / name).is_file():
            problems.append(f'{path}:{line}: "{name}" is not a path from the root of the repository')
        elif folder in FOLDERS and folder not in allowed_for(path):
            problems.append(f'{path}:{line}: {path.parts[0]}/ must not include "{name}": the arrows are {" <- ".join(FOLDERS)}')
for folder in FOLDERS:
    if folder not in seen:
        problems.append(f"{folder}/ has no source file: this check looked at nothing there")
finish(problems)
