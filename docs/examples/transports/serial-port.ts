// MQTT over a serial line: a machine without a network is one client, at the end of its cable.
import { Duplex } from 'node:stream';
import { createBroker } from '@sluice/core';
import { SerialPort } from 'serialport';

export interface SerialOptions {
  /** '/dev/ttyUSB0', 'COM3'. */
  readonly path: string;
  readonly baudRate?: number;
}

/** One connection on a port. A cable does not hang up: who has said all ends it, and the port stays open for the next. */
class SerialConnection extends Duplex {
  readonly #port: SerialPort;
  readonly #leave: (done: () => void) => void;

  /** `leave` is called at its end: a connection is closed when the port is ready for the next one. */
  constructor(port: SerialPort, leave: (done: () => void) => void) {
    super();
    this.#port = port;
    this.#leave = leave;
  }

  /** Whether what comes now belongs to it. */
  get isOpen(): boolean {
    return !this.writableEnded && !this.destroyed;
  }

  receive(chunk: Buffer): void {
    if (!this.push(chunk)) this.#port.pause();
  }

  override _read(): void {
    this.#port.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void) {
    this.#port.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.push(null);
    this.#port.drain(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#leave(() => done(error));
  }
}

export async function start({ path, baudRate = 115_200 }: SerialOptions) {
  const broker = await createBroker();
  broker.on('error', (error) => console.error(error));

  const port = new SerialPort({ path, baudRate, autoOpen: false });
  let connection: SerialConnection | undefined;
  // The first bytes after the end of a connection begin a new one. Noise does, too, and is refused.
  port.on('data', (chunk: Buffer) => {
    if (!connection?.isOpen) {
      connection = new SerialConnection(port, (done) => {
        port.resume(); // it may have been paused
        done();
      });
      broker.handle(connection, { transport: 'serial', listener: path });
    }
    connection.receive(chunk);
  });
  port.on('close', () => {
    connection?.destroy();
    openLater(); // somebody pulled the cable
  });

  let timer: NodeJS.Timeout | undefined;
  function openLater(): void {
    timer = setTimeout(() => port.open((error) => error && openLater()), 1_000);
  }
  await new Promise<void>((resolve, reject) => {
    port.open((error) => (error ? reject(error) : resolve()));
  });

  return {
    broker,
    async close() {
      await broker.close({ graceMs: 1_000 });
      port.removeAllListeners('close');
      clearTimeout(timer);
      if (port.isOpen) port.close();
    },
  };
}

/** The client's side: `new MqttClient(() => dial(serial), options)` of MQTT.js. */
export function dial({ path, baudRate = 115_200 }: SerialOptions): Duplex {
  const port = new SerialPort({ path, baudRate });
  const connection = new SerialConnection(port, (done) => {
    if (port.isOpen) port.close(() => done());
    else done();
  });
  port.on('data', (chunk: Buffer) => connection.receive(chunk));
  port.on('error', (error) => connection.destroy(error));
  port.on('close', () => connection.destroy());
  return connection;
}

if (process.argv[1] === import.meta.filename) {
  const [, , path = '/dev/ttyUSB0', baudRate = '115200'] = process.argv;
  const { close } = await start({ path, baudRate: Number(baudRate) });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, close);
  console.log(`MQTT at ${path}`);
}
