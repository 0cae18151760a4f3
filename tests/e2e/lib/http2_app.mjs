// An app of HTTP/2, without TLS or with, on a port or a socket: what node:http2 makes of what it is asked.
import { EventEmitter, once } from 'node:events';
import http2 from 'node:http2';

export class Http2App extends EventEmitter {
  sessions = []; // all that were ever opened
  streams = []; // likewise: { headers, body, stream, session, trailers }
  // handle(one, stream): called at the head. What it does not answer is answered by nobody.
  handle = (one, stream) => { stream.respond({ ':status': 200, 'content-type': 'text/plain' }); stream.end('ok'); };

  // options: { tls, settings, listen, handle, serverOptions }
  static async start({ tls = null, settings, listen = 0, serverOptions = {}, ...rest } = {}) {
    const app = Object.assign(new Http2App(), rest);
    const options = { ...serverOptions, ...(settings ? { settings } : {}) };
    app.server = tls ? http2.createSecureServer({ ...options, ...tls }) : http2.createServer(options);
    app.server.on('session', (session) => app.#serve(session));
    app.server.on('sessionError', () => {});
    app.server.on('error', () => {});
    app.sockets = new Set();
    app.server.on(tls ? 'secureConnection' : 'connection', (socket) => {
      app.sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => app.sockets.delete(socket));
    });
    if (typeof listen === 'string') app.server.listen(listen);
    else app.server.listen(listen, '127.0.0.1');
    await once(app.server, 'listening');
    app.port = app.server.address().port;
    app.url = typeof listen === 'string' ? `unix:${listen}` : `${tls ? 'https' : 'h2c'}://127.0.0.1:${app.port}`;
    return app;
  }

  #serve(session) {
    this.sessions.push(session);
    session.on('error', () => {});
    session.on('stream', (stream, headers, _flags, rawHeaders) => {
      const one = { headers, rawHeaders, stream, session, body: [], trailers: null, closedWith: null };
      this.streams.push(one);
      stream.on('error', () => {});
      stream.on('data', (bytes) => one.body.push(bytes));
      stream.on('trailers', (trailers) => { one.trailers = trailers; });
      stream.on('end', () => { one.ended = true; this.emit('ended', one); });
      stream.on('close', () => { one.closedWith = stream.rstCode; this.emit('closed', one); });
      this.emit('stream', one);
      this.handle(one, stream);
    });
    this.emit('session', session);
  }

  // The nth request, now or when it comes.
  async request(n = 1) {
    while (this.streams.length < n) await once(this, 'stream');
    return this.streams[n - 1];
  }
  bodyOf(one) { return Buffer.concat(one.body); }

  async close() {
    for (const session of this.sessions) session.destroy();
    for (const socket of this.sockets) socket.destroy();
    if (!this.server.listening) return;
    const closed = once(this.server, 'close');
    this.server.close();
    await closed;
  }
}
