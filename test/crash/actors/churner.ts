import { type ConnectPacket, noProperties, PacketType, type ProtocolVersion } from '@sluice/packet';
import type { Random } from '../../differential/random.ts';
import type { Life } from '../life.ts';
import type { Report } from '../report.ts';
import { Actor } from './actor.ts';
import { Dialogue } from './dialogue.ts';

/** Whether something is in the broker. It cannot be known between the request and the answer. */
type Belief = 'there' | 'gone' | 'unknown';

const topics = ['a', 'b', 'c', 'd'] as const;
const mostSteps = 8;

/** Makes sessions and subscriptions and ends them, and looks whether the broker remembers the same. */
export class Churner extends Actor {
  readonly #version: ProtocolVersion;
  readonly #report: Report;
  readonly #random: Random;
  #session: Belief = 'gone';
  readonly #subscriptions: Map<string, Belief> = new Map();
  /** Counts the sessions: what comes was published for this one, or an ended one has come back. */
  #incarnation = 0;
  #probe = 0;
  /** Topics on which the present probe came back. */
  readonly #heard: Set<string> = new Set();
  #onMarker: () => void = () => {};
  #onSatisfied: (() => void) | undefined;

  constructor(version: ProtocolVersion, report: Report, random: Random) {
    super(`churner-${version}`);
    this.#version = version;
    this.#report = report;
    this.#random = random;
    this.#forget();
  }

  override async satisfied(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onSatisfied = resolve;
    });
  }

  protected override async visit(life: Life): Promise<void> {
    const isClean = !life.isLast && this.#random.chance(35);
    // In 3.1.1 Clean Session says both: the session begins anew, and ends with the connection.
    const endsWithConnection =
      this.#version === 5 ? !life.isLast && this.#random.chance(35) : isClean;
    const dialogue = await this.#connect(life, isClean, endsWithConnection);
    if (dialogue.sessionPresent) await this.#look(dialogue);
    for (let steps = this.#random.below(mostSteps); steps > 0; steps--) await this.#step(dialogue);
    if (this.#random.chance(30)) await this.#look(dialogue);
    this.#onSatisfied?.();
    if (life.isLast) return await dialogue.connection.closed;
    await dialogue.connection.end();
  }

  async #connect(life: Life, cleanStart: boolean, endsWithConnection: boolean): Promise<Dialogue> {
    const before = this.#session;
    this.#session = 'unknown';
    // Until the answer comes, this may have replaced the session by an empty one.
    if (cleanStart || before !== 'there') this.#believe('unknown');
    const packet = this.#connectPacket(cleanStart, endsWithConnection);
    const dialogue = await Dialogue.open(life, packet, (topic, payload) =>
      this.#hear(topic, payload),
    );
    const { sessionPresent } = dialogue;
    const mayBePresent = !cleanStart && before !== 'gone';
    this.#report.check(mayBePresent || !sessionPresent, 'resurrected', () => {
      return `the session of ${this.name} is there, which had ended`;
    });
    this.#report.check(cleanStart || before !== 'there' || sessionPresent, 'sessions', () => {
      return `${this.name} has a session no more`;
    });
    if (!sessionPresent) this.#forget();
    this.#session = endsWithConnection ? 'gone' : 'there';
    return dialogue;
  }

  #connectPacket(cleanStart: boolean, endsWithConnection: boolean): ConnectPacket {
    const isFive = this.#version === 5;
    return {
      type: PacketType.connect,
      protocolVersion: this.#version,
      cleanStart,
      keepAlive: 0,
      clientId: this.name,
      properties: isFive && !endsWithConnection ? { sessionExpiryInterval: 3_600 } : noProperties,
    };
  }

  async #step(dialogue: Dialogue): Promise<void> {
    const topic = this.#random.pick(topics);
    const isSubscribe = this.#random.chance(60);
    this.#subscriptions.set(topic, 'unknown');
    if (isSubscribe) await dialogue.subscribe(this.#topic(topic));
    else await dialogue.unsubscribe(this.#topic(topic));
    this.#subscriptions.set(topic, isSubscribe ? 'there' : 'gone');
  }

  /** Publishes on each topic, and sees which of them are subscribed to. */
  async #look(dialogue: Dialogue): Promise<void> {
    this.#heard.clear();
    const number = ++this.#probe;
    const marked = new Promise<void>((resolve) => {
      this.#onMarker = resolve;
    });
    // Its subscription cannot be missing, and what comes after the others were routed comes behind them.
    await dialogue.subscribe(this.#topic('marker'));
    for (const topic of [...topics, 'marker']) {
      await dialogue.publish(this.#topic(topic), `${this.#incarnation} ${number}`);
    }
    await dialogue.until(marked);
    for (const topic of topics) this.#compare(topic);
  }

  #compare(topic: string): void {
    const belief = this.#subscriptions.get(topic);
    const isHeard = this.#heard.has(topic);
    const filter = this.#topic(topic);
    this.#report.check(belief !== 'there' || isHeard, 'subscriptions', () => {
      return `${this.name} is subscribed to ${filter} no more`;
    });
    this.#report.check(belief !== 'gone' || !isHeard, 'resurrected', () => {
      return `${this.name} is subscribed to ${filter}, which it had left`;
    });
  }

  #hear(topic: string, payload: string): void {
    const [incarnation, number] = payload.split(' ').map(Number);
    this.#report.check(incarnation === this.#incarnation, 'resurrected', () => {
      return `${this.name} got ${topic} for its session ${incarnation}, not ${this.#incarnation}`;
    });
    // What comes again of an earlier probe says nothing.
    if (number !== this.#probe) return;
    this.#heard.add(topic.slice(this.#topic('').length));
    if (topic === this.#topic('marker')) this.#onMarker();
  }

  #topic(name: string): string {
    return `churn/${this.name}/${name}`;
  }

  #forget(): void {
    this.#incarnation++;
    this.#believe('gone');
  }

  #believe(belief: Belief): void {
    for (const topic of topics) this.#subscriptions.set(topic, belief);
  }
}
