// What oidc-provider keeps (sessions, grants, tokens, ...), in memory, outliving a change of signing keys.
import { errors } from 'oidc-provider';

export class Storage {
  // graceMs(): how long a consumed refresh token is taken for a good one.
  constructor(graceMs = () => 0) {
    this.graceMs = graceMs;
    this.clear();
  }

  clear() {
    this.items = new Map();    // "Model:id" -> { payload, expiresAt }
    this.grants = new Map();   // grantId -> Set of "Model:id"
    this.sessions = new Map(); // session uid -> id
    this.writes = 0;
  }

  // Suspending or deleting a user ends what they hold, for good (recorded: Tokens).
  endUser(sub) {
    for (const [key, { payload }] of this.items) if (payload.accountId === sub) this.items.delete(key);
  }

  // The sessions of a user say that he signed in then.
  authenticatedAt(sub, seconds) {
    for (const [key, { payload }] of this.items) if (key.startsWith('Session:') && payload.accountId === sub) payload.loginTs = seconds;
  }

  endSessions() {
    for (const key of this.items.keys()) if (key.startsWith('Session:')) this.items.delete(key);
  }

  read(key) {
    const item = this.items.get(key);
    if (item && item.expiresAt > Date.now()) return item.payload;
    this.items.delete(key);
    return undefined;
  }

  // Within the grace a consumed token is not yet consumed; the engine ends the grant when it is.
  readRefreshToken(key) {
    const payload = this.read(key);
    if (!payload?.consumed || Date.now() - payload.consumedAtMs >= this.graceMs()) return payload;
    const { consumed: _consumed, ...fresh } = payload;
    return fresh;
  }

  write(key, payload, expiresIn) {
    this.items.set(key, { payload, expiresAt: expiresIn === undefined ? Infinity : Date.now() + expiresIn * 1000 });
    if (++this.writes % 1000 === 0) this.sweep();
  }

  sweep() {
    const now = Date.now();
    for (const [key, item] of this.items) if (item.expiresAt <= now) this.items.delete(key);
    for (const [grantId, keys] of this.grants) if (![...keys].some((key) => this.items.has(key))) this.grants.delete(grantId);
  }

  adapter() {
    const storage = this;
    return class {
      constructor(model) { this.model = model; }
      key(id) { return `${this.model}:${id}`; }
      async upsert(id, payload, expiresIn) {
        storage.write(this.key(id), payload, expiresIn);
        if (this.model === 'Session') storage.sessions.set(payload.uid, id);
        // An interaction names the grant of the session that it may replace: ending that one must not end this.
        else if (payload.grantId && this.model !== 'Interaction') {
          if (!storage.grants.has(payload.grantId)) storage.grants.set(payload.grantId, new Set());
          storage.grants.get(payload.grantId).add(this.key(id));
        }
      }
      async find(id) {
        // Logto's words and status (400, not 401) for a client that does not exist.
        if (this.model === 'Client') throw new errors.InvalidClient(`invalid client ${id}`);
        return this.model === 'RefreshToken' ? storage.readRefreshToken(this.key(id)) : storage.read(this.key(id));
      }
      async findByUid(uid) { return this.find(storage.sessions.get(uid)); }
      async findByUserCode() { return undefined; }
      async consume(id) {
        const payload = storage.read(this.key(id));
        if (!payload) return;
        payload.consumed ??= Math.floor(Date.now() / 1000);
        payload.consumedAtMs ??= Date.now();
      }
      async destroy(id) { storage.items.delete(this.key(id)); }
      async revokeByGrantId(grantId) {
        for (const key of storage.grants.get(grantId) ?? []) storage.items.delete(key);
        storage.grants.delete(grantId);
      }
    };
  }
}
