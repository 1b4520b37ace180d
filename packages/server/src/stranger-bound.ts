import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

const tooBig = 1009;

/**
 * Bounds what a WebSocket sends that is no whole message, as long as the broker has not accepted its CONNECT: a message is
 * held as a whole before anybody reads it. A first message that is larger ends it; a later one waits in the sender.
 */
export function boundStranger(
  socket: Duplex,
  webSocket: WebSocket,
  stream: Duplex,
  maxBytes: number,
): void {
  let unread = 0;
  let isFirst = true;
  const onMessage = (): void => {
    unread = 0;
    isFirst = false;
  };
  const onData = (chunk: Uint8Array): void => {
    unread += chunk.length;
    if (unread <= maxBytes) return;
    if (!isFirst) {
      // What came before may be a CONNECT that is still being decided about.
      webSocket.pause();
      return;
    }
    stop();
    webSocket.close(tooBig, 'too much before CONNECT was accepted');
    // The other side is not waited for: until its answer all that it sends would be held.
    webSocket.terminate();
  };
  const stop = (): void => {
    socket.off('data', onData);
    webSocket.off('message', onMessage);
    stream.off('mqttAccepted', onAccepted);
  };
  const onAccepted = (): void => {
    stop();
    webSocket.resume();
  };
  webSocket.on('message', onMessage);
  // Before the library takes it.
  socket.prependListener('data', onData);
  stream.once('mqttAccepted', onAccepted);
}
