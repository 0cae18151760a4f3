// A stand-in for Patreon's API v2 as documented: GET /api/oauth2/v2/identity in JSON:API, with memberships, their campaigns and tiers
// where `include` asks for them, and of each resource the fields that `fields[...]` names. People are known by their token:
//   patreon.people.set(token, { id, memberships: [{ campaign, status, cents, tiers: [{ id, title }] }] })
// `patreon.behaviour` makes it something else for all: { status, headers, body, type, times } | 'reset' | 'hang' | a function
// (request, response) -> true if handled. `patreon.latencyMs` makes it slow. `patreon.log` lists what was asked, tokens included.
import http from 'node:http';
import { once } from 'node:events';
import { patreonError, patreonIdentity } from '../../op/patreon_identity.mjs';
import { sleep } from './clock.mjs';

export class Patreon {
  people = new Map(); // token -> person
  behaviour = null;
  latencyMs = 0;
  log = []; // { path, token }
  now = 0;
  most = 0; // calls at one time

  static async start() {
    const patreon = new Patreon();
    patreon.server = http.createServer((request, response) => patreon.#answer(request, response));
    patreon.server.listen(0, '127.0.0.1');
    await once(patreon.server, 'listening');
    patreon.url = `http://127.0.0.1:${patreon.server.address().port}`;
    return patreon;
  }

  async stop() {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  get calls() { return this.log.length; }

  async #answer(request, response) {
    const url = new URL(request.url, this.url);
    const token = (request.headers.authorization ?? '').replace(/^Bearer /, '');
    this.log.push({ path: url.pathname, query: url.search, token });
    this.most = Math.max(this.most, ++this.now);
    response.once('close', () => --this.now);
    if (this.latencyMs) await sleep(this.latencyMs);
    if (this.#misbehaves(request, response)) return;
    const person = this.people.get(token);
    if (request.method !== 'GET' || url.pathname !== '/api/oauth2/v2/identity') return this.#send(response, 404, patreonError(404, 'NotFound', 'not found'));
    if (!person) return this.#send(response, 401, patreonError(401, 'Unauthorized', 'The server could not verify that you are authorized to access the URL requested.'));
    this.#send(response, 200, patreonIdentity(person, url));
  }

  #misbehaves(request, response) {
    const how = this.behaviour;
    if (how === null) return false;
    if (typeof how === 'function') return how(request, response);
    if (how === 'hang') return true;
    if (how === 'reset') { response.socket.resetAndDestroy(); return true; }
    if (how.times !== undefined && how.times-- <= 0) { this.behaviour = null; return false; }
    response.writeHead(how.status ?? 200, { 'content-type': how.type ?? 'application/vnd.api+json', ...how.headers });
    response.end(how.body ?? JSON.stringify(patreonError(how.status, 'RequestThrottled', 'on purpose')));
    return true;
  }

  #send(response, status, body) { response.writeHead(status, { 'content-type': 'application/vnd.api+json' }).end(JSON.stringify(body)); }
}
