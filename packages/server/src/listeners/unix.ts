import { lstatSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import type { UnixListenerOptions } from '../config.ts';
import { type Listener, type ListenerContext, listen } from './listener.ts';

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
