#!/usr/bin/env python3
"""Every complete configuration that we show (config.example.yaml, deploy/*, the documents' blocks with `routes:`) is one
that the program accepts. Needs the built binary: LOGTO_PROXY_BIN, else build/release/logto-proxy."""
import os
import pathlib
import re
import subprocess
import tempfile

from tree import ROOT, files, finish, read

BINARY = pathlib.Path(os.environ.get("LOGTO_PROXY_BIN", "build/release/logto-proxy"))
BINARY = BINARY if BINARY.is_absolute() else ROOT / BINARY
if not BINARY.is_file():
    raise SystemExit(f"{BINARY.name} is not built")

VARIABLES = {"LOGTO_APP_ID": "an-app-id", "LOGTO_APP_SECRET": "an-app-secret-of-some-length",
             "SESSION_SECRET": "51c5HD7bLMWhenUoGhHXDcDEvxo7ZlTsolyChfatYkQ=",
             "CHECK_SECRET": "w8Kq2Zr7Tm4Xc9Vb",
             "SITE": "http://localhost:8080", "LOGTO_ENDPOINT": "http://localhost:3001",
             "LOGTO_ADMIN_ENDPOINT": "http://localhost:3002", "SITE_HOST": "app.example.com", "ACME_EMAIL": "me@example.com",
             "ACME_DIRECTORY": "https://acme-v02.api.letsencrypt.org/directory"}


def is_complete(text):
    has = [key for key in ("external_urls", "logto", "realms", "routes") if re.search(rf"^{key}:", text, re.MULTILINE)]
    return has in (["external_urls", "logto", "routes"], ["realms", "routes"])


def samples():
    for path in files("*.yaml"):
        if path.parts[0] != "tests" and is_complete(read(path)):
            yield str(path), read(path)
    for path in files("README*.md", "docs/*.md", "docs/apps/*.md"):
        for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", read(path), re.DOTALL), 1):
            if is_complete(block):
                yield f"{path}, yaml block {number}", block


def with_files(text, folder):
    """The files that `setup` makes in a volume are there, as they are once it has run."""
    for name in re.findall(r"_file: /var/lib/logto-proxy/(\S+)", text):
        pathlib.Path(folder, name).write_text(VARIABLES["SESSION_SECRET"] + "\n", encoding="utf-8")
        text = text.replace(f"_file: /var/lib/logto-proxy/{name}", f"_file: {folder}/{name}")
    return text


def check(name, text):
    variables = {key: "1" for key in re.findall(r"\$\{([A-Z_]+)\}", text)} | VARIABLES
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "config.yaml"
        file.write_text(with_files(text, folder), encoding="utf-8")
        run = subprocess.run([str(BINARY), "check", "--config", str(file)], env={**os.environ, **variables},
                             capture_output=True, text=True, timeout=60)
    return [] if run.returncode == 0 else [f"{name}: {line}" for line in run.stderr.splitlines()[:10] or ["refused"]]


found = list(samples())
if not found:
    raise SystemExit("no complete configuration found: this check looked at nothing")
finish([problem for name, text in found for problem in check(name, text)])
