"""The table of arrows.txt: which folders there are, what each may include, and what its files are."""
import re
import sys
from dataclasses import dataclass, field

from tree import ROOT, read

_LINE = re.compile(r"([a-z0-9_]+(?:/[a-z0-9_]+)*)((?: \[[a-z ]+\])*):((?: [a-z0-9_/]+)*)")


@dataclass
class Folder:
    name: str
    marks: list = field(default_factory=list)
    includes: list = field(default_factory=list)

    @property
    def is_pure(self):
        return "pure" in self.marks

    @property
    def thread(self):
        return next((mark for mark in self.marks if mark != "pure"), None)


def folders():
    """Each folder by name, in the order of the file. What the file may not say ends the check."""
    table = {}
    for number, line in enumerate(read("arrows.txt").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if not match:
            sys.exit(f"arrows.txt:{number}: not FOLDER [MARK]: FOLDERS")
        name, marks, includes = match.group(1), re.findall(r"\[([a-z ]+)\]", match.group(2)), match.group(3).split()
        if name in table:
            sys.exit(f"arrows.txt:{number}: {name} stands there twice")
        if not (ROOT / name).is_dir():
            sys.exit(f"arrows.txt:{number}: there is no folder {name}")
        for unknown in set(marks) - {"pure", "auth thread", "worker"}:
            sys.exit(f"arrows.txt:{number}: [{unknown}] is no mark")
        for other in includes:
            if other not in table:
                sys.exit(f"arrows.txt:{number}: {other} must stand above {name}: that is what rules out a circle")
        table[name] = Folder(name, marks, includes)
    if not table:
        sys.exit("arrows.txt has no line: this check would look at nothing")
    return table
