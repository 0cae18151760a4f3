// A recipe of docs/apps, run: its page's configuration goes through `check` as it stands, then before the real app, with
// three things replaced: where the proxy listens, where the provider is, and the app's port. A person meets it under the
// recipe's own https origin, as behind a terminator of TLS.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import WebSocket from '../../node_modules/ws/wrapper.mjs';
import { BrowserUser } from '../../e2e/lib/browser_user.mjs';
import { EvilOp } from '../../e2e/lib/evil_op.mjs';
import { Proxy, REPO, freePort, freshSecret, run, temporaryFolder, writeConfig } from '../../e2e/lib/proxy.mjs';
import { FETCH } from '../../e2e/lib/raw.mjs';

// Where tests/apps/run.sh puts what comes from PyPI and npm.
export const PYTHON = path.join(REPO, 'build/apps/venv/bin');
export const NODE_MODULES = path.join(REPO, 'build/apps/node_modules');

const page = (name) => fs.readFileSync(path.join(REPO, 'docs/apps', `${name}.md`), 'utf8');

// The blocks of a language in a recipe; the app's own settings are read from there too, so that what a page shows is what ran.
export function blocks(name, language) {
  const found = [...page(name).matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, 'g'))].map(([, text]) => text);
  assert.ok(found.length, `docs/apps/${name}.md shows no ${language}`);
  return found;
}

// upstreams: the address of each app by the name that the recipe gives it. plain: under http://localhost:PORT, for programs
// that know no other name. files: what is in the files that the recipe names. change: for a test of what a page warns of.
export async function recipe(t, name, upstreams, { plain = false, files = {}, change = (text) => text } = {}) {
  const written = blocks(name, 'yaml').find((text) => /^routes:/m.test(text));
  const op = await EvilOp.start();
  t.after(() => op.stop());
  const env = { LOGTO_APP_ID: op.clientId, LOGTO_APP_SECRET: op.clientSecret, SESSION_SECRET: freshSecret() };
  await assertAccepted(written, env, files);

  const port = await freePort();
  const adminAddress = `127.0.0.1:${await freePort()}`;
  const [, host] = /^external_urls: \[https:\/\/([\w.-]+)\]/m.exec(written);
  const origin = plain ? `http://localhost:${port}` : `https://${host}`;
  const text = change(replaceAddresses(written, { host, origin, endpoint: op.endpoint, upstreams }))
    + `listen: 127.0.0.1:${port}\nadmin: { listen: "${adminAddress}" }\n`;
  const proxy = await Proxy.start(withFiles(text, files), { env, adminAddress });
  t.after(() => proxy.stop());
  return new Site({ op, proxy, port, host: plain ? 'localhost' : host, origin });
}

async function assertAccepted(text, env, files) {
  const file = writeConfig(withFiles(text, files));
  const { code, stdout, stderr } = await run(['check', '--config', file], { env });
  fs.rmSync(path.dirname(file), { recursive: true });
  assert.equal(code, 0, stdout + stderr);
}

// Files that a recipe names, with what is in them, are made in a folder of their own.
function withFiles(text, files) {
  const folder = Object.keys(files).length ? temporaryFolder() : null;
  return Object.entries(files).reduce((result, [name, content]) => {
    const file = path.join(folder, path.basename(name));
    fs.writeFileSync(file, content, { mode: 0o600 });
    return result.replaceAll(name, file);
  }, text);
}

function replaceAddresses(text, { host, origin, endpoint, upstreams }) {
  let result = text.replaceAll(`https://${host}`, origin).replaceAll('https://tenant.logto.app', endpoint);
  for (const [name, url] of Object.entries(upstreams)) {
    const line = new RegExp(`^(  ${name}:(?: \\{ url:)? )(?:http|unix):[^\\s,}]+`, 'm');
    assert.match(result, line, `the recipe has no upstream ${name}`);
    result = result.replace(line, `$1${url}`);
  }
  return result;
}

class Site {
  constructor(parts) { Object.assign(this, parts); }

  // Somebody who has just signed in, on the page of that path.
  async signIn(who = {}, at = '/') {
    this.op.user = { ...this.op.user, ...who };
    const person = new Person(this);
    const answer = await person.navigate(this.origin + at);
    assert.ok(person.sessionCookies(this.host, '__Host-logto_session') || person.sessionCookies(this.host), `no session after ${answer.status}: ${answer.text.slice(0, 500)}\n${this.proxy.output.slice(-1500)}`);
    person.landed = answer;
    return person;
  }
  stranger() { return new Person(this); }
}

export class Person extends BrowserUser {
  constructor(site) {
    super({ [site.host]: site.port });
    this.site = site;
  }
  // A page, with redirects.
  open(at, options) { return this.navigate(new URL(at, this.site.origin).href, options); }
  // What a script on a page sends.
  ask(method, at, headers = {}, body) {
    const own = { ...FETCH, 'Sec-Fetch-User': undefined, Referer: `${this.site.origin}/`, ...(method === 'GET' ? {} : { Origin: this.site.origin }) };
    return this.fetch(new URL(at, this.site.origin).href, { method, headers: { ...own, ...headers }, body });
  }
  post(at, fields, headers = {}) {
    return this.open(at, { method: 'POST', body: new URLSearchParams(fields).toString(), headers: {
      'Content-Type': 'application/x-www-form-urlencoded', Origin: this.site.origin, 'Sec-Fetch-Site': 'same-origin', ...headers } });
  }
  upload(at, fields, { name, filename, content }, headers = {}) {
    const boundary = '----tests7MA4YWxk';
    const parts = Object.entries(fields).map(([key, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${key}"\r\n\r\n${value}\r\n`);
    parts.push(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${filename}"\r\nContent-Type: application/octet-stream\r\n\r\n`);
    const body = Buffer.concat([Buffer.from(parts.join('')), Buffer.from(content), Buffer.from(`\r\n--${boundary}--\r\n`)]);
    return this.open(at, { method: 'POST', body, headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}`, Origin: this.site.origin, 'Sec-Fetch-Site': 'same-origin', ...headers } });
  }
  // An open WebSocket as a page of the site would open it; fails with the status when it is refused.
  socket(at, { protocols = [], headers = {}, origin = this.site.origin } = {}) {
    const url = new URL(at, this.site.origin);
    const socket = new WebSocket(`ws://127.0.0.1:${this.site.port}${url.pathname}${url.search}`, protocols, {
      headers: { Host: url.host, Cookie: this.cookieHeader(url) ?? '', ...headers }, origin });
    socket.heard = [];
    socket.on('message', (data) => { socket.heard.push(data.toString()); socket.emit('heard'); });
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve(socket));
      socket.once('unexpected-response', (_, answer) => reject(new Error(`WebSocket: ${answer.statusCode}`)));
      socket.once('error', reject);
    });
  }
}

// The next message that fits and was not handed out yet; the first may come with the answer to the handshake.
export function message(socket, fits = () => true) {
  return new Promise((resolve, reject) => {
    const look = () => {
      const found = socket.heard.findIndex(fits);
      if (found < 0) return;
      socket.off('heard', look);
      resolve(socket.heard.splice(found, 1)[0]);
    };
    socket.on('heard', look);
    socket.once('close', (code) => reject(new Error(`closed with ${code}`)));
    look();
  });
}

// An input of a form, as CSRF tokens are.
export function field(html, name) {
  const tag = (html.match(/<input[^>]*>/gi) ?? []).find((one) => new RegExp(`name=["']${name}["']`).test(one));
  assert.ok(tag, `no field ${name} in ${html.slice(0, 800)}`);
  return /value=["']([^"']*)["']/.exec(tag)[1];
}
