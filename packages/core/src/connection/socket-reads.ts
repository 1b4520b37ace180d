import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ownBytes } from '../base/own-bytes.ts';
import type { ReadMemory } from '../base/read-memory.ts';

/** The releases of Node whose sockets are known to read this way. With any other, and where it is named, sockets read as Node has it. */
const knownMajors: readonly number[] = [20, 22, 24, 26];

const readBytes = 64 * 1024;

/** What Node sets on a socket for `onread`, which it offers for sockets that connect but not for those it accepted. */
interface OnRead {
  readonly buffer: symbol;
  readonly callback: symbol;
}

interface Accepted extends Socket {
  readonly _handle?: { useUserBuffer?(buffer: Uint8Array): void } | null;
  [hidden: symbol]: unknown;
}

/**
 * Reads all sockets of a broker into one buffer, and hands over what came in memory that is used again. Node by itself
 * allocates 64 KB for each read and cuts them to the size of what came, which costs as much as a small message.
 *
 * A socket stays the stream that it is: who reads it otherwise, pauses it or has put bytes back gets what Node would have
 * given.
 */
export class SocketReads {
  readonly memory: ReadMemory;
  readonly #onRead: OnRead | undefined;
  readonly #received: (this: Socket, length: number, buffer: Uint8Array) => boolean;
  #buffer: Buffer | undefined;

  constructor(
    memory: ReadMemory,
    version: string = process.versions.node,
    platform: string = process.platform,
  ) {
    this.memory = memory;
    this.#onRead = findOnRead(version, platform);
    this.#received = function received(length, buffer) {
      // What waits in the stream, or is seen by another listener, may stay for long.
      if (
        this.readableFlowing !== true ||
        this.readableLength > 0 ||
        this.listenerCount('data') > 1
      )
        return this.push(ownBytes(buffer, 0, length));
      this.emit('data', memory.take(buffer, length));
      return true;
    };
  }

  /** Reads a stream this way from now on, where it is a socket that can be. */
  begin(stream: Duplex): void {
    if (this.#onRead === undefined || stream.constructor !== Socket) return;
    const socket = stream as Accepted;
    const { buffer, callback } = this.#onRead;
    // One that connected with `onread` has them already.
    if (typeof socket._handle?.useUserBuffer !== 'function' || socket[buffer] !== null) return;
    this.#buffer ??= Buffer.allocUnsafeSlow(readBytes);
    socket[buffer] = this.#buffer;
    socket[callback] = this.#received;
    socket._handle.useUserBuffer(this.#buffer);
  }
}

/** Undefined where sockets do not read that way, or not that it is known. */
function findOnRead(version: string, platform: string): OnRead | undefined {
  // There the system has the buffers of several sockets at a time.
  if (platform === 'win32' || !knownMajors.includes(Number.parseInt(version, 10))) return undefined;
  const symbols = Object.getOwnPropertySymbols(new Socket());
  const buffer = symbols.find(({ description }) => description === 'kBuffer');
  const callback = symbols.find(({ description }) => description === 'kBufferCb');
  return buffer === undefined || callback === undefined ? undefined : { buffer, callback };
}
