import type { Socket } from 'node:net';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { readCertificates } from '../certificates.ts';
import { addressOf, type TlsListenerOptions } from '../config.ts';
import { boundPort, type Listener, type ListenerContext, listen, urlOf } from './listener.ts';
import { remoteOf, socketOptions, trackSockets } from './sockets.ts';

/** Opens a listener for MQTT over TLS. */
export async function openTls(
  options: TlsListenerOptions,
  certificates: TlsOptions,
  context: ListenerContext,
): Promise<Listener> {
  const { host, port } = addressOf(options);
  let url = urlOf('mqtts', host, port);
  const server = createServer(
    { ...socketOptions, ...certificates, handshakeTimeout: context.handshakeTimeoutMs },
    (socket: TLSSocket) => {
      context.handle(socket, {
        transport: 'tls',
        listener: url,
        certificateName: certificateName(socket),
        ...remoteOf(socket),
      });
    },
  );
  const sockets = trackSockets(server);
  server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
    context.logger.debug({ err: error, ...remoteOf(socket) }, 'TLS handshake failed');
    // Node leaves a socket open whose handshake only took too long.
    socket.destroy();
  });
  await listen(server, { host, port }, context.logger);
  url = urlOf('mqtts', host, boundPort(server));
  return {
    type: 'tls',
    url,
    port: boundPort(server),
    stop: () => void server.close(),
    reload: () => server.setSecureContext(readCertificates(options)),
    destroy: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Common name of a client's certificate, once it is verified. */
export function certificateName(socket: Socket | TLSSocket): string | undefined {
  if (!('getPeerCertificate' in socket) || !socket.authorized) return undefined;
  const name: unknown = socket.getPeerCertificate().subject?.CN;
  return typeof name === 'string' ? name : undefined;
}
