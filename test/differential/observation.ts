import type { Qos } from '@sluice/packet';

/** An application message as a client received it. */
export interface Delivery {
  readonly topic: string;
  readonly payload: string;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly dup: boolean;
  /** In ascending order: the standard gives them none. */
  readonly identifiers: readonly number[];
  /** The other properties, the user properties in their order. */
  readonly properties: string;
  /** Of a resend: whether it came with the packet id of the first sending. */
  readonly hasSamePacketId?: boolean;
}

/** What one client saw of one step. */
export interface Observation {
  /** CONNACK, SUBACK, UNSUBACK and what acknowledges the client's own messages; in order for each kind. */
  readonly answers: readonly string[];
  readonly deliveries: readonly Delivery[];
  /** Messages of QoS 2 that the broker released with PUBREL, in order. */
  readonly released: readonly string[];
  /** How the broker ended the connection. */
  readonly closed?: string;
}

/** By client, then by step. */
export type Observations = readonly (readonly Observation[])[];

export function describeDelivery(delivery: Delivery): string {
  const { topic, payload, qos, retain, dup, identifiers, properties, hasSamePacketId } = delivery;
  const parts = [
    `${topic} "${payload.replace(/x{9,}/, '...')}" QoS ${qos}`,
    retain ? 'retain' : '',
    dup ? 'dup' : '',
    hasSamePacketId === false ? 'another packet id' : '',
    identifiers.length > 0 ? `identifiers ${identifiers.join(' ')}` : '',
    properties === '{}' ? '' : properties,
  ];
  return parts.filter((part) => part !== '').join(', ');
}
