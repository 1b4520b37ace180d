import type { Qos } from '@sluice/packet';

/** What is said of one stream of numbered messages: one publisher, one topic, one QoS. */
interface Stream {
  readonly qos: Qos;
  /** Numbers from 0 to this, exclusive, were sent. */
  published: number;
  readonly acknowledged: Set<number>;
}

/** What was promised to publishers and what came to subscribers, as they saw it themselves. */
export class DeliveryLedger {
  readonly #streams: Map<string, Stream> = new Map();
  /** Subscriber, then stream, then the numbers in the order in which they came. */
  readonly #delivered: Map<string, Map<string, number[]>> = new Map();
  readonly #brokenPromises: string[] = [];

  addStream(name: string, qos: Qos): void {
    this.#streams.set(name, { qos, published: 0, acknowledged: new Set() });
  }

  addSubscriber(name: string): void {
    this.#delivered.set(name, new Map());
  }

  published(stream: string, number: number): void {
    const { published } = this.#stream(stream);
    if (number !== published) throw new Error(`${stream} sends ${number} after ${published - 1}`);
    this.#stream(stream).published++;
  }

  acknowledged(stream: string, number: number): void {
    this.#stream(stream).acknowledged.add(number);
  }

  delivered(subscriber: string, stream: string, number: number): void {
    const streams = this.#delivered.get(subscriber);
    if (streams === undefined) throw new Error(`${subscriber} is not known`);
    const numbers = streams.get(stream);
    if (numbers === undefined) streams.set(stream, [number]);
    else numbers.push(number);
  }

  /** Something that no delivery shows: a session that is gone. */
  broken(promise: string): void {
    this.#brokenPromises.push(promise);
  }

  acknowledgedCount(stream: string): number {
    return this.#stream(stream).acknowledged.size;
  }

  /** Every promise that was not kept, one for each kind, stream and subscriber. */
  violations(): string[] {
    const found = [...this.#brokenPromises];
    for (const [subscriber, streams] of this.#delivered) {
      for (const [name, stream] of this.#streams) {
        const numbers = streams.get(name) ?? [];
        for (const problem of problemsOf(stream, numbers)) {
          found.push(`${subscriber} of ${name}: ${problem}`);
        }
      }
    }
    return found;
  }

  #stream(name: string): Stream {
    const stream = this.#streams.get(name);
    if (stream === undefined) throw new Error(`${name} is not known`);
    return stream;
  }
}

function problemsOf(
  { qos, published, acknowledged }: Stream,
  numbers: readonly number[],
): string[] {
  const seen = new Set(numbers);
  const first = [...seen];
  const problems: [string, number[]][] = [
    ['lost', [...acknowledged].filter((number) => !seen.has(number))],
    ['invented', first.filter((number) => number >= published)],
    // A Set keeps the order of the first time.
    ['reordered', first.filter((number, index) => number < (first[index - 1] ?? -1))],
    [
      'doubled',
      qos === 2 ? numbers.filter((number, index) => numbers.indexOf(number) < index) : [],
    ],
  ];
  return problems
    .filter(([, wrong]) => wrong.length > 0)
    .map(([what, wrong]) => `${wrong.length} ${what}, the first is ${wrong[0]}`);
}
