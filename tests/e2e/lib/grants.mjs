// The refresh tokens of EvilOp, grant by grant: rotation, reuse, revocation, and how often each was asked with.
import { randomBytes } from 'node:crypto';

export class Grants {
  tokens = new Map(); // refresh token -> { grant, expiresAt, lifetimeMs, consumedAt, calls }
  reuses = 0; // consumed tokens that came again too late

  constructor(op) { this.op = op; }

  issue(grant) {
    const token = `refresh-${randomBytes(24).toString('base64url')}`;
    const lifetimeMs = this.op.refreshTokenLifetimeS * 1000;
    this.tokens.set(token, { grant, lifetimeMs, expiresAt: this.op.clock.now() + lifetimeMs, consumedAt: null, calls: 0 });
    return token;
  }

  // Every call counts, also one that fails on purpose.
  count(token) {
    const entry = this.tokens.get(token);
    if (entry) ++entry.calls;
  }
  callsWith(token) { return this.tokens.get(token)?.calls ?? 0; }
  get mostCallsWithOneToken() { return Math.max(0, ...[...this.tokens.values()].map(({ calls }) => calls)); }

  // { grant, token to hand out }, or null. A consumed token that comes after the grace ends its grant.
  redeem(token) {
    const entry = this.tokens.get(token);
    if (!entry || entry.grant.ended) return null;
    const now = this.op.clock.now();
    if (this.op.revoked.has(entry.grant.sub)) { entry.grant.ended = true; return null; }
    if (entry.expiresAt <= now) return null;
    if (entry.consumedAt !== null && now - entry.consumedAt >= this.op.graceMs) {
      ++this.reuses;
      entry.grant.ended = true;
      return null;
    }
    return { grant: entry.grant, token: this.#rotates(entry, now) ? this.#successor(entry, now) : token };
  }

  #rotates({ expiresAt, lifetimeMs }, now) {
    if (this.op.rotate !== 'logto') return this.op.rotate === 'always';
    return 1 - (expiresAt - now) / lifetimeMs >= 0.7;
  }

  #successor(entry, now) {
    entry.consumedAt ??= now;
    return this.issue(entry.grant);
  }

  revoke(token) {
    const entry = this.tokens.get(token);
    if (entry) entry.grant.ended = true;
  }
}
