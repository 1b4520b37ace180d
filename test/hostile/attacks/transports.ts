import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { deflateRawSync } from 'node:zlib';
import { expect, onTestFinished } from 'vitest';
import { opcodes, upgrade } from '../../../packages/conformance/src/web-socket.ts';
import { attachWebSocket } from '../../../packages/server/src/attach-web-socket.ts';
import { serverFiles, trust } from '../../../packages/server/test/certificates.ts';
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
