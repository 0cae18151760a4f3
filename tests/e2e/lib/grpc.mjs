// gRPC by hand: calls as its clients make them, over HTTP/2 or, as far as that goes, HTTP/1; and an app that streams.
import { EventEmitter, once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import { HOST } from './world.mjs';

// Length-prefixed messages, as both sides send them.
export function frame(text) {
  const body = Buffer.from(text);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}
export class Frames {
  #bytes = Buffer.alloc(0);
  *push(bytes) {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    while (this.#bytes.length >= 5 && this.#bytes.length >= 5 + this.#bytes.readUInt32BE(1)) {
      const end = 5 + this.#bytes.readUInt32BE(1);
      yield this.#bytes.subarray(5, end).toString();
      this.#bytes = this.#bytes.subarray(end);
    }
  }
}

// A call: head, messages, and how it ended: { status, message } by trailers, or the head where that is all; `broken` otherwise.
export class Call extends EventEmitter {
  messages = [];
  head = null;
  trailers = {};
  ended = false;
  broken = null;

  static over(wire, world, path, headers = {}) {
    const call = new Call();
    const fields = { 'content-type': 'application/grpc', te: 'trailers', ...headers };
    return wire === 'http2' ? call.#http2(world, path, fields) : call.#http1(world, path, fields);
  }

  #http1(world, path, headers) {
    this.request = http.request({ port: world.port, host: '127.0.0.1', method: 'POST', path, agent: false, headers: { Host: HOST, 'Transfer-Encoding': 'chunked', Connection: 'TE', ...headers } });
    this.request.flushHeaders();
    this.request.on('error', (error) => this.#end(error));
    this.request.on('response', (response) => {
      this.#begin({ ':status': response.statusCode, ...response.headers });
      this.#read(response);
      response.on('end', () => { this.trailers = response.trailers; this.#end(null); });
      response.on('close', () => { if (!response.complete) this.#end(new Error('cut off')); });
    });
    return this;
  }

  #http2(world, path, headers) {
    this.session = http2.connect(`http://127.0.0.1:${world.http2Port ?? world.port}`);
    this.session.on('error', (error) => this.#end(error));
    this.request = this.session.request({ ':method': 'POST', ':path': path, ':authority': HOST, ...headers });
    this.request.on('error', (error) => this.#end(error));
    this.request.on('response', (fields) => this.#begin(fields));
    this.request.on('trailers', (fields) => { this.trailers = fields; });
    this.#read(this.request);
    this.request.on('close', () => this.#end(this.request.rstCode === 0 ? null : new Error(`reset: ${this.request.rstCode}`)));
    return this;
  }

  #begin(head) { this.head = head; this.emit('head'); }
  #read(stream) {
    const frames = new Frames();
    stream.on('error', (error) => this.#end(error));
    stream.on('data', (bytes) => { for (const message of frames.push(bytes)) { this.messages.push(message); this.emit('message'); } });
  }
  #end(error) {
    if (this.ended) return;
    this.ended = true;
    this.broken = error;
    this.session?.destroy();
    this.emit('end');
  }

  send(text) { this.request.write(frame(text)); }
  end() { this.request.end(); return this; }
  cancel() { this.session ? this.request.close(http2.constants.NGHTTP2_CANCEL) : this.request.socket.resetAndDestroy(); }
  async message(n) { while (this.messages.length < n) await once(this, 'message'); return this.messages[n - 1]; }
  // { http, status, message, kind }
  async outcome() {
    while (!this.ended) await once(this, 'end');
    if (this.broken) return { broken: this.broken };
    const where = this.trailers['grpc-status'] !== undefined ? this.trailers : this.head;
    return { http: this.head[':status'], status: Number(where['grpc-status']), message: where['grpc-message'], type: this.head['content-type'] };
  }
}

// What an app does by the last part of its path.
const METHODS = {
  Echo: (stream, { frames }) => { // whatever comes goes back at once; the end follows the end
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('data', (bytes) => { for (const message of frames.push(bytes)) stream.write(frame(`you said ${message}`)); });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': '' }));
    stream.on('end', () => stream.end());
  },
  Enough: (stream) => { // ends while its client goes on
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '9', 'grpc-message': 'enough' }));
    stream.once('data', () => stream.end(frame('enough')));
  },
  Refuse: (stream) => stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5', 'grpc-message': 'no%20such' }, { endStream: true }),
  Silent: () => {},
  First: (stream) => { // one message, and silence
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    stream.write(frame('first'));
  },
  Dies: (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    stream.write(frame('first'), () => stream.session.destroy());
  },
};
export function serve(one, stream) {
  const method = METHODS[one.headers[':path'].split('/').pop()];
  if (method) return method(stream, { frames: new Frames() });
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12' }, { endStream: true });
}
