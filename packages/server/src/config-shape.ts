import type {
  AnonymousOptions,
  AttemptOptions,
  CertificateOptions,
  TokenOptions,
} from '@sluice/auth';
import {
  defaultFeatures,
  type Features,
  type Limits,
  limitRanges,
  SlowReceiver,
} from '@sluice/core';
import { OverflowAction } from '@sluice/plugin';
import {
  type CertificateFiles,
  durabilities,
  type HandshakeOptions,
  type ListenerOptions,
  type ListenerType,
  logLevels,
  type ProxyOptions,
  type ServerConfig,
  type StoreOptions,
  type SysConfig,
} from './config.ts';
import { limitFields } from './config-limits.ts';
import { network } from './networks.ts';
import {
  type Fields,
  flag,
  integer,
  list,
  oneOf,
  type Place,
  type Reader,
  record,
  someOf,
  text,
  wrongValue,
} from './shape.ts';
import { webOrigin, webPath } from './web-address.ts';

const host = text('a host name or an address');
const file = text('the path of a file');

const certificateFields: Fields<CertificateFiles> = {
  cert: file,
  key: file,
  ca: file,
  crl: file,
  requestClientCertificate: (value, place) => {
    if (value === 'optional' || typeof value === 'boolean') return value;
    throw wrongValue(value, place, 'true, false or "optional"');
  },
};

const proxyProtocol: Reader<ProxyOptions> = record<ProxyOptions>(
  { from: someOf(network), acceptCertificateName: flag },
  ['from'],
);

const store: Reader<StoreOptions> = record<StoreOptions>(
  {
    path: text('the path of a directory'),
    durability: oneOf(durabilities),
    backupPath: text('the path of a directory'),
  },
  ['path'],
);

function persistence(value: unknown, place: Place): 'memory' | StoreOptions {
  if (value === 'memory') return 'memory';
  if (typeof value === 'string') {
    throw wrongValue(value, place, '"memory" or an object with "path"');
  }
  return store(value, place);
}

/** Reads one entry of `listeners`, by its type. Port 0, an ephemeral port, is for those who ask for it. */
function listener(minPort: number): Reader<ListenerOptions> {
  const type = oneOf<ListenerType>(['tcp', 'tls', 'ws', 'wss', 'unix']);
  const address = { type, host, port: integer(minPort, 65_535), proxyProtocol };
  const upgrade = { ...address, path: webPath, origins: someOf(webOrigin) };
  const readers: { readonly [Type in ListenerType]: Reader<object> } = {
    tcp: record(address),
    tls: record({ ...address, ...certificateFields }, ['cert', 'key']),
    ws: record(upgrade),
    wss: record({ ...upgrade, ...certificateFields }, ['cert', 'key']),
    unix: record({ type, path: file }, ['path']),
  };
  return (value, place) => {
    const kind = type((value as { type?: unknown } | null | undefined)?.type, {
      source: place.source,
      key: `${place.key}.type`,
    });
    return readers[kind](value, place) as ListenerOptions;
  };
}

const handshakes: Reader<HandshakeOptions> = record<HandshakeOptions>({
  timeoutMs: integer(10, 600_000),
  maxPending: integer(1, 1_000_000),
  maxPendingPerAddress: integer(1, 1_000_000),
});

const limits: Reader<Partial<Limits>> = record<Partial<Limits>>(
  Object.fromEntries(
    Object.entries(limitRanges).map(([name, { min, max }]) => [name, integer(min, max)]),
  ) as unknown as Fields<Partial<Limits>>,
);

const features: Reader<Partial<Features>> = record<Partial<Features>>(
  Object.fromEntries(Object.keys(defaultFeatures).map((name) => [name, flag])) as unknown as Fields<
    Partial<Features>
  >,
);

/** An object whose keys the package of users and rules checks, or a word that stands in its place. */
function objectOr<Options extends object, Word>(...words: readonly Word[]): Reader<Options | Word> {
  return (value, place) => {
    if (words.includes(value as Word)) return value as Word;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Options;
    }
    throw wrongValue(
      value,
      place,
      [words.join(', '), 'an object'].filter((word) => word !== '').join(' or '),
    );
  };
}

/** Reads a whole configuration; `minPort` is 0 where ephemeral ports are allowed. */
export function configReader(minPort: 0 | 1): Reader<ServerConfig> {
  return record<ServerConfig>({
    listeners: list(listener(minPort)),
    persistence,
    users: file,
    rules: file,
    jwt: objectOr<TokenOptions, never>(),
    certificate: objectOr<CertificateOptions, true>(true),
    allowAnonymous: objectOr<AnonymousOptions, boolean>(true, false),
    attempts: objectOr<AttemptOptions, false>(false),
    sys: objectOr<SysConfig, false>(false),
    limits,
    handshakes,
    ...limitFields,
    features,
    queueOverflow: oneOf(Object.values(OverflowAction)),
    slowReceiver: oneOf(Object.values(SlowReceiver)),
    serverReference: text('the address of another server'),
    allowControlCharacters: flag,
    logLevel: oneOf(logLevels),
    closeGraceMs: integer(0, 600_000),
    slowTurnMs: integer(0, 600_000),
  });
}
