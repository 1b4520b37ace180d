import type { Server } from 'node:http';
import { duplexPair } from 'node:stream';
import {
  opcodes,
  upgrade,
  type WebSocketStream,
} from '../../packages/conformance/src/web-socket.ts';
import { TestClient } from '../../packages/core/test/support/test-client.ts';
import type { AttackWorld } from './attack-world.ts';
import type { Version } from './vectors/vector.ts';

/** Cuts bytes into frames. */
export type Framing = (socket: WebSocketStream, bytes: Buffer) => void;

/** Numbers from 0 up to a bound, the same in each run. */
let state = 1;
function below(bound: number): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return (state >>> 8) % bound;
}

/** One byte a frame; long ones, which would take long, by the hundred. */
const byteByByte: Framing = (socket, bytes) => {
  const size = bytes.length > 2_000 ? 100 : 1;
  for (let at = 0; at < bytes.length; at += size) {
    socket.frame(opcodes.binary, bytes.subarray(at, at + size));
  }
};

/** Messages of one frame or several, of any size, empty ones among them, and pings between. */
const anywhere: Framing = (socket, bytes) => {
  let isOpen = false;
  for (let at = 0; at < bytes.length || isOpen; ) {
    const size = below(Math.min(bytes.length, 4_000) + 1);
    const isLast = below(2) === 0;
    const opcode = isOpen ? opcodes.continuation : opcodes.binary;
    socket.frame(opcode, bytes.subarray(at, at + size), isLast);
    if (below(4) === 0) socket.frame(opcodes.ping);
    isOpen = !isLast;
    at += size;
  }
};

/** Ways to cut a stream into WebSocket frames. */
export const framings: Readonly<Record<string, Framing>> = {
  'a byte a frame': byteByByte,
  'frames and fragments cut anywhere': anywhere,
};

/** A client whose stream is a WebSocket to an HTTP server, which need not listen. */
export async function framedClient(
  world: AttackWorld,
  server: Server,
  version: Version,
  framing: Framing,
): Promise<TestClient> {
  const client = new TestClient(version, world);
  const [ours, theirs] = duplexPair();
  server.emit('connection', theirs);
  const { socket } = await upgrade(ours, '/', 'mqtt', 1_000);
  if (socket === undefined) throw new Error('there is no WebSocket');
  client.stream.on('data', (chunk: Buffer) => framing(socket, chunk));
  socket.on('data', (bytes: Buffer) => client.stream.write(bytes));
  socket.once('end', () => client.stream.destroy());
  socket.once('close', () => client.stream.destroy());
  client.stream.once('close', () => {
    socket.destroy();
    // One half of a pair does not notice the end of the other by itself.
    theirs.destroy();
  });
  return client;
}
