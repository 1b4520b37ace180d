import { createServer, type Socket } from 'node:net';
import { addressOf, type TcpListenerOptions } from '../config.ts';
import { boundPort, type Listener, type ListenerContext, listen, urlOf } from './listener.ts';
import { remoteOf, socketOptions } from './sockets.ts';

/** Opens a listener for MQTT over TCP. */
export async function openTcp(
  options: TcpListenerOptions,
  context: ListenerContext,
): Promise<Listener> {
  const { host, port } = addressOf(options);
  let url = urlOf('mqtt', host, port);
  const server = createServer(socketOptions, (socket: Socket) => {
    context.handle(socket, { transport: 'tcp', listener: url, ...remoteOf(socket) });
  });
  await listen(server, { host, port }, context.logger);
  url = urlOf('mqtt', host, boundPort(server));
  return {
    type: 'tcp',
    url,
    port: boundPort(server),
    stop: () => void server.close(),
    destroy: () => {},
  };
}
