import type { Scene } from './scene.ts';

/** A way on which a message reaches a client: what comes before, and what lets it arrive. */
export interface Way {
  readonly name: string;
  /** Whether a client publishes, whom rules may keep from it. */
  readonly isFromClient: boolean;
  /** Whether it is published, and accepted, before it is let through: then who published it does not matter any more. */
  readonly isAcceptedBefore?: true;
  prepare(scene: Scene): Promise<void>;
  deliver(scene: Scene): Promise<void>;
}

async function subscribed(scene: Scene, filter: string, acknowledges = true): Promise<void> {
  const receiver = await scene.receive(acknowledges);
  await receiver.subscribe(filter);
}

async function published(scene: Scene, topic = scene.topic): Promise<void> {
  const publisher = scene.publisher ?? (await scene.publish());
  await publisher?.publish(topic, 'm', { qos: 1 });
}

export const ways: readonly Way[] = [
  {
    name: 'live',
    isFromClient: true,
    prepare: (scene) => subscribed(scene, scene.topic),
    deliver: (scene) => published(scene),
  },
  {
    name: 'by a wildcard',
    isFromClient: true,
    prepare: (scene) => subscribed(scene, '#'),
    deliver: (scene) => published(scene),
  },
  {
    name: 'retained',
    isFromClient: true,
    isAcceptedBefore: true,
    async prepare(scene) {
      const publisher = await scene.publish();
      await publisher?.publish(scene.topic, 'm', { qos: 1, retain: true });
      await scene.receive();
    },
    async deliver(scene) {
      await scene.receiver?.subscribe('#');
      await scene.receiver?.subscribe(scene.topic);
    },
  },
  {
    name: 'queued',
    isFromClient: true,
    isAcceptedBefore: true,
    async prepare(scene) {
      await subscribed(scene, '#');
      await scene.receiver?.drop();
      await published(scene);
    },
    async deliver(scene) {
      await scene.receive();
    },
  },
  {
    name: 'in flight, after resume',
    isFromClient: true,
    isAcceptedBefore: true,
    async prepare(scene) {
      await subscribed(scene, '#', false);
      await published(scene);
      await scene.receiver?.drop();
    },
    async deliver(scene) {
      await scene.receive();
    },
  },
  {
    name: 'shared',
    isFromClient: true,
    prepare: (scene) => subscribed(scene, '$share/g/#'),
    deliver: (scene) => published(scene),
  },
  {
    name: 'as a will',
    isFromClient: true,
    async prepare(scene) {
      await subscribed(scene, '#');
      await scene.publish(true);
    },
    async deliver(scene) {
      await scene.publisher?.drop();
    },
  },
  {
    name: 'rewritten by a hook',
    isFromClient: true,
    prepare: (scene) => subscribed(scene, '#'),
    deliver: (scene) => published(scene, `raw/${scene.topic}`),
  },
  {
    name: 'by a topic alias',
    isFromClient: true,
    async prepare(scene) {
      await subscribed(scene, '#');
      const publisher = await scene.publish();
      const properties = { topicAlias: 1 };
      await publisher?.publish(scene.topic, 'm', { qos: 1, properties });
    },
    async deliver(scene) {
      await scene.publisher?.publish('', 'm', { qos: 1, properties: { topicAlias: 1 } });
    },
  },
  {
    name: 'from the application',
    isFromClient: false,
    prepare: (scene) => subscribed(scene, '#'),
    deliver: (scene) => scene.world.publish(scene.topic, 'm', { qos: 1 }),
  },
  {
    name: 'to one client, without a subscription',
    isFromClient: false,
    async prepare(scene) {
      await scene.receive();
    },
    async deliver(scene) {
      const message = { topic: scene.topic, payload: 'm', qos: 1 } as const;
      await scene.settled(scene.world.broker.publishTo('c1', message));
    },
  },
];
