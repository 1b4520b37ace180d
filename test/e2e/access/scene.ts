import type { RuleEntry } from '@sluice/auth';
import { auth } from '@sluice/auth';
import { allow, type Plugin } from '@sluice/plugin';
import {
  startTestBroker,
  type TestBroker,
} from '../../../packages/core/test/support/test-broker.ts';
import type { TestClient } from '../../../packages/core/test/support/test-client.ts';

/** Who logs in as whom: the receiver, and the one who publishes. */
const people = new Map([
  ['anna', { roles: ['operator'], line: '7' }],
  ['pub', { roles: ['sender'], line: '9' }],
]);

/** Whoever gives a name of these is it. */
const identities: Plugin = {
  name: 'identities',
  setup(context) {
    context.hook('authenticate', ({ userName = '' }) =>
      allow({ identity: userName, attributes: people.get(userName) ?? {} }),
    );
  },
};

/** What the hook `publish` makes of topics that begin with "raw/": the rest of them. */
const rewriting: Plugin = {
  name: 'rewriting',
  setup(context) {
    context.hook('publish', ({ message: { topic } }) =>
      topic.startsWith('raw/') ? { topic: topic.slice(4) } : undefined,
    );
  },
};

/** A broker with rules that a test can change, a receiver and a publisher. */
export class Scene {
  readonly world: TestBroker;
  /** Where the message is to go. */
  readonly topic: string;
  receiver: TestClient | undefined;
  publisher: TestClient | undefined;
  readonly #use: (rules: readonly RuleEntry[]) => Promise<void>;

  private constructor(world: TestBroker, topic: string, use: Scene['use']) {
    this.world = world;
    this.topic = topic;
    this.#use = use;
  }

  static async start(rules: readonly RuleEntry[], topic: string): Promise<Scene> {
    let current = rules;
    const access = auth({
      rules: { load: () => ({ rules: current }) },
      externalIdentities: true,
    });
    const world = await startTestBroker({ plugins: [identities, rewriting, access] });
    return new Scene(world, topic, async (others) => {
      current = others;
      await access.reload();
    });
  }

  /** Changes the rules, and waits until they hold. */
  async use(rules: readonly RuleEntry[]): Promise<void> {
    await this.settled(this.#use(rules));
  }

  /** Lets the broker work until something is done. */
  async settled<Value>(promise: Promise<Value>): Promise<Value> {
    let isDone = false;
    const done = promise.finally(() => {
      isDone = true;
    });
    done.catch(() => {});
    while (!isDone) await this.world.settle();
    return await done;
  }

  /** The receiver comes, with a session that stays. */
  async receive(acknowledges = true): Promise<TestClient> {
    this.receiver = await this.world.connect('c1', {
      userName: 'anna',
      cleanStart: false,
      properties: { sessionExpiryInterval: 1_000 },
      acknowledges,
    });
    return this.receiver;
  }

  /** The publisher comes, with a will if there is one; undefined where that is refused. */
  async publish(will = false): Promise<TestClient | undefined> {
    const client = this.world.client(5);
    const connack = await client.connect({
      clientId: 'p1',
      userName: 'pub',
      ...(will && {
        will: {
          topic: this.topic,
          payload: Buffer.from('will'),
          qos: 1,
          retain: false,
          properties: {},
        },
      }),
    });
    this.publisher = connack.reasonCode === 0 ? client : undefined;
    return this.publisher;
  }

  /** How many messages on the topic came to the receiver and were not looked at yet. */
  async arrived(): Promise<number> {
    await this.world.settle();
    const messages = (await this.receiver?.messages()) ?? [];
    return messages.filter(({ topic }) => topic === this.topic).length;
  }
}
