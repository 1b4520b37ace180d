import { type AcknowledgementPacket, PacketType, type PublishPacket } from '@sluice/packet';
import type { ClientPlan } from '../plan.ts';
import type { World } from '../world.ts';

const defaultReceiveMaximum = 65_535;

/** Flow control towards one client on one connection: Receive Maximum, packet identifiers, topic aliases. */
export class InFlight {
  readonly #owner: { readonly name: string; readonly plan: ClientPlan };
  readonly #world: World;
  /** Packet identifiers that the broker has used and the client has not given back. */
  readonly #used: Set<number> = new Set();
  readonly #aliases: Map<number, string> = new Map();

  constructor(owner: { readonly name: string; readonly plan: ClientPlan }, world: World) {
    this.#owner = owner;
    this.#world = world;
  }

  get size(): number {
    return this.#used.size;
  }

  /** The broker has written a PUBLISH. */
  sent({ qos, packetId }: PublishPacket): void {
    if (qos === 0) return;
    const { history, plan } = this.#world;
    const { name } = this.#owner;
    if (packetId === 0 || this.#used.has(packetId)) {
      history.violate('packet id in use', `${name} gets id ${packetId}, which is in flight`);
    }
    this.#used.add(packetId);
    const maximum = this.#owner.plan.receiveMaximum ?? defaultReceiveMaximum;
    if (this.#used.size > maximum) {
      history.violate('Receive Maximum', `${name} gets ${this.#used.size}, and takes ${maximum}`);
    }
    if (this.#used.size === maximum) history.reach('Receive Maximum reached');
    if (this.#used.size === plan.limits.maxInflightMessages) {
      history.reach('maxInflightMessages reached');
    }
  }

  /** The client has sent an answer. */
  answered({ type, packetId }: AcknowledgementPacket): void {
    if (type === PacketType.puback || type === PacketType.pubcomp) this.#used.delete(packetId);
  }

  /** The topic of a PUBLISH, also where only an alias says it. */
  resolve({ topic, properties }: PublishPacket): string {
    const alias = properties.topicAlias;
    if (alias === undefined) return topic;
    const { history } = this.#world;
    const { name, plan } = this.#owner;
    if (alias === 0 || alias > plan.topicAliasMaximum) {
      history.violate('topic alias', `${name} gets ${alias}, and takes ${plan.topicAliasMaximum}`);
    }
    if (topic !== '') this.#aliases.set(alias, topic);
    const resolved = this.#aliases.get(alias);
    if (resolved === undefined) history.violate('topic alias', `${name} does not know ${alias}`);
    if (topic === '') history.reach('topic alias used by the broker');
    return resolved ?? '';
  }
}
