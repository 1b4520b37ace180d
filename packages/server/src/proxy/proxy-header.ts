import { isIP, SocketAddress } from 'node:net';
import { certificateNameIn } from './proxy-extras.ts';
import { ProxyHeaderError } from './proxy-header-error.ts';

/** What a proxy says of a connection that it passes on. */
export interface ProxyHeader {
  /** Length of the header: what follows it is the peer's. */
  readonly bytes: number;
  /** Undefined where the proxy speaks for itself (LOCAL), or does not know. */
  readonly source: { readonly address: string; readonly port: number } | undefined;
  /** Common name of a client certificate that the proxy has verified. */
  readonly certificateName: string | undefined;
}

/** Longest header of version 1, with its line break; fixed by the protocol. */
const maxV1Bytes = 107;
/** Longest header of version 2 that is taken, extras (TLVs) included. */
const maxV2Bytes = 4_096;

const v1Start = Buffer.from('PROXY ');
const v2Start = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const v2HeadBytes = 16;

/**
 * Reads the header of PROXY protocol 1 or 2 at the start of what came so far; undefined while it is not complete.
 * Throws a ProxyHeaderError as soon as it can be none.
 */
export function parseProxyHeader(bytes: Buffer): ProxyHeader | undefined {
  if (bytes.length === 0) return undefined;
  if (begins(bytes, v1Start)) return parseV1(bytes);
  if (begins(bytes, v2Start)) return parseV2(bytes);
  throw new ProxyHeaderError('there is none');
}

/** Whether these bytes are, or may become, the start of a header. */
function begins(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
}

/** `PROXY TCP4 192.0.2.7 198.51.100.1 56324 1883\r\n` */
function parseV1(bytes: Buffer): ProxyHeader | undefined {
  const lineEnd = bytes.subarray(0, maxV1Bytes).indexOf('\r\n');
  if (lineEnd === -1) {
    if (bytes.length < maxV1Bytes) return undefined;
    throw new ProxyHeaderError(`version 1: no line break within ${maxV1Bytes} bytes`);
  }
  const header = { bytes: lineEnd + 2, certificateName: undefined };
  const words = bytes.toString('latin1', v1Start.length, lineEnd).split(' ');
  // What follows UNKNOWN is to be ignored.
  if (words[0] === 'UNKNOWN') return { ...header, source: undefined };
  const [family, address = '', target = '', port = '', targetPort = ''] = words;
  const version = family === 'TCP4' ? 4 : family === 'TCP6' ? 6 : 0;
  if (version === 0) throw new ProxyHeaderError('version 1: it is about neither TCP4 nor TCP6');
  if (words.length !== 5) throw new ProxyHeaderError('version 1: two addresses and two ports');
  if (isIP(address) !== version || isIP(target) !== version || address.includes('%')) {
    throw new ProxyHeaderError(`version 1: an address that is not of ${family}`);
  }
  readPort(targetPort);
  return { ...header, source: sourceOf(address, version, readPort(port)) };
}

function readPort(text: string): number {
  // Leading zeros are forbidden.
  const port = /^(0|[1-9]\d{0,4})$/.test(text) ? Number(text) : Infinity;
  if (port > 65_535) throw new ProxyHeaderError('version 1: a port that is none');
  return port;
}

const Command = { local: 0, proxy: 1 } as const;

/** Address families of version 2, and how long the two addresses and ports of each are. */
const families = [
  { name: 'unspecified', addressBytes: 0 },
  { name: 'ipv4', addressBytes: 12 },
  { name: 'ipv6', addressBytes: 36 },
  { name: 'unix', addressBytes: 216 },
] as const;

const Transport = { unspecified: 0, stream: 1 } as const;

/**
 *     0              12          13                 14            16
 *     | signature    | 2 | cmd   | family | transp. | length      | source, target, ports, extras |
 */
function parseV2(bytes: Buffer): ProxyHeader | undefined {
  if (bytes.length < v2HeadBytes) return undefined;
  const versionAndCommand = bytes.readUInt8(12);
  const familyAndTransport = bytes.readUInt8(13);
  const end = v2HeadBytes + bytes.readUInt16BE(14);
  if (versionAndCommand >> 4 !== 2) throw new ProxyHeaderError('version 2: of another version');
  const command = versionAndCommand & 0xf;
  if (command > Command.proxy) throw new ProxyHeaderError('version 2: an unknown command');
  if (end > maxV2Bytes) throw new ProxyHeaderError(`version 2: more than ${maxV2Bytes} bytes`);
  if (bytes.length < end) return undefined;
  // The proxy's own connection, to see whether the broker lives: what it says of addresses does not count.
  if (command === Command.local)
    return { bytes: end, source: undefined, certificateName: undefined };

  const family = families[familyAndTransport >> 4];
  if (family === undefined) throw new ProxyHeaderError('version 2: an unknown address family');
  if ((familyAndTransport & 0xf) > Transport.stream) {
    throw new ProxyHeaderError('version 2: it is about datagrams');
  }
  const extras = v2HeadBytes + family.addressBytes;
  if (extras > end) throw new ProxyHeaderError('version 2: too short for its addresses');
  return {
    bytes: end,
    source: readSource(family.name, bytes.subarray(v2HeadBytes, extras)),
    certificateName: certificateNameIn(bytes.subarray(extras, end)),
  };
}

function readSource(
  family: (typeof families)[number]['name'],
  addresses: Buffer,
): ProxyHeader['source'] {
  switch (family) {
    case 'ipv4':
      return sourceOf(addresses.subarray(0, 4).join('.'), 4, addresses.readUInt16BE(8));
    case 'ipv6':
      return sourceOf(ipv6Text(addresses), 6, addresses.readUInt16BE(32));
    case 'unspecified':
    case 'unix':
      return undefined;
  }
}

function ipv6Text(addresses: Buffer): string {
  const group = (index: number) => addresses.readUInt16BE(2 * index).toString(16);
  return Array.from({ length: 8 }, (_, index) => group(index)).join(':');
}

/** One way to write each address, however the proxy wrote it: rules and limits compare texts. */
function sourceOf(address: string, version: number, port: number): ProxyHeader['source'] {
  const family = version === 4 ? 'ipv4' : 'ipv6';
  return { address: new SocketAddress({ address, family }).address, port };
}
