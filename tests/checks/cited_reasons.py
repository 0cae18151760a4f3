#!/usr/bin/env python3
"""Reasons that comments cite can be followed: every threat and every Logto fact that is named has its row in docs/, every
row of a threat is named somewhere, and no file cites a document or a corpus that is not in the repository.

Forms: "threat C10", "threats C05, C18", "threats H" (an area), "Logto fact 12". In tests a number may stand alone; it is
then a row of docs/threats.md or of a table in tests/corpora/."""
import re

from tree import files, finish, read, sources

THREATS, FACTS = "docs/threats.md", "docs/logto-behaviour.md"
NUMBER = re.compile(r"(?<![\w#%.{\"\\-])[CDHJKOPSTW]\d\d\b(?![\w.-])")
CITED = re.compile(r"\bthreats? ((?:[A-Z]\d\d|[A-Z]\b)(?:, [A-Z]\d\d)*)", re.IGNORECASE)
problems = []


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def first_column(path, separator):
    return {line.split(separator)[0].strip("| ") for line in read(path).splitlines() if line.strip()}


def flowing(text):
    """A comment's line break becomes blanks, so that a citation may run over it; offsets and the other lines stay."""
    return re.sub(r"\n[ \t]*//", lambda match: " " * len(match.group(0)), text)


def code_files():
    yield from sources()
    yield from files("*.mjs", "*.sh", "*.py", "*.js", "*.yaml", "CMakeLists.txt")


threats = {row for row in first_column(THREATS, " |") if NUMBER.fullmatch(row)}
areas = set(re.findall(r"^## ([A-Z])\. ", read(THREATS), re.MULTILINE))
facts = {int(row) for row in first_column(FACTS, " |") if row.isdigit()}
HONEST = {"J00"}  # the row of tests/op/token_attacks.mjs that lies about nothing
corpora = HONEST | {row for table in files("tests/corpora/*.tsv") for row in first_column(table, "\t")}
for what, found in {"threats": threats, "areas": areas, "facts": facts, "rows of corpora": corpora}.items():
    if not found:
        problems.append(f"found no {what}: this check looked at nothing")
names = {path.name for path in files()}
named = set()


def check_threats(path, text):
    cited = set()
    for match in CITED.finditer(re.sub(r"\s+", " ", text)):
        for word in match.group(1).split(", "):
            cited.add(word)
            if len(word) == 1 and word not in areas or len(word) > 1 and word not in threats:
                problems.append(f"{path}: cites threat {word}, which has no row in {THREATS}")
    is_test = path.parts[0] == "tests"
    for match in NUMBER.finditer(text):
        number = match.group(0)
        if is_test and number in threats | corpora:
            cited.add(number)
        elif number not in cited:
            where = f"{path}:{line_of(text, match.start())}"
            problems.append(f'{where}: {number} has no row' if is_test else f'{where}: write "threat {number}"')
    named.update(cited)


def check_facts(path, text):
    for match in re.finditer(r"(\w+)?\s+facts? (\d+)", text, re.IGNORECASE):
        if match.group(1) != "Logto":
            problems.append(f'{path}:{line_of(text, match.start())}: write "Logto fact {match.group(2)}"')
        elif int(match.group(2)) not in facts:
            problems.append(f"{path}: cites Logto fact {match.group(2)}, which has no row in {FACTS}")


def check_documents(path, text):
    for match in re.finditer(r"[\w./*{}-]*\w\.(?:md|tsv)\b", text):
        name = match.group(0).rsplit("/", 1)[-1]
        if name not in names:
            problems.append(f"{path}:{line_of(text, match.start())}: {match.group(0)} is not in the repository")


for path in code_files():
    if path.name == "cited_reasons.py" or path.parts[:2] == ("tests", "corpora"):
        continue
    text = flowing(read(path))
    check_threats(path, text)
    check_facts(path, text)
    check_documents(path, text)
for number in sorted(threats - named):
    problems.append(f"{THREATS}: nothing cites {number}: drop the row, or name it where it is the reason")
finish(problems)
