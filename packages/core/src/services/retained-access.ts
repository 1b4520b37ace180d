import {
  BrokerError,
  type Message,
  type OutgoingMessage,
  type RetainedService,
} from '@sluice/plugin';
import { nextTurn } from '../base/next-turn.ts';
import { asBuffer } from '../base/own-bytes.ts';
import { whenCommitted } from '../commits/when-committed.ts';
import type { Parts } from '../connection/parts.ts';
import { readOutgoing } from './outgoing-message.ts';
import type { Serving } from './serving.ts';
import { checkTopicFilter } from './wanted-subscription.ts';

const topicsPerTurn = 100;
const stepsPerCall = 1_000;

/** The retained messages, for plug-ins and the application. */
export class RetainedAccess implements RetainedService {
  readonly #parts: Parts;
  readonly #serving: Serving;

  constructor(parts: Parts, serving: Serving) {
    this.#parts = parts;
    this.#serving = serving;
  }

  get(topic: string): Message | undefined {
    this.#serving.check();
    return this.#find(topic);
  }

  async set(outgoing: Omit<OutgoingMessage, 'retain'>): Promise<void> {
    this.#serving.checkStore();
    const { context, publishing, retained } = this.#parts;
    const message = readOutgoing({ ...outgoing, retain: true }, publishing);
    context.commits.cut();
    if (!retained.publish(message)) {
      throw new BrokerError(
        'SLUICE_RETAINED_FULL',
        `There is no room for a retained message on ${JSON.stringify(message.topic)}: ${retained.fullFor(message.topic)} is reached.`,
      );
    }
    await whenCommitted(context.commits);
  }

  async clear(filter: string): Promise<number> {
    this.#serving.checkStore();
    checkTopicFilter(filter);
    const { context, retained } = this.#parts;
    const { commits, numbers } = context;
    const before = numbers.nextMessage;
    let cleared = 0;
    for await (const topic of this.#topics(filter)) {
      const message = retained.get(topic);
      // One that is newer was set by somebody who wants it there.
      if (message === undefined || message.number >= before) continue;
      commits.cut();
      retained.delete(topic);
      cleared++;
      if (commits.congested) await whenCommitted(commits);
    }
    await whenCommitted(commits);
    return cleared;
  }

  iterate(filter = '#'): AsyncIterable<Message> {
    this.#serving.check();
    checkTopicFilter(filter);
    return { [Symbol.asyncIterator]: () => this.#walk(filter) };
  }

  async *#walk(filter: string): AsyncGenerator<Message, void> {
    // Topics that come and go must not keep this going for ever: the store never holds more.
    let left = this.#parts.context.limits.maxRetainedMessages;
    for await (const topic of this.#topics(filter)) {
      if (left-- === 0) return;
      const message = this.#find(topic);
      if (message !== undefined) yield message;
    }
  }

  /** Topics that match and had a message when their turn came, or a moment before. */
  async *#topics(filter: string): AsyncGenerator<string, void> {
    const { context, retained } = this.#parts;
    const cursor = retained.walk(filter, Infinity);
    let left = topicsPerTurn;
    while (!cursor.done) {
      this.#serving.check();
      const topic = cursor.nextTopic(stepsPerCall);
      if (topic !== undefined) {
        yield topic;
        if (--left > 0) continue;
      }
      if (cursor.done) return;
      await nextTurn(context.environment);
      left = topicsPerTurn;
    }
  }

  #find(topic: string): Message | undefined {
    const { context, retained } = this.#parts;
    const message = retained.get(topic);
    if (message === undefined || message.expiresAt <= context.environment.now()) return undefined;
    return { ...message, payload: asBuffer(message.payload) };
  }
}
