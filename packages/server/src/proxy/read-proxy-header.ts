import type { Socket } from 'node:net';
import { type ProxyHeader, parseProxyHeader } from './proxy-header.ts';
import { ProxyHeaderError } from './proxy-header-error.ts';

/**
 * Takes the header of the PROXY protocol off a socket that nobody reads yet; what came behind it is put back.
 * Calls one of the two, unless the socket closes before. The caller bounds the time.
 */
export function readProxyHeader(
  socket: Socket,
  onHeader: (header: ProxyHeader) => void,
  onBroken: (error: Error) => void,
): void {
  let received: Buffer = Buffer.alloc(0);

  function onReadable(): void {
    let chunk: Buffer | null = socket.read();
    while (chunk !== null) {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      chunk = socket.read();
    }
    try {
      const header = parseProxyHeader(received);
      if (header !== undefined) finish(header);
    } catch (error) {
      leave();
      onBroken(error as Error);
    }
  }

  function onEnd(): void {
    leave();
    // Who says nothing at all looks whether somebody listens, as load balancers do every few seconds.
    if (received.length === 0) socket.destroy();
    else onBroken(new ProxyHeaderError('it ends too early'));
  }

  function leave(): void {
    socket.off('readable', onReadable);
    socket.off('end', onEnd);
  }

  function finish(header: ProxyHeader): void {
    leave();
    if (received.length > header.bytes) socket.unshift(received.subarray(header.bytes));
    // Only then the stream knows that nobody waits for 'readable' any more, and flows for who comes next.
    process.nextTick(onHeader, header);
  }

  socket.on('readable', onReadable);
  socket.on('end', onEnd);
}
