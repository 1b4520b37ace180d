import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { asError } from '../base/as-error.ts';
import { isBytes } from '../base/own-bytes.ts';
import type { Port, PortOwner } from '../base/port.ts';
import type { Departing, Departures } from './departures.ts';
import type { SocketReads } from './socket-reads.ts';

const portOf: unique symbol = Symbol('port');

interface OwnedDuplex extends Duplex {
  [portOf]?: DuplexPort;
}

/** Makes a port of any duplex stream. The one place where core knows streams. */
export class DuplexPort implements Port, Departing {
  readonly copies: boolean;
  readonly #stream: OwnedDuplex;
  readonly #socketReads: SocketReads;
  readonly #departures: Departures;
  #owner: PortOwner | undefined;
  #error: Error | undefined;

  constructor(stream: Duplex, socketReads: SocketReads, departures: Departures) {
    this.#stream = stream;
    this.#socketReads = socketReads;
    this.#departures = departures;
    // Sockets hand what they accept to the system; another stream may keep the memory it was given.
    this.copies = stream instanceof Socket;
    // What came before its end is handled first, and may have to wait: a socket would have answered the end by then.
    stream.allowHalfOpen = true;
    // A stream may fail before it is opened, and an error without a listener ends the process.
    this.#stream[portOf] = this;
    stream.on('error', onError);
  }

  /** Begins to read. */
  open(owner: PortOwner): void {
    this.#owner = owner;
    const stream = this.#stream;
    this.#socketReads.begin(stream);
    // Named functions that find the port through the stream: no closure for each connection.
    stream.on('data', onData);
    stream.on('drain', onDrain);
    stream.on('end', onEnd);
    stream.on('close', onClose);
    // Whoever looked into it first may have paused it; a listener alone does not change that.
    if (stream.isPaused()) stream.resume();
    if (stream.destroyed || stream.readableEnded) this.#close();
  }

  get pending(): number {
    return this.#stream.writableLength;
  }

  write(bytes: Uint8Array): void {
    if (!this.#stream.writable) return;
    try {
      this.#stream.write(bytes);
    } catch (error) {
      // A stream that throws must not keep the others of this turn from being written to.
      this.#stream.destroy(asError(error));
    }
  }

  cork(): void {
    this.#stream.cork();
  }

  uncork(): void {
    this.#stream.uncork();
  }

  accepted(): void {
    this.#stream.emit('mqttAccepted');
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  end(): void {
    // A second `end` makes an error with a stack, which takes longer than all the rest of closing.
    if (!this.#stream.writableEnded) this.#stream.end();
    // What still comes is read and thrown away, so that the last bytes are not lost to a reset.
    this.#stream.resume();
  }

  destroy(): void {
    this.#stream.destroy();
    // Where nothing else tells it, as without `emitClose`.
    this.ended();
  }

  received(chunk: Uint8Array): void {
    this.#owner?.onData(this.#socketReads.memory.lent(chunk));
  }

  drained(): void {
    this.#owner?.onDrain();
  }

  failed(error: Error): void {
    this.#error ??= error;
    if (!this.#stream.destroyed) this.#stream.destroy();
    this.#departures.add(this);
  }

  follow(): void {
    if (this.#stream.destroyed) return;
    // A peer that has gone takes nothing more: what waits for it would keep the stream open for ever.
    if (this.#stream.writableLength > 0) this.#stream.destroy();
    else if (!this.#stream.writableEnded) this.#stream.end();
  }

  /** The stream gives nothing more. */
  ended(): void {
    this.#departures.add(this);
  }

  /** Tells the owner, the first time. */
  depart(): void {
    if (this.#owner === undefined) this.follow();
    else this.#close();
  }

  #close(): void {
    const owner = this.#owner;
    this.#owner = undefined;
    owner?.onClosed(this.#error);
  }
}

function onData(this: OwnedDuplex, chunk: unknown): void {
  if (isBytes(chunk)) this[portOf]?.received(chunk);
  else this.destroy(new TypeError(whyNoBytes(chunk)));
}

function whyNoBytes(chunk: unknown): string {
  // The bytes of strings are lost.
  if (typeof chunk === 'string') return 'the stream has an encoding';
  return 'the stream is in object mode, and gave something else than bytes';
}

function onDrain(this: OwnedDuplex): void {
  this[portOf]?.drained();
}

function onEnd(this: OwnedDuplex): void {
  this[portOf]?.ended();
}

function onError(this: OwnedDuplex, error: Error): void {
  this[portOf]?.failed(error);
}

function onClose(this: OwnedDuplex): void {
  this[portOf]?.ended();
}
