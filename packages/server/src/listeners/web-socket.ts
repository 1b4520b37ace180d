import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type TlsOptions, Server as TlsServer } from 'node:tls';
import { attachWebSocket } from '../attach-web-socket.ts';
import { readCertificates } from '../certificates.ts';
import { addressOf, type WsListenerOptions, type WssListenerOptions } from '../config.ts';
import { boundPort, type Listener, type ListenerContext, listen, urlOf } from './listener.ts';
import { socketOptions, trackSockets } from './sockets.ts';
import { certificateName } from './tls.ts';

/** Opens a listener for MQTT over WebSocket: over TLS when it is given certificates. */
export async function openWebSocket(
  options: WsListenerOptions | WssListenerOptions,
  certificates: TlsOptions | undefined,
  context: ListenerContext,
): Promise<Listener> {
  const { host, port } = addressOf(options);
  const server = createServer(certificates, context.handshakeTimeoutMs);
  let url = urlOf(options.type, host, port);
  attachWebSocket(
    server,
    { handle: context.handle },
    {
      ...(options.path !== undefined && { path: options.path }),
      maxPacketBytes: context.maxPacketBytes,
      info: (request) => ({ listener: url, certificateName: certificateName(request.socket) }),
    },
  );
  const sockets = trackSockets(server);
  server.on('clientError', (error, socket) => {
    context.logger.debug({ err: error }, 'bad HTTP request');
    socket.destroy();
  });
  server.on('tlsClientError', (error, socket) => {
    context.logger.debug({ err: error }, 'TLS handshake failed');
    socket.destroy();
  });
  await listen(server, { host, port }, context.logger);
  url = urlOf(options.type, host, boundPort(server)) + (options.path ?? '');
  return {
    type: options.type,
    url,
    port: boundPort(server),
    stop: () => void server.close(),
    ...(options.type === 'wss' &&
      server instanceof TlsServer && {
        reload: () => server.setSecureContext(readCertificates(options)),
      }),
    destroy: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function createServer(certificates: TlsOptions | undefined, timeoutMs: number): Server {
  const options = {
    ...socketOptions,
    headersTimeout: timeoutMs,
    requestTimeout: timeoutMs,
    // How often the two above are looked at.
    connectionsCheckingInterval: Math.min(timeoutMs, 5_000),
  };
  if (certificates === undefined) return createHttpServer(options, answerPlainRequest);
  return createHttpsServer(
    { ...options, ...certificates, handshakeTimeout: timeoutMs },
    answerPlainRequest,
  );
}

const answerPlainRequest: RequestListener = (_request, response) => {
  response.writeHead(426, {
    connection: 'close',
    upgrade: 'websocket',
    'content-type': 'text/plain',
  });
  response.end('This port speaks MQTT over WebSocket.\n');
};
