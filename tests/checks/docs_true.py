#!/usr/bin/env python3
"""What documents and comments say exists, exists: paths, links, the README's two commands, configuration keys."""
import os
import re

from tree import ROOT, files, finish, read, sources

PLACES = "base config auth proxy cli tests deploy docs .ci".split()
COMMANDS = ["deploy/demo.sh", "tests/run.sh", ".ci/run"]
problems = []


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def check_backticked_paths(path, text):
    """`auth/endpoints/sign_out.cc` must exist, and of `auth/endpoints/sign_out` the header or the source; `auth/x.h/.cc`
    means both; a glob must match something; build/ is made later."""
    for match in re.finditer(r"`([\w.*{}<>-]+(?:/[\w.*{}<>-]*)+)`", text):
        word = match.group(1).rstrip("/")
        if word.split("/")[0] not in PLACES or "<" in word or "{" in word:
            continue
        pattern = re.fullmatch(r"(.+)\.h/\.cc", word)
        for name in [f"{pattern.group(1)}.h", f"{pattern.group(1)}.cc"] if pattern else [word]:
            if not any(any(ROOT.glob(name + suffix)) for suffix in ["", ".h", ".cc"]):
                problems.append(f"{path}:{line_of(text, match.start())}: there is no {name}")


def check_paths_in_comments(path, text):
    """Comments of C++ name files with or without their ending."""
    for comment in re.finditer(r"//[^\n]*", text):
        for match in re.finditer(r"(?<![\w/.{\"-])(?:base|config|auth|proxy|cli|docs)/[\w/.-]*\w", comment.group(0)):
            if not any((ROOT / (match.group(0) + suffix)).exists() for suffix in ["", ".h", ".cc"]):
                problems.append(f"{path}:{line_of(text, comment.start())}: there is no {match.group(0)}")


def check_links(path, text):
    for match in re.finditer(r"\]\(([^)#\s]+)(#[^)]*)?\)", text):
        target = match.group(1)
        if re.match(r"[a-z]+:", target):
            continue
        if not (ROOT / path.parent / target).exists():
            problems.append(f"{path}:{line_of(text, match.start())}: the link {target} leads nowhere")


def top_level_keys(yaml_text):
    return re.findall(r"^#?([a-z_]+):", yaml_text, re.MULTILINE)  # "#key:" shows a default


def check_configuration_keys():
    example = read("config.example.yaml")
    known = set(top_level_keys(example))
    if not known:
        problems.append("config.example.yaml: found no key: this check looked at nothing")
    manual = read("docs/MANUAL.md")
    for key in sorted(known):
        if not re.search(rf"\b{key}\b", manual):
            problems.append(f"docs/MANUAL.md: says nothing about the key {key} of config.example.yaml")
    for name in ["README.md", "README.ja.md", "docs/MANUAL.md"]:
        for block in re.findall(r"```yaml\n(.*?)```", read(name), re.DOTALL):
            for key in re.findall(r"^([a-z_]+):", block, re.MULTILINE):
                if key not in known and key not in ("services", "volumes"):
                    problems.append(f"{name}: shows the key {key}, which config.example.yaml does not have")


documents = [path for path in files("*.md") if path.parts[:2] != ("tests", "corpora")]
for needed in ["README.md", "README.ja.md", "docs/ARCHITECTURE.md", "docs/MANUAL.md", "CHANGELOG.md", "SECURITY.md"]:
    if not (ROOT / needed).is_file():
        problems.append(f"{needed} is missing")
for path in documents:
    text = read(path)
    check_backticked_paths(path, text)
    check_links(path, text)
for path in sources():
    check_paths_in_comments(path, read(path))
for command in COMMANDS:
    if not os.access(ROOT / command, os.X_OK):
        problems.append(f"{command} is not there or not executable")
    for readme in ["README.md", "README.ja.md"]:
        if command != ".ci/run" and command not in read(readme):
            problems.append(f"{readme} does not name {command}")
if (ROOT / ".ci/run").is_file() and "tests/run.sh" not in read(".ci/run"):
    problems.append(".ci/run does not call the README's test command")
check_configuration_keys()
finish(problems)
