import { DeliveryLedger } from './delivery-ledger.ts';

/** Kinds of broken promises, in the order in which they are listed. */
export const faults = [
  'lost',
  'doubled',
  'reordered',
  'invented',
  'sessions',
  'subscriptions',
  'retained',
  'wills',
  'resurrected',
  'protocol',
  'refused',
  'stuck',
] as const;
export type Fault = (typeof faults)[number];

const examplesPerFault = 3;

/** What a trial found: how often each promise was broken, and what it was that was promised. */
export interface Verdict {
  readonly cycles: number;
  readonly powerCuts: number;
  readonly acknowledged: Readonly<Record<1 | 2, number>>;
  readonly delivered: number;
  /** Things that were checked beside deliveries: sessions, subscriptions, retained messages, wills. */
  readonly checks: number;
  readonly broken: Readonly<Record<Fault, number>>;
  readonly examples: readonly string[];
}

/** Where all clients of a trial write down what was promised to them and what they got. */
export class Report {
  readonly deliveries: DeliveryLedger = new DeliveryLedger();
  readonly #broken: Record<Fault, number> = none();
  readonly #examples: string[] = [];
  readonly #waiting: Map<Fault, () => void> = new Map();
  #checks = 0;
  cycles = 0;
  powerCuts = 0;

  /** A promise was kept or not; `what` tells the story when it was not. */
  check(isKept: boolean, fault: Fault, what: () => string): void {
    this.#checks++;
    if (!isKept) this.broken(fault, what());
  }

  broken(fault: Fault, what: string, count = 1): void {
    const examples = this.#examples.filter((example) => example.startsWith(`${fault}:`));
    this.#broken[fault] += count;
    this.#waiting.get(fault)?.();
    if (examples.length < examplesPerFault) {
      this.#examples.push(`${fault}: ${what} (after ${this.cycles} kills)`);
    }
  }

  /** Settles when a promise of this kind is seen broken; what deliveries come to is seen in the end. */
  async first(fault: Fault): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.set(fault, resolve));
  }

  verdict(): Verdict {
    for (const { fault, subscriber, stream, numbers } of this.deliveries.faults()) {
      const what = `${numbers.length} of ${stream} at ${subscriber}, the first is ${numbers[0]}`;
      this.broken(fault, what, numbers.length);
    }
    return {
      cycles: this.cycles,
      powerCuts: this.powerCuts,
      acknowledged: {
        1: this.deliveries.acknowledgedWith(1),
        2: this.deliveries.acknowledgedWith(2),
      },
      delivered: this.deliveries.deliveries,
      checks: this.#checks,
      broken: this.#broken,
      examples: this.#examples,
    };
  }
}

/** The counts of several verdicts together. */
export function sum(verdicts: readonly Verdict[]): Verdict {
  const total = (of: (verdict: Verdict) => number) =>
    verdicts.reduce((before, verdict) => before + of(verdict), 0);
  const broken = none();
  for (const fault of faults) broken[fault] = total((one) => one.broken[fault]);
  return {
    cycles: total((one) => one.cycles),
    powerCuts: total((one) => one.powerCuts),
    acknowledged: {
      1: total((one) => one.acknowledged[1]),
      2: total((one) => one.acknowledged[2]),
    },
    delivered: total((one) => one.delivered),
    checks: total((one) => one.checks),
    broken,
    examples: verdicts.flatMap((one) => one.examples),
  };
}

function none(): Record<Fault, number> {
  return Object.fromEntries(faults.map((fault) => [fault, 0])) as Record<Fault, number>;
}
