// A relay as a process of its own: relay-server.js PORT BYTES. What publishers of a group send goes to
// its subscribers in whole multiples of BYTES. A client's first four bytes say who it is: 'P' or 'S',
// the group as two bytes, and 0; the answer is four bytes.
import net from 'node:net';

const [port, packetBytes] = process.argv.slice(2).map(Number) as [number, number];
const publisher = 'P'.charCodeAt(0);

interface Group {
  readonly publishers: Set<net.Socket>;
  readonly subscribers: Set<net.Socket>;
  /** Subscribers that must drain before the publishers may go on. */
  readonly blocked: Set<net.Socket>;
}

const groups = new Map<number, Group>();

function groupOf(id: number): Group {
  let group = groups.get(id);
  if (group === undefined) {
    group = { publishers: new Set(), subscribers: new Set(), blocked: new Set() };
    groups.set(id, group);
  }
  return group;
}

function greet(socket: net.Socket, hello: Buffer): void {
  const group = groupOf(hello.readUInt16BE(1));
  socket.write('OKAY');
  if (hello[0] === publisher) publish(socket, group, hello.subarray(4));
  else subscribe(socket, group);
}

function subscribe(socket: net.Socket, group: Group): void {
  group.subscribers.add(socket);
  const unblock = () => {
    if (!group.blocked.delete(socket) || group.blocked.size > 0) return;
    for (const other of group.publishers) other.resume();
  };
  socket.on('drain', unblock);
  socket.on('close', () => {
    group.subscribers.delete(socket);
    unblock();
  });
  socket.resume();
}

function publish(socket: net.Socket, group: Group, rest: Buffer): void {
  let pending = rest;
  group.publishers.add(socket);
  socket.on('close', () => group.publishers.delete(socket));
  socket.on('data', (chunk: Buffer) => {
    const bytes = pending.length > 0 ? Buffer.concat([pending, chunk]) : chunk;
    const end = bytes.length - (bytes.length % packetBytes);
    pending = bytes.subarray(end);
    if (end === 0) return;
    const whole = bytes.subarray(0, end);
    for (const subscriber of group.subscribers) {
      if (!subscriber.write(whole)) group.blocked.add(subscriber);
    }
    if (group.blocked.size > 0) socket.pause();
  });
}

net
  .createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (hello: Buffer) => greet(socket, hello));
  })
  .listen(port, '127.0.0.1', 4096);
