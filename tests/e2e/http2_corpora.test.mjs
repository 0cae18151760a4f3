// The corpora over HTTP/2: what it can say of a request is judged as over HTTP/1, and the app gets the same bytes; what it
// cannot say is refused before the app sees any.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { BrowserUser } from './lib/browser_user.mjs';
import { bytes, lines, table } from './lib/corpora.mjs';
import { Http2Raw, get } from './lib/http2_frames.mjs';
import { RawClient } from './lib/raw.mjs';
import { HOST, IDENTITY, makeWorld, suite } from './lib/world.mjs';

const LISTEN = { listen: [{ address: '127.0.0.1:0', h2c: true }] };
const OF_CONNECTION = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'];
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

// A request's text as { method, target, fields: [[name, value]], body }; null: HTTP/2 has no words for it.
function parsed(raw) {
  const text = raw.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  const [line, ...rest] = text.slice(0, end < 0 ? 0 : end).split('\r\n');
  const first = /^([^ ]+) ([^ ]+) HTTP\/1\.1$/.exec(line);
  const split = rest.map((one) => /^([^:]*):[ \t]*(.*?)[ \t]*$/s.exec(one));
  if (!first || split.some((one) => !one || !TOKEN.test(one[1]) || /[\r\n\0]/.test(one[2]))) return null;
  const fields = split.map((one) => [one[1].toLowerCase(), one[2]]);
  if (fields.filter(([name]) => name === 'host').length !== 1) return null;
  return { method: first[1], target: first[2], fields, body: raw.subarray(end + 4) };
}

// As a browser writes it: the Host is :authority, cookies are crumbs.
function asHttp2({ method, target, fields }) {
  const host = fields.find(([name]) => name === 'host')[1];
  const crumbs = ([name, value]) => (name === 'cookie' ? value.split('; ').map((one) => [name, one]) : [[name, value]]);
  return [...get(target, [], { method, host }), ...fields.filter(([name]) => name !== 'host').flatMap(crumbs)];
}

// What an app saw, but for what differs from one request to the next.
const seen = (requests) => requests.map(({ method, target, fields, body }) => ({
  method, target, body: body?.toString('latin1') ?? '',
  fields: fields.list.map(([name, value]) => [name.toLowerCase(), value]).filter(([name]) => !/^(x-request-id|content-length|transfer-encoding)$/.test(name)).sort(([a], [b]) => (a < b ? -1 : Number(a > b))),
}));

class Differ {
  constructor(world) { this.world = world; }

  async overHttp1(raw) {
    const client = await RawClient.connect(this.world.port);
    try {
      await client.send(raw);
      return (await client.response({ method: raw.toString('latin1').split(' ')[0] })).status;
    } finally {
      client.destroy();
    }
  }

  // A stream that is reset, or a connection that is closed, is a refusal: 400.
  async overHttp2(request) {
    const client = await Http2Raw.connect(this.world.port);
    try {
      const { status, reset, closed } = await client.request(asHttp2(request), request.body.length ? request.body : null);
      return closed || (status === undefined && reset !== null) ? 400 : status;
    } finally {
      client.destroy();
    }
  }

  async same(raw, { status = null } = {}) {
    const { recorder } = this.world;
    const request = parsed(raw);
    if (!request) return false;
    recorder.reset();
    const one = await this.overHttp1(raw);
    const first = seen(recorder.requests);
    recorder.reset();
    const two = await this.overHttp2(request);
    // A field of more than 64 KiB, and more than nine frames of them, are none to nghttp2, which ends the connection.
    const isBeyondFrames = [414, 431].includes(one) && two === 400 && raw.length > 65_536;
    if (!isBeyondFrames) assert.equal(two, one, `HTTP/2 says ${two}, HTTP/1 ${one}`);
    if (status !== null) assert.equal(two, status);
    assert.deepEqual(seen(recorder.requests), first, 'the app gets the same');
    recorder.reset();
    return true;
  }

  async refused(request) {
    this.world.recorder.reset();
    const status = await this.overHttp2(request);
    assert.ok(status >= 400 && status < 600, `status ${status}`);
    assert.deepEqual(this.world.recorder.requests, [], 'the app sees nothing');
  }
}

const text = (target, more = [], { method = 'GET', host = HOST } = {}) => Buffer.from([`${method} ${target} HTTP/1.1`, `Host: ${host}`, ...more, '', ''].join('\r\n'), 'utf8');

describe('corpora over HTTP/2', () => {
  let world;
  let differ;
  let cookie;
  const scope = suite(after);
  before(async () => {
    world = await makeWorld(scope, { config: LISTEN });
    differ = new Differ(world);
    cookie = await world.session();
  });
  beforeEach(() => world.recorder.reset());

  for (const { target, class: kind } of table('path-confusion.tsv')) {
    test(`${kind}: ${target.slice(0, 90)}`, async () => {
      if (/[\s\0]/.test(target)) return differ.refused({ method: 'GET', target, fields: [['host', HOST]], body: Buffer.alloc(0) });
      if (target.startsWith('/')) await differ.same(text(target));
      else await differ.refused({ method: 'GET', target, fields: [['host', HOST]], body: Buffer.alloc(0) });
    });
  }

  for (const spoof of lines('header-spoof.txt')) {
    test(`poses as somebody: ${spoof}`, async () => {
      const name = spoof.split(':')[0].toLowerCase();
      for (const [target, signedIn] of [['/public/x', false], ['/optional/x', false], ['/public/x', true], ['/private/x', true], ['/private/x', false], ['/_auth/me', false], ['/nowhere', false]]) {
        const raw = text(target, [...(signedIn ? [`Cookie: ${cookie}`] : []), spoof]);
        const request = parsed(raw);
        if (!request) return;
        if (OF_CONNECTION.includes(name) || name === 'te') await differ.refused(request);
        else await differ.same(raw);
      }
    });
  }

  for (const row of table('cookie-attacks.tsv')) {
    const header = row['Cookie header (S = a valid session value)'];
    test(`${row.id}: ${header.slice(0, 80)}`, async () => {
      const value = cookie.slice(cookie.indexOf('=') + 1);
      const written = header.replaceAll('__Host-session', 'logto_session').replace(/\bS\b/g, value);
      if (!/^[\x20-\x7e]*$/.test(written)) return;
      await differ.same(text('/private/x', [`Cookie: ${written}`]));
    });
  }

  test('identity, spelled in every way, with cookies in every order', async () => {
    for (const name of IDENTITY) {
      for (const spelled of [name, name.replace(/-/g, '_'), name.replace('-', '_'), name.replace(/-/g, '.')])
        await differ.same(text('/private/x', [`Cookie: a=1; ${cookie}; b=2`, `${spelled}: evil`, `${spelled}: evil2`]), { status: 200 });
    }
  });

  test('methods and sizes', async () => {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'DELETE', 'FOO', 'TRACE', 'x'.repeat(40)]) await differ.same(text('/public/x', [], { method }));
    for (const count of [150, 199, 200, 205]) await differ.same(text('/public/x', Array.from({ length: count }, (_one, index) => `X-${index}: 1`)));
    for (const size of [16_383, 16_384, 16_385, 40_000]) await differ.same(text(`/public/${'x'.repeat(size - 8)}`));
    for (const size of [30_000, 64_000, 66_000, 120_000]) await differ.same(text('/public/x', [`X-Big: ${'y'.repeat(size)}`]));
  });
});

describe('raw requests over HTTP/2', () => {
  const VICTIM = 'victim.test';
  let world;
  let differ;
  let cookie;
  const scope = suite(after);
  before(async () => {
    const routes = [{ path: '/smuggled-marker', access: 'public', upstream: 'app' }, { path: '/public/*', access: 'public', upstream: 'app' }, { path: '/', access: 'public', upstream: 'app' }, { path: '/*', upstream: 'app' }];
    world = await makeWorld(scope, { routes, config: { ...LISTEN, external_urls: [`http://${VICTIM}`] } });
    differ = new Differ(world);
    const user = new BrowserUser({ [VICTIM]: world.port });
    await user.navigate(`http://${VICTIM}/private/start`);
    cookie = user.sessionCookies(VICTIM);
  });

  for (const row of table('smuggling/index.tsv')) {
    test(`${row.file}`, async () => {
      const raw = Buffer.from(bytes(`smuggling/${row.file}`).toString('latin1').replaceAll('__Host-session=VALID', cookie), 'latin1');
      const request = parsed(raw);
      if (!request || !request.target.startsWith('/')) return;
      const of = (name) => request.fields.filter(([one]) => one === name).map(([, value]) => value);
      if (OF_CONNECTION.some((name) => of(name).length) || of('te').some((one) => one !== 'trailers')) return void (await differ.refused(request));
      // A body is what DATA says, and a Content-Length that says otherwise is refused.
      const length = of('content-length');
      if (length.length && (length.length > 1 || length[0] !== String(request.body.length))) return void (await differ.refused(request));
      if (!length.length && request.body.length) return; // two requests on one connection of HTTP/1
      await differ.same(raw);
    });
  }
});
