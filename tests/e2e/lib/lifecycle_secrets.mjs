// Which secrets a random life has, and under which of them a cookie can be. While the ring changes nobody outside knows which secret
// sealed an answer, nor when a slow one was sealed: a cookie is then under one of several.
export class Secrets {
  removed = new Map(); // that left as leaked: { from, at: moments, atMs: real time }
  #sealers; // { secret, from, until }: moments in which it may have sealed

  constructor(first) {
    this.ring = [first];
    this.#sealers = [{ secret: first, from: 0, until: Infinity }];
  }
  // The processes are about to be given another ring, from `moment` on; and all have it.
  change(ring, moment) {
    this.ring = ring;
    this.#sealers.push({ secret: ring[0], from: moment, until: Infinity });
  }
  changed(moment) {
    for (const sealer of this.#sealers.slice(0, -1)) sealer.until = Math.min(sealer.until, moment);
  }
  leaks(secret, moment) { this.removed.set(secret, { from: moment, at: Infinity, atMs: Infinity }); }
  left(secret, moment) { Object.assign(this.removed.get(secret), { at: moment, atMs: Date.now() }); }

  // What may have sealed since that moment.
  sealingSince(moment) { return [...new Set(this.#sealers.filter(({ until }) => until >= moment).map(({ secret }) => secret))]; }

  // What may have sealed an answer to a cookie under `asked` that was asked for then, be it worth nothing or not. Up to the moment in
  // which a process hears that a secret leaves, it seals what stands on it anew under the one that sealed before (decision 0033); with
  // the leaving one, where it is that, and from then on nothing comes that is worth anything.
  sealingFor(asked, moment) {
    if (!this.mayBeGone(asked)) return this.sealingSince(moment);
    const since = this.leavesFrom(asked);
    const before = this.#sealers.filter(({ secret, from, until }) => until >= moment && from < since && !this.removed.has(secret));
    return [...new Set([...asked, ...(moment <= this.isGoneAt(asked) ? before.map(({ secret }) => secret) : [])])];
  }

  // `under`: what a cookie may be under. It is worth something until the first of these leaves, and nothing when the last has.
  mayBeGone(under) { return under.some((secret) => this.removed.has(secret)); }
  leavesFrom(under) { return Math.min(...under.map((secret) => this.removed.get(secret)?.from ?? Infinity)); }
  isGoneAt(under) { return Math.max(...under.map((secret) => this.removed.get(secret)?.at ?? Infinity)); }
  isGoneAtMs(under) { return Math.max(...under.map((secret) => this.removed.get(secret)?.atMs ?? Infinity)); }
}
