import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseProxyHeader } from '../src/proxy/proxy-header.ts';
import { extra, sslExtra, v2Header } from './proxy-headers.ts';

const v1 = (line: string) => Buffer.from(`PROXY ${line}\r\n`, 'latin1');
const parse = (bytes: Buffer) => parseProxyHeader(bytes);
const none = { source: undefined, certificateName: undefined };

describe('version 1', () => {
  it.each([
    ['TCP4 192.0.2.7 198.51.100.1 56324 1883', '192.0.2.7', 56_324],
    ['TCP4 255.255.255.255 255.255.255.255 65535 65535', '255.255.255.255', 65_535],
    ['TCP6 2001:DB8:0:0::7 2001:db8::1 0 1883', '2001:db8::7', 0],
    ['TCP6 ::ffff:192.0.2.7 ::1 1 2', '::ffff:192.0.2.7', 1],
  ])('reads %s', (line, address, port) => {
    const bytes = v1(line);
    expect(parse(bytes)).toEqual({
      bytes: bytes.length,
      source: { address, port },
      certificateName: undefined,
    });
  });

  it.each(['UNKNOWN', 'UNKNOWN ffff:f...f:ffff and whatever else'])(
    'knows no source: %s',
    (line) => {
      expect(parse(v1(line))).toEqual({ bytes: v1(line).length, ...none });
    },
  );

  it.each([
    '',
    'TCP4',
    'tcp4 192.0.2.7 198.51.100.1 1 2',
    'UDP4 192.0.2.7 198.51.100.1 1 2',
    'TCP4 192.0.2.7 198.51.100.1 1',
    'TCP4 192.0.2.7 198.51.100.1 1 2 3',
    'TCP4  192.0.2.7 198.51.100.1 1 2',
    'TCP4 192.0.2.7 198.51.100.1 1 65536',
    'TCP4 192.0.2.7 198.51.100.1 65536 1',
    'TCP4 192.0.2.7 198.51.100.1 01 2',
    'TCP4 192.0.2.7 198.51.100.1 -1 2',
    'TCP4 192.0.2.7 198.51.100.1 1e3 2',
    'TCP4 192.0.2.256 198.51.100.1 1 2',
    'TCP4 2001:db8::7 198.51.100.1 1 2',
    'TCP4 192.0.2.7 2001:db8::7 1 2',
    'TCP6 192.0.2.7 198.51.100.1 1 2',
    'TCP6 fe80::1%eth0 fe80::2 1 2',
    'TCP4 192.0.2.7\n198.51.100.1 1 2',
  ])('refuses %j', (line) => {
    expect(() => parse(v1(line))).toThrow(/^version 1: /);
  });

  it('has 107 bytes at most', () => {
    const longest = `UNKNOWN ${'x'.repeat(107 - 'PROXY UNKNOWN \r\n'.length)}`;
    expect(parse(v1(longest))?.bytes).toBe(107);
    expect(() => parse(v1(`${longest}x`))).toThrow('no line break within 107 bytes');
    expect(() => parse(Buffer.from(`PROXY ${'x'.repeat(101)}`))).toThrow('no line break');
    expect(parse(Buffer.from(`PROXY ${'x'.repeat(100)}`))).toBeUndefined();
  });
});

describe('version 2', () => {
  const ipv4 = Buffer.from('c0000207c6336401dc04075b', 'hex');
  const ipv6 = Buffer.from(
    `20010db8${'00'.repeat(11)}0720010db8${'00'.repeat(11)}01dc04075b`,
    'hex',
  );

  it.each([
    ['IPv4', 0x11, ipv4, { address: '192.0.2.7', port: 56_324 }],
    ['IPv6', 0x21, ipv6, { address: '2001:db8::7', port: 56_324 }],
    ['IPv4 over anything', 0x10, ipv4, { address: '192.0.2.7', port: 56_324 }],
    ['a Unix socket', 0x31, Buffer.alloc(216, 1), undefined],
    ['nothing', 0x00, Buffer.alloc(0), undefined],
  ])('reads the source of %s', (_name, family, addresses, source) => {
    const bytes = v2Header({ family, addresses });
    expect(parse(bytes)).toEqual({ bytes: bytes.length, source, certificateName: undefined });
  });

  it('lets a proxy speak for itself, whatever addresses it sends with LOCAL', () => {
    const bytes = v2Header({ command: 0x20, family: 0x11, addresses: ipv4 });
    expect(parse(bytes)).toEqual({ bytes: bytes.length, ...none });
    expect(parse(v2Header({ command: 0x20, family: 0xff }))).toMatchObject(none);
  });

  it('steps over extras that it does not know', () => {
    const extras = [extra(0x01, 'mqtt'), extra(0x04, ''), extra(0xe0, 'vendor')];
    const bytes = v2Header({ family: 0x11, addresses: ipv4, extras });
    expect(parse(bytes)).toMatchObject({ bytes: bytes.length, certificateName: undefined });
  });

  it.each([
    ['of this connection', { client: 0x01 | 0x02 }, 'sensor-7'],
    ['of its TLS session', { client: 0x01 | 0x04 }, 'sensor-7'],
    ['that was not verified', { client: 0x03, verify: 1 }, undefined],
    ['that was not shown', { client: 0x01 }, undefined],
  ])('takes the name of a client certificate %s for %j', (_what, ssl, certificateName) => {
    const extras = [extra(0x05, 'id'), sslExtra({ name: 'sensor-7', ...ssl })];
    const bytes = v2Header({ family: 0x11, addresses: ipv4, extras });
    expect(parse(bytes)).toMatchObject({ certificateName });
  });

  it.each([
    ['version 1 in binary', { command: 0x11 }, /another version/],
    ['an unknown command', { command: 0x22 }, /unknown command/],
    ['an unknown family', { family: 0x41 }, /unknown address family/],
    ['datagrams', { family: 0x12, addresses: ipv4 }, /datagrams/],
    ['a reserved transport', { family: 0x13, addresses: ipv4 }, /datagrams/],
    ['too few bytes of address', { family: 0x11, addresses: ipv4.subarray(1) }, /too short/],
    ['too few bytes of IPv6', { family: 0x21, addresses: ipv4 }, /too short/],
    ['half an extra', { family: 0x11, addresses: ipv4, extras: [Buffer.of(1, 0)] }, /broken extra/],
    [
      'an extra beyond the end',
      { family: 0x11, addresses: ipv4, extras: [Buffer.of(1, 0, 9, 1)] },
      /broken extra/,
    ],
    [
      'a short extra about TLS',
      { family: 0x11, addresses: ipv4, extras: [extra(0x20, 'abc')] },
      /broken extra/,
    ],
    [
      'a broken extra in the one about TLS',
      { family: 0x11, addresses: ipv4, extras: [extra(0x20, '\x03\0\0\0\0\x22\xff\xff')] },
      /broken extra/,
    ],
  ] as const)('refuses %s', (_name, parts, message) => {
    expect(() => parse(v2Header(parts))).toThrow(message);
  });

  it('refuses too long a header from its first 16 bytes', () => {
    const bytes = v2Header({ family: 0x11, addresses: Buffer.alloc(4_081) });
    expect(() => parse(bytes.subarray(0, 16))).toThrow('more than 4096 bytes');
    expect(parse(v2Header({ family: 0, addresses: Buffer.alloc(0), extras: [] }))).toBeDefined();
  });
});

describe('what is no header', () => {
  it.each(['\x10', 'GET / HTTP/1.1', 'PROXX', 'proxy tcp4', '\r\n\r\n\0\r\nQUIX', '\x16\x03\x01'])(
    'is refused as soon as it is seen: %j',
    (text) => {
      expect(() => parse(Buffer.from(text, 'latin1'))).toThrow('there is none');
    },
  );

  it('is found out no later than a header, and ends in an answer or an error', () => {
    const starts = fc.constantFrom(
      Buffer.from('PROXY TCP4 '),
      v2Header({ family: 0x11 }).subarray(0, 14),
      Buffer.alloc(0),
    );
    fc.assert(
      fc.property(starts, fc.uint8Array({ minLength: 4_096, maxLength: 4_200 }), (start, rest) => {
        try {
          expect(parse(Buffer.concat([start, rest]))?.bytes).toBeLessThanOrEqual(4_096);
        } catch (error) {
          expect(error).toMatchObject({ name: 'ProxyHeaderError' });
        }
      }),
    );
  });
});

it.each([
  v1('TCP4 192.0.2.7 198.51.100.1 56324 1883'),
  v2Header({ family: 0x11, addresses: Buffer.alloc(12, 1), extras: [extra(0x01, 'mqtt')] }),
])('wants more until the last byte is there, and looks at nothing behind it', (header) => {
  for (let length = 0; length < header.length; length += 1) {
    expect(parse(header.subarray(0, length))).toBeUndefined();
  }
  const { bytes } = parse(Buffer.concat([header, Buffer.from('PROXY ')])) ?? {};
  expect(bytes).toBe(header.length);
});
