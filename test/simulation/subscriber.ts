import { type Packet, PacketType, type ProtocolVersion } from '@sluice/packet';
import type { Epoch, Interest } from './epoch.ts';
import type { HookFate, SubscriptionPlan } from './plan.ts';
import type { World } from './world.ts';

/** What the subscriber needs of its client. */
export interface SubscriberOwner {
  readonly name: string;
  readonly version: ProtocolVersion;
  readonly epoch: Epoch;
  nextPacketId(): number;
  send(packet: Packet): void;
}

interface Request {
  readonly interests: readonly Interest[];
  readonly hook: HookFate | undefined;
}

/** The subscribing half of a client: keeps what it asked for and what it was told. */
export class Subscriber {
  readonly #owner: SubscriberOwner;
  readonly #world: World;
  #subscribing: Map<number, Request> = new Map();
  #unsubscribing: Map<number, readonly Interest[]> = new Map();

  constructor(owner: SubscriberOwner, world: World) {
    this.#owner = owner;
    this.#world = world;
  }

  /** Requests without an answer. */
  get pending(): number {
    return this.#subscribing.size + this.#unsubscribing.size;
  }

  has(packetId: number): boolean {
    return this.#subscribing.has(packetId) || this.#unsubscribing.has(packetId);
  }

  /** A new connection: what was asked on another one is not answered any more. */
  begin(): void {
    this.#subscribing = new Map();
    this.#unsubscribing = new Map();
  }

  subscribe(
    plans: readonly SubscriptionPlan[],
    identifier: number | undefined,
    hook: HookFate | undefined,
  ): void {
    const { epoch, name } = this.#owner;
    const packetId = this.#owner.nextPacketId();
    const wanted = plans.map((plan) => epoch.subscribing(plan, identifier, this.#world.now));
    for (const { filter } of plans) this.#world.plugin.rule(name, filter, hook);
    this.#subscribing.set(packetId, { interests: wanted, hook });
    this.#owner.send({
      type: PacketType.subscribe,
      packetId,
      properties: identifier === undefined ? {} : { subscriptionIdentifier: identifier },
      subscriptions: plans,
    });
  }

  unsubscribe(filters: readonly string[]): void {
    const { epoch } = this.#owner;
    const packetId = this.#owner.nextPacketId();
    const { now } = this.#world;
    const given = filters.flatMap((filter) => epoch.unsubscribing(filter, now));
    this.#unsubscribing.set(packetId, given);
    this.#owner.send({ type: PacketType.unsubscribe, packetId, properties: {}, filters });
  }

  /** SUBACK or UNSUBACK left. */
  onLeft(packetId: number, codes: readonly number[]): void {
    const { now } = this.#world;
    const { interests = [], hook } = this.#subscribing.get(packetId) ?? {};
    // 3.1 has no word for a refusal.
    const isRefused = this.#owner.version === 3 && hook !== undefined && hook !== 'late';
    for (const [index, interest] of interests.entries()) {
      const code = isRefused ? 0x80 : (codes[index] ?? 0x80);
      this.#owner.epoch.subscribed(interest, code, now);
    }
    for (const interest of this.#unsubscribing.get(packetId) ?? []) {
      interest.to = Math.min(interest.to, now);
    }
  }

  onArrived(packetId: number): void {
    this.#subscribing.delete(packetId);
    this.#unsubscribing.delete(packetId);
  }
}
