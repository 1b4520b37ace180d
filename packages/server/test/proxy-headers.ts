interface Parts {
  /** Version and command: PROXY of version 2 by default. */
  readonly command?: number;
  /** Address family and transport. */
  readonly family?: number;
  readonly addresses?: Buffer;
  readonly extras?: readonly Buffer[];
}

/** A header of PROXY protocol 2, as a proxy would write it. */
export function v2Header({
  command = 0x21,
  family = 0,
  addresses = Buffer.alloc(0),
  extras = [],
}: Parts): Buffer {
  const body = Buffer.concat([addresses, ...extras]);
  const head = Buffer.from('\r\n\r\n\0\r\nQUIT\n\0\0\0\0', 'latin1');
  head.writeUInt8(command, 12);
  head.writeUInt8(family, 13);
  head.writeUInt16BE(body.length, 14);
  return Buffer.concat([head, body]);
}

/** One of the extras (TLVs) behind the addresses. */
export function extra(type: number, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string, 'latin1');
  return Buffer.concat([Buffer.of(type, bytes.length >> 8, bytes.length & 0xff), bytes]);
}

/** The extra about TLS, with the common name of the client's certificate; `verify` is 0 when it was good. */
export function sslExtra(about: { name: string; client: number; verify?: number }): Buffer {
  const head = Buffer.of(about.client, 0, 0, 0, about.verify ?? 0);
  const value = Buffer.concat([head, extra(0x21, 'TLSv1.3'), extra(0x22, about.name)]);
  return extra(0x20, value);
}

/** A header of PROXY protocol 2 for a client at 192.0.2.7, port 56324. */
export function v2From192(extras: readonly Buffer[] = []): Buffer {
  const addresses = Buffer.from('c0000207c6336401dc04075b', 'hex');
  return v2Header({ family: 0x11, addresses, extras });
}
