import { ConversationTarget } from '../conversation/target.ts';
import { Coverage } from '../coverage/counters.ts';
import { DecoderTarget } from '../decoder/target.ts';
import { DifferentialTarget } from '../differential/target.ts';
import { fuzz } from '../engine/fuzz.ts';
import type { Finding, Target } from '../engine/target.ts';
import { brokerFaults } from './brokers.ts';
import { decoderFaults, meaningFaults } from './decoders.ts';

/** After how many inputs a fault was found, and as what. */
export interface Found {
  readonly fault: string;
  readonly target: string;
  readonly inputs: number;
  /** The rule that it broke; undefined when no input broke one. */
  readonly rule: string | undefined;
}

/** Plants each fault and fuzzes until it is found. */
export async function* findFaults(seed: number): AsyncGenerator<Found> {
  for (const { name, make } of decoderFaults) {
    yield await find(name, new DecoderTarget({ makeDecoder: make }), seed, 100_000);
  }
  for (const { name, make } of meaningFaults) {
    yield await find(name, new DifferentialTarget(make), seed, 20_000);
  }
  const target = new ConversationTarget();
  for (const bug of brokerFaults) {
    const undo = bug.plant();
    try {
      yield await find(bug.name, target, seed, 1_000);
    } finally {
      undo();
    }
  }
}

async function find<Input>(
  fault: string,
  target: Target<Input>,
  seed: number,
  inputs: number,
): Promise<Found> {
  const fuzzed = await fuzz(target, new Coverage(), { seed, inputs });
  const finding: Finding | undefined = fuzzed.failure?.finding;
  return { fault, target: target.name, inputs: fuzzed.inputs + 1, rule: finding?.rule };
}
