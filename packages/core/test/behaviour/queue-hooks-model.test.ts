import { MemoryPersistence } from '@sluice/persistence-memory';
import { allow, OverflowAction, type Persistence, type QueuedMessage } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { connectPacket, nameOf, text } from '../support/packets.ts';
import { aPlugin, startTestBroker, type TestBroker } from '../support/test-broker.ts';
import type { TestClient } from '../support/test-client.ts';

/** Reads queues at once, but answers late: meanwhile the queue goes on. */
class LateReads {
  readonly #waiting: (() => void)[] = [];
  readonly persistence: Persistence;

  constructor() {
    const memory = new MemoryPersistence();
    this.persistence = {
      open: () => memory.open(),
      commit: (operations) => memory.commit(operations),
      readQueue: (...parameters) => this.#later(memory.readQueue(...parameters)),
      close: () => memory.close(),
    };
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  answer(): void {
    this.#waiting.shift()?.();
  }

  #later(records: readonly QueuedMessage[]): Promise<readonly QueuedMessage[]> {
    return new Promise((resolve) => this.#waiting.push(() => resolve(records)));
  }
}

function dice(seed: number): (sides: number) => number {
  let state = seed * 2_654_435_761;
  return (sides) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) % sides;
  };
}

/** Lets everything happen but reads that are not answered. */
async function someTurns(world: TestBroker): Promise<void> {
  for (let turn = 0; turn < 4; turn++) {
    world.environment.runDeferred();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const actions = [
  OverflowAction.dropOldest,
  OverflowAction.keepNewestPerTopic,
  OverflowAction.dropNewest,
];

/** A session whose client comes and goes, while its queue is full and read late. */
class QueueTrial {
  readonly #reads: LateReads;
  readonly #world: TestBroker;
  readonly #roll: (sides: number) => number;
  readonly #acknowledged: number[];
  readonly #dropped: number[];
  readonly #received: number[] = [];
  #client: TestClient | undefined;
  #seen = 0;
  #published = 0;

  private constructor(
    reads: LateReads,
    world: TestBroker,
    roll: (sides: number) => number,
    told: { acknowledged: number[]; dropped: number[] },
  ) {
    this.#reads = reads;
    this.#world = world;
    this.#roll = roll;
    this.#acknowledged = told.acknowledged;
    this.#dropped = told.dropped;
  }

  static async start(seed: number): Promise<QueueTrial> {
    const roll = dice(seed);
    const reads = new LateReads();
    const told = { acknowledged: [] as number[], dropped: [] as number[] };
    const world = await startTestBroker({
      store: { persistence: () => reads.persistence },
      limits: { maxQueuedMessages: 6 + roll(10), windowMessages: 1 + roll(6) },
      plugins: [
        aPlugin((context) => {
          context.hook('enqueue', ({ message: { topic } }) =>
            topic.startsWith('key') ? allow({ replaceKey: topic }) : undefined,
          );
          context.hook('overflow', () => actions[roll(3)]);
          context.hook('acknowledged', ({ message }) =>
            // Released on another connection: it is not known any more.
            told.acknowledged.push(message === undefined ? -1 : Number(text(message.payload))),
          );
          context.hook('dropped', ({ message }) =>
            told.dropped.push(Number(text(message.payload))),
          );
        }),
      ],
    });
    const first = await world.connect('c', {
      cleanStart: false,
      properties: { sessionExpiryInterval: 1_000 },
    });
    await first.subscribe('#');
    await first.drop();
    return new QueueTrial(reads, world, roll, told);
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      await this.#step();
      await someTurns(this.#world);
      this.#look();
      this.#checkCount();
    }
    // The client takes all that is left.
    while (this.#reads.waiting > 0 || this.#queued > 0) {
      if (this.#client === undefined) this.#connect();
      this.#reads.answer();
      this.#client?.sendAnswers();
      await someTurns(this.#world);
      this.#look();
      this.#checkCount();
    }
  }

  /** What became of the messages, when all is over. */
  check(): void {
    const known = this.#acknowledged.filter((number) => number >= 0);
    const received = new Set(this.#received);
    expect(new Set(known).size).toBe(known.length);
    expect(known.filter((number) => !received.has(number))).toEqual([]);
    expect(received.size).toBe(this.#acknowledged.length);
    expect(this.#dropped.filter((number) => received.has(number))).toEqual([]);
    expect(new Set(this.#dropped).size).toBe(this.#dropped.length);
    const inOrder = [...received].toSorted((one, other) => one - other);
    expect([...received]).toEqual(inOrder);
    expect(this.#world.errors).toEqual([]);
  }

  get #queued(): number {
    return this.#world.broker.sessions.get('c')?.queuedMessages ?? -1;
  }

  /** Every message is queued, acknowledged, or counted as dropped. */
  #checkCount(): void {
    const world = this.#world;
    const lost = world.dropped('queue-full') + world.dropped('replaced');
    expect(this.#queued).toBe(this.#published - this.#acknowledged.length - lost);
  }

  async #step(): Promise<void> {
    const choice = this.#roll(20);
    if (choice < 9) this.#publish(1 + this.#roll(4));
    else if (choice < 12) this.#reads.answer();
    else if (choice < 15) this.#client?.sendAnswers();
    else if (this.#client === undefined) this.#connect();
    else if (choice > 17) {
      this.#client.stream.destroy();
      this.#client = undefined;
    }
  }

  #publish(count: number): void {
    for (let left = count; left > 0; left--) {
      const topic = `${this.#roll(2) === 0 ? 'key' : 'topic'}/${this.#roll(3)}`;
      const qos = this.#roll(2) === 0 ? 1 : 2;
      void this.#world.broker.publish({ topic, payload: `${this.#published++}`, qos });
    }
  }

  #connect(): void {
    this.#client = this.#world.client(5);
    this.#seen = 0;
    const properties = { sessionExpiryInterval: 1_000, receiveMaximum: 1 + this.#roll(4) };
    this.#client.send(connectPacket(5, { clientId: 'c', cleanStart: false, properties }));
  }

  #look(): void {
    const packets = this.#client?.received() ?? [];
    for (const packet of packets.slice(this.#seen)) {
      if (nameOf(packet) === 'publish') {
        this.#received.push(Number(text((packet as { payload?: Uint8Array }).payload)));
      }
    }
    this.#seen = packets.length;
  }
}

describe('a queue that hooks decide about, and that is read late', () => {
  test.each(Array.from({ length: 60 }, (_, seed) => seed))(
    'accounts for every message, seed %i',
    async (seed) => {
      const trial = await QueueTrial.start(seed);
      await trial.run(120);
      trial.check();
    },
  );
});
