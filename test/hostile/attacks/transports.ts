import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { deflateRawSync } from 'node:zlib';
import { expect, onTestFinished } from 'vitest';
import { opcodes, upgrade } from '../../../packages/conformance/src/web-socket.ts';
import { attachWebSocket } from '../../../packages/server/src/attach-web-socket.ts';
import type { ListenerOptions } from '../../../packages/server/src/config.ts';
import { Arrivals } from '../../../packages/server/src/listeners/arrivals.ts';
import { prepareListener } from '../../../packages/server/src/listeners/open.ts';
import { createLogger } from '../../../packages/server/src/logging.ts';
import { serverFiles, trust } from '../../../packages/server/test/certificates.ts';
import type { AttackWorld } from '../attack-world.ts';
import { bytes, rawConnect, str } from '../vectors/parts.ts';
import type { Attack } from './attack.ts';

const host = '127.0.0.1';
const aConnect = Buffer.from(rawConnect(5, { payload: [str('framed')] }));
/** The head of a binary frame of 16 MiB, masked with zeros. */
const hugeFrame = bytes('82 ff 0000000001000000 00000000');
const bomb = deflateRawSync(Buffer.alloc(1_048_576));

/** A listener on a port of its own, gone with the test; returns the port. */
async function portOf(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, host);
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

/** Connects, without a word when that fails later. */
async function dial(port: number): Promise<Socket> {
  const socket = connect(port, host);
  socket.on('error', () => {});
  socket.resume();
  await once(socket, 'connect');
  return socket;
}

/** Headers in front of a stream that tell, or pretend to tell, where it comes from. */
const signature = '0d0a0d0a000d0a515549540a';
const proxyHeaders: readonly Uint8Array[] = [
  Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 40000 1883\r\n'),
  Buffer.from(`PROXY UNKNOWN ${'x'.repeat(91)}\r\n`),
  Buffer.from(`PROXY UNKNOWN ${'x'.repeat(5_000)}`),
  bytes(signature, '20 00 0000'),
  bytes(signature, '21 11 000f 7f000001 7f000001 04d2 075b 20 ffff'),
  // The signature with one byte wrong, each in turn.
  ...Array.from({ length: 12 }, (_, at) => {
    const wrong = Buffer.concat([
      bytes(signature),
      bytes('21 11 000c 7f000001 7f000001 04d2 075b'),
    ]);
    wrong[at] = (wrong[at] ?? 0) ^ 0x40;
    return wrong;
  }),
];

/** A listener of the server that reads PROXY headers; returns the port, and the reasons of its refusals. */
async function listenForProxies(world: AttackWorld, options: Partial<ListenerOptions>) {
  const refusals: string[] = [];
  const write = (line: string) => void refusals.push(JSON.parse(line).reason);
  const logger = createLogger('debug', { write });
  const merged = { type: 'tcp', host, port: 0, proxyProtocol: { from: [host] }, ...options };
  const listener = await prepareListener(merged as ListenerOptions)({
    handle: world.broker.handle,
    logger,
    arrivals: new Arrivals(
      { timeoutMs: 1_000, maxPending: 100, maxPendingPerAddress: 100 },
      logger,
    ),
    maxPacketBytes: 1_000,
    maxConnectPacketBytes: 1_000,
  });
  onTestFinished(() => {
    listener.stop();
    listener.destroy();
  });
  return { port: listener.port as number, refusals };
}

/** What a proxy may get wrong, and why it is refused then. */
const brokenHeaders: readonly (readonly [header: Uint8Array, reason: string])[] = [
  [new Uint8Array(0), 'there is none'],
  [Buffer.from(`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`), 'version 1: no line break within 107'],
  [Buffer.from('PROXY TCP4 ::1 ::1 1 2\r\n'), 'version 1: an address that is not of TCP4'],
  [Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 70000 1\r\n'), 'version 1: a port that is none'],
  [bytes(signature, '31 11 000c 7f000001 7f000001 04d2 075b'), 'version 2'],
  [bytes(signature, '21 11 0008 7f000001 7f000001'), 'version 2'],
  [bytes(signature, '21 11 0011 7f000001 7f000001 04d2 075b 20 ffff 0000'), 'version 2'],
  [bytes(signature, '21 11 ffff'), 'version 2: more'],
];

/** Headers of a proxy, and what a client behind it sends. */
const goodHeaders: readonly Uint8Array[] = [
  Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 40000 1883\r\n'),
  Buffer.from(`PROXY UNKNOWN ${'x'.repeat(91)}\r\n`),
  bytes(signature, '20 00 0000'),
  bytes(signature, '21 11 000f 7f000001 7f000001 04d2 075b 04 0000'),
];

/** Attacks below MQTT. */
export const transports: readonly Attack[] = [
  {
    id: 'S27',
    name: 'WebSocket: no subprotocol, text, endless and compressed frames, floods of pings, an end in the middle of a packet',
    outcome:
      'HTTP 400 without the subprotocol `mqtt`; closed with 1003 for text, 1009 for a frame above the limit, 1002 for compression; pings are answered, and cut off when too many answers wait',
    bound: '`maxPacketBytes`; nothing is ever decompressed',
    async run(world) {
      const http = createHttpServer();
      attachWebSocket(http, world.broker);
      const port = await portOf(http);
      const open = async (connection?: Socket) => {
        const { socket } = await upgrade(connection ?? (await dial(port)), '/', 'mqtt', 5_000);
        if (socket === undefined) throw new Error('there is no WebSocket');
        socket.resume();
        return socket;
      };
      for (const protocols of [undefined, 'chat']) {
        expect((await upgrade(await dial(port), '/', protocols, 5_000)).status).toBe(400);
      }
      const text = await open();
      text.frame(opcodes.text, aConnect);
      const connection = await dial(port);
      const huge = await open(connection);
      connection.write(hugeFrame);
      const compressed = await open();
      // RSV1 says that the frame is compressed; nobody agreed to that.
      compressed.frame(0x40 | opcodes.binary, bomb);
      await world.until(
        () => [text, huge, compressed].every(({ closeCode }) => closeCode !== undefined),
        'they are closed',
      );
      expect([text.closeCode, huge.closeCode, compressed.closeCode]).toEqual([1003, 1009, 1002]);
      const pinging = await open();
      for (let count = 0; count < 2_000; count++) pinging.frame(opcodes.ping, Buffer.from('x'));
      await world.until(() => pinging.destroyed || pinging.pongs.length === 2_000, 'the end');
      const leaving = await open();
      leaving.frame(opcodes.binary, aConnect.subarray(0, 5));
      leaving.frame(opcodes.close);
    },
  },
  {
    id: 'S28',
    name: 'A header of the PROXY protocol, version 1 or 2, whole, cut, too long or with a wrong signature, where none is expected',
    outcome: 'closed without a word: it is not MQTT',
    bound: 'the first byte of a connection',
    async run(world) {
      const port = await portOf(createServer(world.broker.handle));
      const sockets: Socket[] = [];
      for (const header of proxyHeaders) {
        const socket = await dial(port);
        sockets.push(socket);
        socket.write(Buffer.concat([header, aConnect]));
      }
      await world.until(() => sockets.every(({ closed }) => closed), 'they are closed');
      expect(sockets.map(({ bytesRead }) => bytesRead)).toEqual(sockets.map(() => 0));
    },
  },
  {
    id: 'S28',
    name: 'A trusted proxy whose header is missing, too long, wrong at any byte, not finished, or comes within TLS; a header from somebody else',
    outcome:
      'closed without a word, and the log says what is wrong with the header; whoever is no proxy cannot say where it comes from',
    bound: 'the time for what comes before MQTT; 107 bytes for version 1, 4,096 for version 2',
    async run(world) {
      const proxy = await listenForProxies(world, {});
      const sockets: Socket[] = [];
      const send = async (port: number, header: Uint8Array, rest: Uint8Array = aConnect) => {
        const socket = await dial(port);
        sockets.push(socket);
        socket.write(Buffer.concat([header, rest]));
        return socket;
      };
      for (const [header, reason] of brokenHeaders) {
        const known = proxy.refusals.length;
        const socket = await send(proxy.port, header);
        await world.until(() => socket.closed && proxy.refusals.length > known, reason);
        expect(proxy.refusals.at(-1)).toContain(`PROXY header: ${reason}`);
      }
      for (const header of proxyHeaders.slice(-12)) await send(proxy.port, header);
      for (const header of goodHeaders) {
        await send(proxy.port, header.subarray(0, -1), new Uint8Array(0));
      }
      const other = await listenForProxies(world, { proxyProtocol: { from: ['192.0.2.0/24'] } });
      for (const header of goodHeaders) await send(other.port, header);
      const secured = await listenForProxies(world, { type: 'tls', ...serverFiles });
      await send(secured.port, new Uint8Array(0));
      const inside = connectTls({ port: secured.port, host, ...trust });
      inside.on('error', () => {});
      inside.resume();
      sockets.push(inside);
      inside.write(Buffer.concat([goodHeaders[0] as Uint8Array, aConnect]));
      await world.until(() => sockets.every(({ closed }) => closed), 'they are closed');
      expect(sockets.map(({ bytesRead }) => bytesRead)).toEqual(sockets.map(() => 0));
      for (const header of goodHeaders) {
        const client = await dial(proxy.port);
        client.write(Buffer.concat([header, aConnect]));
        await world.until(() => client.bytesRead > 0, 'the CONNACK');
        client.destroy();
      }
    },
  },
  {
    id: 'S29',
    name: 'TLS: handshakes that are begun and left, garbage in place of one, clients without the certificate that is asked for',
    outcome: 'closed; nothing of it reaches the broker',
    bound: 'the time for a handshake; the certificate authority',
    async run(world) {
      const handled: unknown[] = [];
      const [cert, key] = [readFileSync(serverFiles.cert), readFileSync(serverFiles.key)];
      const asked = { requestCert: true, rejectUnauthorized: true, ca: trust.ca };
      const server = createTlsServer({ cert, key, ...asked, handshakeTimeout: 200 }, (socket) => {
        handled.push(socket);
        world.broker.handle(socket);
      });
      server.on('tlsClientError', (_error, socket) => socket.destroy());
      const port = await portOf(server);
      const sockets: Socket[] = [];
      for (let count = 0; count < 100; count++) {
        const socket = await dial(port);
        sockets.push(socket);
        if (count % 3 === 1) socket.write(Buffer.from('16030100', 'hex'));
        if (count % 3 === 2) socket.write(aConnect);
      }
      for (let count = 0; count < 10; count++) {
        const stranger = connectTls({ port, host, ...trust });
        stranger.on('error', () => {});
        stranger.resume();
        sockets.push(stranger);
      }
      await world.until(() => sockets.every(({ closed }) => closed), 'they are closed');
      expect(handled).toEqual([]);
    },
  },
];
