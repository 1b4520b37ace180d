import type { Duplex } from 'node:stream';
import type { ConnectionInfo } from '@sluice/plugin';

/** What sockets of any kind tell about themselves. */
interface SocketLike {
  readonly remoteAddress?: string;
  readonly remotePort?: number;
  readonly encrypted?: boolean;
  readonly authorized?: boolean;
  getPeerCertificate?(): { subject?: { CN?: unknown } } | undefined;
  setNoDelay?(noDelay: boolean): unknown;
}

/** Reads off a stream what it says of itself; what the application says of it counts more. */
export function describeConnection(
  id: string,
  stream: Duplex,
  info: Partial<ConnectionInfo> = {},
  listener?: string,
): ConnectionInfo {
  const socket = stream as SocketLike;
  return {
    id,
    transport: info.transport ?? (socket.encrypted === true ? 'tls' : 'tcp'),
    remoteAddress: info.remoteAddress ?? socket.remoteAddress,
    remotePort: info.remotePort ?? socket.remotePort,
    listener: info.listener ?? listener,
    certificateName: info.certificateName ?? certificateName(socket),
    request: info.request,
  };
}

/** A broker writes once a turn: holding small writes back for more of them only adds delay. */
export function sendAtOnce(stream: Duplex): void {
  (stream as SocketLike).setNoDelay?.(true);
}

function certificateName(socket: SocketLike): string | undefined {
  if (socket.authorized !== true) return undefined;
  const name = socket.getPeerCertificate?.()?.subject?.CN;
  return typeof name === 'string' ? name : undefined;
}
