import { BlockList, isIP } from 'node:net';
import { type Reader, wrongValue } from './shape.ts';

/** Reads an IPv4 or IPv6 address, or a network of them. */
export const network: Reader<string> = (value, place) => {
  if (typeof value === 'string' && parse(value) !== undefined) return value;
  throw wrongValue(value, place, 'an IP address, or one with a prefix length like "10.0.0.0/8"');
};

/** All addresses of these networks. */
export class Networks {
  readonly #list: BlockList = new BlockList();

  constructor(networks: readonly string[]) {
    for (const text of networks) {
      const found = parse(text);
      if (found !== undefined) this.#list.addSubnet(found.address, found.prefix, found.family);
    }
  }

  /** An IPv4 address is found in its IPv6 form, too. */
  has(address: string | undefined): boolean {
    const version = isIP(address ?? '');
    if (address === undefined || version === 0) return false;
    // Of a link-local address, without the name of the interface.
    const [plain = ''] = address.split('%');
    return this.#list.check(plain, version === 4 ? 'ipv4' : 'ipv6');
  }
}

interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

function parse(text: string): Network | undefined {
  const [, address = '', digits] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  if (version === 0) return undefined;
  const bits = version === 4 ? 32 : 128;
  const prefix = digits === undefined ? bits : Number(digits);
  if (prefix > bits) return undefined;
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}
