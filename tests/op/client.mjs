// A small browser and relying party for trying the development provider (and for scripts that need a sign-in without a browser).
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

// Starts the provider; answers its ready line and a way to stop it.
export async function startProvider(config = {}) {
  const child = spawn(process.execPath, [fileURLToPath(new URL('main.mjs', import.meta.url))], {
    env: { ...process.env, OP_CONFIG: JSON.stringify({ port: 0, ...config }) }, stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ready = await new Promise((resolve, reject) => {
    child.once('exit', (status) => reject(new Error(`the provider ended with ${status}`)));
    createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line)));
  });
  return { ...ready, stop: () => new Promise((resolve) => { child.removeAllListeners('exit').once('exit', resolve); child.kill(); }) };
}

// Follows redirects and keeps cookies by path, as a browser would on one host.
export class Browser {
  constructor() { this.cookies = new Map(); }

  header(path) {
    return [...this.cookies.values()].filter((cookie) => path.startsWith(cookie.path)).map(({ name, value }) => `${name}=${value}`).join('; ');
  }

  keep(response) {
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(';').map((part) => part.trim());
      const at = pair.indexOf('='), name = pair.slice(0, at), value = pair.slice(at + 1);
      const path = attributes.find((a) => /^path=/i.test(a))?.slice(5) ?? '/';
      const expires = attributes.find((a) => /^expires=/i.test(a))?.slice(8);
      if (expires && Date.parse(expires) <= Date.now()) this.cookies.delete(`${name};${path}`);
      else this.cookies.set(`${name};${path}`, { name, value, path });
    }
  }

  async once(url, options = {}) {
    const response = await fetch(url, { redirect: 'manual', ...options, headers: { accept: 'text/html', cookie: this.header(new URL(url).pathname), ...options.headers } });
    this.keep(response);
    return response;
  }

  // Until something else than a redirect, or a redirect to a place that `stopAt` begins.
  async go(url, { stopAt, ...options } = {}) {
    const visited = [url];
    for (let hops = 0; hops < 20; hops++) {
      const response = await this.once(url, options);
      const location = response.headers.get('location');
      if (!location || response.status < 300 || response.status > 399) return { url, visited, response, body: await response.text() };
      url = new URL(location, url).href;
      visited.push(url);
      if (stopAt && url.startsWith(stopAt)) return { url, visited, response, body: '' };
      options = { ...options, method: 'GET', body: undefined };
    }
    throw new Error(`too many redirects, last ${url}`);
  }

  submit(url, fields, options) { return this.go(url, { method: 'POST', body: new URLSearchParams(fields), ...options }); }
}

export class RelyingParty {
  constructor(endpoint, { clientId = 'lab', clientSecret = 'lab-secret', redirectUri = 'http://localhost:8080/_auth/callback' } = {}) {
    Object.assign(this, { endpoint, clientId, clientSecret, redirectUri });
  }

  authorization(params = {}) {
    this.verifier = randomBytes(32).toString('base64url');
    this.nonce = randomBytes(16).toString('base64url');
    this.state = randomBytes(16).toString('base64url');
    return `${this.endpoint}/oidc/auth?${new URLSearchParams({
      response_type: 'code', client_id: this.clientId, redirect_uri: this.redirectUri, scope: 'openid profile email roles', state: this.state, nonce: this.nonce,
      code_challenge: createHash('sha256').update(this.verifier).digest('base64url'), code_challenge_method: 'S256', ...params,
    })}`;
  }

  async post(path, fields, secret = this.clientSecret) {
    const response = await fetch(`${this.endpoint}/oidc${path}`, {
      method: 'POST', body: new URLSearchParams(fields),
      headers: { authorization: `Basic ${Buffer.from(`${this.clientId}:${secret}`).toString('base64')}` },
    });
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : null };
  }

  exchange(code) {
    return this.post('/token', { grant_type: 'authorization_code', code, redirect_uri: this.redirectUri, code_verifier: this.verifier });
  }

  // change: resource, organization_id, scope.
  refresh(token, change = {}) { return this.post('/token', { grant_type: 'refresh_token', refresh_token: token, ...change }); }

  async claims(idToken) {
    const { keys } = await (await fetch(`${this.endpoint}/oidc/jwks`)).json();
    const [head, payload, signature] = idToken.split('.');
    const header = JSON.parse(Buffer.from(head, 'base64url')), jwk = keys.find(({ kid }) => kid === header.kid);
    const key = { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' };
    if (!verify(header.alg === 'RS256' ? 'sha256' : 'sha384', Buffer.from(`${head}.${payload}`), key, Buffer.from(signature, 'base64url'))) throw new Error('bad signature');
    return { header, claims: JSON.parse(Buffer.from(payload, 'base64url')) };
  }

  async userinfo(accessToken) {
    const response = await fetch(`${this.endpoint}/oidc/me`, { headers: { authorization: `Bearer ${accessToken}` } });
    return { status: response.status, body: await response.json() };
  }
}
