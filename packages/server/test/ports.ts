import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

const host = '127.0.0.1';
/** Below those that a system hands out to whoever connects. */
const lowest = 12_000;
const blocks = 180;
const blockSize = 100;

/** The port that a server is bound to. */
export function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  return address.port;
}

/** A port for a process that cannot be told to choose one. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

/**
 * Ports that are free now, and that neither the system nor another process of the tests takes: they
 * are still free when a server comes to them, and when it comes back.
 */
export async function freePorts(count: number): Promise<number[]> {
  return await ports.take(count);
}

/** A block of ports that one process has for itself. */
export class PortBlock {
  #first: Promise<number> | undefined;
  #given = 0;

  /** Ports that are free. None is given twice before all others were. */
  async take(count: number): Promise<number[]> {
    this.#first ??= guardBlock();
    const first = await this.#first;
    const taken: number[] = [];
    for (let tries = 0; taken.length < count && tries < blockSize; tries++) {
      const port = first + 1 + (this.#given++ % (blockSize - 1));
      const server = await listening(port);
      if (!server) continue;
      server.close();
      await once(server, 'close');
      taken.push(port);
    }
    if (taken.length < count) throw new Error(`no ${count} ports from ${first} on are free`);
    return taken;
  }
}

const ports = new PortBlock();

/** Takes a block by its first port, which stays bound while this process lives. */
async function guardBlock(): Promise<number> {
  const start = Math.floor(Math.random() * blocks);
  for (let i = 0; i < blocks; i++) {
    const first = lowest + ((start + i) % blocks) * blockSize;
    const guard = await listening(first);
    if (!guard) continue;
    guard.unref();
    return first;
  }
  throw new Error(`no port from ${lowest} to ${lowest + blocks * blockSize} is free`);
}

async function listening(port: number): Promise<Server | undefined> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(port, host, () => resolve(server));
  });
}
