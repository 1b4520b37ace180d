import type { Duplex } from 'node:stream';
import { createWebSocketStream, type RawData, type WebSocket } from 'ws';

// Reads and writes of a broker come in pieces of about this size: below it, back-pressure would set in for nothing.
const highWaterMark = 65_536;

/** A WebSocket as a stream of bytes: what is in a frame has no meaning (section 6), and a text frame closes it with 1003. */
export function webSocketStream(socket: WebSocket): Duplex {
  const stream = createWebSocketStream(socket, { highWaterMark });
  // The library's own listener cannot tell text from bytes. The rest of its stream (back-pressure, close) stays.
  socket.removeAllListeners('message');
  socket.on('message', function onMessage(data: RawData, isBinary: boolean) {
    if (!isBinary) {
      // [MQTT-6.0.0-1]; nothing after it counts, and the stream ends when the closing handshake is done.
      socket.off('message', onMessage);
      socket.close(1003, 'MQTT needs binary frames');
      return;
    }
    const chunk = data as Buffer;
    if (chunk.length > 0 && !stream.push(chunk)) socket.pause();
  });
  // 'end' comes when the WebSocket is closed both ways: nothing that is still to be written has a way out.
  stream.once('end', () => stream.destroy());
  // The library listens for one error; a second one, after the stream is gone, must not end the process.
  socket.on('error', () => {});
  return stream;
}
