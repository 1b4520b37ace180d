import type { Duplex } from 'node:stream';
import { createWebSocketStream, type RawData, WebSocket } from 'ws';
import { PacketEnds } from './packet-ends.ts';

// Reads and writes of a broker come in pieces of about this size: below it, back-pressure would set in for nothing.
const highWaterMark = 65_536;

// A frame that waits takes more memory than the few bytes that may be in it.
const maxFramesAtOnce = 256;

/**
 * A WebSocket as a stream of bytes: what is in a frame has no meaning (section 6), and a text frame closes it with 1003.
 * No two packets are sent in one frame. With the connection below it, packets that are written at once leave at once.
 */
export function webSocketStream(socket: WebSocket, connection?: Duplex): Duplex {
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
  framePackets(stream, socket, connection);
  // 'end' comes when the WebSocket is closed both ways: nothing that is still to be written has a way out.
  stream.once('end', () => stream.destroy());
  // The library listens for one error; a second one, after the stream is gone, must not end the process.
  socket.on('error', () => {});
  return stream;
}

/**
 * Clients must take several packets in one frame [MQTT-6.0.0-2], but not all do: some leave what follows the first one
 * until the next frame comes.
 */
function framePackets(stream: Duplex, socket: WebSocket, connection: Duplex | undefined): void {
  const ends = new PacketEnds();
  const write = stream._write.bind(stream);
  stream._write = (chunk: Buffer, encoding, callback) => {
    if (socket.readyState !== WebSocket.OPEN) {
      write(chunk, encoding, callback);
      return;
    }
    let from = 0;
    const sendSome = (error?: Error | null): void => {
      if (error || from === chunk.length) {
        callback(error);
        return;
      }
      connection?.cork();
      for (let left = maxFramesAtOnce; left > 0 && from < chunk.length; left -= 1) {
        const packet = chunk.subarray(from, ends.after(chunk, from));
        from += packet.length;
        socket.send(packet, left === 1 || from === chunk.length ? sendSome : undefined);
      }
      connection?.uncork();
    };
    sendSome();
  };
}
