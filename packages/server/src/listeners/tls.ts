import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { Certificates } from '../certificates.ts';
import { addressOf, type TlsListenerOptions } from '../config.ts';
import { originOf } from './arrivals.ts';
import { Door } from './door.ts';
import { boundPort, type Listener, type ListenerContext, listen, urlOf } from './listener.ts';
import { socketOptions } from './sockets.ts';

/** Opens a listener for MQTT over TLS. */
export async function openTls(
  options: TlsListenerOptions,
  certificates: Certificates,
  context: ListenerContext,
): Promise<Listener> {
  const { host, port } = addressOf(options);
  let url = urlOf('mqtts', host, port);
  const secured = createTlsServer(
    { ...certificates.current, handshakeTimeout: context.arrivals.limits.timeoutMs },
    (socket: TLSSocket) => {
      const origin = door.leave(socket)?.origin;
      if (origin === undefined) return;
      context.handle(socket, {
        transport: 'tls',
        listener: url,
        ...origin,
        certificateName: certificateName(socket) ?? origin.certificateName,
      });
    },
  );
  secured.on('tlsClientError', (error: Error, socket: TLSSocket) => {
    context.logger.debug({ err: error, ...originOf(socket) }, 'TLS handshake failed');
    socket.destroy();
  });
  // It never listens itself: connections are put into it, once it is known where they come from.
  const door = new Door(context, options.proxyProtocol, ({ socket }) => {
    secured.emit('connection', socket);
  });
  const server = createServer(socketOptions, door.enter);
  await listen(server, { host, port }, context.logger);
  url = urlOf('mqtts', host, boundPort(server));
  return {
    type: 'tls',
    url,
    port: boundPort(server),
    stop: () => void server.close(),
    certificates,
    reload: () => secured.setSecureContext(certificates.readAgain()),
    destroy: () => door.destroy(),
  };
}

/** Common name of a client's certificate, once it is verified. */
export function certificateName(socket: Socket | TLSSocket): string | undefined {
  if (!('getPeerCertificate' in socket) || !socket.authorized) return undefined;
  const name: unknown = socket.getPeerCertificate().subject?.CN;
  return typeof name === 'string' ? name : undefined;
}
