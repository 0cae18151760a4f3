// What `explain` says is what the running proxy does: status for a navigation and a script, route, and every byte of the head that
// the app gets; for each target of path-confusion.tsv and for requests at all kinds of rules, as several people.
// Release too: under sanitizers only every fifth target is asked about.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { table } from './lib/corpora.mjs';
import { ALICE } from './lib/evil_op.mjs';
import { SLOWNESS, Proxy, freshSecret, run, temporaryFolder, writeConfig } from './lib/proxy.mjs';
import { RawClient } from './lib/raw.mjs';
import { HOST, ORIGIN, makeWorld, merge, suite } from './lib/world.mjs';

const MANNERS = {
  navigation: [['Accept', 'text/html,application/xhtml+xml,*/*;q=0.8'], ['Sec-Fetch-Mode', 'navigate'], ['Sec-Fetch-Dest', 'document']],
  script: [['Accept', '*/*'], ['Sec-Fetch-Mode', 'cors'], ['Sec-Fetch-Dest', 'empty']],
};
const PEOPLE = {
  nobody: null,
  editor: {},
  admin: { sub: 'root-sub', roles: ['admin', 'a,b'], email: 'root@corp.test', identities: { patreon: { userId: '7', details: {} } } },
};

async function send(world, method, target, headers, cookie) {
  const client = await RawClient.connect(world.port);
  try {
    const fields = [...headers, ...(cookie ? [['Cookie', cookie]] : [])].map(([name, value]) => `${name}: ${value}\r\n`).join('');
    await client.send(Buffer.from(`${method} ${target} HTTP/1.1\r\nHost: ${HOST}\r\n${fields}\r\n`, 'utf8'));
    return await client.response({ method });
  } finally {
    client.destroy();
  }
}

// Also the order of the fields; a fresh id is all that differs.
const comparable = (fields) => fields.map(([name, value]) => [name.toLowerCase(), name.toLowerCase() === 'x-request-id' ? 'new' : value]);

// A redirect carries no id: its line is one of the same request.
const isOf = (line, method, said) => line.status === said.status && line.method === method && line.path === said.target.split('?')[0];

class Stage {
  routes = []; // of each request: what was said of it, that in words, and which line of the access log is its own

  constructor(world, people) { Object.assign(this, { world, people, folder: temporaryFolder() }); }

  static async open(scope, config) {
    const stage = new Stage(await makeWorld(scope, { config }), {});
    for (const [name, who] of Object.entries(PEOPLE)) {
      if (!who) { stage.people[name] = {}; continue; }
      const file = path.join(stage.folder, `${name}.json`);
      fs.writeFileSync(file, JSON.stringify({ ...ALICE, ...who }));
      stage.people[name] = { file, cookie: await stage.world.session(who) };
    }
    return stage;
  }

  async explain(person, method, target, headers = [], more = []) {
    const args = ['explain', '--config', this.world.proxy.file, '--json', '--method', method, '--url', ORIGIN + target, ...more];
    if (this.people[person].file) args.push('--as', this.people[person].file);
    for (const [name, value] of headers) args.push('--header', `${name}: ${value}`);
    const { code, stdout, stderr } = await run(args);
    assert.ok(code === 0 || code === 1, `exit ${code}: ${stderr}`);
    const said = JSON.parse(stdout);
    assert.equal(code === 0, said.outcome === 'allow');
    return said;
  }

  async agree(person, method, target, headers = [], manners = Object.keys(MANNERS)) {
    const { recorder } = this.world;
    for (const manner of manners) {
      const usual = MANNERS[manner];
      const said = await this.explain(person, method, target, headers, manner === 'script' ? ['--script'] : []);
      recorder.reset();
      const all = [...headers, ...usual.filter(([name]) => !headers.some(([given]) => given.toLowerCase() === name.toLowerCase()))];
      const answer = await send(this.world, method, target, all, this.people[person].cookie);
      const context = `${person} ${manner} ${method} ${target}: said ${said.outcome} (${said.reason}), got ${answer.status}`;
      assert.deepEqual(said[manner], { outcome: said.outcome, status: said.status }, context);
      if (said.outcome !== 'allow') {
        assert.equal(recorder.requests.length, 0, context);
        if (said.outcome !== 'own_endpoint') assert.equal(answer.status, said.status, context);
      } else {
        assert.equal(answer.status, 200, context);
        const [got] = recorder.requests;
        assert.equal(said.app.request_line, got.line, context);
        assert.deepEqual(comparable(said.app.headers), comparable(got.fields.list), context);
      }
      const id = (said.outcome === 'allow' ? recorder.requests[0] : answer).fields.get('x-request-id');
      this.routes.push({ said, context, isLine: (line) => (id ? line.id === id : isOf(line, method, said)) });
    }
  }

  // The log is written ten times a second: waiting for each line would be most of the time that all of this takes.
  async agreeOnRoutes() {
    assert.ok(this.routes.length > 0);
    const { proxy } = this.world;
    for (const { said, context, isLine } of this.routes) {
      const line = await proxy.waitAccess(isLine);
      if (said.route && line.route !== undefined) assert.equal(line.route, said.route.label, context);
      proxy.access.splice(proxy.access.indexOf(line), 1);
    }
  }
}

const ARRANGEMENTS = {
  'open tree, protected tree and a protected rest': [{ path: '/public/*', access: 'public', upstream: 'app', strip_prefix: '/public' }, { path: '/private/*', upstream: 'app' }, { path: '/*', upstream: 'app' }],
  'a public rest and a protected tree before it': [{ path: '/private/*', require: { roles: ['admin'] }, upstream: 'app' }, { path: '/*', access: 'public', upstream: 'app', encoded_slash: 'keep' }],
};

for (const [name, routes] of Object.entries(ARRANGEMENTS)) {
  describe(`explain and the proxy agree on confusing paths: ${name}`, () => {
    let stage;
    const scope = suite(after);
    before(async () => { stage = await Stage.open(scope, { routes: [{ path: '/private/start', upstream: 'app' }, ...routes] }); });
    // A fragment never leaves a browser, and `explain` does not send it either.
    // Each question is a process of its own, which under sanitizers takes its time: there every fifth target will do.
    const targets = table('path-confusion.tsv').filter((row, index) => !row.target.includes('#') && index % (SLOWNESS > 1 ? 5 : 1) === 0);
    for (const { target, class: kind } of targets) {
      test(`${kind}: ${target.slice(0, 90)}`, async () => {
        await stage.agree('nobody', 'GET', target, [], ['navigation']);
        await stage.agree('editor', 'GET', target, [], ['script']);
      });
    }
    test('the access log names the routes that were explained', () => stage.agreeOnRoutes());
  });
}

describe('explain and the proxy agree on rules', () => {
  let stage;
  const scope = suite(after);
  before(async () => {
    stage = await Stage.open(scope, (base) => merge(base, {
      logto: { trust_email: true, scopes: ['profile', 'email', 'roles', 'identities'] },
      upstreams: { named: { url: base.upstreams.app, host: 'inner.test' } },
      routes: [
        { path: '/private/*', upstream: 'app' },
        { path: '/public/*', access: 'public', upstream: 'app' },
        { path: '/optional/*', access: 'optional', upstream: 'app' },
        { path: '/closed/*', access: 'deny' },
        { path: '/api/*', unauthenticated: '401', upstream: 'app', strip_prefix: '/api' },
        { path: '/always/*', unauthenticated: 'redirect', upstream: 'app' },
        { path: '/fragment/*', sign_in: { keep_fragment: true }, upstream: 'app' },
        { path: '/admin/*', require: { roles: ['admin'] }, upstream: 'app' },
        { path: '/social/*', require: { social: ['patreon'] }, upstream: 'app' },
        { path: '/corp/*', require: { any: [{ email_domain: ['corp.test'] }, { roles: ['chief'] }] }, upstream: 'app' },
        { path: '/nested/*', require: { all: [{ not: { roles: ['admin'] } }, { claims: { username: { regex: 'al.*' } } }] }, upstream: 'app' },
        { path: '/denied/*', deny: { roles: ['admin'] }, upstream: 'app' },
        { path: '/shadow/*', require: { roles: ['admin'] }, shadow: true, upstream: 'app' },
        { path: '/recent/*', require: { max_age: '10m' }, upstream: 'app' },
        { path: '/recent-or/*', require: { any: [{ roles: ['admin'] }, { max_age: '10m' }] }, upstream: 'app' },
        { path: '/another/*', require: { roles: ['admin'] }, forbidden: 'sign_in', upstream: 'app' },
        { path: '/plain/*', require: { roles: ['admin'] }, forbidden: '403', upstream: 'app' },
        { path: '/cors/*', preflight: true, upstream: 'app' },
        { path: '/by-query', query: { a: ['1', '~ x+'] }, access: 'public', upstream: 'app' },
        { path: '/by-header', headers: { 'X-Mine': '1' }, access: 'public', upstream: 'app' },
        { path: '/by-network', networks: ['127.0.0.0/8'], access: 'public', upstream: 'app' },
        { path: '/by-network', networks: ['10.0.0.0/8'], access: 'deny' },
        { path: '/by-method', methods: ['POST'], upstream: 'app' },
        { path: '/named/*', access: 'optional', upstream: 'named' },
      ],
    }));
  });

  const REQUESTS = [
    ...['/private/a', '/public/a', '/optional/a?b=c', '/closed/a', '/api/a?x=%41', '/always/a', '/fragment/a', '/admin/a', '/social/a', '/corp/a', '/nested/a', '/denied/a', '/shadow/a', '/recent/a', '/recent-or/a', '/another/a', '/plain/a',
      '/by-query?a=1', '/by-query?a=xx', '/by-query?a=2', '/by-query?a=1&a=2', '/by-query?A=1', '/by-query?a=%zz', '/by-network', '/by-method', '/named/a', '/elsewhere', '/', '/_auth/nothing'].map((target) => ['GET', target]),
    ['POST', '/private/a'], ['POST', '/by-method'], ['HEAD', '/private/a'], ['OPTIONS', '/admin/a'], ['get', '/private/a'], ['DELETE', '/always/a'],
    ['OPTIONS', '/cors/a', [['Origin', 'https://elsewhere.test'], ['Access-Control-Request-Method', 'PUT']]], ['OPTIONS', '/cors/a'],
    ['GET', '/by-header', [['X-Mine', '1']]], ['GET', '/by-header', [['X-Mine', '2']]], ['GET', '/by-header', [['X-Mine', '1'], ['X_Mine', '1']]],
    ['GET', '/private/a', [['X-Forwarded-User', 'evil'], ['X-Kept', 'a  b'], ['Connection', 'X-Dropped'], ['X-Dropped', '1']]],
    ['GET', '/private/a', [['Accept', 'application/json']]], ['GET', '/private/a', [['Sec-Purpose', 'prefetch']]],
    ['MOVE', '/private/a', [['Destination', '/admin/b']]], ['MOVE', '/private/a', [['Destination', '/private/b']]],
  ];
  for (const [method, target, headers] of REQUESTS) {
    for (const person of Object.keys(PEOPLE)) {
      test(`${person}: ${method} ${target} ${JSON.stringify(headers ?? [])}`, () => stage.agree(person, method, target, headers));
    }
  }
  test('the access log names the routes that were explained', () => stage.agreeOnRoutes());

  for (const [what, person, target] of [['signed out', 'nobody', '/private/a?b=c'], ['signed out where a recent one is needed', 'nobody', '/recent/a'], ['too long ago', 'editor', '/recent-or/a'], ['another account', 'editor', '/another/a']]) {
    test(`the parameters of a sign-in are those that the browser is sent with: ${what}`, async () => {
      const said = await stage.explain(person, 'GET', target);
      assert.equal(said.outcome, 'sign_in', said.reason);
      const answer = await send(stage.world, 'GET', target, MANNERS.navigation, stage.people[person].cookie);
      const url = new URL(answer.fields.get('location'));
      assert.equal(url.origin + url.pathname, said.sign_in.endpoint);
      const sent = Object.fromEntries(url.searchParams);
      for (const fresh of ['state', 'nonce', 'code_challenge']) { assert.ok(sent[fresh]); assert.equal(said.sign_in.parameters[fresh], '(random)'); sent[fresh] = '(random)'; }
      assert.deepEqual(said.sign_in.parameters, sent);
      assert.equal(said.sign_in.return_to, target);
    });
  }

  test('the text for people names route, line, rule and what was seen, and no secret', async () => {
    const { code, stdout } = await run(['explain', '--config', stage.world.proxy.file, '--url', `${ORIGIN}/admin/a`, '--as', stage.people.editor.file]);
    assert.equal(code, 1);
    assert.match(stdout, /route +#8 \/admin\/\* \(line \d+\)/);
    assert.match(stdout, /not #1 \/private\/\*: path: \/admin\/a is not \/private\/\*/);
    assert.match(stdout, /no +role admin +roles: \["editor"\]/);
    assert.match(stdout, /verdict +deny: missing: role admin/);
    assert.doesNotMatch(stdout, new RegExp(stage.world.op.clientSecret));
  });
});

describe('mistakes in the question', () => {
  const GOOD = { external_urls: [ORIGIN], logto: { endpoint: 'http://127.0.0.1:1', app_id: 'a', app_secret: 'b' }, session: { secret: freshSecret() }, upstreams: { app: 'http://127.0.0.1:1' }, routes: [{ path: '/*', upstream: 'app' }] };
  const QUESTIONS = {
    'no URL': [[], /--url/],
    'a path for a URL': [['--url', '/a'], /expected a URL/],
    'a header without a colon': [['--url', `${ORIGIN}/`, '--header', 'X'], /--header: expected 'Name: value'/],
    'a client that is no address': [['--url', `${ORIGIN}/`, '--client', 'localhost'], /--client: expected an IP address/],
    'a person who is not there': [['--url', `${ORIGIN}/`, '--as', '/nonexistent'], /--as: cannot read/],
    'a configuration with a mistake': [['--url', `${ORIGIN}/`, '--config', writeConfig('routes: []\n')], /external_urls/],
  };
  for (const [what, [args, pattern]] of Object.entries(QUESTIONS)) {
    test(what, async () => {
      const all = args.includes('--config') ? args : ['--config', writeConfig(GOOD), ...args];
      const { code, stderr, stdout } = await run(['explain', ...all]);
      assert.equal(code, 2, stdout + stderr);
      assert.match(stderr, pattern);
    });
  }
});

describe('routes and access-matrix', () => {
  const CONFIG = {
    external_urls: [ORIGIN], logto: { endpoint: 'http://127.0.0.1:1', app_id: 'a', app_secret: 'b', trust_email: true, scopes: ['roles', 'email'] }, session: { secret: freshSecret() },
    upstreams: { app: 'http://127.0.0.1:1' },
    routes: [
      { path: '/public/*', access: 'public', upstream: 'app' },
      { path: '/admin/*', methods: ['GET', 'POST'], require: { roles: ['admin'] }, upstream: 'app' },
      { path: '/corp/*', query: { a: '1' }, require: { roles: ['admin', 'editor'], email_domain: ['corp.test'] }, upstream: 'app' },
      { path: '/api/*', unauthenticated: '401', deny: { roles: ['banned'] }, upstream: 'app' },
      { path: `/${'long-segment/'.repeat(12)}*`, access: 'deny' },
    ],
  };
  test('the table holds every route and fits into 100 columns', async () => {
    const { code, stdout, stderr } = await run(['routes', '--config', writeConfig(CONFIG)]);
    assert.equal(code, 0, stderr);
    for (const line of stdout.split('\n')) assert.ok(line.length <= 100, line);
    for (const word of ['/admin/*', 'GET, POST', 'query a = 1', 'role admin', 'corp.test', 'deny: role banned', 'public', 'app']) assert.ok(stdout.includes(word), `${word} in\n${stdout}`);
    assert.doesNotMatch(stdout, /\bhost\b/, 'a column without content is left out');
  });
  test('the matrix says who may, and refers to what else decides', async () => {
    const file = writeConfig(CONFIG);
    const { stdout } = await run(['access-matrix', '--config', file, '--json']);
    const { roles, routes } = JSON.parse(stdout);
    assert.deepEqual(roles, ['admin', 'banned', 'editor']);
    assert.deepEqual(routes.map((route) => [route.nobody, route.no_role, ...Object.values(route.roles)]), [
      ['yes', 'yes', 'yes', 'yes', 'yes'],
      ['sign in', 'no', 'yes', 'no', 'no'],
      ['sign in', 'no', 'depends', 'no', 'depends'],
      ['401', 'yes', 'yes', 'no', 'yes'],
      ['no', 'no', 'no', 'no', 'no'],
    ]);
    assert.deepEqual(routes[2].depends_on, ['e-mail domain corp.test']);
    const text = (await run(['access-matrix', '--config', file])).stdout;
    assert.match(text, /\/corp\/\*.*if \[1\]/);
    assert.match(text, /^\[1\] e-mail domain corp\.test$/m);
    const csv = (await run(['access-matrix', '--config', file, '--csv', '--roles', 'editor,guest'])).stdout.split('\r\n');
    assert.equal(csv[0], 'route,nobody,no role,editor,guest');
    assert.equal(csv[3], '#3 /corp/* (conditions),sign in,no,depends,no');
  });
  test('a route whose requests a stricter one decides, in another spelling, is shown as that one', async () => {
    const routes = [{ path: '/admin/*', require: { roles: ['admin'] }, upstream: 'app' }, { path: '/Admin/*', access: 'public', upstream: 'app' }];
    const file = writeConfig({ ...CONFIG, routes });
    const matrix = JSON.parse((await run(['access-matrix', '--config', file, '--json'])).stdout);
    assert.deepEqual(matrix.routes.map((route) => [route.decided_by, route.nobody, route.no_role, route.roles.admin]), [[1, 'sign in', 'no', 'yes'], [1, 'sign in', 'no', 'yes']]);
    assert.match((await run(['access-matrix', '--config', file])).stdout, /^#2 \/Admin\/\*: as #1 \/admin\/\* +sign in/m);
    assert.match((await run(['routes', '--config', file])).stdout, /^#2 \/Admin\/\*: every request is decided by #1 \/admin\/\*/m);
    assert.match((await run(['check', '--config', file])).stderr, /routes\[2\].*never decides.*#1 \/admin\/\*.*path_spellings: distinct/);
    const apart = writeConfig({ ...CONFIG, routes: [routes[0], { ...routes[1], path_spellings: 'distinct' }] });
    assert.equal(JSON.parse((await run(['access-matrix', '--config', apart, '--json'])).stdout).routes[1].nobody, 'yes');
  });
  test('a route of whose requests some are 400, for neither of two is stricter, says so', async () => {
    const routes = [
      { path: '/admin/*', methods: ['GET', 'POST'], require: { roles: ['admin'] }, upstream: 'app' },
      { path: '/Admin/*', methods: ['GET'], require: { roles: ['editor'] }, upstream: 'app', path_spellings: 'distinct' },
    ];
    const file = writeConfig({ ...CONFIG, routes });
    const said = /#1 \/admin\/\*: a request that both may take is answered 400 because of #2 \/Admin\/\*/;
    assert.match((await run(['access-matrix', '--config', file])).stdout, said);
    assert.match((await run(['routes', '--config', file])).stdout, said);
    assert.deepEqual(JSON.parse((await run(['access-matrix', '--config', file, '--json'])).stdout).routes.map((route) => route.refused_because_of), [2, null]);
    assert.match((await run(['check', '--config', file])).stderr, /routes\[1\]: .*neither rule is stricter: requests that both may take are answered 400/);
    assert.match((await run(['explain', '--config', file, '--url', `${ORIGIN}/admin/x`])).stdout, /400.*neither of the two is stricter|neither of the two is stricter/s);
    const both = writeConfig({ ...CONFIG, routes: routes.map(({ methods, path_spellings, ...route }) => route) });
    assert.match((await run(['access-matrix', '--config', both])).stderr, /routes\[1\]: nobody would pass.*every request would be answered 400/s);
  });
});

describe('routes that answer by themselves', () => {
  const routes = [
    { path: '/old/*', access: 'public', redirect: { to: '/new/\\1', status: 301 } },
    { path: '/ok', access: 'public', respond: { status: 418, body: 'x' } },
    { path: '/logout', action: 'sign_out' },
    { path: '/guarded', redirect: '/new' },
  ];
  const file = writeConfig({
    external_urls: [ORIGIN], logto: { endpoint: 'http://127.0.0.1:3001', app_id: 'app', app_secret: 'very-secret' }, session: { secret: freshSecret() }, routes,
  });
  const CASES = [
    ['/old/a?b=c', 'navigation: 301 to /new/a?b=c; script: 301 to /new/a?b=c', 301, '/new/a?b=c'],
    ['/ok', 'navigation: 418; script: 418', 418, undefined],
    ['/logout', 'navigation: 303 to /_auth/sign-out; script: 303 to /_auth/sign-out', 303, '/_auth/sign-out'],
    ['/guarded', 'navigation: 303 (to sign in); script: 401', 303, undefined],
  ];
  for (const [target, words, status, location] of CASES) {
    test(`${target}: the status, and where it leads`, async () => {
      const { stdout } = await run(['explain', file, '--url', ORIGIN + target]);
      assert.ok(stdout.includes(words), stdout);
      const { navigation } = JSON.parse((await run(['explain', file, '--json', '--url', ORIGIN + target])).stdout);
      assert.equal(navigation.status, status);
      assert.equal(navigation.location, location);
    });
  }
});

describe('tests in the configuration', () => {
  const scope = suite(after);
  const TESTS = [
    { name: 'editors do not administer', url: `${ORIGIN}/admin/a`, as: { sub: 'a', roles: ['editor'] }, expect: 'deny' },
    { url: `${ORIGIN}/admin/a`, as: { sub: 'root', roles: ['admin'] }, expect: 'allow', expect_headers: { 'X-Forwarded-User': 'root', 'x-forwarded-groups': 'admin', 'X-Forwarded-Email': null } },
    { url: `${ORIGIN}/admin/a`, expect: 'sign_in' },
    { url: `${ORIGIN}/admin/a`, script: true, expect: 'unauthenticated' },
    { url: `${ORIGIN}/elsewhere`, expect: 'not_found' },
    { url: `${ORIGIN}/public/%2e%2e/..`, expect: 'bad_request' },
    { url: 'http://evil.test/', expect: 'misdirected' },
    { url: `${ORIGIN}/public/a`, method: 'POST', headers: { 'X-A': 'b' }, client: '192.0.2.1', expect: 'allow', expect_headers: { 'X-A': 'b', 'X-Forwarded-For': '192.0.2.1' } },
  ];
  let world;
  before(async () => { world = await makeWorld(scope, { config: { tests: TESTS } }); });
  beforeEach(() => world.recorder.reset());
  const check = (tests) => run(['check', '--config', writeConfig({ ...world.config, tests })]);

  test('those that hold are counted', async () => {
    const { code, stdout, stderr } = await check(TESTS);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /8 tests passed/);
  });

  const FAILURES = {
    outcome: [{ ...TESTS[0], expect: 'allow' }, /tests\[1\] 'editors do not administer': expected allow, found deny \(403\): missing: role admin[\s\S]*route #\d \/admin\/\* \(line \d+\)[\s\S]*no +role admin +roles: \["editor"\]/],
    header: [{ ...TESTS[1], expect_headers: { 'X-Forwarded-User': 'boss' } }, /tests\[1\] 'GET .*': expected that the app gets X-Forwarded-User: 'boss', found 'root'/],
    'absent header': [{ ...TESTS[1], expect_headers: { 'X-Forwarded-User': null } }, /X-Forwarded-User: no such field, found 'root'/],
    person: [{ ...TESTS[1], as: { roles: ['admin'] } }, /as: expected the claim sub/],
  };
  for (const [what, [row, pattern]] of Object.entries(FAILURES)) {
    test(`one that fails is told, with the reason: ${what}`, async () => {
      const { code, stderr } = await check([TESTS[2], row].reverse());
      assert.equal(code, 2);
      assert.match(stderr, pattern);
      assert.match(stderr, /1 of 2 tests failed/);
    });
  }

  test('the proxy does not start', async () => {
    const proxy = await Proxy.start(merge(world.config, { tests: [{ ...TESTS[0], expect: 'allow' }] }), { ready: false });
    proxy.expectExit = true;
    assert.equal((await proxy.exit()).code, 2);
    assert.match(proxy.output, /expected allow, found deny/);
    assert.match(proxy.output, /not started: 1 of the configuration's tests failed/);
    await proxy.stop();
  });

  test('a reload takes nothing over', async () => {
    const { proxy } = world;
    const text = JSON.parse(fs.readFileSync(proxy.file, 'utf8'));
    fs.writeFileSync(proxy.file, JSON.stringify({ ...text, tests: [{ ...TESTS[0], expect: 'allow' }] }));
    proxy.signal('SIGHUP');
    await proxy.waitLog((entry) => entry.msg === 'secrets kept: tests of the configuration failed');
    assert.ok(proxy.errors.some((entry) => /expected allow, found deny/.test(entry.msg)));
    fs.writeFileSync(proxy.file, JSON.stringify({ ...text, tests: [TESTS[0]] }));
    proxy.signal('SIGHUP');
    await proxy.waitLog((entry) => entry.msg === 'secrets re-read');
    assert.ok(!proxy.errors.some((entry) => /needs a restart/.test(entry.msg)), 'other tests are no change that needs a restart');
  });
});
