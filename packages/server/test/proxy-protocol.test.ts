import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { serverFiles, trust } from './certificates.ts';
import { EchoListeners, type OpenListener } from './echo-listeners.ts';
import { sslExtra, v2From192, v2Header } from './proxy-headers.ts';

const host = '127.0.0.1';
const from = ['127.0.0.0/8'];
const v1 = Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 56324 1883\r\n');
const source = { remoteAddress: '192.0.2.7', remotePort: 56_324 };
const tcp = { type: 'tcp', host, port: 0, proxyProtocol: { from } } as const;

let listeners: EchoListeners;

beforeEach(() => {
  listeners = new EchoListeners();
});

afterEach(() => listeners.close());

async function dial({ port }: OpenListener): Promise<Socket> {
  const socket = connect({ port, host, noDelay: true });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Settles when a connection is closed, or reset. */
function closed(socket: Socket): Promise<void> {
  socket.resume();
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.on('close', () => resolve());
  });
}

/** What comes back until it is as long as what is expected. */
async function read(socket: Socket, expected: string): Promise<string> {
  let text = '';
  while (text.length < expected.length) text += String((await once(socket, 'data'))[0]);
  return text;
}

describe('the header of a proxy', () => {
  it.each([
    ['version 1', v1],
    ['version 2', v2From192()],
  ])('of %s says where a TCP connection comes from', async (_name, header) => {
    const socket = await dial(await listeners.open(tcp));
    socket.write(header);
    socket.write('ping');
    expect(await read(socket, 'ping')).toBe('ping');
    expect(listeners.infos).toMatchObject([{ transport: 'tcp', ...source }]);
  });

  it.each([
    ['version 1', v1],
    ['version 2', v2From192()],
  ])('of %s may come glued to what follows', async (_name, header) => {
    const socket = await dial(await listeners.open(tcp));
    socket.write(Buffer.concat([header, Buffer.from('ping')]));
    expect(await read(socket, 'ping')).toBe('ping');
    socket.write('pong');
    expect(await read(socket, 'pong')).toBe('pong');
  });

  it.each([
    ['version 1', v1],
    ['version 2', v2From192()],
  ])('of %s may come byte by byte', async (_name, header) => {
    const socket = await dial(await listeners.open(tcp));
    for (const byte of header) {
      socket.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    socket.write('ping');
    expect(await read(socket, 'ping')).toBe('ping');
    expect(listeners.infos).toMatchObject([source]);
  });

  it('of a proxy that speaks for itself leaves its own address', async () => {
    const listener = await listeners.open(tcp);
    for (const header of [v2Header({ command: 0x20 }), Buffer.from('PROXY UNKNOWN\r\n')]) {
      const socket = await dial(listener);
      socket.write(header);
      socket.write('ping');
      await read(socket, 'ping');
      expect(listeners.infos.at(-1)).toMatchObject({
        remoteAddress: host,
        remotePort: socket.localPort,
      });
    }
  });

  it('comes before the TLS handshake', async () => {
    const listener = await listeners.open({ ...tcp, ...serverFiles, type: 'tls' });
    const socket = await dial(listener);
    socket.write(v1);
    const secured = connectTls({ ...trust, socket });
    secured.write('ping');
    expect(await read(secured, 'ping')).toBe('ping');
    expect(listeners.infos).toMatchObject([
      { transport: 'tls', ...source, certificateName: undefined },
    ]);
  });

  it('may be glued to the TLS handshake', async () => {
    const listener = await listeners.open({ ...tcp, ...serverFiles, type: 'tls' });
    const socket = await dial(listener);
    const [near, far] = duplexPair();
    const secured = connectTls({ ...trust, socket: near });
    const [hello] = await once(far, 'data');
    socket.write(Buffer.concat([v1, hello]));
    far.pipe(socket).pipe(far);
    secured.write('ping');
    expect(await read(secured, 'ping')).toBe('ping');
    expect(listeners.infos).toMatchObject([{ transport: 'tls', ...source }]);
  });

  it('comes before the request of a WebSocket', async () => {
    const listener = await listeners.open({ ...tcp, type: 'ws' });
    const socket = await dial(listener);
    const client = new WebSocket(listener.url, 'mqtt', {
      createConnection: () => {
        socket.write(v2From192());
        return socket;
      },
    });
    await once(client, 'open');
    client.send(Buffer.from('ping'));
    expect(String((await once(client, 'message'))[0])).toBe('ping');
    expect(listeners.infos).toMatchObject([{ transport: 'ws', ...source }]);
  });

  it('may be glued to the request of a WebSocket', async () => {
    const listener = await listeners.open({ ...tcp, type: 'ws' });
    const socket = await dial(listener);
    const request = [
      'GET / HTTP/1.1',
      'Host: a',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
      'Sec-WebSocket-Protocol: mqtt',
    ];
    socket.write(Buffer.concat([v1, Buffer.from(`${request.join('\r\n')}\r\n\r\n`)]));
    expect(await read(socket, 'HTTP/1.1 101')).toMatch(/^HTTP\/1.1 101/);
    expect(listeners.infos).toMatchObject([source]);
  });

  it('comes before TLS and WebSocket together', async () => {
    const listener = await listeners.open({ ...tcp, ...serverFiles, type: 'wss' });
    const socket = await dial(listener);
    socket.write(v1);
    const client = new WebSocket(listener.url, 'mqtt', {
      createConnection: () => connectTls({ ...trust, socket }),
    });
    await once(client, 'open');
    expect(listeners.infos).toMatchObject([{ transport: 'wss', ...source }]);
    client.terminate();
  });

  it.each([
    [true, 'sensor-7'],
    [false, undefined],
  ])('names the client of a certificate only where that counts: %s', async (accept, name) => {
    const proxyProtocol = { from, acceptCertificateName: accept };
    const socket = await dial(await listeners.open({ ...tcp, proxyProtocol }));
    socket.write(v2From192([sslExtra({ name: 'sensor-7', client: 0x03 })]));
    socket.write('ping');
    await read(socket, 'ping');
    expect(listeners.infos[0]?.certificateName).toBe(name);
  });
});

describe('a peer that is no proxy', () => {
  const other = { ...tcp, proxyProtocol: { from: ['192.0.2.0/24', 'fd00::/8'] } };

  it('is served for what it is', async () => {
    const socket = await dial(await listeners.open(other));
    socket.write('ping');
    expect(await read(socket, 'ping')).toBe('ping');
    expect(listeners.infos).toMatchObject([{ remoteAddress: host }]);
  });

  it('cannot say that it comes from elsewhere: its header is not taken for one', async () => {
    const socket = await dial(await listeners.open(other));
    socket.write(v1);
    expect(await read(socket, String(v1))).toBe(String(v1));
    expect(listeners.infos).toMatchObject([{ remoteAddress: host }]);
  });

  it('is a proxy all the same when its IPv4 address comes in its IPv6 form', async () => {
    const listener = await listeners.open({ ...tcp, host: '::' });
    const socket = await dial(listener);
    socket.write(v1);
    socket.write('ping');
    expect(await read(socket, 'ping')).toBe('ping');
    expect(listeners.infos).toMatchObject([source]);
  });

  it('is not listened to where no proxies are configured', async () => {
    const socket = await dial(await listeners.open({ type: 'tcp', host, port: 0 }));
    socket.write(v1);
    expect(await read(socket, String(v1))).toBe(String(v1));
  });
});

describe('a proxy', () => {
  it.each([
    ['MQTT without a header', Buffer.from('100c00044d5154540402003c0000', 'hex'), 'there is none'],
    ['a broken header', Buffer.from('PROXY TCP4 x\r\n'), 'version 1: two addresses and two ports'],
    ['an endless line', Buffer.alloc(200, 'PROXY '), 'version 1: no line break within 107 bytes'],
    ['a huge header', Buffer.from('0d0a0d0a000d0a515549540a2111ffff', 'hex'), 'version 2: more'],
  ])('that sends %s is closed', async (_name, bytes, reason) => {
    const socket = await dial(await listeners.open(tcp));
    socket.write(bytes);
    await closed(socket);
    expect(listeners.infos).toEqual([]);
    expect(listeners.refusals).toEqual([expect.stringContaining(`PROXY header: ${reason}`)]);
  });

  it.each([tcp, { ...tcp, ...serverFiles, type: 'tls' }, { ...tcp, type: 'ws' }] as const)(
    'that drips its header is closed in time: $type',
    async (options) => {
      const socket = await dial(await listeners.open(options, { timeoutMs: 60 }));
      const drip = setInterval(() => socket.write('PROXY'.charAt(socket.bytesWritten)), 20);
      await closed(socket);
      clearInterval(drip);
      expect(listeners.infos).toEqual([]);
      expect(listeners.refusals).toEqual(['no PROXY header in time']);
    },
  );

  it('that ends within its header is closed', async () => {
    const socket = await dial(await listeners.open({ ...tcp, type: 'ws' }));
    socket.end(v1.subarray(0, 20));
    await closed(socket);
    expect(listeners.refusals).toEqual(['PROXY header: it ends too early']);
  });

  it('that only looks whether the port is open is no reason for a line in the log', async () => {
    const socket = await dial(await listeners.open({ ...tcp, type: 'ws' }));
    socket.end();
    await closed(socket);
    expect(listeners.log).toEqual([]);
  });

  it('that resets its connections at any point hurts nobody', async () => {
    const listener = await listeners.open({ ...tcp, ...serverFiles, type: 'tls' });
    for (let length = 0; length <= v1.length; length += 8) {
      const socket = await dial(listener);
      socket.write(v1.subarray(0, length));
      socket.resetAndDestroy();
    }
    const socket = await dial(listener);
    socket.write(v1);
    const secured = connectTls({ ...trust, socket });
    secured.write('ping');
    expect(await read(secured, 'ping')).toBe('ping');
  });
});
