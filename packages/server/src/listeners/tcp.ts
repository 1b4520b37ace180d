import { createServer, type Socket } from 'node:net';
import { addressOf, type TcpListenerOptions } from '../config.ts';
import { type Origin, originOf } from './arrivals.ts';
import { Door } from './door.ts';
import { boundPort, type Listener, type ListenerContext, listen, urlOf } from './listener.ts';
import { socketOptions } from './sockets.ts';

/** Opens a listener for MQTT over TCP. */
export async function openTcp(
  options: TcpListenerOptions,
  context: ListenerContext,
): Promise<Listener> {
  const { host, port } = addressOf(options);
  let url = urlOf('mqtt', host, port);
  const accept = (socket: Socket, origin: Origin) => {
    context.handle(socket, { transport: 'tcp', listener: url, ...origin });
  };
  const door = new Door(context, options.proxyProtocol, (arrival) => {
    arrival.leave();
    accept(arrival.socket, arrival.origin);
  });
  const server = createServer(
    socketOptions,
    options.proxyProtocol === undefined ? (socket) => accept(socket, originOf(socket)) : door.enter,
  );
  await listen(server, { host, port }, context.logger);
  url = urlOf('mqtt', host, boundPort(server));
  return {
    type: 'tcp',
    url,
    port: boundPort(server),
    stop: () => void server.close(),
    destroy: () => door.destroy(),
  };
}
