import type { Qos } from '@sluice/packet';

/**
 * Limits of one client. The names are those of the broker's limits, which they can lower and never raise: the lower
 * value counts.
 */
export interface ClientLimits {
  /** Bytes of any packet that the client sends; announced as Maximum Packet Size. */
  readonly maxPacketBytes?: number | undefined;
  /** QoS 1 and 2 messages in flight towards the broker; announced as Receive Maximum. */
  readonly receiveMaximum?: number | undefined;
  /** QoS 1 and 2 messages in flight towards the client. */
  readonly maxInflightMessages?: number | undefined;
  /** Bytes that wait for its stream before QoS 0 messages are dropped. */
  readonly maxOutputBytes?: number | undefined;
  /** Messages that wait for its session. */
  readonly maxQueuedMessages?: number | undefined;
  /** Bytes of topics and payloads that wait for its session. */
  readonly maxQueuedBytes?: number | undefined;
  readonly maxSubscriptionsPerSession?: number | undefined;
  /** Seconds that its session may outlive the connection. */
  readonly maxSessionExpirySeconds?: number | undefined;
  /** Seconds of Keep Alive; 0 leaves it to the client. */
  readonly maxKeepAliveSeconds?: number | undefined;
  /** Topic aliases towards the broker; announced as Topic Alias Maximum. */
  readonly topicAliasMaximum?: number | undefined;
  /** Highest QoS of what it publishes and subscribes; announced as Maximum QoS. */
  readonly maxQos?: Qos | undefined;
}
