// A Flask app below a stripped prefix: addresses it makes, uploads without a length, events.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { freePort, temporaryFolder } from '../e2e/lib/proxy.mjs';
import { RawClient, requestBytes } from '../e2e/lib/raw.mjs';
import { startServer } from '../e2e/lib/servers.mjs';
import { PYTHON, blocks, recipe } from './lib/recipe.mjs';

const APP = `from urllib.parse import unquote
from flask import Flask, Response, flash, redirect, request, session, url_for, jsonify
import threading
app = Flask(__name__)
app.secret_key = "of the tests"
go = threading.Event()
@app.get("/")
def index():
    return jsonify(user=unquote(request.headers.get("X-Forwarded-Preferred-Username", "")), url=request.url, page=url_for("index", _external=True), link=url_for("index"), client=request.remote_addr, cart=session.get("cart"))
@app.post("/cart")
def cart():
    session["cart"] = request.form["item"]
    return redirect(url_for("index"))
@app.post("/bytes")
def size():
    return jsonify(length=request.headers.get("Content-Length"), encoding=request.headers.get("Transfer-Encoding"), got=len(request.get_data()))
@app.get("/file/<path:name>")
def file(name):
    return jsonify(name=name, raw=request.environ["RAW_URI"])
@app.get("/events")
def events():
    def lines():
        yield "data: one\\n\\n"
        go.wait()
        yield "data: two\\n\\n"
    return Response(lines(), mimetype="text/event-stream")
@app.post("/go")
def release():
    go.set()
    return ""
`;

async function startFlask(t, fix) {
  const port = await freePort();
  const folder = temporaryFolder();
  fs.writeFileSync(path.join(folder, 'shop.py'), APP + fix);
  await startServer(t, path.join(PYTHON, 'gunicorn'), ['--chdir', folder, '--bind', `127.0.0.1:${port}`, '--threads', '4', 'shop:app'], port);
  return `http://127.0.0.1:${port}`;
}

test('Flask: addresses with the prefix, its session, uploads with and without a length, events', { timeout: 60_000 }, async (t) => {
  const site = await recipe(t, 'flask', { shop: await startFlask(t, blocks('flask', 'python')[0]) });
  const alice = await site.signIn({ username: '山田' }, '/shop/?q=a%2Bb');
  const seen = JSON.parse(alice.landed.text);
  assert.deepEqual(seen, { user: '山田', url: 'https://flask.example.com/shop/?q=a%2Bb', page: 'https://flask.example.com/shop/', link: '/shop/', client: '127.0.0.1', cart: null });

  const bought = await alice.post('/shop/cart', { item: 'tea & cake' });
  assert.equal(bought.url, 'https://flask.example.com/shop/');
  assert.equal(JSON.parse(bought.text).cart, 'tea & cake');

  const chunks = `${(1 << 20).toString(16)}\r\n${'x'.repeat(1 << 20)}\r\n`.repeat(3) + '0\r\n\r\n';
  const chunked = await alice.ask('POST', '/shop/bytes', { 'Transfer-Encoding': 'chunked' }, chunks);
  assert.deepEqual(JSON.parse(chunked.text), { length: String(3 << 20), encoding: null, got: 3 << 20 });
  const whole = await alice.ask('POST', '/shop/bytes', {}, Buffer.alloc(12 << 20));
  assert.equal(JSON.parse(whole.text).got, 12 << 20);
  assert.equal((await alice.ask('POST', '/shop/bytes', { 'Content-Length': String(17 << 20) })).status, 413);
  const file = JSON.parse((await alice.ask('GET', '/shop/file/a%40b/c%2Bd%20%5B1%5D//e')).text);
  assert.deepEqual(file, { name: 'a@b/c+d [1]//e', raw: '/file/a%40b/c%2Bd%20%5B1%5D//e' });

  const client = await RawClient.connect(site.port);
  t.after(() => client.destroy());
  const cookie = alice.cookieHeader(new URL(site.origin));
  await client.send(requestBytes('GET', '/shop/events', { Host: site.host, Cookie: cookie, Accept: 'text/event-stream', 'Sec-Fetch-Mode': 'cors' }));
  await client.stream.until((bytes) => (bytes.includes('data: one') ? true : undefined), { timeout: 5000, what: 'the first event' });
  assert.equal((await alice.ask('POST', '/shop/go', {}, '')).status, 200);
  await client.stream.until((bytes) => (bytes.includes('data: two') ? true : undefined), { timeout: 5000, what: 'the second event' });
});

test('Flask without ProxyFix: redirects are right all the same, links in pages are not', { timeout: 60_000 }, async (t) => {
  const site = await recipe(t, 'flask', { shop: await startFlask(t, '') });
  const alice = await site.signIn({}, '/shop/');
  const bought = await alice.post('/shop/cart', { item: 'tea' });
  assert.equal(bought.url, 'https://flask.example.com/shop/');
  const page = JSON.parse(bought.text);
  assert.equal(page.cart, 'tea');
  assert.equal(page.link, '/');
});
