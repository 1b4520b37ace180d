import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

const tooBig = 1009;

/**
 * Ends a WebSocket that sends more than so many bytes which are no whole message, as long as the broker has not accepted
 * its CONNECT: a message is held as a whole before anybody reads it.
 */
export function boundStranger(
  socket: Duplex,
  webSocket: WebSocket,
  stream: Duplex,
  maxBytes: number,
): void {
  let unread = 0;
  const onMessage = (): void => {
    unread = 0;
  };
  const onData = (chunk: Uint8Array): void => {
    unread += chunk.length;
    if (unread <= maxBytes) return;
    stop();
    webSocket.close(tooBig, 'too much before CONNECT was accepted');
    // The other side is not waited for: until its answer all that it sends would be held.
    webSocket.terminate();
  };
  const stop = (): void => {
    socket.off('data', onData);
    webSocket.off('message', onMessage);
    stream.off('mqttAccepted', stop);
  };
  webSocket.on('message', onMessage);
  // Before the library takes it.
  socket.prependListener('data', onData);
  stream.once('mqttAccepted', stop);
}
