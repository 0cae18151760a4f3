#!/usr/bin/env python3
"""Nothing of the machine that a file was written on: no absolute path of a work tree or a build, no package registry
or mirror (npm's lock file names none: see tests/.npmrc), no key that looks real."""
import re

from tree import files, finish, is_text, read

# Each pattern is written so that this file does not match itself.
PATTERNS = {
    r"(?<![\w.$}-])/wor[k]/": "a path of somebody's machine",
    r"(?<![\w.$}-])/tm[p]/(build|brief|bash)": "a path of somebody's machine",
    r"(?<![\w.$}-])/hom[e]/[a-z]+/": "a path of somebody's machine",
    r"(?<![\w.$}-])/roo[t]/": "a path of somebody's machine",
    r"registry\.(npm[j]s|yarnp[k]g|npmm[i]rror)": "a package registry",
    r"(pypi|cra[t]es)\.(org|io)/": "a package registry",
    r"(deb|ftp)[\w.]*\.debia[n]\.org": "a package mirror",
    r'"resol[v]ed":\s*"https?:': "a package registry in a lock file",
    r"-----BEGI[N] [A-Z ]*PRIVATE KEY-----": "a private key",
}
looked_at = files()
if not looked_at:
    raise SystemExit("no file found: this check looked at nothing")
problems = []
for path in looked_at:
    if path.parts[:2] == ("tests", "corpora") or not is_text(path):
        continue  # corpora hold bytes of attackers, not ours
    for number, line in enumerate(read(path).splitlines(), 1):
        for pattern, what in PATTERNS.items():
            if re.search(pattern, line):
                problems.append(f"{path}:{number}: {what}")
finish(problems)
