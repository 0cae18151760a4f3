// The binary under test: configuration from a JS object (JSON is YAML), start, logs, stop. A crash or a sanitizer's
// report fails the test that stops the proxy.
import { spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { EventEmitter } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { TimedOut } from './byte_stream.mjs';

export const REPO = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const BINARY = path.resolve(REPO, process.env.LOGTO_PROXY_BIN ?? 'build/release/logto-proxy');
// A debug binary with sanitizers is several times slower: bounds on time are multiplied.
export const SLOWNESS = /debug|asan|callgrind|threads/.test(BINARY) ? 4 : 1;
process.setMaxListeners(0);
const SANITIZER = /AddressSanitizer|LeakSanitizer|ThreadSanitizer|UndefinedBehaviorSanitizer|runtime error:/;

const listens = (server, port) => new Promise((resolve) => server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true)));

// A thousand ports that no other test process looks among: whoever listens on the first of them has them all.
let range = null;
async function claimRange() {
  for (let i = process.pid; ; ++i) {
    const first = 10_000 + (i % 22) * 1000;
    const claim = net.createServer();
    if (await listens(claim, first)) {
      claim.unref();
      return { claim, first, given: randomInt(999) };
    }
  }
}

// For a program that is told its port before it starts, or gets it again after a restart. Below the ports that the kernel
// gives to connections and to listeners on port 0, one of which would else have it in between; and none is given twice,
// for between the giving and the program's start nobody listens there.
export async function freePort() {
  range ??= claimRange();
  const mine = await range;
  for (;;) {
    const server = net.createServer();
    const port = mine.first + 1 + (mine.given++ % 999);
    if (!(await listens(server, port))) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

export const freshSecret = () => randomBytes(32).toString('base64');

// Gone when the test process ends.
export function temporaryFolder() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'logto-proxy-e2e-'));
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function writeConfig(config) {
  const folder = temporaryFolder();
  const file = path.join(folder, 'config.yaml');
  fs.writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config, null, 1));
  return file;
}

// A command that ends by itself: { code, stdout, stderr }.
export function run(args, { env = {}, timeout = 20_000 } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(BINARY, args, { env: { ...process.env, ...env } });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data) => { stdout += data; });
    child.stderr.on('data', (data) => { stderr += data; });
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
    child.on('error', reject);
    child.on('close', (code, signal) => { clearTimeout(timer); resolve({ code, signal, stdout, stderr }); });
  });
}

export class Proxy extends EventEmitter {
  access = []; // parsed access-log lines
  errors = []; // parsed error-log lines
  output = ''; // everything on stdout and stderr, for secrets that must not be there
  exited = null;

  // A configuration as text is used as it is: `adminAddress` is what its admin.listen says.
  // `through` is a command that becomes the proxy, as prlimit does.
  static async start(config, { env = {}, ready = true, adminAddress, through = [] } = {}) {
    const proxy = new Proxy();
    proxy.through = through;
    if (typeof config === 'string') {
      Object.assign(proxy, { config, adminAddress, file: writeConfig(config) });
      proxy.#spawn(env);
      if (ready) await proxy.#ready();
      return proxy;
    }
    const adminPort = config.admin === undefined ? await freePort() : null;
    const full = { listen: '127.0.0.1:0', check_after: null, ...(adminPort ? { admin: { listen: `127.0.0.1:${adminPort}` } } : {}), ...config };
    const adminListen = full.admin?.listen;
    proxy.adminPort = adminListen ? Number(String(adminListen).split(':').pop()) : null;
    proxy.adminAddress = adminListen;
    proxy.config = full;
    proxy.file = writeConfig(full);
    proxy.#spawn(env);
    if (ready) await proxy.#ready();
    return proxy;
  }

  #spawn(env) {
    const [command, ...args] = [...this.through, BINARY, 'serve', '--config', this.file];
    this.child = spawn(command, args, { env: { ...process.env, ...env } });
    this.pid = this.child.pid;
    readline.createInterface({ input: this.child.stdout }).on('line', (line) => this.#heard('access', line));
    readline.createInterface({ input: this.child.stderr }).on('line', (line) => this.#heard('errors', line));
    this.child.on('error', (error) => { this.spawnError = error; this.emit('exit'); });
    this.child.on('close', (code, signal) => { this.exited = { code, signal }; this.emit('exit'); });
  }

  #heard(log, line) {
    this.output += line + '\n';
    let entry;
    try { entry = JSON.parse(line); } catch { entry = { unparsed: line }; }
    this[log].push(entry);
    this.emit(log, entry);
  }

  async #ready() {
    await this.waitLog((entry) => entry.msg === 'ready', { timeout: 15_000 * SLOWNESS });
    const addresses = this.errors.filter((entry) => entry.msg === 'listening').map((entry) => entry.address);
    this.addresses = addresses;
    const mine = addresses.find((address) => address !== this.adminAddress && /:\d+$/.test(address));
    this.port = Number(mine?.split(':').pop());
  }

  waitLog(match, options) { return this.#wait('errors', match, options); }
  waitAccess(match, options) { return this.#wait('access', match, options); }

  #wait(log, match, { timeout = 5000 } = {}) {
    const found = this[log].find(match);
    if (found) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      const finish = (settle, value) => { clearTimeout(timer); this.off(log, hear); this.off('exit', gone); settle(value); };
      const hear = (entry) => { if (match(entry)) finish(resolve, entry); };
      const gone = () => finish(reject, new Error(`the proxy is gone (${JSON.stringify(this.exited ?? String(this.spawnError))}):\n${this.output.slice(-4000)}`));
      const timer = setTimeout(() => finish(reject, new TimedOut(`no such ${log} line within ${timeout} ms:\n${this.output.slice(-3000)}`)), timeout);
      this.on(log, hear);
      this.on('exit', gone);
      if (this.exited || this.spawnError) gone();
    });
  }

  exit({ timeout = 15_000 } = {}) {
    if (this.exited) return Promise.resolve(this.exited);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new TimedOut(`the proxy did not exit within ${timeout} ms`)), timeout);
      this.once('exit', () => { clearTimeout(timer); resolve(this.exited); });
    });
  }

  signal(name) { this.child.kill(name); }

  // Without the program's own pages, which come when they are first used.
  anonymousKib() { return Number(/RssAnon:\s+(\d+)/.exec(fs.readFileSync(`/proc/${this.pid}/status`, 'utf8'))[1]); }
  rssKib() { return Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${this.pid}/status`, 'utf8'))[1]); }

  // Throws when the process has died by itself or a sanitizer spoke.
  assertHealthy() {
    if (this.exited) throw new Error(`the proxy died: ${JSON.stringify(this.exited)}\n${this.output.slice(-6000)}`);
    this.assertNoSanitizer();
  }
  assertNoSanitizer() {
    if (SANITIZER.test(this.output)) throw new Error(`sanitizer report:\n${this.output.slice(-8000)}`);
  }

  async stop() {
    const died = this.exited;
    if (!died) {
      this.signal('SIGTERM');
      try {
        await this.exit({ timeout: 3000 * SLOWNESS });
      } catch {
        // Connections that the test left open may hold the drain back: a second signal ends it at once.
        this.signal('SIGINT');
        await this.exit({ timeout: 3000 }).catch(() => this.signal('SIGKILL'));
        await this.exit();
      }
    }
    fs.rmSync(path.dirname(this.file), { recursive: true, force: true });
    if (died && !this.expectExit) throw new Error(`the proxy died: ${JSON.stringify(died)}\n${this.output.slice(-6000)}`);
    this.assertNoSanitizer();
    for (const { decision } of this.access) {
      if (decision !== undefined && !DECISIONS.has(decision)) throw new Error(`the manual's section 10 does not list the decision "${decision}" of the access log`);
    }
  }
}

// Those that operators are told of, whatever a test is about.
const DECISIONS = (() => {
  const manual = fs.readFileSync(path.join(REPO, 'docs/MANUAL.md'), 'utf8');
  const [, list] = /`decision` is\s+one of these words([^]*?)\n- stderr/.exec(manual);
  return new Set([...list.matchAll(/`([a-z_]+)`/g)].map(([, word]) => word));
})();
