import type { Role } from './reason-rules.ts';

/** How many of what a packet may hold: none more is decoded, so that a packet of its largest size takes no long time. */
export interface DecoderBounds {
  /** Topic filters in one SUBSCRIBE or UNSUBSCRIBE. Default Infinity. */
  readonly maxFilters?: number;
  /** User properties in one packet, and as many in the will of a CONNECT. Default Infinity. */
  readonly maxUserProperties?: number;
}

/** What a decoder takes, whatever the packet. */
export interface DecoderRules extends Required<DecoderBounds> {
  readonly role: Role;
  readonly allowControlCharacters: boolean;
}
