import { Worker } from 'node:worker_threads';

const maxBytes = 1 << 20;

// The thread that watches has nothing to load, so that the loader's hooks do not reach it.
const watching = `
const { workerData: { state, text, patienceMs } } = require('node:worker_threads');
const { writeSync } = require('node:fs');
let last = -1;
let since = Date.now();
setInterval(() => {
  const turn = Atomics.load(state, 0);
  if (turn !== last) { last = turn; since = Date.now(); return; }
  if (Date.now() - since < patienceMs || Atomics.load(state, 1) === 0) return;
  writeSync(2, 'HANGS: ' + Buffer.from(text.slice(0, state[1])).toString() + '\\n');
  process.kill(process.pid, 'SIGKILL');
}, 500);`;

/** Ends the process, and says with which input, when one takes longer than all patience. */
export class Watchdog {
  readonly #state: Int32Array = new Int32Array(new SharedArrayBuffer(8));
  readonly #text: Uint8Array = new Uint8Array(new SharedArrayBuffer(maxBytes));
  readonly #worker: Worker;

  constructor(patienceMs: number) {
    const workerData = { state: this.#state, text: this.#text, patienceMs };
    this.#worker = new Worker(watching, { eval: true, execArgv: [], workerData });
    this.#worker.unref();
  }

  /** The next input begins. */
  begin(line: string): void {
    this.#state[1] = new TextEncoder().encodeInto(line, this.#text).written;
    Atomics.add(this.#state, 0, 1);
  }

  /** Nothing is running. */
  rest(): void {
    Atomics.store(this.#state, 1, 0);
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
