// A real redis-server of the test's own: a free port of 127.0.0.1, a temporary folder, nothing on disk but what it is told.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { once } from 'node:events';
import { freePort, temporaryFolder } from './proxy.mjs';

export const REDIS_SERVER = ['/usr/bin/redis-server', '/usr/bin/valkey-server'].find((file) => fs.existsSync(file));
const START_MS = 15_000;

export class Redis {
  // tls: TLS only, by a CA of its own (`caFile`). password: of the default user. acl: { user, password, rules? }, and the default
  // user is off. unixSocket: no TCP port at all. arguments: further ones of redis-server.
  static async start(options = {}) {
    if (!REDIS_SERVER) throw new Error('no redis-server: apt-get install redis-server');
    const redis = Object.assign(new Redis(), { options, folder: temporaryFolder() });
    redis.port = options.unixSocket ? 0 : options.port ?? (await freePort());
    redis.socketPath = options.unixSocket ? path.join(redis.folder, 'redis.sock') : null;
    if (options.tls) redis.#makeCertificates();
    redis.#writeSettings();
    await redis.restart();
    return redis;
  }

  get url() {
    const { acl } = this.options;
    if (this.socketPath) return `unix:${this.socketPath}`;
    return `${this.options.tls ? 'rediss' : 'redis'}://${acl ? `${acl.user}@` : ''}127.0.0.1:${this.port}/0`;
  }
  // The `redis:` block of a configuration.
  settings(more = {}) {
    const password = this.options.acl?.password ?? this.options.password;
    return { url: this.url, ...(password ? { password } : {}), ...(this.caFile ? { ca_file: this.caFile } : {}), ...more };
  }

  #writeSettings() {
    const { acl, password, tls: secure, arguments: more = [] } = this.options;
    const lines = [
      `port ${this.socketPath || secure ? 0 : this.port}`, 'bind 127.0.0.1', `dir ${this.folder}`, 'save ""', 'appendonly no', 'daemonize no', 'protected-mode yes',
      ...(this.socketPath ? [`unixsocket ${this.socketPath}`, 'unixsocketperm 700'] : []),
      ...(secure ? [`tls-port ${this.port}`, `tls-cert-file ${this.folder}/server.pem`, `tls-key-file ${this.folder}/server.key`, `tls-ca-cert-file ${this.caFile}`, 'tls-auth-clients no'] : []),
      ...(password ? [`requirepass ${password}`] : []),
      ...(acl ? [`user ${acl.user} on >${acl.password} ${acl.rules ?? '~* &* +@all'}`, 'user default off'] : []),
      ...more,
    ];
    fs.writeFileSync(path.join(this.folder, 'redis.conf'), lines.join('\n') + '\n');
  }

  #makeCertificates() {
    const openssl = (...args) => execFileSync('openssl', args, { cwd: this.folder, stdio: 'pipe' });
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=the CA of a test');
    openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=127.0.0.1');
    fs.writeFileSync(path.join(this.folder, 'server.ext'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
    openssl('x509', '-req', '-in', 'server.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-out', 'server.pem', '-days', '2', '-extfile', 'server.ext');
    this.caFile = path.join(this.folder, 'ca.pem');
  }

  // Starts the server (again), with an empty database. Returns when it answers.
  async restart() {
    if (this.child) await this.kill();
    this.log = '';
    this.child = spawn(REDIS_SERVER, [path.join(this.folder, 'redis.conf')], { stdio: ['ignore', 'pipe', 'pipe'] });
    const ready = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`redis-server is not ready after ${START_MS} ms:\n${this.log}`)), START_MS);
      const hear = (data) => {
        this.log = (this.log + data).slice(-20_000);
        if (/Ready to accept connections|now ready to accept connections/.test(this.log)) { clearTimeout(timer); resolve(); }
      };
      this.child.stdout.on('data', hear);
      this.child.stderr.on('data', hear);
      this.child.once('error', reject);
      this.child.once('close', (code) => { clearTimeout(timer); reject(new Error(`redis-server ended with ${code}:\n${this.log}`)); });
    });
    ready.catch(() => {});
    await ready;
  }

  // As a crash: no time to say good-bye.
  async kill() {
    const { child } = this;
    this.child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
  }

  // Alive but silent: connections stand, nothing is answered.
  pause() { this.child.kill('SIGSTOP'); }
  resume() { this.child.kill('SIGCONT'); }

  // One command on a connection of its own, e.g. command('DBSIZE'): strings, numbers, lists, null; errors reject.
  async command(...words) {
    const socket = this.socketPath ? net.connect(this.socketPath)
      : this.options.tls ? tls.connect({ port: this.port, host: '127.0.0.1', ca: fs.readFileSync(this.caFile) }) : net.connect(this.port, '127.0.0.1');
    try {
      await once(socket, this.options.tls && !this.socketPath ? 'secureConnect' : 'connect');
      const { acl, password } = this.options;
      const reader = new RespReader(socket);
      if (acl) await reader.ask(socket, ['AUTH', acl.user, acl.password]);
      else if (password) await reader.ask(socket, ['AUTH', password]);
      return await reader.ask(socket, words);
    } finally {
      socket.destroy();
    }
  }
  keys(pattern = '*') { return this.command('KEYS', pattern); }
  flush() { return this.command('FLUSHALL'); }
  // Everything that somebody who stole the database could read, as one text.
  async dump() {
    const parts = [];
    for (const key of await this.keys()) {
      const type = await this.command('TYPE', key);
      const read = { string: ['GET', key], hash: ['HGETALL', key], set: ['SMEMBERS', key], list: ['LRANGE', key, '0', '-1'], zset: ['ZRANGE', key, '0', '-1'], stream: ['XRANGE', key, '-', '+'] }[type];
      parts.push(key, JSON.stringify(read ? await this.command(...read) : null));
    }
    return parts.join('\n');
  }

  async stop() {
    if (this.child) this.child.kill('SIGCONT');
    await this.kill();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

// RESP2, as much as answers to single commands need. Bytes are latin1.
class RespReader {
  #bytes = '';
  #wake = () => {};

  constructor(socket) {
    socket.on('data', (data) => { this.#bytes += data.toString('latin1'); this.#wake(); });
    socket.on('error', (error) => { this.failure = error; this.#wake(); });
    socket.on('close', () => { this.failure ??= new Error('redis closed the connection'); this.#wake(); });
  }

  ask(socket, words) {
    socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(String(word))}\r\n${word}\r\n`).join('')}`);
    return new Promise((resolve, reject) => {
      this.#wake = () => {
        const parsed = parseResp(this.#bytes, 0);
        if (parsed) {
          this.#bytes = this.#bytes.slice(parsed.end);
          if (parsed.value instanceof Error) reject(parsed.value);
          else resolve(parsed.value);
        } else if (this.failure) reject(this.failure);
      };
      this.#wake();
    });
  }
}

// { value, end }, or null while there is too little.
function parseResp(text, at) {
  const eol = text.indexOf('\r\n', at);
  if (eol < 0) return null;
  const kind = text[at], rest = text.slice(at + 1, eol);
  if (kind === '+') return { value: rest, end: eol + 2 };
  if (kind === '-') return { value: new Error(rest), end: eol + 2 };
  if (kind === ':') return { value: Number(rest), end: eol + 2 };
  const count = Number(rest);
  if (count < 0) return { value: null, end: eol + 2 };
  if (kind === '$') return text.length < eol + 2 + count + 2 ? null : { value: text.slice(eol + 2, eol + 2 + count), end: eol + 4 + count };
  const list = [];
  let end = eol + 2;
  for (let index = 0; index < count; ++index) {
    const item = parseResp(text, end);
    if (!item) return null;
    list.push(item.value);
    end = item.end;
  }
  return { value: list, end };
}
