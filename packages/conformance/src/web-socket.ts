import { Buffer } from 'node:buffer';
import { createHash, randomBytes } from 'node:crypto';
import { Duplex } from 'node:stream';

/** Kinds of frames (RFC 6455, section 5.2). */
export const opcodes = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
} as const;

/** What a server said to an upgrade. */
export interface UpgradeAnswer {
  /** 101 when it agreed; 0 when it closed without an answer. */
  readonly status: number;
  /** By names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** The WebSocket, if the server agreed. */
  readonly socket: WebSocketStream | undefined;
}

/** Asks for a WebSocket on a connection. Subprotocols as the header has them; undefined for none. */
export async function upgrade(
  connection: Duplex,
  path: string,
  subprotocols: string | undefined,
  patienceMs: number,
): Promise<UpgradeAnswer> {
  const key = randomBytes(16).toString('base64');
  const lines = [
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${key}`,
    ...(subprotocols === undefined ? [] : [`Sec-WebSocket-Protocol: ${subprotocols}`]),
  ];
  connection.write(`${lines.join('\r\n')}\r\n\r\n`);
  const { head, rest } = await readHead(connection, patienceMs);
  const [first = '', ...more] = head.split('\r\n');
  const headers = new Map(more.map(readHeader));
  const status = Number(first.split(' ')[1] ?? 0);
  const proof = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  const agreed = status === 101 && headers.get('sec-websocket-accept') === proof.digest('base64');
  if (!agreed) connection.destroy();
  return { status, headers, socket: agreed ? new WebSocketStream(connection, rest) : undefined };
}

function readHeader(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
}

async function readHead(
  connection: Duplex,
  patienceMs: number,
): Promise<{ head: string; rest: Buffer }> {
  let read = Buffer.alloc(0);
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, patienceMs);
    const done = (): void => {
      clearTimeout(timer);
      connection.off('data', take);
      resolve();
    };
    const take = (chunk: Buffer): void => {
      read = Buffer.concat([read, chunk]);
      if (read.includes('\r\n\r\n')) done();
    };
    connection.on('data', take);
    connection.once('close', done);
    connection.on('error', done);
  });
  const end = read.indexOf('\r\n\r\n');
  if (end < 0) return { head: '', rest: read };
  return { head: read.subarray(0, end).toString(), rest: read.subarray(end + 4) };
}

/** The client's side of a WebSocket: what is written leaves as one binary frame, what is read are the bytes of binary frames. */
export class WebSocketStream extends Duplex {
  /** Code of the closing frame that came; 1005 when it had none. */
  closeCode: number | undefined;
  /** Payloads of the pongs that came. */
  readonly pongs: string[] = [];
  /** How many frames with data came. */
  frames = 0;
  readonly #connection: Duplex;
  #unread: Buffer;

  constructor(connection: Duplex, unread: Buffer) {
    super();
    this.#connection = connection;
    this.#unread = unread;
    connection.on('data', (chunk: Buffer) => {
      this.#unread = Buffer.concat([this.#unread, chunk]);
      this.#takeFrames();
    });
    connection.on('end', () => this.push(null));
    connection.on('close', () => this.destroy());
    connection.on('error', () => this.destroy());
    this.#takeFrames();
  }

  /** Sends one frame as it is; `last` is its FIN bit. */
  frame(opcode: number, payload: Uint8Array = Buffer.alloc(0), last: boolean = true): void {
    if (!this.#connection.writable) return;
    const { length } = payload;
    const mask = randomBytes(4);
    const size = length < 126 ? [length] : length < 65_536 ? [126] : [127];
    const more = Buffer.alloc(length < 126 ? 0 : length < 65_536 ? 2 : 8);
    if (more.length === 2) more.writeUInt16BE(length);
    if (more.length === 8) more.writeBigUInt64BE(BigInt(length));
    const masked = Buffer.from(payload.map((byte, index) => byte ^ (mask[index % 4] as number)));
    const head = Buffer.from([(last ? 0x80 : 0) | opcode, 0x80 | (size[0] as number)]);
    this.#connection.write(Buffer.concat([head, more, mask, masked]));
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.frame(opcodes.binary, chunk);
    done();
  }

  override _read(): void {}

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#connection.destroy();
    done(error);
  }

  #takeFrames(): void {
    for (;;) {
      const [first = 0, second = 0] = this.#unread;
      const short = second & 0x7f;
      const headSize = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (this.#unread.length < headSize) return;
      let size = short;
      if (short === 126) size = this.#unread.readUInt16BE(2);
      if (short === 127) size = Number(this.#unread.readBigUInt64BE(2));
      if (this.#unread.length < headSize + size) return;
      const payload = this.#unread.subarray(headSize, headSize + size);
      this.#unread = this.#unread.subarray(headSize + size);
      this.#take(first & 0x0f, payload);
    }
  }

  #take(opcode: number, payload: Buffer): void {
    if (opcode === opcodes.binary || opcode === opcodes.continuation) {
      this.frames++;
      this.push(payload);
    } else if (opcode === opcodes.pong) {
      this.pongs.push(payload.toString());
    } else if (opcode === opcodes.close) {
      this.closeCode = payload.length < 2 ? 1005 : payload.readUInt16BE(0);
      this.frame(opcodes.close, payload.subarray(0, 2));
    } else if (opcode === opcodes.text) {
      this.destroy(new Error('a text frame'));
    }
  }
}
