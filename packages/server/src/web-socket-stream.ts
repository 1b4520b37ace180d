import type { Duplex } from 'node:stream';
import { createWebSocketStream, type RawData, WebSocket } from 'ws';
import { PacketEnds } from './packet-ends.ts';

// Reads and writes of a broker come in pieces of about this size: below it, back-pressure would set in for nothing.
const highWaterMark = 65_536;

/**
 * A WebSocket as a stream of bytes: what is in a frame has no meaning (section 6), and a text frame closes it with 1003.
 * Each packet is sent in a frame of its own. With the connection below it, packets that are written at once leave at once.
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
    const packets = socket.readyState === WebSocket.OPEN ? ends.cut(chunk) : [chunk];
    const last = packets.pop() ?? chunk;
    if (packets.length === 0) {
      write(last, encoding, callback);
      return;
    }
    connection?.cork();
    for (const packet of packets) socket.send(packet);
    socket.send(last, callback);
    connection?.uncork();
  };
}
