// MQTT through SSH: devices log in with their key, and any client of MQTT goes through the tunnel of `ssh -L`.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import type { Duplex } from 'node:stream';
import { createBroker } from '@sluice/core';
import { allow, deny, type Plugin } from '@sluice/plugin';
import ssh2, { type AuthContext, type Client, type Connection, type ParsedKey } from 'ssh2';

export interface SshOptions {
  readonly port: number;
  readonly host?: string;
  /** Public keys by user, as in the file `id_ed25519.pub`. */
  readonly users: Readonly<Record<string, string>>;
  /** A private key by which clients know this server; a new one by default. */
  readonly hostKey?: string;
}

export async function start({ port, host = '127.0.0.1', users, hostKey }: SshOptions) {
  const broker = await createBroker({ plugins: [sshUsers] });
  broker.on('error', (error) => console.error(error));

  const keys = new Map(Object.entries(users).map(([user, key]) => [user, parse(key)]));
  const hostKeys = [hostKey ?? generateKeys().private];
  const connections = new Set<Connection>();
  const server = new ssh2.Server({ hostKeys }, (connection, { ip, port: remotePort }) => {
    connections.add(connection);
    connection.on('close', () => connections.delete(connection));
    let user = '';
    connection.on('error', () => {}); // its streams tell the broker
    connection.on('authentication', (context) => {
      if (!isOwner(context, keys.get(context.username))) return context.reject(['publickey']);
      user = context.username;
      context.accept();
    });
    // The destination of a tunnel: `ssh -L 1883:mqtt:1883`.
    connection.on('tcpip', (accept, reject, { destIP }) => {
      if (destIP !== 'mqtt') return reject();
      broker.handle(accept(), {
        transport: 'ssh',
        remoteAddress: ip,
        remotePort,
        certificateName: user, // which it proved, though by a key
      });
    });
  });
  server.listen(port, host);
  await once(server, 'listening');

  return {
    broker,
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      await broker.close({ graceMs: 5_000 });
      for (const connection of connections) connection.end();
    },
  };
}

/** Who came through SSH is who SSH says. */
const sshUsers: Plugin = {
  name: 'ssh-users',
  setup(context) {
    context.hook('authenticate', ({ connection: { certificateName: identity } }) =>
      identity === undefined ? deny() : allow({ identity }),
    );
  },
};

function isOwner(context: AuthContext, key: ParsedKey | undefined): boolean {
  if (context.method !== 'publickey' || key === undefined) return false;
  if (!key.getPublicSSH().equals(context.key.data)) return false;
  // Without a signature the client only asks whether it should make one.
  if (context.signature === undefined || context.blob === undefined) return true;
  return key.verify(context.blob, context.signature, context.hashAlgo) === true;
}

function parse(publicKey: string): ParsedKey {
  const key = ssh2.utils.parseKey(publicKey);
  if (key instanceof Error) throw key;
  return key;
}

/** The client's side without a tunnel: a stream for `new MqttClient(() => stream, options)` of MQTT.js. */
export async function dial(port: number, username: string, privateKey: string): Promise<Duplex> {
  const connection = await logIn(port, username, privateKey);
  return new Promise((resolve, reject) => {
    connection.forwardOut('127.0.0.1', 0, 'mqtt', 1883, (error, channel) => {
      if (error) return reject(error);
      channel.once('close', () => connection.end());
      resolve(channel);
    });
  });
}

/** A connection of SSH, which has room for many channels. */
export async function logIn(port: number, username: string, privateKey: string): Promise<Client> {
  const connection = new ssh2.Client();
  // With hostVerifier it would also check who the server is.
  connection.connect({ host: '127.0.0.1', port, username, privateKey });
  await once(connection, 'ready');
  return connection;
}

/** A key pair, as `ssh-keygen -t ed25519` makes it. */
export function generateKeys(): { readonly public: string; readonly private: string } {
  return ssh2.utils.generateKeyPairSync('ed25519');
}

if (process.argv[1] === import.meta.filename) {
  const [, , publicKey = '', port = '2222'] = process.argv;
  const users = { [userInfo().username]: readFileSync(publicKey, 'utf8') };
  const running = await start({ port: Number(port), users });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, running.close);
  console.log(`ssh -p ${running.port} -N -L 1883:mqtt:1883 127.0.0.1`);
}
