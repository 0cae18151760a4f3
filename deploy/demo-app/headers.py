#!/usr/bin/env python3
"""A page that greets by name and shows the request headers it got: the view of an app behind the proxy.

Python's standard library only.  headers.py --port 8082 [--host 127.0.0.1]
"""
import argparse
import html
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c1b1f;background:#fff}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #ccc;overflow-wrap:anywhere}
th{white-space:nowrap}.identity{background:#efeaff}code{font-size:.95em}nav a,nav button{margin-right:1rem}form{display:inline}
@media(prefers-color-scheme:dark){body{background:#191c1d;color:#eee}.identity{background:#352d5c}a{color:#b7a4ff}th,td{border-color:#555}}"""

IDENTITY = ("x-forwarded-user", "x-forwarded-email", "x-forwarded-preferred-username", "x-forwarded-groups", "x-forwarded-name", "x-remote-user")
LINKS = (("/", "Start"), ("/wiki/", "Wiki"), ("/headers/", "Headers"), ("/admin/", "Admins only"), ("/members/", "Patreon members only"),
         ("/linkedin/", "With LinkedIn"), ("/_auth/me", "Who am I (JSON)"))


def decoded(value):
    """Header values come percent-encoded: every byte but visible ASCII."""
    return unquote(value, encoding="utf-8", errors="replace")


class Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "demo-headers"

    def greeting(self):
        for name in ("X-Forwarded-Name", "X-Forwarded-Preferred-Username", "X-Forwarded-Email", "X-Forwarded-User"):
            if self.headers.get(name):
                return decoded(self.headers[name])
        return None

    def rows(self):
        for name, value in self.headers.items():
            plain = decoded(value) if name.lower() in IDENTITY else value
            shown = f"<code>{html.escape(value)}</code>" + ("" if plain == value else f"<br>= {html.escape(plain)}")
            kind = ' class="identity"' if name.lower() in IDENTITY else ""
            yield f"<tr{kind}><th scope=row>{html.escape(name)}</th><td>{shown}</td></tr>"

    def account(self, name):
        if name is None:
            return '<p>You are not signed in. <a href="/_auth/sign-in?return_to=/">Sign in</a> or <a href="/_auth/sign-up?return_to=/">create an account</a>.</p>'
        return '<form method="post" action="/_auth/sign-out"><button>Sign out</button></form>'

    def page(self):
        name = self.greeting()
        links = " ".join(f'<a href="{path}">{html.escape(label)}</a>' for path, label in LINKS)
        return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>Demo app</title><style>{STYLE}</style></head>
<body><nav>{links}</nav>
<h1>Hello, {html.escape(name or "stranger")}</h1>
{self.account(name)}
<p>This app knows nothing of OpenID Connect. It got <code>{html.escape(self.command)} {html.escape(self.path)}</code> with these headers; the coloured ones say who you are.</p>
<table>{"".join(self.rows())}</table>
</body></html>
"""

    def answer(self, status, content_type, body):
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def handle_any(self):
        if self.headers.get("Transfer-Encoding"):
            self.close_connection = True    # this small server reads no chunks
        else:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/api/"):
            self.answer(200, "application/json", json.dumps({"name": self.greeting(), "headers": list(self.headers.items())}))
        elif self.path == "/favicon.ico":
            self.answer(404, "text/plain", "no icon")
        else:
            self.answer(200, "text/html; charset=utf-8", self.page())

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8082)
    given = parser.parse_args()
    ThreadingHTTPServer((given.host, given.port), Page).serve_forever()


if __name__ == "__main__":
    main()
