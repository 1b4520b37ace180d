import { ProxyHeaderError } from './proxy-header-error.ts';

/** Types of the extras (TLVs) that are looked at; all others are stepped over. */
const Extra = { ssl: 0x20, sslCommonName: 0x22 } as const;

// A client certificate was shown on this connection, or in the TLS session that it goes on with.
const showedCertificate = 0x02 | 0x04;
const sslHeadBytes = 5;

/** The common name of the client certificate that a proxy has verified, out of the extras of a version 2 header. */
export function certificateNameIn(extras: Buffer): string | undefined {
  const ssl = find(extras, Extra.ssl);
  // All are read even where none is wanted: a broken one makes the whole header untrustworthy.
  if (ssl === undefined) return undefined;
  if (ssl.length < sslHeadBytes) throw new ProxyHeaderError('version 2: a broken extra');
  const name = find(ssl.subarray(sslHeadBytes), Extra.sslCommonName);
  const isVerified = ssl.readUInt32BE(1) === 0;
  if (!isVerified || (ssl.readUInt8(0) & showedCertificate) === 0) return undefined;
  return name?.toString('utf8');
}

/** The value of the first extra of a type: type (1 byte), length (2), value. */
function find(extras: Buffer, wanted: number): Buffer | undefined {
  let found: Buffer | undefined;
  for (let at = 0; at < extras.length; ) {
    const start = at + 3;
    const end = start > extras.length ? Infinity : start + extras.readUInt16BE(at + 1);
    if (end > extras.length) throw new ProxyHeaderError('version 2: a broken extra');
    if (found === undefined && extras[at] === wanted) found = extras.subarray(start, end);
    at = end;
  }
  return found;
}
