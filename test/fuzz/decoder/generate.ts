import { encodePacket, type ProtocolVersion } from '@sluice/packet';
import fc from 'fast-check';
import { connect, packets, type Sender } from '../../../packages/packet/test/arbitraries.ts';
import type { Dice } from '../../simulation/dice.ts';

const atOnce = 200;
const kinds = ([3, 4, 5] as const).flatMap((version) =>
  (['client', 'server', 'connect'] as const).map((sender) => ({ version, sender })),
);
type Kind = (typeof kinds)[number];

/** Valid packets without end, some hundreds made at a time. */
export class PacketSource {
  readonly #made: Map<string, Uint8Array[]> = new Map();

  /** Bytes of one or more packets of one side, in the order in which they were made. */
  next(dice: Dice, { version, sender }: Kind = dice.pick(kinds)): Uint8Array {
    const key = `${version} ${sender}`;
    const made = this.#made.get(key) ?? [];
    const found = made.pop();
    if (found !== undefined) return found;
    const fresh = sample(version, sender, dice.below(0x7fff_ffff));
    this.#made.set(key, fresh);
    return fresh.pop() as Uint8Array;
  }
}

function sample(version: ProtocolVersion, sender: Sender | 'connect', seed: number): Uint8Array[] {
  const arbitrary = sender === 'connect' ? connect(version) : packets(sender, version);
  return fc
    .sample<Parameters<typeof encodePacket>[0]>(arbitrary, { numRuns: atOnce, seed })
    .map((packet) => encodePacket(packet, version));
}
