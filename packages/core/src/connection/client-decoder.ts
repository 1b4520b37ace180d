import { Decoder } from '@sluice/packet';
import type { Limits } from '../base/limits.ts';
import type { Context } from '../context/context.ts';

/** Decodes what a client sends: at first a CONNECT, which is small. */
export function clientDecoder(limits: Limits, context: Context): Decoder {
  return new Decoder({
    role: 'server',
    maxPacketBytes: connectBytes(limits),
    // A packet of its largest size could hold some hundred thousand of them, which would take a tenth of a second.
    maxFilters: limits.maxSubscriptionsPerPacket,
    maxUserProperties: limits.maxUserProperties,
    allowControlCharacters: context.allowControlCharacters,
    topicCache: context.topicCache,
  });
}

/** What the first packet of a client may have. */
export function connectBytes({ maxConnectPacketBytes, maxPacketBytes }: Limits): number {
  return Math.min(maxConnectPacketBytes, maxPacketBytes);
}
