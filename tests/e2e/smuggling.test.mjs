// Every raw request of tests/corpora/smuggling, with what its index says a correct proxy does. The marker's own path is public
// here, so that a desynchronisation on either side of the proxy reaches the recorder and fails the test.
// Release too: optimised scanners.
// Quick.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { bytes, table } from './lib/corpora.mjs';
import { RawClient, request } from './lib/raw.mjs';
import { makeWorld, suite } from './lib/world.mjs';

const VICTIM = 'victim.test';
const ROUTES = [
  { path: '/smuggled-marker', access: 'public', upstream: 'app' },
  { path: '/public/*', access: 'public', upstream: 'app' },
  { path: '/', access: 'public', upstream: 'app' },
  { path: '/*', upstream: 'app' },
];

let world;
let cookie;

async function exchange(raw, methods = []) {
  const client = await RawClient.connect(world.port);
  try {
    await client.send(raw);
    return await client.responsesUntilClose({ methods, timeout: 3000 });
  } finally {
    client.destroy();
  }
}

// For requests after which the connection may stay open.
async function firstAnswer(raw, method = 'GET') {
  const client = await RawClient.connect(world.port);
  try {
    await client.send(raw);
    return await client.response({ method });
  } finally {
    client.destroy();
  }
}

const complete = () => world.recorder.requests.filter((one) => one.complete);
const judgedAlone = () => { for (const one of marker()) assert.ok(one.fields.has('x-request-id'), 'judged as a request of its own'); world.recorder.reset(); };
const marker = () => world.recorder.requests.filter((one) => one.target.includes('smuggled-marker'));

// One refusal and the end of the connection; nothing whole reaches the upstream.
const refused = (...statuses) => async (raw, row) => {
  const answers = await exchange(raw);
  assert.equal(answers.length, 1, `one answer, got ${answers.map(({ status }) => status)}`);
  assert.ok(statuses.includes(answers[0].status), `status ${answers[0].status}, expected one of ${statuses}`);
  assert.deepEqual(complete(), []);
  if (row.class !== 'chunked' && row.class !== 'trailer') assert.deepEqual(world.recorder.requests, [], 'the upstream receives nothing');
};
const refusedOrClosed = (...statuses) => async (raw) => {
  const answers = await exchange(raw);
  assert.ok(answers.length <= 1);
  for (const { status } of answers) assert.ok(statuses.includes(status), `status ${status}`);
  assert.deepEqual(world.recorder.requests, []);
};
const answered = (method, ...statuses) => async (raw) => {
  const { status } = await firstAnswer(raw, method);
  assert.ok(statuses.includes(status), `status ${status}, expected one of ${statuses}`);
};
const bodyConsumed = (method) => async (raw) => {
  const answer = await firstAnswer(raw, method);
  assert.equal(answer.status, 200);
  assert.equal(complete().length, 1);
  assert.equal(complete()[0].body.length, 72, 'the body arrives as a body');
};
const bodyIs = (text) => async (raw) => {
  assert.equal((await firstAnswer(raw)).status, 200);
  assert.equal(complete()[0].body.toString(), text);
  assert.deepEqual(complete()[0].trailers, [], 'trailers are dropped');
  assert.deepEqual(complete()[0].fields.all('host'), [VICTIM]);
  assert.equal(complete()[0].fields.get('cookie'), undefined);
};
const upgradeStripped = async (raw) => {
  assert.equal((await firstAnswer(raw)).status, 200);
  for (const name of ['upgrade', 'http2-settings']) assert.ok(!complete()[0].fields.has(name), `${name} is not passed on`);
};
const identityArrives = async (raw) => {
  const answer = await firstAnswer(raw);
  assert.equal(answer.status, 200);
  const { fields } = complete()[0];
  assert.deepEqual(fields.all('x-forwarded-user'), ['alice-sub']);
  assert.deepEqual(fields.all('x-forwarded-for'), ['127.0.0.1']);
  assert.deepEqual(fields.all('x-forwarded-proto'), ['http']);
  assert.deepEqual(fields.all('x-forwarded-host'), [VICTIM]);
  assert.ok(!fields.has('proxy-connection') && !fields.has('keep-alive'), 'hop-by-hop fields end here');
};

// By the number of the file; where the index leaves a choice, all its choices.
const EXPECTED = {
  '034': async (raw) => { const answers = await exchange(raw); assert.ok(answers.length <= 1 && answers.every(({ status }) => [400, 501, 505, 200].includes(status))); },
  '037': async (raw) => {
    const answer = await firstAnswer(raw);
    assert.ok([200, 400].includes(answer.status));
    if (answer.status === 200) assert.deepEqual(complete()[0].fields.all('content-length'), ['5']);
  },
  // Without a length the bytes that follow are a second request, and judged as one.
  '058': async (raw) => { await firstAnswer(raw); for (const { fields } of world.recorder.requests) assert.ok(!fields.names().some((name) => name.includes('_'))); judgedAlone(); },
  '063': answered('POST', 400, 401, 403, 404, 405),
  '064': bodyConsumed('GET'), '065': bodyConsumed('HEAD'), '066': bodyConsumed('OPTIONS'),
  '067': async (raw) => { const answer = await firstAnswer(raw, 'TRACE'); assert.ok([400, 405, 501].includes(answer.status), `status ${answer.status}`); assert.doesNotMatch(answer.text, /cookie/i); },
  '069': async (raw) => {
    const answer = await firstAnswer(raw, 'POST');
    assert.ok([200, 400, 417].includes(answer.status), `status ${answer.status}`);
    if (answer.status === 200) assert.equal(complete()[0].body.length, 72);
  },
  '078': bodyIs('AAAAA'),
  '091': async (raw) => {
    const client = await RawClient.connect(world.port);
    await client.send(raw);
    const answer = await client.response({ timeout: 400 }).catch(() => null);
    assert.ok(answer === null || [400, 413].includes(answer.status));
    assert.deepEqual(complete(), [], 'never taken for 5 bytes');
    client.destroy();
  },
  '092': async (raw) => { if ((await firstAnswer(raw, 'POST')).status !== 400) assert.equal(complete()[0].body.toString(), 'AAAAA'); },
  '096': bodyIs('AAAAA'), '098': bodyIs('AAAAA'), '100': bodyIs('AAAAA'),
  115: refused(431), 118: refused(431), 119: refused(431),
  116: async (raw) => { const { status } = await firstAnswer(raw); assert.ok([401, 400, 431].includes(status), `status ${status}`); assert.deepEqual(world.recorder.requests, []); },
  128: async (raw) => { assert.equal((await firstAnswer(raw)).status, 401); assert.deepEqual(world.recorder.requests, []); },
  132: async (raw) => { const { status } = await firstAnswer(raw); assert.ok([400, 404, 421].includes(status), `status ${status}`); assert.deepEqual(world.recorder.requests, []); },
  133: async (raw) => { const { status } = await firstAnswer(raw); assert.ok([400, 421].includes(status), `status ${status}`); assert.deepEqual(world.recorder.requests, []); },
  138: async (raw) => { assert.equal((await firstAnswer(raw)).status, 200); assert.equal(`GET ${complete()[0].target} HTTP/1.1`, raw.toString('latin1').split('\r\n')[0]); },
  140: async (raw) => {
    const answer = await firstAnswer(raw);
    assert.ok([400, 401, 404].includes(answer.status), `status ${answer.status}`);
    assert.doesNotMatch(answer.fields.get('location') ?? '', /evil\.test/);
    assert.deepEqual(world.recorder.requests, []);
  },
  146: refused(414), 151: refused(400, 414, 431, 501),
  152: answered('GET', 401, 505), 153: refused(400, 505), 154: refused(400, 505),
  160: refusedOrClosed(400), 161: refusedOrClosed(400, 505),
  163: upgradeStripped, 164: upgradeStripped, 172: upgradeStripped,
  // The recorder answers 200, not 101: there is no tunnel, and what followed is a request of its own or nothing.
  166: async (raw) => { assert.notEqual((await firstAnswer(raw)).status, 101); judgedAlone(); },
  167: answered('POST', 400, 405), 169: refused(400),
  171: async (raw) => { assert.equal((await firstAnswer(raw)).status, 401); assert.deepEqual(world.recorder.requests, []); },
  175: async (raw) => {
    const answers = await exchange(raw);
    assert.deepEqual(answers.map(({ status }) => status), [200, 401], 'no identity is carried over a connection');
    assert.deepEqual(complete().map(({ fields }) => fields.get('x-forwarded-user')), ['alice-sub']);
  },
  176: async (raw) => {
    const wanted = raw.toString('latin1').match(/^GET /gm).length;
    const client = await RawClient.connect(world.port);
    await client.send(raw);
    for (let count = 0; count < wanted; ++count) await client.response({ timeout: 15_000 });
    client.destroy();
  },
  177: identityArrives, 178: identityArrives, 179: identityArrives, 185: identityArrives, 186: identityArrives,
  252: bodyIs('AAAAA'), 253: bodyIs('AAAAA'), 254: bodyIs('AAAAA'),
  184: async (raw) => { const { status } = await firstAnswer(raw); assert.ok([200, 400].includes(status)); for (const { fields } of complete()) assert.equal(fields.get('x-forwarded-user'), 'alice-sub'); },
};
const MUST_REFUSE = /^400( \(or 501.*)?(\+close.*| preferred.*|; .*| and close.*)?$/;

function expectation(row) {
  const own = EXPECTED[row.file.slice(0, 3)];
  if (own) return own;
  assert.match(row['expected of a correct proxy'], MUST_REFUSE, `${row.file}: no expectation here for "${row['expected of a correct proxy']}"`);
  return refused(400, ...(/501/.test(row['expected of a correct proxy']) ? [501] : []));
}

describe('raw requests that try to confuse the framing', () => {
  const scope = suite(after);
  before(async () => {
    world = await makeWorld(scope, { routes: ROUTES, config: { external_urls: [`http://${VICTIM}`] } });
    const { BrowserUser } = await import('./lib/browser_user.mjs');
    const user = new BrowserUser({ [VICTIM]: world.port });
    assert.equal((await user.navigate(`http://${VICTIM}/private/start`)).status, 200);
    cookie = user.sessionCookies(VICTIM);
  });
  beforeEach(() => world.recorder.reset());

  for (const row of table('smuggling/index.tsv')) {
    test(`${row.file}: ${row['expected of a correct proxy']}`, async () => {
      const raw = Buffer.from(bytes(`smuggling/${row.file}`).toString('latin1').replaceAll('__Host-session=VALID', cookie), 'latin1');
      await expectation(row)(raw, row);
      assert.deepEqual(marker().map(({ line }) => line), [], 'the smuggled request never runs');
      world.recorder.assertClean();
      world.proxy.assertHealthy();
      assert.equal((await request(world.port, 'GET', '/public/after', {}, { host: VICTIM })).status, 200, 'the next request is served');
    });
  }

  test('the same requests, cut into single bytes, are judged the same', async () => {
    for (const name of ['001-cl-te-classic', '005-te-space-before-colon', '037-cl-dup-same', '070-chunk-bare-lf-size', '078-chunk-ext-valid', '105-hdr-no-colon']) {
      const raw = bytes(`smuggling/${name}.raw`);
      const whole = (await firstAnswer(raw, 'POST')).status;
      const client = await RawClient.connect(world.port);
      for (const byte of raw.subarray(0, 400)) { client.socket.write(Buffer.from([byte])); await new Promise(setImmediate); }
      assert.equal((await client.response({ method: 'POST' })).status, whole, name);
      client.destroy();
    }
    assert.deepEqual(marker(), []);
  });

  test('a body on a path that is answered early (CL.0) is drained or ends the connection', async () => {
    for (const target of ['/private/x', '/_auth/callback', '/_auth/me', '/_auth/sign-out', '/_auth/nothing']) {
      const smuggled = 'GET /smuggled-marker HTTP/1.1\r\nHost: victim.test\r\nX-Marker: smuggled\r\n\r\n';
      const client = await RawClient.connect(world.port);
      await client.send(`POST ${target} HTTP/1.1\r\nHost: victim.test\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`);
      const answer = await client.response({ method: 'POST' });
      assert.ok(answer.status >= 300 && answer.status < 500, `${target}: ${answer.status}`);
      await client.send('GET /public/after HTTP/1.1\r\nHost: victim.test\r\nConnection: close\r\n\r\n');
      const rest = await client.responsesUntilClose();
      assert.ok(rest.length <= 1, `${target}: ${rest.length} more answers`);
      client.destroy();
      assert.deepEqual(marker(), [], target);
    }
  });
});
