/** What the load generator is to do; the names are those of its options. */
export interface Load {
  readonly kind:
    | 'fanin'
    | 'fanout'
    | 'pairs'
    | 'pingpong'
    | 'storm'
    | 'idle'
    | 'subscale'
    | 'retained'
    | 'durable'
    | 'acks'
    | 'offfan'
    | 'fill'
    | 'returning';
  readonly npub?: number;
  readonly nsub?: number;
  readonly qos?: 0 | 1 | 2;
  /** Bytes, at least 16. */
  readonly payload?: number;
  /** Messages of one publisher that are sent and not yet delivered; 0 leaves only TCP to hold it back. */
  readonly window?: number;
  /** Messages of one publisher that are not acknowledged (QoS 1 and 2). */
  readonly inflight?: number;
  /** Topics of each publisher, taken in random order (fanin, pairs); of all (subscale). */
  readonly topics?: number;
  /** Speaks MQTT 5.0, whatever the target says. */
  readonly v5?: 1;
  /** A content type and a user property in each message, which are to arrive (MQTT 5.0). */
  readonly props?: 1;
  /** Publishers send their topic once, and then its alias (MQTT 5.0; fanin, fanout, pairs without topics). */
  readonly alias?: 1;
  /** The subscriber has four filters that all match; one copy of each message is to arrive (fanin). */
  readonly overlap?: 1;
  /** Bytes that are written at once at most, so that packets are cut anywhere. */
  readonly cut?: number;
  readonly tls?: 1;
  readonly ws?: 1;
  readonly secs?: number;
  readonly warm?: number;
  /** Connections at once (storm), sessions that come and go at once (durable, offfan, fill). */
  readonly conc?: number;
  readonly conns?: number;
  readonly clients?: number;
  readonly total?: number;
  readonly perclient?: number;
  /** Payloads that a store cannot compress. */
  readonly noise?: 1;
  /** The subscribers are away while messages are published (acks). */
  readonly offline?: 1;
  /** Sessions that come back (offfan, returning), wildcard subscriptions (retained). */
  readonly wild?: number;
  /** Seconds that one phase may take at most (durable, offfan, fill, returning). */
  readonly limit?: number;
}

/** What does not belong to the load itself: where to send it, and how. */
export interface LoadTarget {
  readonly port: number;
  /** Whose processor time and memory are read. */
  readonly pid: number;
  readonly cpu?: number;
  /** Speaks to a relay, not to a broker. */
  readonly raw?: boolean;
  readonly version5?: boolean;
  readonly seconds?: number;
  /** When the broker was started, on the monotonic clock in nanoseconds. */
  readonly since?: bigint;
}

/** The load generator's command line for a load. */
export function loadArguments(load: Load, target: LoadTarget): string[] {
  const { kind, ...options } = load;
  const all: Record<string, number | bigint | undefined> = {
    ...options,
    ...(load.secs !== undefined && target.seconds !== undefined ? { secs: target.seconds } : {}),
    port: target.port,
    pid: target.pid,
    cpu: target.cpu,
    raw: target.raw ? 1 : undefined,
    v5: target.version5 ? 1 : load.v5,
    since: target.since,
  };
  const words = Object.entries(all)
    .filter(([, value]) => value !== undefined)
    .flatMap(([name, value]) => [`--${name}`, String(value)]);
  return [kind, ...words];
}
