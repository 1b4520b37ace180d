import { Duplex } from 'node:stream';
import type { MessagePort } from 'node:worker_threads';

/** What goes over the port: bytes, "I can take more", or "that was all". */
type Note = Uint8Array | 'more' | 'end';

/** One end of a MessageChannel as a stream of bytes. The other end has to be one, too. */
export class MessagePortStream extends Duplex {
  readonly #port: MessagePort;
  /** Settles the write that the other side has not taken yet. */
  #written: (() => void) | undefined;
  /** Whether the other side waits for a word before it sends more. */
  #owesAnswer = false;

  constructor(port: MessagePort) {
    super();
    this.#port = port;
    port.on('message', (note: Note) => this.#receive(note));
    port.once('close', () => this.destroy());
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    // A port has no back-pressure of its own: one chunk is on its way at a time.
    this.#written = done;
    const copy = Uint8Array.from(chunk); // its own memory, which can be handed over
    this.#port.postMessage(copy, [copy.buffer]);
  }

  override _read(): void {
    if (!this.#owesAnswer) return;
    this.#owesAnswer = false;
    this.#port.postMessage('more');
  }

  override _final(done: () => void): void {
    this.#port.postMessage('end');
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#port.close();
    done(error);
  }

  #receive(note: Note): void {
    if (note === 'more') {
      const done = this.#written;
      this.#written = undefined;
      done?.();
    } else if (note === 'end') {
      this.push(null);
    } else {
      this.#owesAnswer = true;
      this.push(note);
    }
  }
}
