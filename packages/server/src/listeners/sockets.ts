import type { Server, Socket } from 'node:net';

/** How sockets are accepted, whatever is spoken on them. */
export const socketOptions = {
  // The broker gathers what it sends by itself: waiting for more would only add latency.
  noDelay: true,
  // A client with keep alive 0 whose machine is gone would otherwise stay for ever.
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
} as const;

/** Where a socket comes from, as the broker wants to know it. */
export function remoteOf(socket: Socket): {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
} {
  return { remoteAddress: socket.remoteAddress, remotePort: socket.remotePort };
}

/** Keeps the raw sockets of a server, for handshakes that are still under way when it closes. */
export function trackSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}
