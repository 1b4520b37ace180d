import type {
  Ban,
  BanListOptions,
  ConnectionRate,
  ConnectRateOptions,
  MessageRateOptions,
  SessionsPerUserOptions,
} from '@sluice/limits';
import {
  type Fields,
  integer,
  list,
  oneOf,
  type Reader,
  record,
  text,
  wrongValue,
} from './shape.ts';

/** Plug-ins of `@sluice/limits`, with what a file can say of them. */
export interface LimitConfig {
  /** How many connections may come in a time. */
  readonly connectRate?: Omit<ConnectRateOptions, 'clock'> | undefined;
  /** What each client may publish in a time. */
  readonly messageRate?: Omit<MessageRateOptions, 'clock' | 'exempt'> | undefined;
  /** How many clients, or sessions, one user may have. */
  readonly sessionsPerUser?: (SessionsPerUserOptions & { readonly maximum: number }) | undefined;
  /** Clients, users and addresses that are kept out. */
  readonly bans?: Omit<BanListOptions, 'clock'> | undefined;
}

const count = integer(1, Number.MAX_SAFE_INTEGER);

const aboveZero: Reader<number> = (value, place) => {
  if (typeof value === 'number' && value > 0 && Number.isFinite(value)) return value;
  throw wrongValue(value, place, 'a number above 0');
};

const rate: Reader<ConnectionRate> = record<ConnectionRate>(
  { connections: count, intervalMs: aboveZero, burst: count },
  ['connections', 'intervalMs'],
);

const ban: Reader<Ban> = record<Ban>({
  clientId: text('a client identifier'),
  user: text('a user name'),
  address: text('an IP address or a network'),
  until: integer(0, Number.MAX_SAFE_INTEGER),
  reason: text('a text'),
});

/** Readers of these keys. What has to fit together within one, its plug-in checks. */
export const limitFields: Fields<LimitConfig> = {
  connectRate: record<NonNullable<LimitConfig['connectRate']>>({
    perAddress: rate,
    total: rate,
    maxAddresses: integer(1, 10_000_000),
  }),
  messageRate: record<NonNullable<LimitConfig['messageRate']>>(
    {
      messagesPerSecond: aboveZero,
      burstMessages: count,
      bytesPerSecond: aboveZero,
      burstBytes: count,
      onLimit: oneOf(['wait', 'drop', 'disconnect']),
      maxWaitMs: integer(1, 600_000),
      maxDeparted: integer(0, 10_000_000),
    },
    ['onLimit'],
  ),
  sessionsPerUser: record<NonNullable<LimitConfig['sessionsPerUser']>>(
    {
      maximum: count,
      onLimit: oneOf(['refuse', 'disconnect-oldest']),
      count: oneOf(['connected', 'sessions']),
    },
    ['maximum', 'onLimit'],
  ),
  bans: record<NonNullable<LimitConfig['bans']>>({
    bans: list(ban),
    file: text('the path of a file'),
  }),
};
