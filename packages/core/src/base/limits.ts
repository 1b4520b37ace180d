import type { Qos } from '@sluice/packet';

/** Some of them; undefined counts as left out. */
export type Given<All> = { readonly [Name in keyof All]?: All[Name] | undefined };

/** Every limit of a broker. Sections are those of the MQTT 5.0 standard. */
export interface Limits {
  /**
   * How long a new connection may take to send a whole CONNECT. Milliseconds from 10 to 600,000;
   * 10,000 by default. Section 3.1.
   */
  readonly connectTimeoutMs: number;

  /**
   * Size of a CONNECT, header included: all that a stranger can make the broker buffer. Bytes from
   * 128 to 268,435,460; 65,536 by default. Section 3.1.
   */
  readonly maxConnectPacketBytes: number;

  /**
   * Size of any packet that a client sends, header included; announced as Maximum Packet Size. Bytes
   * from 128 to 268,435,460; 1,048,576 by default. Section 3.2.2.3.6.
   */
  readonly maxPacketBytes: number;

  /**
   * Length of a client identifier. Bytes of UTF-8 from 23 to 65,535; 256 by default. Section
   * 3.1.3.1.
   */
  readonly maxClientIdBytes: number;

  /**
   * Length of a topic name or topic filter. Bytes of UTF-8 from 1 to 65,535; 1,024 by default.
   * Section 4.7.3.
   */
  readonly maxTopicBytes: number;

  /**
   * Levels of a topic name or topic filter. Levels from 1 to 65,536; 200 by default. Section 4.7.1.
   */
  readonly maxTopicLevels: number;

  /**
   * Subscriptions that a session may hold. Subscriptions from 1 to 1,000,000; 1,000 by default.
   * Section 3.8.4.
   */
  readonly maxSubscriptionsPerSession: number;

  /**
   * Topic filters in one SUBSCRIBE or UNSUBSCRIBE. Filters from 1 to 65,535; 100 by default. Section
   * 3.8.3.
   */
  readonly maxSubscriptionsPerPacket: number;

  /** User properties in one packet. Properties from 0 to 65,535; 64 by default. Section 2.2.2.2. */
  readonly maxUserProperties: number;

  /**
   * Names and values of all user properties in one packet. Bytes of UTF-8 from 0 to 268,435,455;
   * 8,192 by default. Section 2.2.2.2.
   */
  readonly maxUserPropertyBytes: number;

  /**
   * QoS 1 and 2 messages that a client may have in flight towards the broker; announced as Receive
   * Maximum. Messages from 1 to 65,535; 100 by default. Section 3.2.2.3.3.
   */
  readonly receiveMaximum: number;

  /**
   * QoS 2 messages of one session whose PUBREL is missing, over all its connections. Messages from 1
   * to 65,535; 10,000 by default. Section 4.3.3.
   */
  readonly maxUnreleasedMessages: number;

  /**
   * QoS 1 and 2 messages that the broker has in flight towards a client, which may ask for fewer.
   * Messages from 1 to 65,535; 100 by default. Section 3.1.2.11.3.
   */
  readonly maxInflightMessages: number;

  /**
   * Output that waits for the stream of one client. Above it QoS 0 messages are dropped, others stay
   * queued. Bytes from 65,536 to 1,073,741,824; 1,048,576 by default. Section 4.9.
   */
  readonly maxOutputBytes: number;

  /**
   * How long a stream may take none of the output that waits for it, before it is closed.
   * Milliseconds from 10 to 2,147,483,647; 30,000 by default. Section 4.2.
   */
  readonly stalledTimeoutMs: number;

  /**
   * QoS 1 and 2 messages that wait for one session. Messages from 1 to 1,000,000,000; 10,000 by
   * default. Section 4.1.
   */
  readonly maxQueuedMessages: number;

  /**
   * Topics, properties and payloads of the messages that wait for one session. Bytes from 1,024 to
   * 1,099,511,627,776; 67,108,864 by default. Section 4.1.
   */
  readonly maxQueuedBytes: number;

  /**
   * How long a session may outlive its connection; a client that asks for more gets this. 4294967295
   * stands for ever. Seconds from 0 to 4,294,967,295; 604,800 by default. Section 3.2.2.3.2.
   */
  readonly maxSessionExpirySeconds: number;

  /**
   * Sessions of connected and absent clients together. Sessions from 1 to 16,000,000; 100,000 by
   * default. Section 4.1.
   */
  readonly maxSessions: number;

  /**
   * Connections of one address at one time; an IPv6 network of 64 bits is one address. Connections
   * from 1 to 16,000,000; 100,000 by default. Section 4.2.
   */
  readonly maxConnectionsPerAddress: number;

  /**
   * Connections of one address whose CONNECT was not accepted yet. Connections from 1 to 16,000,000;
   * 10,000 by default. Section 4.2.
   */
  readonly maxUnauthenticatedPerAddress: number;

  /** Connections at one time. Connections from 1 to 16,000,000; 100,000 by default. Section 4.2. */
  readonly maxConnections: number;

  /**
   * Retained messages of all topics. Messages from 0 to 16,000,000; 100,000 by default. Section
   * 3.3.1.3.
   */
  readonly maxRetainedMessages: number;

  /**
   * Topics, properties and payloads of all retained messages. Bytes from 0 to 1,099,511,627,776;
   * 268,435,456 by default. Section 3.3.1.3.
   */
  readonly maxRetainedBytes: number;

  /**
   * Topic aliases that a client may use towards the broker; announced as Topic Alias Maximum. 0
   * forbids them. Aliases from 0 to 65,535; 16 by default. Section 3.2.2.3.8.
   */
  readonly topicAliasMaximum: number;

  /**
   * Longest keep alive; a client that asks for more, or for none, is told to use this. 0 leaves it
   * to the client. Seconds from 0 to 65,535; 0 by default. Section 3.2.2.3.14.
   */
  readonly maxKeepAliveSeconds: number;

  /**
   * Packets of one client that are handled before the other clients have their turn. Packets from 1
   * to 1,000,000; 64 by default. Section 4.9.
   */
  readonly maxPacketsPerTurn: number;

  /**
   * Bytes of one client that are handled before the other clients have their turn. Bytes from 1,024
   * to 1,073,741,824; 262,144 by default. Section 4.9.
   */
  readonly maxBytesPerTurn: number;

  /**
   * Receivers of one message that are served before others have their turn; a message with more is
   * sent in slices. Receivers from 1 to 1,000,000; 1,000 by default. Section 4.9.
   */
  readonly maxReceiversPerTurn: number;

  /**
   * How long one turn of the event loop goes on writing outputs and working in slices. Milliseconds
   * from 1 to 1,000; 4 by default. Section 4.9.
   */
  readonly maxTurnMs: number;

  /**
   * Operations that wait to become durable. Above it no publisher is read. Bytes from 65,536 to
   * 1,073,741,824; 8,388,608 by default. Section 4.3.
   */
  readonly maxPendingCommitBytes: number;

  /**
   * AUTH packets of one client in one authentication. Packets from 1 to 65,535; 16 by default.
   * Section 4.12.
   */
  readonly maxAuthPackets: number;

  /**
   * Memory of the whole broker; 0 stands for half of what the heap of the process may grow to. Bytes
   * from 0 to 1,099,511,627,776; 0 by default. Section 4.9.
   */
  readonly maxMemoryBytes: number;

  /**
   * How long an asynchronous hook may take to answer, unless it was registered with a deadline of
   * its own. Milliseconds from 10 to 2,147,483,647; 5,000 by default. Section 4.12.
   */
  readonly hookTimeoutMs: number;

  /**
   * How long a stream that is being closed gets to take its last bytes. Milliseconds from 0 to
   * 600,000; 2,000 by default. Section 4.13.1.
   */
  readonly closeTimeoutMs: number;

  /**
   * Highest QoS that is served; announced as Maximum QoS where it is below 2. QoS from 0 to 2; 2 by
   * default. Section 3.2.2.3.4.
   */
  readonly maxQos: Qos;

  /**
   * Messages of one queue that are held in memory. Messages from 1 to 65,535; 256 by default.
   * Section 4.4.
   */
  readonly windowMessages: number;

  /**
   * Queues that are read from the persistence at one time. Reads from 1 to 64; 2 by default. Section
   * 4.4.
   */
  readonly maxDiskReads: number;

  /**
   * Messages that wait for one in-process subscriber. Messages from 1 to 100,000,000; 10,000 by
   * default. Section 4.1.
   */
  readonly maxSubscriptionEventQueue: number;
}

/** What a limit may be. All limits are whole numbers. */
export interface LimitRange {
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

/** The range of each limit: drives validation, the defaults, and what other programs say about the limits. */
export const limitRanges: { readonly [Name in keyof Limits]: LimitRange } = Object.freeze({
  connectTimeoutMs: range(10_000, 10, 600_000),
  maxConnectPacketBytes: range(65_536, 128, 268_435_460),
  maxPacketBytes: range(1_048_576, 128, 268_435_460),
  maxClientIdBytes: range(256, 23, 65_535),
  maxTopicBytes: range(1_024, 1, 65_535),
  maxTopicLevels: range(200, 1, 65_536),
  maxSubscriptionsPerSession: range(1_000, 1, 1_000_000),
  maxSubscriptionsPerPacket: range(100, 1, 65_535),
  maxUserProperties: range(64, 0, 65_535),
  maxUserPropertyBytes: range(8_192, 0, 268_435_455),
  receiveMaximum: range(100, 1, 65_535),
  maxUnreleasedMessages: range(10_000, 1, 65_535),
  maxInflightMessages: range(100, 1, 65_535),
  maxOutputBytes: range(1_048_576, 65_536, 1_073_741_824),
  stalledTimeoutMs: range(30_000, 10, 2_147_483_647),
  maxQueuedMessages: range(10_000, 1, 1_000_000_000),
  maxQueuedBytes: range(67_108_864, 1_024, 1_099_511_627_776),
  maxSessionExpirySeconds: range(604_800, 0, 4_294_967_295),
  maxSessions: range(100_000, 1, 16_000_000),
  maxConnections: range(100_000, 1, 16_000_000),
  maxConnectionsPerAddress: range(100_000, 1, 16_000_000),
  maxUnauthenticatedPerAddress: range(10_000, 1, 16_000_000),
  maxRetainedMessages: range(100_000, 0, 16_000_000),
  maxRetainedBytes: range(268_435_456, 0, 1_099_511_627_776),
  topicAliasMaximum: range(16, 0, 65_535),
  maxKeepAliveSeconds: range(0, 0, 65_535),
  maxPacketsPerTurn: range(64, 1, 1_000_000),
  maxBytesPerTurn: range(262_144, 1_024, 1_073_741_824),
  maxReceiversPerTurn: range(1_000, 1, 1_000_000),
  maxTurnMs: range(4, 1, 1_000),
  maxPendingCommitBytes: range(8_388_608, 65_536, 1_073_741_824),
  maxMemoryBytes: range(0, 0, 1_099_511_627_776),
  maxAuthPackets: range(16, 1, 65_535),
  hookTimeoutMs: range(5_000, 10, 2_147_483_647),
  closeTimeoutMs: range(2_000, 0, 600_000),
  maxQos: range(2, 0, 2),
  windowMessages: range(256, 1, 65_535),
  maxDiskReads: range(2, 1, 64),
  maxSubscriptionEventQueue: range(10_000, 1, 100_000_000),
});

/** The limits of a broker that is given none. */
export const defaultLimits: Limits = Object.freeze(
  Object.fromEntries(Object.entries(limitRanges).map(([name, range]) => [name, range.default])),
) as unknown as Limits;

function range(byDefault: number, min: number, max: number): LimitRange {
  return Object.freeze({ default: byDefault, min, max });
}
