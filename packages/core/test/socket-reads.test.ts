import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { ReadMemory } from '../src/base/read-memory.ts';
import { SocketReads } from '../src/connection/socket-reads.ts';

const isSupported = process.platform !== 'win32' && [20, 22, 24, 26].includes(majorOfNode());

function majorOfNode(): number {
  return Number.parseInt(process.versions.node, 10);
}

/** Two ends of a connection; the second is one that a server accepted. */
async function socketPair(): Promise<readonly [client: Socket, accepted: Socket]> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect(port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [Socket];
  onTestFinished(() => {
    client.destroy();
    accepted.destroy();
    server.close();
  });
  return [client, accepted];
}

function bytesOf(seed: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let index = 0; index < length; index++) bytes[index] = (seed * 31 + index * 7) & 0xff;
  return bytes;
}

function collect(socket: Socket): Buffer[] {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  return chunks;
}

/** What was sent before has come: that of another connection, sent later, has. */
async function arrived(): Promise<void> {
  const [client, accepted] = await socketPair();
  client.write('later');
  await once(accepted, 'data');
}

const sizeOf = (chunks: readonly Buffer[]): number =>
  chunks.reduce((sum, { length }) => sum + length, 0);

test('what several sockets send stays as it came, also when more is read', async () => {
  const reads = new SocketReads(new ReadMemory());
  const pairs = await Promise.all(Array.from({ length: 8 }, socketPair));
  const received = pairs.map(([, accepted]) => {
    reads.begin(accepted);
    return collect(accepted);
  });
  const sent = pairs.map((_, index) => bytesOf(index, index % 2 === 0 ? 300_000 : 5));
  for (const [index, [client]] of pairs.entries()) client.write(sent[index] as Buffer);
  await expect.poll(() => received.map(sizeOf)).toEqual(sent.map(({ length }) => length));
  for (const [index, chunks] of received.entries()) {
    expect(Buffer.concat(chunks).equals(sent[index] as Buffer)).toBe(true);
  }
});

test.runIf(isSupported)(
  'small reads share memory, and none of it is used twice before all is written',
  async () => {
    const reads = new SocketReads(new ReadMemory());
    const [client, accepted] = await socketPair();
    reads.begin(accepted);
    const chunks = collect(accepted);
    for (let index = 0; index < 20; index++) {
      client.write(bytesOf(index, 10));
      await expect.poll(() => sizeOf(chunks)).toBe((index + 1) * 10);
    }
    expect(new Set(chunks.map(({ buffer }) => buffer)).size).toBe(1);
    const starts = chunks.map(({ byteOffset }) => byteOffset);
    expect(starts).toEqual(starts.map((_, index) => index * 10));
  },
);

test('a socket that is paused gives nothing, and loses nothing', async () => {
  const [client, accepted] = await socketPair();
  new SocketReads(new ReadMemory()).begin(accepted);
  const chunks = collect(accepted);
  client.write('a');
  await expect.poll(() => sizeOf(chunks)).toBe(1);
  accepted.pause();
  client.write('b'.repeat(100_000));
  await arrived();
  expect(sizeOf(chunks)).toBe(1);
  accepted.resume();
  client.end('c');
  await once(accepted, 'end');
  expect(Buffer.concat(chunks).toString()).toBe(`a${'b'.repeat(100_000)}c`);
});

test('bytes that were put back come first', async () => {
  const [client, accepted] = await socketPair();
  client.write('head ');
  const [head] = (await once(accepted, 'data')) as [Buffer];
  accepted.pause();
  accepted.unshift(head);
  new SocketReads(new ReadMemory()).begin(accepted);
  client.write('tail');
  await arrived();
  const chunks = collect(accepted);
  accepted.resume();
  await expect.poll(() => Buffer.concat(chunks).toString()).toBe('head tail');
});

test('a second listener, or who reads later, has bytes of its own', async () => {
  const memory = new ReadMemory(true);
  const [client, accepted] = await socketPair();
  new SocketReads(memory).begin(accepted);
  const [one, other] = [collect(accepted), collect(accepted)];
  client.write('seen by two');
  await expect.poll(() => sizeOf(other)).toBe(11);
  memory.written();
  expect([String(one[0]), String(other[0])]).toEqual(['seen by two', 'seen by two']);
  accepted.pause();
  client.write('read later');
  await arrived();
  memory.written();
  accepted.resume();
  await expect.poll(() => Buffer.concat(one).toString()).toBe('seen by tworead later');
});

test('who reads it in another way gets the same', async () => {
  const [client, accepted] = await socketPair();
  new SocketReads(new ReadMemory()).begin(accepted);
  client.end('x'.repeat(200_000));
  let length = 0;
  for await (const chunk of accepted) length += chunk.length;
  expect(length).toBe(200_000);
});

test.each([
  ['another release of Node', new SocketReads(new ReadMemory(), '19.9.0', 'linux')],
  ['a release that is not known yet', new SocketReads(new ReadMemory(), '99.0.0', 'linux')],
  [
    'Windows, where the system has the buffers of several sockets',
    new SocketReads(new ReadMemory(), '20.19.0', 'win32'),
  ],
])('with %s, sockets read as Node has it', async (_, reads) => {
  const [client, accepted] = await socketPair();
  reads.begin(accepted);
  const chunks = collect(accepted);
  client.write('one');
  await expect.poll(() => sizeOf(chunks)).toBe(3);
  client.write('two');
  await expect.poll(() => sizeOf(chunks)).toBe(6);
  expect(chunks[0]?.buffer).not.toBe(chunks[1]?.buffer);
});

test('a stream that is no socket, and a socket that has gone, are left alone', async () => {
  const reads = new SocketReads(new ReadMemory());
  reads.begin(new PassThrough());
  const [, accepted] = await socketPair();
  accepted.destroy();
  await once(accepted, 'close');
  reads.begin(accepted);
  expect(accepted.destroyed).toBe(true);
});

test('a socket that is given twice is read once', async () => {
  const reads = new SocketReads(new ReadMemory());
  const [client, accepted] = await socketPair();
  reads.begin(accepted);
  reads.begin(accepted);
  const chunks = collect(accepted);
  client.write('once');
  await expect.poll(() => Buffer.concat(chunks).toString()).toBe('once');
});
