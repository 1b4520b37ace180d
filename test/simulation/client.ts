import { type ConnackPacket, encodePacket, type Packet, PacketType } from '@sluice/packet';
import { type Attempt, isSendingAway } from './attempt.ts';
import { checkSentAway } from './checks/sent-away.ts';
import { ClientWills } from './client-wills.ts';
import { connectPacket } from './connect-packet.ts';
import { describePacket } from './describe.ts';
import { Dice, seedOf } from './dice.ts';
import { Epoch } from './epoch.ts';
import { noticeArrived, noticeLeft } from './notice.ts';
import type { ClientPlan, CutKind, HookFate } from './plan.ts';
import { Receiver } from './receiver.ts';
import { Sender } from './sender.ts';
import { SessionExpectation } from './session-expectation.ts';
import { Subscriber } from './subscriber.ts';
import type { Moment } from './timeline.ts';
import type { WillWatch } from './will-watch.ts';
import { Wire, type WireOwner } from './wire.ts';
import type { World } from './world.ts';

/** A client that keeps the rules of the standard, whatever happens to it, and comes back whenever it can. */
export class Client implements WireOwner {
  readonly name: string;
  readonly number: number;
  readonly plan: ClientPlan;
  readonly version: 3 | 4 | 5;
  readonly sender: Sender;
  readonly receiver: Receiver;
  readonly subscriber: Subscriber;
  /** All its sessions; the last one is `epoch`. */
  readonly epochs: Epoch[] = [];
  readonly #world: World;
  readonly #dice: Dice;
  readonly #wills: ClientWills;
  readonly #expectation = new SessionExpectation();
  readonly #attempts: Map<Wire, Attempt> = new Map();
  #attempt: Attempt | undefined;
  /** CONNACK came, and nothing has ended the connection since. */
  #isConnected = false;
  #wantsNewSession = false;
  #return: Moment | undefined;
  #silentUntil = 0;
  #isCalm = false;
  #isRetiring = false;
  #isGone = false;

  constructor(world: World, number: number, plan: ClientPlan) {
    this.#world = world;
    this.number = number;
    this.name = `client-${number}`;
    this.plan = plan;
    this.version = plan.version;
    this.#dice = new Dice(seedOf(world.plan.seed, 2, number));
    this.sender = new Sender(this, world);
    this.#wills = new ClientWills(world, this.name, plan);
    this.receiver = new Receiver(this, world);
    this.subscriber = new Subscriber(this, world);
    this.#beginEpoch();
  }

  get epoch(): Epoch {
    return this.epochs.at(-1) as Epoch;
  }

  get wills(): readonly WillWatch[] {
    return this.#wills.all;
  }

  get ackDelayMs(): number {
    return this.#isCalm ? 0 : this.plan.ackDelayMs;
  }

  /** Whether packets may be sent. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Whether it has nothing more to ask or to answer. */
  get isSettled(): boolean {
    const { sender, receiver, subscriber } = this;
    return this.#isConnected && sender.pending + receiver.pending + subscriber.pending === 0;
  }

  nextPacketId(): number {
    return this.sender.nextPacketId((packetId) => this.subscriber.has(packetId));
  }

  send(packet: Packet): void {
    if (packet.type !== PacketType.pingreq) this.#world.noteTraffic();
    this.#world.history.trace(() => `${this.name} -> ${describePacket(packet)}`);
    this.#attempt?.wire.send(encodePacket(packet, this.version));
  }

  /** Connects, again or for the first time. A connection that is open is forsaken: the broker has to end it. */
  connect(hook?: HookFate): void {
    const world = this.#world;
    world.timeline.cancel(this.#return);
    this.#return = undefined;
    if (this.#isGone) return;
    if (!world.isUp) {
      this.#returnLater();
      return;
    }
    this.#isConnected = false;
    const before = this.#attempt;
    this.#attempt = undefined;
    // A CONNECT that is still on its way must not arrive after the new one.
    if (before?.isAccepted === false) before.wire.cut('reset');
    const { plan } = this;
    const isClean = plan.expirySeconds === 0 || this.#wantsNewSession;
    const { now, jumpsMs } = world;
    const expected = this.#expectation.expected(isClean, now, now, jumpsMs);
    if (isClean) this.#beginEpoch();
    else if (expected !== 'present') this.#doubt();
    this.#wills.contested();
    const dice = new Dice(this.#dice.below(2 ** 31));
    const wire = new Wire(world, this, dice, plan.version, plan.maximumPacketSize ?? 268_435_460);
    const will = this.#isRetiring ? undefined : this.#wills.make();
    const attempt = {
      wire,
      sentAt: now,
      isClean,
      expected,
      will,
      isAccepted: false,
      isReleased: false,
    };
    this.#attempt = attempt;
    this.#attempts.set(wire, attempt);
    this.sender.begin();
    this.receiver.begin();
    this.subscriber.begin();
    world.open(wire, hook);
    const expirySeconds = this.#isRetiring ? 0 : plan.expirySeconds;
    this.send(connectPacket(this.name, plan, isClean, expirySeconds, will?.publication));
  }

  /** Connects again and wants a new session. */
  startClean(): void {
    this.#wantsNewSession = true;
    this.connect();
  }

  /** Sends no PINGREQ until then. */
  fallSilent(until: number): void {
    this.#silentUntil = until;
  }

  /** DISCONNECT, and away for a while. */
  leave(awayMs: number, keepsWill = false): void {
    if (!this.#isConnected) return;
    const reasonCode = keepsWill && this.version === 5 ? 4 : 0;
    if (reasonCode === 0) this.#attempt?.will?.left();
    this.send({ type: PacketType.disconnect, reasonCode, properties: {} });
    this.#isConnected = false;
    this.#isGone = this.#isRetiring;
    if (this.#isGone) return;
    this.#return = this.#world.timeline.after(awayMs, () => this.connect());
  }

  /** From now on it does all it can to come to an end: is there, answers at once, reads everything. */
  calm(): void {
    this.#isCalm = true;
    this.receiver.hold(0);
    this.#silentUntil = 0;
    this.#attempt?.wire.readOn();
    if (this.#attempt?.wire.isOpen !== true || this.#return !== undefined) this.connect();
  }

  /** Ends its session: connects clean and leaves, for ever. */
  retire(): void {
    this.#wantsNewSession = true;
    this.#isRetiring = true;
    this.connect();
  }

  /** The broker was dead until now. What happened before `durableAt` is surely stored. */
  rebooted(durableAt: number): void {
    this.#expectation.rebooted(this.#world.now, durableAt);
    this.#wills.rebooted(durableAt);
  }

  onLeft(packet: Packet, wire: Wire): void {
    if (packet.type === PacketType.disconnect) checkSentAway(this.#world, this.name, packet);
    if (wire !== this.#attempt?.wire) return;
    if (packet.type !== PacketType.pingresp) this.#world.noteTraffic();
    if (packet.type === PacketType.connack) this.#answered(packet, this.#attempt);
    else noticeLeft(this, packet);
  }

  onArrived(packet: Packet, wire: Wire): void {
    if (wire !== this.#attempt?.wire) return;
    if (packet.type !== PacketType.connack) noticeArrived(this, packet);
    else if (packet.reasonCode === 0) this.#connected(packet);
  }

  onReleased(wire: Wire): void {
    const attempt = this.#attempts.get(wire);
    if (attempt === undefined) return;
    const { now } = this.#world;
    const { endedAt = now } = wire;
    if (!attempt.isReleased) {
      attempt.isReleased = true;
      const isCutShort = this.#attempt !== attempt || isSendingAway(this.#world);
      const isRead = !isCutShort && wire.unsentBytes === 0;
      attempt.will?.released(endedAt, now, isRead);
      if (!attempt.isAccepted) this.#expectation.missed(attempt.expected);
    }
    // Another connection may have taken the session over.
    if (this.#attempt === attempt || this.#attempt?.isAccepted !== true) {
      this.#expectation.parted(endedAt, now);
    }
  }

  onClosed(wire: Wire): void {
    if (wire !== this.#attempt?.wire) return;
    this.#isConnected = false;
    this.#returnLater();
  }

  #answered(packet: ConnackPacket, attempt: Attempt): void {
    const { history, now, jumpsMs } = this.#world;
    if (packet.reasonCode !== 0) {
      history.reach('CONNECT refused');
      return;
    }
    const { isClean, sentAt } = attempt;
    const expected = this.#expectation.expected(isClean, sentAt, now, jumpsMs);
    // MQTT 3.1 has no word for it.
    const sessionPresent = this.version === 3 ? expected !== 'absent' : packet.sessionPresent;
    if (expected === 'either') this.#doubt();
    if (expected !== 'either' && (expected === 'present') !== sessionPresent) {
      const text = `${this.name} is told ${sessionPresent}, but its session is ${expected}`;
      history.violate('session present', text);
    }
    attempt.isAccepted = true;
    attempt.wire.isEstablished = true;
    this.#wills.resumed(attempt.will, sessionPresent);
    // Clean Session of 3.x is both: a new session, and one that ends with the connection.
    const endsAtOnce = isClean && this.version !== 5;
    this.#expectation.connected(endsAtOnce ? 0 : this.plan.expirySeconds);
    this.#wantsNewSession = false;
    if (sessionPresent) history.reach('session resumed');
    else {
      if (!isClean) this.#beginEpoch();
      this.sender.forget();
      this.receiver.forget();
    }
  }

  #connected({ properties }: ConnackPacket): void {
    this.#isConnected = true;
    this.#pingLater();
    this.sender.resume(properties.receiveMaximum, properties.topicAliasMaximum ?? 0);
    if (this.#isRetiring) this.leave(0);
  }

  /** Its session may have ended, and another one begun, without a word. */
  #doubt(): void {
    this.epoch.doubt();
    this.sender.doubt();
    this.receiver.doubt();
  }

  /** The network fails. */
  cut(kind: CutKind): void {
    this.#attempt?.wire.cut(kind);
  }

  stopReading(forMs: number): void {
    const wire = this.#attempt?.wire;
    if (wire?.isOpen !== true || this.#isCalm) return;
    wire.stopReading();
    this.#world.timeline.after(forMs, () => wire.readOn());
  }

  #returnLater(): void {
    if (this.#return !== undefined || this.#isGone) return;
    const mostMs = this.#isCalm ? 50 : this.plan.returnsWithinMs;
    this.#return = this.#world.timeline.after(this.#dice.between(1, mostMs), () => this.connect());
  }

  #pingLater(): void {
    const { keepAliveSeconds } = this.plan;
    const attempt = this.#attempt;
    if (keepAliveSeconds === 0 || attempt === undefined) return;
    this.#world.timeline.after(keepAliveSeconds * 700, () => {
      if (this.#attempt !== attempt || !this.#isConnected) return;
      if (this.#world.now >= this.#silentUntil) this.send({ type: PacketType.pingreq });
      this.#pingLater();
    });
  }

  #beginEpoch(): void {
    const { now } = this.#world;
    const before = this.epochs.at(-1);
    if (before !== undefined) before.endedAt = now;
    this.epochs.push(new Epoch(this.epochs.length, this.name, now));
  }
}
