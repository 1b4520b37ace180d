import { isIP } from 'node:net';
import { BrokerError } from '@sluice/plugin';
import { type Network, withoutZone } from './network.ts';

/** What is banned: exactly one of the first three. */
export interface Ban {
  readonly clientId?: string;
  /** User name of CONNECT, or identity as an authenticator named it. */
  readonly user?: string;
  /** An IPv4 or IPv6 address, or a network of them: `192.0.2.0/24`, `2001:db8::/32`. */
  readonly address?: string;
  /** Milliseconds since 1970 at which it ends; never when left out. */
  readonly until?: number;
  /** For people; told to nobody. */
  readonly reason?: string;
}

/** What a ban is about; two bans of the same are one. */
export interface BanTarget {
  readonly kind: 'clientId' | 'user' | 'address';
  readonly value: string;
}

const kinds = ['clientId', 'user', 'address'] as const;
const names = new Set<string>([...kinds, 'until', 'reason']);

/** Reads a ban, as a file or the application has it; throws a BrokerError of the code when it is none. */
export function readBan(given: unknown, code: string): Ban {
  const wrong = (what: string): BrokerError => new BrokerError(code, `ban-list: ${what}.`);
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw wrong('a ban must be an object');
  }
  const unknown = Object.keys(given).find((name) => !names.has(name));
  if (unknown !== undefined) throw wrong(`a ban has no ${unknown}`);
  const { until, reason } = given as Ban;
  const target = targetOf(given as Ban);
  if (target === undefined) {
    throw wrong('a ban has exactly one of clientId, user and address, a text that is not empty');
  }
  if (target.kind === 'address' && parseNetwork(target.value) === undefined) {
    throw wrong('address must be an IP address, or one with a prefix length like 192.0.2.0/24');
  }
  if (until !== undefined && !Number.isFinite(until)) {
    throw wrong('until must be milliseconds since 1970');
  }
  if (reason !== undefined && typeof reason !== 'string') throw wrong('reason must be a text');
  return {
    [target.kind]: target.value,
    ...(until !== undefined && { until }),
    ...(reason !== undefined && { reason }),
  };
}

/** Undefined unless there is exactly one, and a text. */
export function targetOf(ban: Ban): BanTarget | undefined {
  const given = kinds.filter((kind) => ban[kind] !== undefined);
  const [kind] = given;
  if (kind === undefined || given.length > 1) return undefined;
  const value: unknown = ban[kind];
  return typeof value === 'string' && value !== '' ? { kind, value } : undefined;
}

/** Undefined for what is no address and no network. */
export function parseNetwork(text: string): Network | undefined {
  const [, address = '', digits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  if (version === 0) return undefined;
  const bits = version === 4 ? 32 : 128;
  const prefix = digits === undefined ? bits : Number(digits);
  if (prefix > bits) return undefined;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  return { address: withoutZone(address), prefix, family };
}
