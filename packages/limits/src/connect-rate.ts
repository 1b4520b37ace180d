import { ReasonCode } from '@sluice/packet';
import { type ConnectionInfo, type Deny, deny, type Plugin } from '@sluice/plugin';
import { type Clock, systemClock } from './clock.ts';
import { networkOf } from './network.ts';
import { checkInteger, checkNames, checkPositive, refused } from './option-checks.ts';
import { type Rate, TokenBucket } from './token-bucket.ts';

/** So many connections in so much time. */
export interface ConnectionRate {
  /** Connections in each interval, over time. Whole number from 1. */
  readonly connections: number;
  /** Milliseconds, above 0. */
  readonly intervalMs: number;
  /** Connections at once after a time of none. Whole number from 1; `connections` by default. */
  readonly burst?: number | undefined;
}

export interface ConnectRateOptions {
  /** Of one IPv4 address, and of one IPv6 network of 64 bits. Streams without an address are not counted. */
  readonly perAddress?: ConnectionRate | undefined;
  /** Of all that `perAddress` lets through. */
  readonly total?: ConnectionRate | undefined;
  /** Addresses that are remembered; beyond it the one that came longest ago is forgotten. Whole number from 1; 10,000 by default. */
  readonly maxAddresses?: number | undefined;
  /** The process's own by default. */
  readonly clock?: Clock | undefined;
}

const name = 'connect-rate';

const tooOften: Deny = Object.freeze(deny(ReasonCode.connectionRateExceeded));

/** Closes connections that come too often, without a word and before anything of them is read. */
export function connectRate(options: ConnectRateOptions): Plugin {
  checkNames(name, options, ['perAddress', 'total', 'maxAddresses', 'clock']);
  const { perAddress, total, maxAddresses = 10_000, clock = systemClock } = options;
  if (perAddress === undefined && total === undefined) {
    throw refused(name, 'neither perAddress nor total is given; give at least one of them');
  }
  checkInteger(name, 'maxAddresses', maxAddresses, 1, 10_000_000);
  const addresses =
    perAddress && new AddressBuckets(rateOf('perAddress', perAddress), maxAddresses);
  const all = total && new TokenBucket(rateOf('total', total));

  return {
    name,
    setup(context) {
      const refuse = (limit: string, connection: ConnectionInfo): Deny => {
        context.broker.limited({ limit, action: 'refused', connection, clientId: undefined });
        return tooOften;
      };
      context.hook('connection', ({ connection }) => {
        const now = clock.monotonic();
        const network = networkOf(connection.remoteAddress ?? '');
        const one = network === undefined ? undefined : addresses?.of(network);
        if (one !== undefined && one.waitMs(1, now) > 0) {
          return refuse(`${name}.perAddress`, connection);
        }
        if (all !== undefined && all.waitMs(1, now) > 0) return refuse(`${name}.total`, connection);
        all?.take(1, now);
        one?.take(1, now);
        if (network !== undefined && one !== undefined) addresses?.keep(network, one);
      });
    },
  };
}

/** Buckets by network, those that let a connection through last at the end. */
class AddressBuckets {
  readonly #rate: Rate;
  readonly #maxAddresses: number;
  readonly #buckets: Map<string, TokenBucket> = new Map();

  constructor(rate: Rate, maxAddresses: number) {
    this.#rate = rate;
    this.#maxAddresses = maxAddresses;
  }

  of(network: string): TokenBucket {
    return this.#buckets.get(network) ?? new TokenBucket(this.#rate);
  }

  keep(network: string, bucket: TokenBucket): void {
    this.#buckets.delete(network);
    this.#buckets.set(network, bucket);
    if (this.#buckets.size <= this.#maxAddresses) return;
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}

function rateOf(option: string, rate: ConnectionRate): Rate {
  checkNames(`${name}: ${option}`, rate, ['connections', 'intervalMs', 'burst']);
  const connections = checkInteger(name, `${option}.connections`, rate.connections, 1);
  const intervalMs = checkPositive(name, `${option}.intervalMs`, rate.intervalMs);
  const capacity = checkInteger(name, `${option}.burst`, rate.burst ?? connections, 1);
  return { capacity, msPerToken: intervalMs / connections, maxDebtMs: 0 };
}
