import { readFileSync } from 'node:fs';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';

/** Where a broker listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly tls?: boolean;
  /** PEM file of certificates to trust. */
  readonly caFile?: string;
  /** Trusts every certificate. */
  readonly insecure?: boolean;
}

/** Opens connections over TCP or TLS. */
export function opener(address: Address): () => Promise<Duplex> {
  const { host, port, caFile, insecure = false } = address;
  if (!address.tls) {
    return () => opened(net.connect({ host, port, noDelay: true }), 'connect');
  }
  const options: tls.ConnectionOptions = {
    host,
    port,
    servername: net.isIP(host) === 0 ? host : '',
    rejectUnauthorized: !insecure,
    ...(caFile !== undefined && { ca: readFileSync(caFile) }),
  };
  return () => opened(tls.connect(options), 'secureConnect');
}

function opened(socket: net.Socket, event: 'connect' | 'secureConnect'): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once(event, () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
