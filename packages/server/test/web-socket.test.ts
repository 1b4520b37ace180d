import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import type { ConnectionInfo } from '@sluice/plugin';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ClientOptions, WebSocket } from 'ws';
import type { AttachOptions } from '../src/attach-options.ts';
import { attachWebSocket } from '../src/attach-web-socket.ts';
import { portOf } from './ports.ts';

/** Takes what `attachWebSocket` hands over in place of a broker. */
class Inbox {
  readonly infos: Partial<ConnectionInfo>[] = [];
  #streams: Duplex[] = [];
  #waiting: ((stream: Duplex) => void)[] = [];

  readonly handle = (stream: Duplex, info: Partial<ConnectionInfo> = {}): void => {
    this.infos.push(info);
    stream.on('error', () => {});
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#streams.push(stream);
    else waiting(stream);
  };

  next(): Promise<Duplex> {
    const stream = this.#streams.shift();
    if (stream !== undefined) return Promise.resolve(stream);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

let server: Server;
let inbox: Inbox;

beforeEach(async () => {
  server = createServer();
  inbox = new Inbox();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(() => {
  server.close();
  server.closeAllConnections();
});

function attach(options: AttachOptions = {}): () => void {
  return attachWebSocket(server, inbox, options);
}

function dial(protocols: string[] = ['mqtt'], path = '/', options: ClientOptions = {}): WebSocket {
  return new WebSocket(`ws://127.0.0.1:${portOf(server)}${path}`, protocols, options);
}

async function connect(): Promise<{ readonly client: WebSocket; readonly stream: Duplex }> {
  const client = dial();
  const [stream] = await Promise.all([inbox.next(), once(client, 'open')]);
  return { client, stream };
}

async function statusOf(client: WebSocket): Promise<number> {
  const [, response] = await once(client, 'unexpected-response');
  client.on('error', () => {});
  client.terminate();
  return response.statusCode;
}

/** Reads a stream, however it ends. */
function countBytes(stream: Duplex): { readonly bytes: number } {
  const counted = { bytes: 0 };
  stream.on('data', (chunk: Buffer) => {
    counted.bytes += chunk.length;
  });
  return counted;
}

async function readAll(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('the upgrade', () => {
  it.each([
    { offered: ['mqtt'], selected: 'mqtt' },
    { offered: ['mqttv3.1'], selected: 'mqttv3.1' },
    { offered: ['mqttv3.1', 'mqtt'], selected: 'mqtt' },
    { offered: ['chat', 'mqtt'], selected: 'mqtt' },
  ])('selects $selected of $offered [MQTT-6.0.0-4]', async ({ offered, selected }) => {
    attach();
    const client = dial(offered);
    await once(client, 'open');
    expect(client.protocol).toBe(selected);
  });

  it.each([{ offered: [] }, { offered: ['chat'] }, { offered: ['MQTT'] }])(
    'is refused when $offered is offered [MQTT-6.0.0-3]',
    async ({ offered }) => {
      attach();
      expect(await statusOf(dial(offered))).toBe(400);
      expect(inbox.infos).toEqual([]);
    },
  );

  it('switches compression off, although the client offers it', async () => {
    attach();
    const client = dial(['mqtt'], '/', { perMessageDeflate: true });
    await once(client, 'open');
    expect(client.extensions).toBe('');
  });

  it('tells the broker where the stream comes from', async () => {
    attach({ info: () => ({ listener: 'front door' }) });
    const client = dial(['mqtt'], '/mqtt?tenant=7', { headers: { 'x-real-ip': '203.0.113.9' } });
    await once(client, 'open');
    expect(inbox.infos).toEqual([
      {
        transport: 'ws',
        listener: 'front door',
        remoteAddress: '127.0.0.1',
        remotePort: expect.any(Number),
        request: {
          url: '/mqtt?tenant=7',
          headers: expect.objectContaining({ 'x-real-ip': '203.0.113.9' }),
        },
      },
    ]);
  });
});

describe('a function info that throws', () => {
  it('costs the connection that it was asked about, and no more', async () => {
    const warned = once(process, 'warning');
    attach({ info: ({ url = '' }) => ({ listener: decodeURIComponent(url) }) });
    const [code] = await once(dial(['mqtt'], '/%'), 'close');
    expect(code).toBe(1011);
    expect(await warned).toEqual([expect.objectContaining({ message: 'URI malformed' })]);
    await once(dial(['mqtt'], '/%41'), 'open');
    expect(inbox.infos.map(({ listener }) => listener)).toEqual(['/A']);
  });

  it('is one that answers later, too: nobody would hear what it has to say', async () => {
    const warned = once(process, 'warning');
    const info = async ({ url = '' }) => ({ listener: decodeURIComponent(url) });
    attach({ info: info as never });
    for (const path of ['/%', '/%41']) {
      const [code] = await once(dial(['mqtt'], path), 'close');
      expect(code).toBe(1011);
    }
    const message = 'info has to answer at once, and returned a promise';
    expect(await warned).toEqual([expect.objectContaining({ message })]);
    expect(inbox.infos).toEqual([]);
  });
});

describe('beside other things on one HTTP server', () => {
  it('takes its own path only, whatever the query', async () => {
    attach({ path: '/mqtt' });
    await once(dial(['mqtt'], '/mqtt?x=1'), 'open');
    expect(await statusOf(dial(['mqtt'], '/other'))).toBe(404);
    expect(inbox.infos.length).toBe(1);
  });

  it('leaves other paths to those who listen for them', async () => {
    attach({ path: '/mqtt' });
    server.on('upgrade', (request, socket: Duplex) => {
      if (request.url === '/chat') socket.end('HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n');
    });
    expect(await statusOf(dial(['mqtt'], '/chat'))).toBe(418);
  });

  it('shares a server with another broker', async () => {
    attach({ path: '/a', info: () => ({ listener: 'a' }) });
    attach({ path: '/b', info: () => ({ listener: 'b' }) });
    await once(dial(['mqtt'], '/b'), 'open');
    await once(dial(['mqtt'], '/a'), 'open');
    expect(inbox.infos.map(({ listener }) => listener)).toEqual(['b', 'a']);
    expect(await statusOf(dial(['mqtt'], '/c'))).toBe(404);
  });

  it('leaves a request to who has taken it before, though that is for any path', async () => {
    const warned = once(process, 'warning');
    const other = new Inbox();
    attachWebSocket(server, other, { path: '/mqtt' });
    attach();
    const client = dial(['mqtt'], '/mqtt');
    await once(client, 'open');
    await once(dial(['mqtt'], '/'), 'open');
    expect([other.infos.length, inbox.infos.length]).toEqual([1, 1]);
    expect(await warned).toEqual([
      expect.objectContaining({
        message: expect.stringContaining('took a request for /mqtt first'),
      }),
    ]);
  });

  it('leaves the server when it is taken off', async () => {
    const detach = attach();
    detach();
    expect(server.listenerCount('upgrade')).toBe(0);
  });
});

/** A PUBLISH as far as its fixed header goes, with a body of so many bytes. */
function packetOf(bytes: number): Buffer {
  const header = [0x30];
  let left = bytes;
  do {
    header.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    left >>= 7;
  } while (left > 0);
  return Buffer.concat([Buffer.from(header), Buffer.alloc(bytes, 0x31)]);
}

function endsOf(pieces: readonly Buffer[]): number[] {
  let end = 0;
  return pieces.map((piece) => {
    end += piece.length;
    return end;
  });
}

describe('frames as a stream of bytes [MQTT-6.0.0-2]', () => {
  it('joins and splits without a trace, wherever frames are cut', async () => {
    attach();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 }),
        async (frames) => {
          const { client, stream } = await connect();
          for (const frame of frames) client.send(frame);
          client.close();
          expect(await readAll(stream)).toEqual(Buffer.concat(frames));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('takes a byte per frame', async () => {
    attach();
    const { client, stream } = await connect();
    const bytes = Buffer.from('each of these travels alone');
    for (const byte of bytes) client.send(Buffer.of(byte));
    client.close();
    expect(await readAll(stream)).toEqual(bytes);
  });

  it('joins the fragments of a message', async () => {
    attach();
    const { client, stream } = await connect();
    client.send(Buffer.from('frag'), { fin: false });
    client.send(Buffer.from('men'), { fin: false });
    client.send(Buffer.from('ted'), { fin: true });
    client.close();
    expect((await readAll(stream)).toString()).toBe('fragmented');
  });

  it('sends what is written as binary frames, then closes', async () => {
    attach();
    const { client, stream } = await connect();
    const frames: Buffer[] = [];
    client.on('message', (data: Buffer, isBinary) => {
      expect(isBinary).toBe(true);
      frames.push(data);
    });
    stream.write('first');
    stream.end('last');
    await once(client, 'close');
    expect(Buffer.concat(frames).toString()).toBe('firstlast');
  });

  it('sends no two packets in one frame, wherever writes are cut', async () => {
    attach();
    const bodies = fc.array(fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: 40_000 })), {
      minLength: 1,
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(bodies, fc.array(fc.nat({ max: 300 })), async (lengths, cuts) => {
        const { client, stream } = await connect();
        const frames: Buffer[] = [];
        client.on('message', (data: Buffer) => frames.push(data));
        const packets = lengths.map(packetOf);
        let rest = Buffer.concat(packets);
        for (const cut of cuts) {
          stream.write(rest.subarray(0, cut));
          rest = rest.subarray(cut);
        }
        stream.end(rest);
        await once(client, 'close');
        expect(Buffer.concat(frames)).toEqual(Buffer.concat(packets));
        expect(endsOf(frames)).toEqual(expect.arrayContaining(endsOf(packets)));
        if (cuts.length === 0) expect(frames.length).toBe(packets.length);
      }),
      { numRuns: 30 },
    );
  });

  it('sends thousands of packets that are written at once, and then closes', async () => {
    attach();
    const { client, stream } = await connect();
    const frames: string[] = [];
    client.on('message', (data: Buffer) => frames.push(data.toString('latin1')));
    const packets = Array.from({ length: 2_000 }, (_, index) => packetOf(index % 3));
    stream.write(Buffer.concat(packets));
    stream.end(packetOf(4));
    await once(client, 'close');
    expect(frames).toEqual([...packets, packetOf(4)].map((packet) => packet.toString('latin1')));
  });
});

describe('a peer that breaks the rules', () => {
  it('is closed with 1003 for a text frame [MQTT-6.0.0-1], and nothing after it is read', async () => {
    attach();
    const { client, stream } = await connect();
    client.send(Buffer.from('bytes'));
    client.send('text');
    client.send(Buffer.from('late'));
    const [received, [code]] = await Promise.all([readAll(stream), once(client, 'close')]);
    expect(received.toString()).toBe('bytes');
    expect(code).toBe(1003);
  });

  it('is closed with 1009 for a frame far beyond the packet size', async () => {
    attach({ maxPacketBytes: 1_000 });
    const { client, stream } = await connect();
    stream.emit('mqttAccepted');
    stream.resume();
    client.on('error', () => {});
    client.send(Buffer.alloc(1_000 + 1_048_577));
    const [code] = await once(client, 'close');
    expect(code).toBe(1009);
  });

  it('may vanish without a word', async () => {
    attach();
    const { client, stream } = await connect();
    stream.resume();
    client.terminate();
    await once(stream, 'close');
    expect(stream.destroyed).toBe(true);
  });

  it('may send a broken frame', async () => {
    attach();
    const { client, stream } = await connect();
    client.on('error', () => {});
    const { _socket: socket } = client as unknown as { _socket: Duplex };
    socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
    await Promise.all([once(stream, 'error'), once(client, 'close')]);
    expect(stream.destroyed).toBe(true);
  });
});

describe('a stranger', () => {
  const maxConnectPacketBytes = 1_000;
  const tooMuch = maxConnectPacketBytes + 65_536 + 1;

  async function stranger(
    options: AttachOptions = {},
  ): Promise<{ readonly client: WebSocket; readonly stream: Duplex }> {
    attach({ maxConnectPacketBytes, ...options });
    const both = await connect();
    both.stream.on('data', () => {});
    both.client.on('error', () => {});
    return both;
  }

  it('is closed with 1009 for a message that no CONNECT has', async () => {
    const { client, stream } = await stranger();
    client.send(Buffer.alloc(tooMuch));
    const [[code]] = await Promise.all([once(client, 'close'), once(stream, 'close')]);
    expect(code).toBe(1009);
  });

  it('is closed for fragments of a message that does not end', async () => {
    const { client, stream } = await stranger();
    const counted = countBytes(stream);
    const fragment = Buffer.alloc(1_000);
    for (let sent = 0; sent < tooMuch; sent += fragment.length) {
      client.send(fragment, { fin: false });
    }
    await Promise.all([once(client, 'close'), once(stream, 'close')]);
    expect(counted.bytes).toBe(0);
  });

  it('may send much in small messages: what was read is not held', async () => {
    const { client, stream } = await stranger();
    const counted = countBytes(stream);
    const message = Buffer.alloc(1_000);
    for (let count = 0; count < 200; count++) client.send(message);
    client.close();
    await once(stream, 'close');
    expect(counted.bytes).toBe(200_000);
  });

  it('may send them before: they wait in the sender until it is', async () => {
    const { client, stream } = await stranger({ maxPacketBytes: 200 * tooMuch });
    const counted = countBytes(stream);
    client.send(Buffer.alloc(100));
    client.send(Buffer.alloc(200 * tooMuch));
    client.close();
    await expect.poll(() => counted.bytes).toBe(100);
    await setTimeout(100);
    expect(client.bufferedAmount).toBeGreaterThan(0);
    stream.emit('mqttAccepted');
    await once(stream, 'close');
    expect(counted.bytes).toBe(100 + 200 * tooMuch);
  });

  it('may send large messages when its CONNECT was accepted', async () => {
    const { client, stream } = await stranger();
    stream.emit('mqttAccepted');
    const received = readAll(stream);
    client.send(Buffer.alloc(10 * tooMuch));
    client.close();
    expect((await received).length).toBe(10 * tooMuch);
  });
});

describe('back-pressure', () => {
  const frame = Buffer.alloc(64 * 1024, 1);
  const frames = 320;

  it('holds a sender back while nothing is read', async () => {
    attach();
    const { client, stream } = await connect();
    for (let sent = 0; sent < frames; sent += 1) client.send(frame);
    client.close();
    await once(stream, 'readable');
    // The rest waits in the sender: the kernel's buffers hold a few megabytes at most.
    expect(client.bufferedAmount).toBeGreaterThan(0);
    expect(stream.readableLength).toBeLessThanOrEqual(4 * frame.length);
    expect((await readAll(stream)).length).toBe(frames * frame.length);
  });

  it('tells the writer while the receiver does not read', async () => {
    attach();
    const { client, stream } = await connect();
    client.pause();
    let written = 0;
    while (written < frames && stream.write(frame)) written += 1;
    expect(stream.writableNeedDrain).toBe(true);
    expect(written).toBeLessThan(frames);
    const drained = once(stream, 'drain');
    client.resume();
    await drained;
  });
});

describe('the web site that a page is of', () => {
  const origins = ['https://app.example.org', 'http://localhost:3000'];

  it.each([...origins, undefined])(
    'is let in when it is listed, or there is none: %s',
    async (origin) => {
      attach({ origins });
      await once(dial(['mqtt'], '/', origin === undefined ? {} : { origin }), 'open');
      expect(inbox.infos.length).toBe(1);
    },
  );

  it.each([
    'https://app.example.org.evil.example',
    'http://app.example.org',
    'https://app.example.org:8443',
    'null',
    'https://app.example.org, https://evil.example',
  ])('is refused with 403 when it is not: %s', async (origin) => {
    attach({ origins });
    expect(await statusOf(dial(['mqtt'], '/', { origin }))).toBe(403);
    expect(inbox.infos).toEqual([]);
  });

  it('does not matter where none are listed', async () => {
    attach();
    await once(dial(['mqtt'], '/', { origin: 'https://evil.example' }), 'open');
  });
});

describe('a flood', () => {
  it('of pings whose answers are not read ends the connection', async () => {
    attach();
    const { client, stream } = await connect();
    stream.resume();
    client.on('error', () => {});
    const { _socket: socket } = client as unknown as { _socket: Duplex };
    socket.pause();
    const closed = once(stream, 'close');
    // A masked ping of 125 bytes; the kernel takes a few megabytes of answers before any has to wait.
    const pings = Buffer.alloc(
      131 * 500,
      Buffer.concat([Buffer.of(0x89, 0xfd), Buffer.alloc(129)]),
    );
    const timer = setInterval(() => {
      for (let round = 0; round < 10; round += 1) socket.write(pings);
    }, 1);
    await closed;
    clearInterval(timer);
  });

  it('of pings whose answers are read is answered', async () => {
    attach();
    const { client } = await connect();
    let pongs = 0;
    const answered = new Promise<void>((resolve) => {
      client.on('pong', () => {
        pongs += 1;
        if (pongs === 50) resolve();
      });
    });
    for (let sent = 0; sent < 50; sent += 1) client.ping('x');
    await answered;
  });

  it('of fragments ends the connection with 1008', async () => {
    attach();
    const { client, stream } = await connect();
    stream.resume();
    client.on('error', () => {});
    const { _socket: socket } = client as unknown as { _socket: Duplex };
    // A masked fragment of one byte; the first has the opcode of a binary message.
    const fragment = (opcode: number) => Buffer.of(opcode, 0x81, 0, 0, 0, 0, 7);
    socket.write(Buffer.concat([fragment(2), Buffer.alloc(7 * 20_000, fragment(0))]));
    const [code] = await once(client, 'close');
    expect(code).toBe(1008);
  });
});

it.each([
  [
    { pth: '/mqtt' },
    'SLUICE_CONFIG_KEY',
    /"pth" is not a known key: allowed there are path, origins/,
  ],
  [{ orgins: ['https://a.example'] }, 'SLUICE_CONFIG_KEY', /"orgins" is not a known key/],
  [
    { path: 'mqtt' },
    'SLUICE_CONFIG_VALUE',
    /"path" must be a path that begins with "\/", not "mqtt"/,
  ],
  ...['/mqtt?tenant=7', '/mqtt#1', '/Zürich', '/a/../mqtt'].map(
    (path): [object, string, RegExp] => [
      { path },
      'SLUICE_CONFIG_VALUE',
      /"path" must be the path of a URL as clients send it/,
    ],
  ),
  [{ origins: ['https://a.example/'] }, 'SLUICE_CONFIG_VALUE', /"origins\[0\]" must be a web site/],
  [{ origins: [] }, 'SLUICE_CONFIG_VALUE', /"origins" must be a list with at least one entry/],
  [
    { maxPacketBytes: '1 MB' },
    'SLUICE_CONFIG_VALUE',
    /"maxPacketBytes" must be a whole number from 128/,
  ],
  [{ info: {} }, 'SLUICE_CONFIG_VALUE', /"info" must be a function/],
])('options %j are refused', (options, code, message) => {
  const refused = { code, message: expect.stringMatching(message) };
  expect(() => attach(options as never)).toThrow(expect.objectContaining(refused));
  expect(server.listenerCount('upgrade')).toBe(0);
});

it('takes an HTTP server and a broker, and not what is mistaken for them', () => {
  // An application of Express: a function with `on`, to which nothing would ever come.
  const application = Object.assign(() => {}, { on: () => {} });
  expect(() => attachWebSocket(application as never, inbox)).toThrow(
    /^attachWebSocket: "server" must be an HTTP or HTTPS server, .*, not "a function"\.$/,
  );
  expect(() => attachWebSocket(server, Promise.resolve(inbox) as never)).toThrow(
    /^attachWebSocket: "broker" must be a broker, as await createBroker\(\) returns one/,
  );
});
