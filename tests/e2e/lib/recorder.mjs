// Upstreams under our control. Recorder parses strictly and keeps every request both as raw bytes and as fields;
// what it cannot parse goes to `violations`, which is a failure of the proxy in every test. EvilUpstream answers any bytes.
import net from 'node:net';
import tls from 'node:tls';
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { ByteStream, Fields, TimedOut, framingOf, nonNegative, parseFields, readChunked } from './byte_stream.mjs';

class TcpServer extends EventEmitter {
  connections = new Set();
  tls = null; // { cert, key, ... } of an app that is asked over https
  tcpConnections = 0; // with those that end within a handshake

  async listen(port = 0) {
    const options = { noDelay: true, allowHalfOpen: true };
    const onSocket = (socket) => {
      this.connections.add(socket);
      this.emit('connection', socket);
      socket.on('error', () => {});
      socket.on('close', () => { this.connections.delete(socket); this.emit('disconnection', socket); });
      this.serve(socket);
    };
    this.server = this.tls ? tls.createServer({ ...options, ...this.tls }, onSocket) : net.createServer(options, onSocket);
    this.server.on('connection', () => { ++this.tcpConnections; });
    this.server.on('tlsClientError', () => {});
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = this.server.address().port;
    this.url = `${this.tls ? 'https' : 'http'}://127.0.0.1:${this.port}`;
    return this;
  }

  async close() {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.connections) socket.destroy();
    await closed;
  }
}

export class Recorder extends TcpServer {
  requests = [];
  violations = [];
  accepted = 0;
  // handle(request, reply): called when the whole request is in. onHead(request, reply, stream): called at its head; when it
  // returns true (or a promise of true) it has taken the rest of the exchange, body included, into its own hands.
  handle = (request, reply) => reply.json(echoOf(request));
  onHead = null;

  static start(options = {}) { return Object.assign(new Recorder(), options).listen(options.port); }

  async serve(socket) {
    const connection = ++this.accepted;
    const stream = new ByteStream(socket);
    try {
      for (;;) if (!(await this.#one(socket, stream, connection))) break;
    } catch (error) {
      if (!error.gone) this.violations.push(`${error.message}`);
      socket.destroy();
    }
    socket.end();
  }

  async #one(socket, stream, connection) {
    const end = await stream
      .until((bytes, gone) => nonNegative(bytes.indexOf('\r\n\r\n')) ?? (gone ? 'gone' : undefined), { timeout: 2 ** 30 });
    if (end === 'gone') {
      if (stream.peek().length) throw new Error(`half a head: ${stream.peek().toString('latin1').slice(0, 200)}`);
      return false;
    }
    const raw = Buffer.from(stream.take(end + 4));
    const request = { ...parseRequestHead(raw), raw, connection, time: Date.now() };
    this.requests.push(request);
    this.emit('head', request);
    const reply = new Reply(socket, request);
    if (this.onHead && (await this.onHead(request, reply, stream))) return !socket.destroyed && reply.keepAlive;
    try {
      Object.assign(request, await readRequestBody(stream, request));
    } catch (error) {
      request.aborted = true;
      this.emit('aborted', request);
      error.gone = error.constructor.name === 'Truncated';
      throw error;
    }
    request.complete = true;
    this.emit('request', request);
    await this.handle(request, reply);
    return !socket.destroyed && !socket.writableEnded;
  }

  // The next or an earlier request for which match(request) holds, once complete.
  waitFor(match, { timeout = 5000 } = {}) {
    const found = this.requests.find((request) => request.complete && match(request));
    if (found) return Promise.resolve(found);
    return this.#waitEvent('request', match, timeout);
  }
  waitHead(match, { timeout = 5000 } = {}) {
    const found = this.requests.find(match);
    return found ? Promise.resolve(found) : this.#waitEvent('head', match, timeout);
  }
  #waitEvent(name, match, timeout) {
    return new Promise((resolve, reject) => {
      const hear = (request) => { if (match(request)) { clearTimeout(timer); this.off(name, hear); resolve(request); } };
      const timer = setTimeout(() => { this.off(name, hear); reject(new TimedOut(`upstream saw no such request within ${timeout} ms`)); }, timeout);
      this.on(name, hear);
    });
  }

  reset() { this.requests.length = 0; this.violations.length = 0; }
  targets() { return this.requests.map((request) => request.target); }
  assertClean() { assert.deepEqual(this.violations, [], 'the proxy sent the upstream bytes that are not a strict HTTP/1.1 request'); }
}

function parseRequestHead(raw) {
  const [line, ...lines] = raw.toString('latin1').slice(0, -4).split('\r\n');
  const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP\/1\.1$/.exec(line);
  if (!match) throw new Error(`not a request line: ${JSON.stringify(line)}`);
  const fields = new Fields(parseFields(lines));
  if (fields.all('host').length !== 1) throw new Error(`${fields.all('host').length} Host fields`);
  return { method: match[1], target: match[2], line, fields };
}

export async function readRequestBody(stream, request, options = { timeout: 30_000 }) {
  const framing = framingOf(request.fields, 'the request');
  if (framing.chunked) return readChunked(stream, options);
  return { body: await stream.exactly(framing.length ?? 0, options), trailers: [] };
}

export const echoOf = (request) => ({
  method: request.method, target: request.target, headers: request.fields.list, body: request.body.toString('latin1'),
});

export class Reply {
  keepAlive = true;
  constructor(socket, request) { this.socket = socket; this.request = request; }

  raw(bytes) { return new Promise((resolve) => this.socket.write(bytes, resolve)); }
  head(status, headers = {}, reason = 'Whatever') {
    const lines = [`HTTP/1.1 ${status} ${reason}`];
    for (const [name, value] of Object.entries(headers)) for (const one of [value].flat()) lines.push(`${name}: ${one}`);
    return this.raw(Buffer.from(lines.join('\r\n') + '\r\n\r\n', 'latin1'));
  }
  async send(status, headers = {}, body = '') {
    const bytes = Buffer.from(body);
    await this.head(status, { 'Content-Length': bytes.length, ...headers });
    if (this.request.method !== 'HEAD' && bytes.length) await this.raw(bytes);
  }
  json(value, status = 200, headers = {}) {
    return this.send(status, { 'Content-Type': 'application/json', ...headers }, JSON.stringify(value));
  }
  chunk(data) {
    const bytes = Buffer.from(data);
    return this.raw(Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]));
  }
  lastChunk(trailers = '') { return this.raw(`0\r\n${trailers}\r\n`); }
  end(bytes) { this.keepAlive = false; this.socket.end(bytes); }
  resetConnection() { this.keepAlive = false; this.socket.resetAndDestroy(); }
}

// answer(socket, headText, count): called once per request head seen on a connection (bodies are not looked at).
export class EvilUpstream extends TcpServer {
  heads = [];
  static start(answer, port = 0) { return Object.assign(new EvilUpstream(), { answer }).listen(port); }

  serve(socket) {
    let seen = '';
    let count = 0;
    socket.on('end', () => socket.end());
    socket.on('data', (data) => {
      seen += data.toString('latin1');
      for (let end; (end = seen.indexOf('\r\n\r\n')) >= 0; ) {
        const head = seen.slice(0, end + 4);
        seen = seen.slice(end + 4);
        this.heads.push(head);
        this.emit('head', head);
        this.answer(socket, head, ++count);
      }
    });
  }
}
