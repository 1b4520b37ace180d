// The least that a server in Node can do for a connection, as a process of its own: bare-server.js PORT. The first
// bytes that come are answered with CONNACK, and what follows is thrown away.
import net from 'node:net';

const connack = Buffer.from([0x20, 2, 0, 0]);

net
  .createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => {
      socket.write(connack);
      socket.resume();
    });
  })
  .listen(Number(process.argv[2]), '127.0.0.1', 4096);
