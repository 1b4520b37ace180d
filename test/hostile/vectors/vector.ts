import type { ProtocolVersion } from '@sluice/packet';

/** The version of the connection that a vector is sent on. */
export type Version = Extract<ProtocolVersion, 4 | 5>;

/**
 * What becomes of a vector: the packets that it is answered with, each with its reason code (`SUBACK 0x8f`), `closed` where
 * the connection ends without a word, or `accepted` where it goes on without one. CONNACK with a failure and DISCONNECT
 * end the connection, too.
 */
export type Outcome = string;

/** Bytes that no client should send, and what the broker does about them. */
export interface Vector {
  /** Number in the list that the vectors were collected in; siblings share it. */
  readonly id: string;
  readonly name: string;
  /** In place of CONNECT, or behind one that was accepted. */
  readonly sent: 'first' | 'connected';
  readonly bytes: (version: Version) => Uint8Array;
  /** A version that is left out says nothing about these bytes. */
  readonly outcome: { readonly [Key in Version]?: Outcome };
}

type Row = readonly [
  id: string,
  name: string,
  bytes: (version: Version) => Uint8Array,
  v4: Outcome | undefined,
  v5: Outcome | undefined,
];

/** Vectors out of rows of a table. */
export function vectors(sent: Vector['sent'], rows: readonly Row[]): readonly Vector[] {
  return rows.map(([id, name, bytes, v4, v5]) => ({
    id,
    name,
    sent,
    bytes,
    outcome: { ...(v4 !== undefined && { 4: v4 }), ...(v5 !== undefined && { 5: v5 }) },
  }));
}
