import {
  type AcknowledgementPacket,
  type Packet,
  PacketType,
  type PublishPacket,
} from '@sluice/packet';
import { checkLeft, take } from './checks/delivery.ts';
import { InFlight } from './checks/flow.ts';
import type { Epoch } from './epoch.ts';
import type { ClientPlan } from './plan.ts';
import { readPayload } from './publication.ts';
import { acknowledgement } from './sender.ts';
import type { World } from './world.ts';

/** What the receiver needs of its client. */
export interface ReceiverOwner {
  readonly name: string;
  readonly number: number;
  readonly plan: ClientPlan;
  readonly epoch: Epoch;
  /** Longest time that it thinks about an acknowledgement. */
  readonly ackDelayMs: number;
  send(packet: Packet): void;
}

/** The receiving half of a client: acknowledges in order, after a while, and takes each QoS 2 message once. */
export class Receiver {
  readonly #owner: ReceiverOwner;
  readonly #world: World;
  /** QoS 2 packet identifiers that wait for PUBREL, with the message that they brought. */
  readonly #held: Map<number, number> = new Map();
  readonly #doubtful: Set<number> = new Set();
  #inFlight: InFlight;
  /** Answers that are thought about; another list for each connection. */
  #answers: Packet[] = [];
  #heldUntil = 0;

  constructor(owner: ReceiverOwner, world: World) {
    this.#owner = owner;
    this.#world = world;
    this.#inFlight = new InFlight(owner, world);
  }

  /** Answers that it has not sent. */
  get pending(): number {
    return this.#answers.length;
  }

  /** Whether it has sent PUBREC and waits for PUBREL. */
  get holdsQos2(): boolean {
    return this.#held.size > 0;
  }

  /** A new connection. */
  begin(): void {
    if (this.#inFlight.size > 0)
      this.#world.history.reach('connection lost with messages in flight');
    if (this.holdsQos2) this.#world.history.reach('connection lost between PUBREC and PUBREL');
    this.#answers = [];
    this.#inFlight = new InFlight(this.#owner, this.#world);
  }

  /** A new session. */
  forget(): void {
    this.#held.clear();
    this.#doubtful.clear();
  }

  /** The session may be another one: what it holds may mean nothing any more. */
  doubt(): void {
    for (const packetId of this.#held.keys()) this.#doubtful.add(packetId);
  }

  /** Answers nothing until then. */
  hold(until: number): void {
    this.#heldUntil = until;
  }

  onLeft(packet: Packet): void {
    if (packet.type !== PacketType.publish) return;
    this.#inFlight.sent(packet);
    checkLeft(this.#world, this.#owner, packet, this.#inFlight.resolve(packet));
  }

  onArrived(packet: PublishPacket | AcknowledgementPacket): void {
    const { packetId } = packet;
    if (packet.type !== PacketType.publish) {
      this.#held.delete(packetId);
      this.#answer(acknowledgement(PacketType.pubcomp, packetId));
    } else if (packet.qos === 2) {
      const { id } = readPayload(packet.payload);
      const before = this.#held.get(packetId);
      if (before === undefined || (before !== id && this.#doubtful.delete(packetId))) {
        this.#held.set(packetId, id);
        take(this.#world, this.#owner, packet);
      } else if (before !== id) {
        const text = `${this.#owner.name} got ${id} under id ${packetId}, which still holds ${before}`;
        this.#world.history.violate('packet id in use', text);
      }
      this.#answer(acknowledgement(PacketType.pubrec, packetId));
    } else {
      take(this.#world, this.#owner, packet);
      if (packet.qos === 1) this.#answer(acknowledgement(PacketType.puback, packetId));
    }
  }

  #answer(packet: Packet): void {
    const answers = this.#answers;
    answers.push(packet);
    if (answers.length === 1) this.#think(answers);
  }

  #think(answers: Packet[]): void {
    const { timeline, dice } = this.#world;
    const { ackDelayMs } = this.#owner;
    const heldMs = Math.max(0, this.#heldUntil - timeline.now);
    const delayMs = Math.max(heldMs, ackDelayMs === 0 ? 0 : dice.below(ackDelayMs));
    if (delayMs === 0) this.#send(answers);
    else timeline.after(delayMs, () => this.#send(answers));
  }

  #send(answers: Packet[]): void {
    const packet = answers.shift();
    if (packet === undefined || answers !== this.#answers) return;
    this.#inFlight.answered(packet as AcknowledgementPacket);
    this.#owner.send(packet);
    if (answers.length > 0) this.#think(answers);
  }
}
