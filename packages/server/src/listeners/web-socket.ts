import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type RequestListener,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { attachWebSocket } from '../attach-web-socket.ts';
import type { Certificates } from '../certificates.ts';
import { addressOf, type WsListenerOptions, type WssListenerOptions } from '../config.ts';
import { Door } from './door.ts';
import { boundPort, type Listener, type ListenerContext, listen, urlOf } from './listener.ts';
import { socketOptions } from './sockets.ts';
import { certificateName } from './tls.ts';

/** Opens a listener for MQTT over WebSocket: over TLS when it is given certificates. */
export async function openWebSocket(
  options: WsListenerOptions | WssListenerOptions,
  certificates: Certificates | undefined,
  context: ListenerContext,
): Promise<Listener> {
  const { host, port } = addressOf(options);
  const { path, origins } = options;
  let url = urlOf(options.type, host, port);
  const http = createHttp(certificates, context.arrivals.limits.timeoutMs);
  // It never listens itself: connections are put into it, once it is known where they come from.
  const door = new Door(context, options.proxyProtocol, ({ socket }) => {
    http.emit('connection', socket);
  });
  attachWebSocket(
    http,
    { handle: context.handle },
    {
      ...(path !== undefined && { path }),
      ...(origins !== undefined && { origins }),
      maxPacketBytes: context.maxPacketBytes,
      maxConnectPacketBytes: context.maxConnectPacketBytes,
      info: ({ socket }) => {
        const origin = door.leave(socket)?.origin;
        return {
          listener: url,
          ...origin,
          certificateName: certificateName(socket) ?? origin?.certificateName,
        };
      },
    },
  );
  http.on('clientError', (error, socket) => {
    // The error has the bytes of the request, tokens included.
    context.logger.debug({ reason: error.message }, 'bad HTTP request');
    socket.destroy();
  });
  http.on('tlsClientError', (error, socket) => {
    context.logger.debug({ err: error }, 'TLS handshake failed');
    socket.destroy();
  });
  // Who sends a request and closes its side still gets the answer. Under TLS a half-open socket would never end.
  const allowHalfOpen = certificates === undefined;
  const server = createServer({ ...socketOptions, allowHalfOpen }, door.enter);
  await listen(server, { host, port }, context.logger);
  url = urlOf(options.type, host, boundPort(server)) + (path ?? '');
  return {
    type: options.type,
    url,
    port: boundPort(server),
    stop: () => void server.close(),
    ...(certificates !== undefined &&
      http instanceof TlsServer && {
        certificates,
        reload: () => http.setSecureContext(certificates.readAgain()),
      }),
    destroy: () => door.destroy(),
  };
}

function createHttp(certificates: Certificates | undefined, handshakeTimeout: number): HttpServer {
  if (certificates === undefined) return createHttpServer(answerPlainRequest);
  return createHttpsServer({ ...certificates.current, handshakeTimeout }, answerPlainRequest);
}

const answerPlainRequest: RequestListener = (_request, response) => {
  response.writeHead(426, {
    connection: 'close',
    upgrade: 'websocket',
    'content-type': 'text/plain',
  });
  response.end('This port speaks MQTT over WebSocket.\n');
};
