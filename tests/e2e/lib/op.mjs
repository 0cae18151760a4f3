// Starts the development OpenID provider (tests/op) as a process of its own and speaks to its control endpoint.
import { spawn } from 'node:child_process';
import path from 'node:path';
import readline from 'node:readline';
import { REPO, freePort } from './proxy.mjs';

export class DevelopmentOp {
  // options: keys of OP_CONFIG. Defaults: client app / app-secret-of-the-tests, every redirect given.
  static async start(options = {}) {
    const op = new DevelopmentOp();
    op.port = options.port ?? (await freePort());
    op.clientId = options.client_id ?? 'app';
    op.clientSecret = options.client_secret ?? 'app-secret-of-the-tests';
    const config = { client_id: op.clientId, client_secret: op.clientSecret, ...options, port: op.port };
    op.child = spawn(process.execPath, [path.join(REPO, 'tests/op/main.mjs')], {
      env: { ...process.env, OP_CONFIG: JSON.stringify(config) }, cwd: path.join(REPO, 'tests'),
    });
    let log = '';
    op.child.stderr.on('data', (data) => { log = (log + data).slice(-8000); });
    const ready = await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`tests/op is not ready after 30 s:\n${log}`)), 30_000);
      readline.createInterface({ input: op.child.stdout }).on('line', (line) => {
        try { const entry = JSON.parse(line); if (entry.ready) { clearTimeout(timer); resolve(entry); } } catch { /* its own log */ }
      });
      op.child.on('error', reject);
      op.child.on('close', (code) => { clearTimeout(timer); op.closed = true; reject(new Error(`tests/op ended with ${code}:\n${log}`)); });
    });
    op.endpoint = ready.endpoint;
    op.issuer = ready.issuer;
    return op;
  }

  async control(body) {
    const response = await fetch(`${this.endpoint}/__op/control`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`control answered ${response.status}: ${await response.text()}`);
    return response.json();
  }
  async stats() { return (await fetch(`${this.endpoint}/__op/stats`)).json(); }
  async attacks() { return (await fetch(`${this.endpoint}/__op/attacks`)).json(); }
  async requests() { return (await fetch(`${this.endpoint}/__op/requests`)).json(); }
  logto(extra = {}) { return { endpoint: this.endpoint, app_id: this.clientId, app_secret: this.clientSecret, ...extra }; }

  async stop() {
    if (this.closed) return;
    const closed = new Promise((resolve) => this.child.once('close', resolve));
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 3000);
    await closed;
    clearTimeout(timer);
  }
}
