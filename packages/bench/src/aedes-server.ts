// Aedes as a process of its own: aedes-server.js PORT [DIRECTORY]
import net from 'node:net';
import { Aedes } from 'aedes';
import persistenceLevel from 'aedes-persistence-level';
import { Level } from 'level';

const [port, directory] = process.argv.slice(2);
const database =
  directory === undefined ? undefined : new Level(directory, { valueEncoding: 'binary' });

const broker = await Aedes.createBroker({
  ...(database === undefined ? {} : { persistence: persistenceLevel(database) }),
  // Its defaults would cut clients off under these loads: they are raised so that it can finish them.
  queueLimit: 100_000,
  maxClientsIdLength: 64,
});
broker.on('clientError', (_client, error) => console.error('clientError', error.message));
broker.on('connectionError', (_client, error) => console.error('connectionError', error.message));

process.once('SIGTERM', () => {
  broker.close(() => {
    void Promise.resolve(database?.close()).finally(() => process.exit());
  });
});

net.createServer({ noDelay: true }, broker.handle).listen(Number(port), '127.0.0.1', 4096);
