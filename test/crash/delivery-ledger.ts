import type { Qos } from '@sluice/packet';

/** What is said of one stream of numbered messages: one publisher, one topic, one QoS. */
interface Stream {
  readonly qos: Qos;
  /** Numbers from 0 to this, exclusive, were sent. */
  published: number;
  readonly acknowledged: Set<number>;
}

interface Subscriber {
  /** Several clients that share a subscription: each message comes to one of them, in no order. */
  readonly isGroup: boolean;
  /** By stream, the numbers in the order in which they came. */
  readonly delivered: Map<string, Delivered>;
}

interface Delivered {
  readonly numbers: number[];
  readonly seen: Set<number>;
}

/** What can be wrong with deliveries. */
export type DeliveryFault = 'lost' | 'doubled' | 'reordered' | 'invented';

/** Messages of one stream that did not come to one subscriber as they should have. */
export interface WrongDeliveries {
  readonly fault: DeliveryFault;
  readonly subscriber: string;
  readonly stream: string;
  readonly numbers: readonly number[];
}

/** What was promised to publishers and what came to subscribers, as they saw it themselves. */
export class DeliveryLedger {
  readonly #streams: Map<string, Stream> = new Map();
  readonly #subscribers: Map<string, Subscriber> = new Map();
  #deliveries = 0;

  addStream(name: string, qos: Qos): void {
    this.#streams.set(name, { qos, published: 0, acknowledged: new Set() });
  }

  addSubscriber(name: string, isGroup = false): void {
    this.#subscribers.set(name, { isGroup, delivered: new Map() });
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
    this.#deliveries++;
    const { delivered } = this.#subscriber(subscriber);
    let of = delivered.get(stream);
    if (of === undefined) {
      of = { numbers: [], seen: new Set() };
      delivered.set(stream, of);
    }
    of.numbers.push(number);
    of.seen.add(number);
  }

  /** Whether all that is acknowledged has come to a subscriber. */
  hasAcknowledged(subscriber: string): boolean {
    return this.#every(subscriber, ({ acknowledged }, seen) => isWithin(acknowledged, seen));
  }

  /** Whether all that was sent has come to a subscriber. */
  hasPublished(subscriber: string): boolean {
    return this.#every(subscriber, ({ published }, seen) => seen.size >= published);
  }

  acknowledgedCount(stream: string): number {
    return this.#stream(stream).acknowledged.size;
  }

  /** How many messages of this QoS were acknowledged. */
  acknowledgedWith(qos: Qos): number {
    let count = 0;
    for (const stream of this.#streams.values()) {
      if (stream.qos === qos) count += stream.acknowledged.size;
    }
    return count;
  }

  get deliveries(): number {
    return this.#deliveries;
  }

  /** Every promise that was not kept, one for each kind, stream and subscriber. */
  faults(): WrongDeliveries[] {
    const found: WrongDeliveries[] = [];
    for (const [subscriber, receiver] of this.#subscribers) {
      for (const [name, stream] of this.#streams) {
        const numbers = receiver.delivered.get(name)?.numbers ?? [];
        for (const [fault, wrong] of wrongOnes(stream, receiver, numbers)) {
          if (wrong.length > 0) found.push({ fault, subscriber, stream: name, numbers: wrong });
        }
      }
    }
    return found;
  }

  #every(
    subscriber: string,
    isComplete: (stream: Stream, seen: ReadonlySet<number>) => boolean,
  ): boolean {
    const { delivered } = this.#subscriber(subscriber);
    return [...this.#streams].every(([name, stream]) =>
      isComplete(stream, delivered.get(name)?.seen ?? new Set()),
    );
  }

  #stream(name: string): Stream {
    const stream = this.#streams.get(name);
    if (stream === undefined) throw new Error(`${name} is not known`);
    return stream;
  }

  #subscriber(name: string): Subscriber {
    const subscriber = this.#subscribers.get(name);
    if (subscriber === undefined) throw new Error(`${name} is not known`);
    return subscriber;
  }
}

function wrongOnes(
  stream: Stream,
  subscriber: Subscriber,
  delivered: readonly number[],
): [DeliveryFault, number[]][] {
  const { qos, published, acknowledged } = stream;
  const seen = new Set(delivered);
  const first = [...seen];
  return [
    ['lost', [...acknowledged].filter((number) => !seen.has(number))],
    ['invented', first.filter((number) => number >= published)],
    ['doubled', qos === 2 ? repeated(delivered) : []],
    // A Set keeps the order of the first time.
    ['reordered', subscriber.isGroup ? [] : stepsBack(first)],
  ];
}

function isWithin(some: ReadonlySet<number>, all: ReadonlySet<number>): boolean {
  if (some.size > all.size) return false;
  for (const number of some) if (!all.has(number)) return false;
  return true;
}

function repeated(numbers: readonly number[]): number[] {
  const seen = new Set<number>();
  return numbers.filter((number) => seen.size === seen.add(number).size);
}

function stepsBack(numbers: readonly number[]): number[] {
  return numbers.filter((number, index) => number < (numbers[index - 1] ?? -1));
}
