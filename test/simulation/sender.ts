import { isFailure, type Packet, PacketType, type PublishPacket } from '@sluice/packet';
import type { Publication } from './publication.ts';
import type { World } from './world.ts';

/** A QoS 1 or 2 message that the client has not finished. */
interface Outgoing {
  readonly publication: Publication;
  readonly packetId: number;
  isReleased: boolean;
}

/** What the sender needs of its client. */
export interface SenderOwner {
  readonly name: string;
  readonly version: 3 | 4 | 5;
  /** Whether packets may be sent. */
  readonly isConnected: boolean;
  nextPacketId(): number;
  send(packet: Packet): void;
}

const unknownQuota = 10;

/** The publishing half of a client that keeps the rules of the standard. */
export class Sender {
  readonly #owner: SenderOwner;
  readonly #world: World;
  readonly #waiting: { readonly publication: Publication; readonly usesAlias: boolean }[] = [];
  readonly #outgoing: Map<number, Outgoing> = new Map();
  /** Aliases of this connection. */
  readonly #aliases: Map<string, number> = new Map();
  #aliasMaximum = 0;
  #quota = unknownQuota;

  constructor(owner: SenderOwner, world: World) {
    this.#owner = owner;
    this.#world = world;
  }

  /** Messages that the broker has not acknowledged, or that were not sent yet. */
  get pending(): number {
    return this.#waiting.length + this.#outgoing.size;
  }

  publish(publication: Publication, usesAlias: boolean): void {
    if (publication.qos === 0 && !this.#owner.isConnected) return;
    this.#waiting.push({ publication, usesAlias });
    this.#pump();
  }

  /** The lowest identifier that is free: one that is used again soon finds more. */
  nextPacketId(isTaken: (packetId: number) => boolean = () => false): number {
    let packetId = 1;
    while (this.#outgoing.has(packetId) || isTaken(packetId)) packetId++;
    return packetId;
  }

  /** A new connection; nothing is known of its terms yet. */
  begin(): void {
    this.#aliases.clear();
    this.#aliasMaximum = 0;
    this.#quota = unknownQuota;
  }

  /** CONNACK came: sends again what is not acknowledged, in order, and then what waits. */
  resume(quota: number | undefined, aliasMaximum: number): void {
    this.#quota = Math.min(quota ?? unknownQuota, unknownQuota);
    this.#aliasMaximum = aliasMaximum;
    for (const { publication, packetId, isReleased } of this.#outgoing.values()) {
      if (isReleased) {
        this.#world.history.reach('PUBREL sent again');
        this.#owner.send(acknowledgement(PacketType.pubrel, packetId));
      } else {
        this.#world.history.reach('PUBLISH sent again');
        this.#send(publication, packetId, false, true);
      }
    }
    this.#pump();
  }

  /** The session is gone: what was in flight is given up. */
  forget(): void {
    this.doubt();
    this.#outgoing.clear();
  }

  /** The session may be another one: what is in flight may be taken for something new. */
  doubt(): void {
    for (const { publication } of this.#outgoing.values()) publication.mayRepeat = true;
  }

  /** The broker has written PUBACK or PUBREC: its promise. */
  onLeft(packetId: number, reasonCode: number): void {
    const publication = this.#outgoing.get(packetId)?.publication;
    if (publication === undefined) return;
    const { now } = this.#world;
    publication.routedBy = Math.min(publication.routedBy, now);
    if (isFailure(reasonCode)) {
      if (publication.isAllowed) {
        this.#world.history.violate('accepted', `${publication.id} is refused with ${reasonCode}`);
      }
      return;
    }
    if (publication.durability === 'none') this.#world.acceptLater(publication);
    else publication.acceptedAt = Math.min(publication.acceptedAt, now);
  }

  onAcknowledged(type: PacketType, packetId: number, reasonCode: number): void {
    const outgoing = this.#outgoing.get(packetId);
    if (outgoing === undefined) {
      // The PUBREC of a message that was acknowledged before the connection was lost.
      if (type === PacketType.pubrec)
        this.#owner.send(acknowledgement(PacketType.pubrel, packetId));
      return;
    }
    const { qos } = outgoing.publication;
    if (type === PacketType.pubrec && qos === 2 && !isFailure(reasonCode)) {
      outgoing.isReleased = true;
      this.#owner.send(acknowledgement(PacketType.pubrel, packetId));
    } else if (type === PacketType.puback && qos !== 1) {
      this.#world.history.violate(
        'handshake',
        `PUBACK for QoS 2 message ${outgoing.publication.id}`,
      );
    } else if (type !== PacketType.pubrec || isFailure(reasonCode)) {
      this.#outgoing.delete(packetId);
      this.#pump();
    }
  }

  #pump(): void {
    while (this.#owner.isConnected) {
      const next = this.#waiting[0];
      if (next === undefined) return;
      const { publication, usesAlias } = next;
      if (publication.qos > 0 && this.#outgoing.size >= this.#quota) return;
      this.#waiting.shift();
      const packetId = publication.qos === 0 ? 0 : this.#owner.nextPacketId();
      if (packetId !== 0) {
        this.#outgoing.set(packetId, { publication, packetId, isReleased: false });
      }
      this.#send(publication, packetId, usesAlias, false);
    }
  }

  #send(publication: Publication, packetId: number, usesAlias: boolean, dup: boolean): void {
    const { topic, qos, retain, payload, expirySeconds } = publication;
    const known = this.#aliases.get(topic);
    const isNew = usesAlias && known === undefined && this.#aliases.size < this.#aliasMaximum;
    if (isNew) this.#aliases.set(topic, this.#aliases.size + 1);
    const alias = known ?? (isNew ? this.#aliases.size : undefined);
    const packet: PublishPacket = {
      type: PacketType.publish,
      qos,
      retain,
      dup,
      topic: known !== undefined && usesAlias ? '' : topic,
      packetId,
      payload,
      properties: {
        ...(alias !== undefined && { topicAlias: alias }),
        ...(expirySeconds !== undefined && { messageExpiryInterval: expirySeconds }),
      },
    };
    publication.sentAt = Math.min(publication.sentAt, this.#world.now);
    publication.sends++;
    // A repetition is routed again, unless the broker holds its identifier.
    publication.routedBy = Infinity;
    this.#owner.send(packet);
  }
}

export function acknowledgement(
  type:
    | typeof PacketType.puback
    | typeof PacketType.pubrec
    | typeof PacketType.pubrel
    | typeof PacketType.pubcomp,
  packetId: number,
): Packet {
  return { type, packetId, reasonCode: 0, properties: {} };
}
