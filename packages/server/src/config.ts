import type {
  AnonymousOptions,
  AttemptOptions,
  CertificateOptions,
  TokenOptions,
} from '@sluice/auth';
import { type BrokerOptions, defaultLimits, type SlowReceiver } from '@sluice/core';
import type { OverflowAction } from '@sluice/plugin';
import type { NamedReaders, SysOptions } from '@sluice/sys';
import type { LimitConfig } from './config-limits.ts';

/** What LevelDB waits for before a commit counts: see `docs/persistence.md`. */
export const durabilities = ['fsync', 'write', 'none'] as const;
export type Durability = (typeof durabilities)[number];

/** What is logged: a level and all above it. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Files in PEM form for a listener that speaks TLS. */
export interface CertificateFiles {
  /** The server's certificate, with the intermediate ones behind it. */
  readonly cert: string;
  readonly key: string;
  /** Authorities that client certificates are checked against. */
  readonly ca?: string | undefined;
  /** Which of their certificates do not count any more: a list for each authority, in PEM form. */
  readonly crl?: string | undefined;
  /**
   * Clients without a certificate of `ca` are refused in the handshake, or with 'optional' are clients without one.
   * false by default.
   */
  readonly requestClientCertificate?: boolean | 'optional' | undefined;
}

/** Proxies whose word on where a connection comes from is taken. */
export interface ProxyOptions {
  /** Addresses and networks of the proxies; others are taken for what they are. */
  readonly from: readonly string[];
  /** Whether the name of a client certificate that a proxy has verified counts, too. false by default. */
  readonly acceptCertificateName?: boolean | undefined;
}

interface NetworkAddress {
  /** '127.0.0.1' by default. */
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  /** PROXY protocol 1 or 2, which is then demanded of these proxies. */
  readonly proxyProtocol?: ProxyOptions | undefined;
}

interface HttpUpgrade {
  /** Path of the URL that is upgraded; any path by default. */
  readonly path?: string | undefined;
  /** Web sites whose pages may connect, such as 'https://app.example.org'; all by default. */
  readonly origins?: readonly string[] | undefined;
}

export interface TcpListenerOptions extends NetworkAddress {
  readonly type: 'tcp';
}

export interface TlsListenerOptions extends NetworkAddress, CertificateFiles {
  readonly type: 'tls';
}

export interface WsListenerOptions extends NetworkAddress, HttpUpgrade {
  readonly type: 'ws';
}

export interface WssListenerOptions extends NetworkAddress, HttpUpgrade, CertificateFiles {
  readonly type: 'wss';
}

export interface UnixListenerOptions {
  readonly type: 'unix';
  /** Path of the socket. */
  readonly path: string;
}

/** Where the server listens, once. */
export type ListenerOptions =
  | TcpListenerOptions
  | TlsListenerOptions
  | WsListenerOptions
  | WssListenerOptions
  | UnixListenerOptions;

export type ListenerType = ListenerOptions['type'];

/** Every listener that has a host and a port. */
export type NetworkListenerOptions = Exclude<ListenerOptions, UnixListenerOptions>;

/** Bounds on what comes before the first byte of MQTT: PROXY header, TLS handshake, HTTP request. */
export interface HandshakeOptions {
  /** Milliseconds for all of it. The limit `connectTimeoutMs` by default. */
  readonly timeoutMs?: number | undefined;
  /** Under way at one time, over all listeners. */
  readonly maxPending?: number | undefined;
  /** Under way at one time from one IPv4 address, or one IPv6 network of 64 bits. */
  readonly maxPendingPerAddress?: number | undefined;
}

/** LevelDB in a directory. */
export interface StoreOptions {
  readonly path: string;
  /** 'fsync' by default. */
  readonly durability?: Durability | undefined;
  /** Directory for the backups of a running server, one below it for each; by default they lie beside the store. */
  readonly backupPath?: string | undefined;
}

/** With every default filled in. */
export interface ResolvedStore extends StoreOptions {
  readonly durability: Durability;
}

/** The `$SYS` topics, as far as a file can say it. */
export interface SysConfig extends Pick<SysOptions, 'intervalSeconds'> {
  readonly readers?: NamedReaders | undefined;
}

/** The configuration file, and what `startServer` takes: every key may be left out. `docs/server.md` lists them. */
export interface ServerConfig extends LimitConfig {
  /** TCP on 127.0.0.1:1883 and WebSocket on 127.0.0.1:8080 by default. */
  readonly listeners?: readonly ListenerOptions[] | undefined;
  /** LevelDB in ./data by default. */
  readonly persistence?: 'memory' | StoreOptions | undefined;
  /** File of users, as `sluice passwd` writes it. */
  readonly users?: string | undefined;
  /** File of access rules. */
  readonly rules?: string | undefined;
  /** JSON Web Tokens that are accepted. */
  readonly jwt?: TokenOptions | undefined;
  /** What a TLS client certificate says. */
  readonly certificate?: true | CertificateOptions | undefined;
  /**
   * Lets clients in that bring no user name, and lets a server without users listen beyond loopback; an object says
   * who they are. false by default.
   */
  readonly allowAnonymous?: boolean | AnonymousOptions | undefined;
  /** How often a login may fail; false for any number of times. */
  readonly attempts?: false | AttemptOptions | undefined;
  /** The `$SYS` topics; false for none. Every 10 seconds by default, for those whom the access rules let. */
  readonly sys?: false | SysConfig | undefined;
  readonly limits?: BrokerOptions['limits'];
  readonly handshakes?: HandshakeOptions | undefined;
  /** Optional parts of MQTT that are offered. All by default. */
  readonly features?: BrokerOptions['features'];
  /** What happens to a message that has no room in the queue of a session. 'drop-newest' by default. */
  readonly queueOverflow?: OverflowAction | undefined;
  /** What happens when a client does not take what is sent to it. 'drop' by default. */
  readonly slowReceiver?: SlowReceiver | undefined;
  /** Where 5.0 clients should go while the broker is short of memory. None by default. */
  readonly serverReference?: string | undefined;
  /** Lets control characters pass in topics, client identifiers and user names. false by default. */
  readonly allowControlCharacters?: boolean | undefined;
  /** 'info' by default. */
  readonly logLevel?: LogLevel | undefined;
  /** Milliseconds that clients get to take their last bytes when the server closes. 5000 by default. */
  readonly closeGraceMs?: number | undefined;
  /** A warning is logged when the event loop was held up for longer, in milliseconds; 0 for never. 250 by default. */
  readonly slowTurnMs?: number | undefined;
}

/** A configuration with every default filled in. */
export interface ResolvedConfig {
  readonly listeners: readonly ListenerOptions[];
  readonly persistence: 'memory' | ResolvedStore;
  readonly users: string | undefined;
  readonly rules: string | undefined;
  readonly jwt: TokenOptions | undefined;
  readonly certificate: true | CertificateOptions | undefined;
  readonly allowAnonymous: boolean | AnonymousOptions;
  readonly attempts: false | AttemptOptions | undefined;
  readonly sys: false | SysConfig;
  readonly limits: NonNullable<BrokerOptions['limits']>;
  readonly handshakes: ResolvedHandshakes;
  readonly connectRate: LimitConfig['connectRate'] | undefined;
  readonly messageRate: LimitConfig['messageRate'] | undefined;
  readonly sessionsPerUser: LimitConfig['sessionsPerUser'] | undefined;
  readonly bans: LimitConfig['bans'] | undefined;
  readonly features: NonNullable<BrokerOptions['features']>;
  readonly queueOverflow: OverflowAction | undefined;
  readonly slowReceiver: SlowReceiver | undefined;
  readonly serverReference: string | undefined;
  readonly allowControlCharacters: boolean;
  readonly logLevel: LogLevel;
  readonly closeGraceMs: number;
  readonly slowTurnMs: number;
}

/** Loopback: a broker that nobody configured is nobody else's. */
export const defaultHost = '127.0.0.1';

/** The port of each kind of listener that names none. */
export const defaultPorts = { tcp: 1883, tls: 8883, ws: 8080, wss: 8443 } as const;

export const defaultListeners: readonly ListenerOptions[] = Object.freeze([
  { type: 'tcp', host: defaultHost, port: defaultPorts.tcp },
  { type: 'ws', host: defaultHost, port: defaultPorts.ws },
]);

export const defaultStore: ResolvedStore = Object.freeze({
  path: './data',
  durability: 'fsync',
});

/** Bounds on handshakes with every default filled in. */
export type ResolvedHandshakes = { readonly [Name in keyof HandshakeOptions]-?: number };

/** After a restart thousands of clients come back at once: as many as the system lets wait, and a tenth of one address. */
export const defaultHandshakes: Omit<ResolvedHandshakes, 'timeoutMs'> = Object.freeze({
  maxPending: 5_000,
  maxPendingPerAddress: 500,
});

/** Fills in the defaults. */
export function resolveConfig(config: ServerConfig): ResolvedConfig {
  const { persistence, handshakes } = config;
  return {
    listeners: config.listeners ?? defaultListeners,
    persistence:
      persistence === 'memory'
        ? 'memory'
        : {
            path: persistence?.path ?? defaultStore.path,
            durability: persistence?.durability ?? defaultStore.durability,
            backupPath: persistence?.backupPath,
          },
    users: config.users,
    rules: config.rules,
    jwt: config.jwt,
    certificate: config.certificate,
    allowAnonymous: config.allowAnonymous ?? false,
    attempts: config.attempts,
    sys: config.sys ?? {},
    limits: config.limits ?? {},
    handshakes: {
      timeoutMs:
        handshakes?.timeoutMs ?? config.limits?.connectTimeoutMs ?? defaultLimits.connectTimeoutMs,
      maxPending: handshakes?.maxPending ?? defaultHandshakes.maxPending,
      maxPendingPerAddress:
        handshakes?.maxPendingPerAddress ?? defaultHandshakes.maxPendingPerAddress,
    },
    connectRate: config.connectRate,
    messageRate: config.messageRate,
    sessionsPerUser: config.sessionsPerUser,
    bans: config.bans,
    features: config.features ?? {},
    queueOverflow: config.queueOverflow,
    slowReceiver: config.slowReceiver,
    serverReference: config.serverReference,
    allowControlCharacters: config.allowControlCharacters ?? false,
    logLevel: config.logLevel ?? 'info',
    closeGraceMs: config.closeGraceMs ?? 5_000,
    slowTurnMs: config.slowTurnMs ?? 250,
  };
}

/** Host and port that a listener is to have. */
export function addressOf(listener: NetworkListenerOptions): { host: string; port: number } {
  return {
    host: listener.host ?? defaultHost,
    port: listener.port ?? defaultPorts[listener.type],
  };
}
