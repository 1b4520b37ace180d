import { lstatSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { BrokerError } from '@sluice/plugin';
import type { UnixListenerOptions } from '../config.ts';
import { printable } from '../printable.ts';
import { type Listener, type ListenerContext, listen } from './listener.ts';

/** What the address of a socket has room for; a longer path would be cut off without a word. */
const maxPathBytes = process.platform === 'linux' ? 107 : 103;

/** Throws SLUICE_LISTEN for a path that cannot be that of a socket. */
export function checkSocketPath({ path }: UnixListenerOptions): void {
  if (process.platform === 'win32') return;
  if (Buffer.byteLength(path) <= maxPathBytes && !path.includes('\0')) return;
  throw new BrokerError(
    'SLUICE_LISTEN',
    `${printable(path)} cannot be listened on: the path of a Unix socket has at most ${maxPathBytes} bytes, and no zero among them.`,
  );
}

/** Opens a listener on a Unix socket. A socket file that a dead process left behind is replaced. */
export async function openUnix(
  options: UnixListenerOptions,
  context: ListenerContext,
): Promise<Listener> {
  const { path } = options;
  const url = `unix:${path}`;
  const server = createServer((socket: Socket) => {
    context.handle(socket, { transport: 'unix', listener: url });
  });
  if (await isStale(path)) rmSync(path, { force: true });
  await listen(server, { path }, context.logger);
  return {
    type: 'unix',
    url,
    port: undefined,
    stop: () => void server.close(),
    destroy: () => {},
  };
}

/** Whether a socket file is there that nobody listens on. */
function isStale(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    // A regular file refuses in the same way as a socket without a process, and must not be removed.
    probe.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'ECONNREFUSED' && isSocket(path));
    });
  });
}

function isSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() ?? false;
}
