import { type Server as HttpServer, type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Broker, limitRanges } from '@sluice/core';
import type { ConnectionInfo } from '@sluice/plugin';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { type AttachOptions, readAttachOptions } from './attach-options.ts';
import { boundStranger } from './stranger-bound.ts';
import { webSocketStream } from './web-socket-stream.ts';

// One frame may carry several packets: a full-sized one fits beside a batch of small ones.
const frameHeadroomBytes = 1_048_576;
// As much comes at once over TCP, before a connection is read no further.
const strangerHeadroomBytes = 65_536;
// One message may come in many small pieces, each of which costs more than its bytes.
const maxPieces = 16_384;
// A peer that never answers the closing frame is cut off after this.
const closeTimeoutMs = 5_000;
const internalError = 1011;
// In this order: clients of MQTT 3.1 offer the second name.
const subprotocols = ['mqtt', 'mqttv3.1'] as const;

interface NewerServerOptions {
  readonly closeTimeout: number;
  readonly maxFragments: number;
  readonly maxBufferedChunks: number;
}

// By how many brokers on one server a request was found to be for another path: when by all who listen, nobody
// else will answer it.
const misses = new WeakMap<IncomingMessage, number>();

/**
 * Serves MQTT over WebSocket on an HTTP or HTTPS server that may serve other things too. Upgrades of other
 * paths are left to the server's other `upgrade` listeners, or answered with 404 where there are none.
 * Returns what takes it off the server again; connections go on. Throws a BrokerError SLUICE_CONFIG_KEY or
 * SLUICE_CONFIG_VALUE where an argument is wrong.
 */
export function attachWebSocket(
  httpServer: HttpServer,
  broker: Pick<Broker, 'handle'>,
  options: AttachOptions = {},
): () => void {
  const { path, origins, info, ...sizes } = readAttachOptions(httpServer, broker, options);
  const { maxPacketBytes = limitRanges.maxPacketBytes.default } = sizes;
  const { maxConnectPacketBytes = limitRanges.maxConnectPacketBytes.default } = sizes;
  const maxStrangerBytes = maxConnectPacketBytes + strangerHeadroomBytes;
  // The published types lag behind the library.
  const serverOptions: ServerOptions & NewerServerOptions = {
    noServer: true,
    clientTracking: false,
    // Compression would cost each connection hundreds of kilobytes, and lets a few bytes become many.
    perMessageDeflate: false,
    maxPayload: maxPacketBytes + frameHeadroomBytes,
    maxFragments: maxPieces,
    maxBufferedChunks: maxPieces,
    closeTimeout: closeTimeoutMs,
    handleProtocols: (offered) => subprotocols.find((name) => offered.has(name)) ?? false,
  };
  const sockets = new WebSocketServer(serverOptions);
  let hasWarned = false;

  /** What the application says of a request. Undefined where it fails, which what a peer sends must not make it do to all. */
  function describe(
    request: IncomingMessage,
    webSocket: WebSocket,
  ): Partial<ConnectionInfo> | undefined {
    try {
      const told = info?.(request) ?? {};
      if (!(told instanceof Promise)) return told;
      told.catch(() => {});
      throw new Error('info has to answer at once, and returned a promise');
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error));
      webSocket.on('error', () => {});
      webSocket.close(internalError, 'the server failed');
      return undefined;
    }
  }

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (path !== undefined && pathOf(request) !== path) {
      const count = (misses.get(request) ?? 0) + 1;
      misses.set(request, count);
      if (count === httpServer.listenerCount('upgrade')) refuse(socket, 404, 'nothing is here');
      return;
    }
    const { origin } = request.headers;
    if (origins !== undefined && origin !== undefined && !origins.includes(origin)) {
      refuse(socket, 403, 'pages of this web site may not connect');
      return;
    }
    if (!offersMqtt(request)) {
      // [MQTT-6.0.0-3]
      refuse(socket, 400, 'the subprotocol mqtt is needed');
      return;
    }
    try {
      sockets.handleUpgrade(request, socket, head, (webSocket) =>
        handOver(webSocket, request, socket),
      );
    } catch (cause) {
      // Another listener, of any path perhaps, has made a WebSocket of it before: it is theirs.
      if (hasWarned) return;
      hasWarned = true;
      const message = `attachWebSocket: another listener of "upgrade" took a request for ${pathOf(request)} first`;
      process.emitWarning(new Error(message, { cause }));
    }
  }

  function handOver(webSocket: WebSocket, request: IncomingMessage, socket: Duplex): void {
    const told = describe(request, webSocket);
    if (told === undefined) return;
    const stream = webSocketStream(webSocket, socket);
    boundStranger(socket, webSocket, stream, maxStrangerBytes);
    broker.handle(stream, {
      transport: 'encrypted' in request.socket ? 'wss' : 'ws',
      remoteAddress: request.socket.remoteAddress,
      remotePort: request.socket.remotePort,
      request: { url: request.url ?? '/', headers: request.headers },
      ...told,
    });
  }

  httpServer.on('upgrade', upgrade);
  return () => {
    httpServer.off('upgrade', upgrade);
  };
}

function pathOf(request: IncomingMessage): string {
  const url = request.url ?? '/';
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

function offersMqtt(request: IncomingMessage): boolean {
  const offered = request.headers['sec-websocket-protocol']?.split(',') ?? [];
  return offered.some((name) => (subprotocols as readonly string[]).includes(name.trim()));
}

/** Answers an upgrade with an error and closes. */
function refuse(socket: Duplex, status: number, why: string): void {
  socket.on('error', () => {});
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: text/plain\r\n` +
      `Content-Length: ${Buffer.byteLength(why)}\r\n\r\n${why}`,
    () => socket.destroy(),
  );
}
