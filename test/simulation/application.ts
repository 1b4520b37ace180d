import type { Broker } from '@sluice/core';
import { Epoch, mayWant } from './epoch.ts';
import type { MessagePlan } from './plan.ts';
import { readPayload } from './publication.ts';
import type { World } from './world.ts';

/** The process that the broker is embedded in: publishes and subscribes without a connection. */
export class Application {
  readonly #world: World;
  #pending = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** A broker has started: the promises of the last one do not count any more. */
  begin(): void {
    this.#pending = 0;
  }

  /** Promises of `publish` that have not settled. */
  get pending(): number {
    return this.#pending;
  }

  publish(broker: Broker, messages: readonly MessagePlan[]): void {
    const world = this.#world;
    for (const { usesAlias: _, ...fields } of messages) {
      const publication = world.ledger.add({ publisher: 'application', ...fields });
      const { topic, qos, retain, payload, expirySeconds } = publication;
      const properties =
        expirySeconds === undefined ? {} : { messageExpiryInterval: expirySeconds };
      publication.sentAt = world.now;
      publication.sends = 1;
      this.#pending++;
      world.history.trace(() => `application publishes ${publication.id} to ${topic} QoS ${qos}`);
      world.touch();
      broker.publish({ topic, payload, qos, retain, properties }).then(
        () => {
          if (world.broker !== broker) return;
          this.#pending--;
          publication.routedBy = world.now;
          if (publication.durability === 'none') world.acceptLater(publication);
          else publication.acceptedAt = world.now;
        },
        (error) => {
          if (world.broker !== broker) return;
          this.#pending--;
          if (world.isClosing) return;
          if (world.isOutage && error.code === 'SLUICE_PERSISTENCE_FAILED') {
            world.history.reach('the application is refused while too much waits for the disk');
          } else world.history.violate('publish', `the application is refused: ${error}`);
        },
      );
    }
  }

  /** Listens for a while, at most as long as the broker lives. */
  listen(broker: Broker, filter: string, forMs: number): void {
    const world = this.#world;
    const epoch = new Epoch(0, '', world.now);
    const options = { noLocal: false, retainAsPublished: true, retainHandling: 0 } as const;
    const interest = epoch.subscribing({ filter, qos: 2, ...options }, undefined, world.now);
    const subscription = broker.subscribe(filter, ({ payload, retain, topic }) => {
      const publication = world.ledger.find(readPayload(payload).id);
      if (publication === undefined || world.broker !== broker) return;
      world.history.trace(() => `application gets ${publication.id} on ${topic}`);
      world.history.reach('message for the application');
      if (!publication.isAllowed) {
        world.history.violate('fail closed', `the application gets ${publication.id}`);
      }
      if (retain) return;
      const { counts } = epoch.receipt(publication);
      counts[0]++;
      if (counts[0] > Math.max(1, publication.sends) && !publication.mayRepeat) {
        world.history.violate(
          'repeated',
          `the application gets ${publication.id} ${counts[0]} times`,
        );
      }
      if (!mayWant(interest, publication)) {
        world.history.violate('not subscribed', `the application gets ${publication.id}`);
      }
    });
    world.timeline.after(forMs, () => {
      if (world.broker !== broker) return;
      subscription.close();
      interest.to = world.now;
    });
  }
}
