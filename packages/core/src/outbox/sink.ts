import type { ProtocolVersion, Qos, ReasonCode } from '@sluice/packet';
import type { RoutedMessage } from '../messages/routed-message.ts';

/** What a session needs of the connection above it. The connection hands itself over when it attaches. */
export interface Sink {
  readonly protocolVersion: ProtocolVersion;
  /** Whether it takes messages: false above its high-water mark, until it calls `session.pump`. */
  readonly writable: boolean;
  /** Whether it may send: CONNACK has left, and no DISCONNECT. */
  readonly isOpen: boolean;
  /** Whether its connection is over: nothing that its client sent is read any more. */
  readonly isGone: boolean;
  /** Whether its client is not read from, since the broker has to do less. */
  readonly isHeldBack: boolean;
  /** QoS 1 and 2 messages that may be unacknowledged at once (section 4.9). */
  readonly sendQuota: number;

  /** Sends a PUBLISH; false when it is too large for the peer and was left out [MQTT-3.1.2-25]. */
  publish(
    message: RoutedMessage,
    qos: Qos,
    retain: boolean,
    dup: boolean,
    packetId: number,
    subscriptionIdentifiers: readonly number[] | undefined,
  ): boolean;

  /** Sends a PUBREL with reason code 0x00. */
  pubrel(packetId: number): void;

  /** Reads its client no further until `letGo`, as many times as it was called. */
  holdBack(): void;
  letGo(): void;
  /** Reads a little of a client that is held back: its acknowledgements may lie behind what it publishes. */
  sip(): void;

  /** Ends the connection from the broker's side; the reference says where the client should go instead. */
  close(reasonCode: ReasonCode, message: string, serverReference?: string): void;
}
