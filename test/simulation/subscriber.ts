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
  readonly filters: readonly string[];
  readonly interests: readonly Interest[];
  /** What the hooks decide, by filter. */
  readonly fates: ReadonlyMap<string, HookFate | undefined>;
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
    this.#world.plugin.forgiveFailures(this.#owner.name);
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
    const filters = plans.map(({ filter }) => filter);
    const fates = this.#decide(filters, hook);
    for (const [filter, fate] of fates) this.#world.plugin.rule(name, filter, fate);
    this.#subscribing.set(packetId, { filters, interests: wanted, fates });
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
    const { filters = [], interests = [], fates } = this.#subscribing.get(packetId) ?? {};
    for (const [index, interest] of interests.entries()) {
      const fate = fates?.get(filters[index] ?? '');
      // 3.1 has no word for a refusal.
      const isRefused = this.#owner.version === 3 && fate !== undefined && fate !== 'late';
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

  /** A filter that was asked for already, without an answer, keeps its fate: the hook may be asked for both with the same. */
  #decide(
    filters: readonly string[],
    hook: HookFate | undefined,
  ): ReadonlyMap<string, HookFate | undefined> {
    const fates = new Map(filters.map((filter) => [filter, hook]));
    for (const earlier of this.#subscribing.values()) {
      for (const [filter, fate] of earlier.fates) if (fates.has(filter)) fates.set(filter, fate);
    }
    return fates;
  }
}
