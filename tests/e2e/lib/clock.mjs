// A wall clock that a debug binary and the providers of the tests share, so that hours pass at once. A release binary holds
// nothing of it (base/clock.cc): there a test uses short lifetimes, or skips when !CLOCK_IS_MOVABLE.
import fs from 'node:fs';
import path from 'node:path';
import { BINARY, temporaryFolder } from './proxy.mjs';

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// The binary itself knows: the name is compiled in or it is not.
export const CLOCK_IS_MOVABLE = fs.existsSync(BINARY) && fs.readFileSync(BINARY).includes('LOGTO_PROXY_CLOCK_OFFSET_FILE');
// The binary looks at the file every 50 ms of real time at most.
const SEEN_AFTER_MS = 80;

export class Clock {
  offset = 0;
  settled = Promise.resolve(); // no process is behind any more: what is stamped now is from nobody's future

  constructor() { this.file = path.join(temporaryFolder(), 'clock-offset-ms'); this.#write(); }

  get env() { return { LOGTO_PROXY_CLOCK_OFFSET_FILE: this.file }; }
  now() { return Date.now() + this.offset; }

  // Returns when every process that reads the file sees the new time.
  async advance(ms) {
    if (!CLOCK_IS_MOVABLE) throw new Error('this binary has no movable clock: use pass(), or skip the test');
    this.offset += ms;
    this.#write();
    this.settled = sleep(SEEN_AFTER_MS);
    await this.settled;
  }

  // Lets `ms` pass: at once where the clock can be moved, else by waiting.
  pass(ms) { return CLOCK_IS_MOVABLE ? this.advance(ms) : sleep(ms); }

  // Whole or not at all: a half-written number would be another time.
  #write() {
    fs.writeFileSync(`${this.file}.new`, `${this.offset}\n`);
    fs.renameSync(`${this.file}.new`, this.file);
  }
}

export const REAL_CLOCK = { offset: 0, settled: Promise.resolve(), now: () => Date.now(), env: {}, pass: sleep };
