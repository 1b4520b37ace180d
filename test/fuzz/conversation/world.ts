import { createMatcher } from '@sluice/matcher';
import { encodePacket, PacketType } from '@sluice/packet';
import type { Matcher, Plugin } from '@sluice/plugin';
import { type Broker, createBroker } from '../../../packages/core/src/index.ts';
import {
  connectPacket,
  publishPacket,
  subscribePacket,
  subscription,
} from '../../../packages/core/test/support/packets.ts';
import { VirtualEnvironment } from '../../../packages/core/test/support/virtual-environment.ts';
import { Finding } from '../engine/target.ts';
import { PeerConnection } from './connection.ts';
import type { Conversation, Peer, Step } from './step.ts';
import { nothingStored, WatchedStore } from './watched-store.ts';

/** Low, so that a dozen packets come to them. */
const limits = {
  maxConnectPacketBytes: 1_024,
  maxPacketBytes: 1_024,
  maxSessionExpirySeconds: 60,
  maxQueuedMessages: 4,
  maxInflightMessages: 3,
  receiveMaximum: 3,
  windowMessages: 2,
  maxRetainedMessages: 3,
  maxSubscriptionsPerSession: 4,
  maxUserProperties: 2,
  topicAliasMaximum: 3,
  maxPacketsPerTurn: 2,
} as const;

/** The broker looks at its memory soon after something came in, and then no more. */
const restMs = 1_000;
/** Longer than any session, delay or stalled stream lasts. */
const oblivionMs = 100_000;
const connectTimeoutMs = 10_000;
const canaryTopic = 'canary in the mine';
const ticksPerRound = 6;
const maxRounds = 10_000;

const tick = (): Promise<void> => new Promise((resolve) => void process.nextTick(resolve));

interface Insides {
  readonly environment: VirtualEnvironment;
  readonly matchers: readonly Matcher<unknown>[];
  readonly store: WatchedStore;
}

/** A broker, the clients of a conversation, and two canaries. */
export class ConversationWorld {
  readonly #environment: VirtualEnvironment;
  readonly #matchers: readonly Matcher<unknown>[];
  readonly #store: WatchedStore;
  readonly #connections: PeerConnection[] = [];
  readonly #current: Map<Peer, PeerConnection> = new Map();
  readonly #broker: Broker;
  readonly #publisher: PeerConnection;
  readonly #subscriber: PeerConnection;
  #error: unknown;
  #songs = 0;

  private constructor(broker: Broker, { environment, matchers, store }: Insides) {
    this.#environment = environment;
    this.#matchers = matchers;
    this.#store = store;
    this.#broker = broker;
    broker.on('error', (error) => {
      this.#error ??= new Finding('broker error', String(error.stack ?? error.message));
    });
    this.#publisher = this.#open();
    this.#subscriber = this.#open();
  }

  static async start(): Promise<ConversationWorld> {
    const environment = new VirtualEnvironment();
    const matchers: Matcher<unknown>[] = [];
    const store = new WatchedStore();
    const insides: Plugin = {
      name: 'insides',
      setup: (context) => {
        context.provide('persistence', store);
        context.provide('matcher', <Value>() => {
          const matcher = createMatcher<Value>();
          matchers.push(matcher as Matcher<unknown>);
          return matcher;
        });
      },
    };
    const broker = await createBroker({ environment, limits, plugins: [insides] });
    return new ConversationWorld(broker, { environment, matchers, store });
  }

  /** Plays a conversation; throws a finding when the broker does what it must not. */
  async play(conversation: Conversation): Promise<void> {
    this.#connectCanaries();
    await this.#pass(restMs);
    const before = this.#tables();
    for (const step of conversation) {
      const doing = this.#do(step);
      if (doing !== undefined) await doing;
    }
    for (const { stream } of this.#connections) stream.unstall();
    await this.#pass(connectTimeoutMs);
    for (const connection of this.#connections) connection.checkAnswers();
    await this.#sing();
    for (const { stream } of this.#connections) {
      if (stream !== this.#publisher.stream && stream !== this.#subscriber.stream) stream.destroy();
    }
    for (let times = 0; times < 3; times++) await this.#pass(oblivionMs);
    for (const topic of this.#store.retainedTopics) {
      void this.#broker.publish({ topic, payload: '', retain: true });
    }
    await this.#pass(restMs);
    this.#compare(before, this.#tables());
    await this.#sing();
    await this.close();
    this.#compare({ timers: 0 }, { timers: this.#environment.timers });
    this.#compare(nothingStored, await this.#store.sizes());
  }

  async close(): Promise<void> {
    for (const { stream } of this.#connections) stream.destroy();
    const closing = this.#broker.close();
    await this.#pass(10_000);
    await closing;
  }

  /** Something was thrown that nobody caught. */
  fail(error: unknown): void {
    this.#error ??= error;
  }

  #do(step: Step): void | Promise<void> {
    if (step.do === 'pass') return this.#pass(step.ms);
    const connection = this.#current.get(step.peer);
    switch (step.do) {
      case 'open':
        this.#current.set(step.peer, this.#open());
        return;
      case 'send':
        connection?.send(step.bytes);
        return;
      case 'stall':
        connection?.stream.stall();
        return;
      case 'take':
        connection?.stream.unstall();
        return;
      case 'end':
        if (connection?.isOpen) connection.stream.push(null);
        return;
      case 'reset':
        connection?.stream.destroy(new Error('connection reset'));
        return;
      default:
        step satisfies never;
    }
  }

  #open(): PeerConnection {
    const connection = new PeerConnection(limits.maxPacketBytes);
    this.#connections.push(connection);
    this.#broker.handle(connection.stream);
    return connection;
  }

  /** Lets everything happen that needs no time, then time pass, then again everything. */
  async #pass(ms: number): Promise<void> {
    await this.#settle();
    if (ms === 0) return;
    this.#environment.advance(ms);
    await this.#settle();
  }

  async #settle(): Promise<void> {
    for (let rounds = 0; ; rounds++) {
      if (rounds > maxRounds) throw new Finding('endless', 'a turn goes on for ever');
      this.#environment.runDeferred();
      for (let count = 0; count < ticksPerRound; count++) await tick();
      if (this.#error !== undefined) throw this.#error;
      if (this.#environment.deferred === 0) return;
    }
  }

  #connectCanaries(): void {
    const filter = subscription(canaryTopic, { qos: 0 });
    for (const [connection, clientId] of [
      [this.#publisher, 'the canary that sings'],
      [this.#subscriber, 'the canary that listens'],
    ] as const) {
      connection.send(encodePacket(connectPacket(5, { clientId }), 5));
    }
    this.#subscriber.send(encodePacket(subscribePacket(1, [filter]), 5));
  }

  /** The others are served as if nothing was. */
  async #sing(): Promise<void> {
    const song = String(++this.#songs);
    this.#publisher.send(
      encodePacket(publishPacket(canaryTopic, song, { qos: 1, packetId: this.#songs }), 5),
    );
    await this.#settle();
    this.#publisher.checkAnswers();
    const heard = this.#subscriber.received.filter(({ type }) => type === PacketType.publish);
    const last = heard.at(-1);
    const payload = last !== undefined && 'payload' in last ? String(last.payload) : 'nothing';
    if (heard.length !== this.#songs || payload !== song) {
      throw new Finding(
        'canary',
        `${heard.length} of ${this.#songs} messages, the last ${payload}`,
      );
    }
  }

  #tables(): Record<string, number> {
    const { stats } = this.#broker;
    const { connections, clients, sessions, subscriptions, retainedMessages, retainedBytes } =
      stats;
    return {
      ...{ connections, clients, sessions, subscriptions, retainedMessages, retainedBytes },
      timers: this.#environment.timers,
      filters: this.#matchers.reduce((sum, { size }) => sum + size, 0),
    };
  }

  #compare(before: Record<string, number>, after: Record<string, number>): void {
    const left = Object.keys(before).filter((name) => before[name] !== after[name]);
    if (left.length === 0) return;
    const text = left.map((name) => `${after[name]} ${name}, not ${before[name]}`).join(', ');
    throw new Finding('leak', text);
  }
}
