#!/usr/bin/env python3
"""Runs Fossil (Debian's package; wiki, tickets and timeline in one) as a web server's CGI would, with X-Remote-User as its REMOTE_USER.

Fossil is told to believe REMOTE_USER (its setting remote_user_ok), as it is behind Apache; whom it does not know yet gets an account.
Python's standard library only.  wiki.py --folder build/demo/wiki [--port 8081] [--host 127.0.0.1] [--mount /wiki]
"""
import argparse
import os
import re
import secrets
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

PROJECT = "Acme handbook"
MEMBER_RIGHTS = "bcfghjkmnorw"        # read and write the wiki and the tickets
PAGES = {
    PROJECT: """# Acme handbook

Welcome. This is [Fossil](wiki?name=About+this+demo), an app from 2007 that has never heard of OpenID Connect:
it sees the header `X-Remote-User`, which logto-proxy sets and nobody else can.

Your user name stands in the upper right corner. Edit this page, or look around:

  *  [All pages](wcontent), [recent changes](timeline), [tickets](reportlist), [a new ticket](tktnew)
  *  [日本語のページ](wiki?name=ようこそ)
  *  back to the [start page](/), or see [the headers](/headers/) an app gets
""",
    "About this demo": """# About this demo

The proxy asks Logto (here: a development provider in its place) who you are, keeps that in an encrypted cookie,
and tells this wiki in a header. The wiki needed one setting: *allow REMOTE_USER authentication*.
""",
    "ようこそ": """# ようこそ

このウィキはOpenID Connectを知りません。ログインしているのが誰かは、プロキシがヘッダーで伝えます。
""",
}
TICKETS = (("Coffee machine on the 3rd floor leaks", "Incident"), ("Renew the office lease", "Feature_Request"))


class Wiki:
    def __init__(self, folder):
        self.folder = Path(folder).resolve()
        self.repository = self.folder / "wiki.fossil"
        self.script = self.folder / "wiki.cgi"
        self.environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(self.folder), "FOSSIL_HOME": str(self.folder),
                            "USER": "admin", "LANG": "C.UTF-8"}
        self.lock = threading.Lock()
        self.known = set()

    def fossil(self, *arguments, text=""):
        done = subprocess.run(["fossil", *arguments], input=text, capture_output=True, text=True, env=self.environment, cwd=self.folder, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"fossil {' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def on_repository(self, *arguments, text=""):
        return self.fossil(*arguments, "-R", str(self.repository), text=text)

    def prepare(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.repository.exists():
            self.create()
        self.script.write_text(f"#!/usr/bin/fossil\nrepository: {self.repository}\n")
        self.known = {line.split()[0] for line in self.on_repository("user", "list").splitlines() if line.strip()}

    def create(self):
        self.fossil("new", "--project-name", PROJECT, "--admin-user", "admin", str(self.repository))
        self.on_repository("sql", text="REPLACE INTO config(name,value,mtime) VALUES('remote_user_ok','1',strftime('%s','now'));\n")
        for title, text in PAGES.items():
            self.on_repository("wiki", "create", title, "-", "--mimetype", "text/x-markdown", text=text)
        for title, kind in TICKETS:
            self.on_repository("ticket", "add", "title", title, "type", kind, "status", "Open")

    def ensure_user(self, name):
        with self.lock:
            if name in self.known:
                return
            self.on_repository("user", "new", name, name, secrets.token_urlsafe(16))
            self.on_repository("user", "capabilities", name, MEMBER_RIGHTS)
            self.known.add(name)


class Gateway(BaseHTTPRequestHandler):
    """One CGI process a request."""
    protocol_version = "HTTP/1.1"
    server_version = "demo-wiki"
    wiki = None
    mount = ""

    def remote_user(self):
        name = unquote(self.headers.get("X-Remote-User", ""))
        # The name becomes an argument of a command: only what a user name may be.
        return name if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,63}", name) else None

    def environment(self, path, query):
        host = self.headers.get("Host", "localhost")
        env = {**self.wiki.environment, "GATEWAY_INTERFACE": "CGI/1.1", "SERVER_PROTOCOL": "HTTP/1.1", "REQUEST_METHOD": self.command,
               "SCRIPT_NAME": self.mount, "PATH_INFO": unquote(path), "QUERY_STRING": query, "REQUEST_URI": self.path,
               "SERVER_NAME": host.rsplit(":", 1)[0], "SERVER_PORT": host.rsplit(":", 1)[-1] if ":" in host else "80",
               "REMOTE_ADDR": self.client_address[0], "CONTENT_TYPE": self.headers.get("Content-Type", ""),
               "CONTENT_LENGTH": self.headers.get("Content-Length", "")}
        if self.headers.get("X-Forwarded-Proto") == "https":
            env["HTTPS"] = "on"
        for name in ("Host", "Cookie", "User-Agent", "Referer", "Accept", "Accept-Language", "If-None-Match", "If-Modified-Since", "Origin"):
            if name in self.headers:
                env["HTTP_" + name.upper().replace("-", "_")] = self.headers[name]
        user = self.remote_user()
        if user:
            self.wiki.ensure_user(user)
            env["REMOTE_USER"] = user
        return env

    def handle_any(self):
        if self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            return self.send_error(411)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, query = self.path.partition("?")
        if path in (self.mount, self.mount + "/"):
            return self.relay(302, [("Location", f"{self.mount}/home")], b"")
        if not path.startswith(self.mount + "/"):
            return self.send_error(404)
        done = subprocess.run(["fossil", "cgi", str(self.wiki.script)], input=body, capture_output=True, check=False,
                              env=self.environment(path[len(self.mount):], query), cwd=self.wiki.folder)
        head, _, content = done.stdout.replace(b"\r\n\r\n", b"\n\n", 1).partition(b"\n\n")
        fields = [tuple(part.strip() for part in line.split(":", 1)) for line in head.decode("latin-1").splitlines() if ":" in line]
        status = next((int(value.split()[0]) for name, value in fields if name.lower() == "status"), 200 if fields else 500)
        return self.relay(status, [field for field in fields if field[0].lower() not in ("status", "content-length", "connection")], content)

    def relay(self, status, fields, content):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = handle_any


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--mount", default="/wiki")
    given = parser.parse_args()
    wiki = Wiki(given.folder)
    try:
        wiki.prepare()
    except (RuntimeError, OSError) as problem:
        sys.exit(f"wiki: {problem}")
    Gateway.wiki, Gateway.mount = wiki, given.mount.rstrip("/")
    ThreadingHTTPServer((given.host, given.port), Gateway).serve_forever()


if __name__ == "__main__":
    main()
