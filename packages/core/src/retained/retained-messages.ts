import { hasWildcard } from '@sluice/packet';
import type { Durability, Message } from '@sluice/plugin';
import type { Context } from '../context/context.ts';
import type { RoutedMessage } from '../messages/routed-message.ts';
import { Retained } from './retained.ts';
import type { RetainedCursor } from './retained-cursor.ts';
import { RetainedExpiry } from './retained-expiry.ts';

/** The retained messages of a broker (section 3.3.1.3): in memory to be found, in commits to be kept. */
export class RetainedMessages {
  readonly #context: Context;
  readonly #store: Retained;
  readonly #expiry: RetainedExpiry;
  /** Topics whose message was never committed. */
  readonly #transient: Set<string> = new Set();

  constructor(context: Context) {
    this.#context = context;
    this.#store = new Retained(context.limits);
    this.#expiry = new RetainedExpiry(context, (topic) => this.#expired(topic));
  }

  get size(): number {
    return this.#store.size;
  }

  get bytes(): number {
    return this.#store.bytes;
  }

  get(topic: string): Message | undefined {
    return this.#store.get(topic);
  }

  /** Obeys the RETAIN flag of a message that has it; false when the store is full. */
  publish(message: RoutedMessage): boolean {
    if (message.payload.length === 0) {
      this.delete(message.topic, message.durability); // [MQTT-3.3.1-6]
      return true;
    }
    if (message.expiresAt <= message.receivedAt) {
      // Over as soon as it is there, but in the place of the one before it [MQTT-3.3.1-5].
      this.delete(message.topic, message.durability);
      return true;
    }
    if (!this.#store.set(message.own())) return false;
    this.#count();
    this.#transient.delete(message.topic);
    this.#context.commits.add({ type: 'retain', message }, message.bytes, message.durability);
    this.#expiry.set(message.topic, message.expiresAt);
    return true;
  }

  /** As `publish`, but in memory only: what the store has of the topic is forgotten. */
  publishTransient(message: RoutedMessage): boolean {
    const { topic } = message;
    if (message.payload.length === 0 || message.expiresAt <= message.receivedAt) {
      this.delete(topic);
      return true;
    }
    const isStored = this.#store.get(topic) !== undefined && !this.#transient.has(topic);
    if (!this.#store.set(message.own())) return false;
    this.#count();
    this.#transient.add(topic);
    if (isStored) this.#context.commits.add({ type: 'clearRetained', topic });
    this.#expiry.set(message.topic, message.expiresAt);
    return true;
  }

  /** Name of the limit that keeps a message out. */
  fullFor(topic: string): 'maxRetainedMessages' | 'maxRetainedBytes' {
    const { maxRetainedMessages } = this.#context.limits;
    const isNew = this.#store.get(topic) === undefined;
    return isNew && this.size >= maxRetainedMessages ? 'maxRetainedMessages' : 'maxRetainedBytes';
  }

  /** Puts back what was committed before a restart, whatever the limits are now. */
  restore(message: RoutedMessage): void {
    this.#store.restore(message);
    this.#count();
    // A clock that was set back must not make it stay for longer than it was to.
    const { topic, expiresAt, receivedAt } = message;
    const latest = this.#context.environment.now() + (expiresAt - receivedAt);
    this.#expiry.set(topic, Math.min(expiresAt, latest));
  }

  /** Messages older than `before` on topics that a filter matches. */
  walk(filter: string, before: number): RetainedCursor {
    return this.#store.walk(filter, before);
  }

  /** As `walk`; undefined where it is clear at once that there are none, as for most subscriptions. */
  find(filter: string, before: number): RetainedCursor | undefined {
    if (this.size === 0) return undefined;
    if (!hasWildcard(filter) && !this.#store.has(filter)) return undefined;
    return this.walk(filter, before);
  }

  #expired(topic: string): void {
    const message = this.#store.get(topic);
    if (message === undefined) return;
    this.delete(topic);
    this.#context.hooks.expired?.({ clientId: undefined, message });
  }

  /** Forgets the message of a topic, if it has one. */
  delete(topic: string, durability?: Durability): void {
    if (this.#store.delete(topic) === undefined) return;
    this.#expiry.clear(topic);
    this.#count();
    if (this.#transient.delete(topic)) return;
    this.#context.commits.add({ type: 'clearRetained', topic }, 0, durability);
  }

  #count(): void {
    const { stats } = this.#context;
    stats.retainedMessages = this.size;
    stats.retainedBytes = this.bytes;
  }
}
