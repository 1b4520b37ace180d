import { setTimeout as pause } from 'node:timers/promises';
import { type ConnectPacket, noProperties, PacketType } from '@sluice/packet';
import type { Random } from '../../differential/random.ts';
import type { Life } from '../life.ts';
import type { Report } from '../report.ts';
import { Actor } from './actor.ts';
import { Dialogue } from './dialogue.ts';

/** What is known of one topic: a number, or undefined where no message is retained. */
interface Topic {
  acknowledged: number | undefined;
  /** What was sent since and not acknowledged: it may have taken effect or not. */
  readonly open: Set<number | undefined>;
}

const topicCount = 4;
const patienceMs = 3_000;

/** Sets and deletes retained messages, and looks after each start what a new subscriber gets. */
export class Retainer extends Actor {
  readonly #report: Report;
  readonly #random: Random;
  readonly #topics: Map<string, Topic> = new Map();
  #number = 0;
  #looks = 0;
  #onSatisfied: (() => void) | undefined;

  constructor(name: string, report: Report, random: Random) {
    super(name);
    this.#report = report;
    this.#random = random;
    for (let index = 0; index < topicCount; index++) {
      this.#topics.set(this.#topic(String(index)), { acknowledged: undefined, open: new Set() });
    }
  }

  override async satisfied(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onSatisfied = resolve;
    });
  }

  protected override async visit(life: Life): Promise<void> {
    await this.#look(life);
    this.#onSatisfied?.();
    if (life.isLast) return await life.ended;
    const dialogue = await Dialogue.open(life, connectPacket(this.name));
    while (!life.over) await this.#change(dialogue);
  }

  /** All topics at once: a short life leaves no time for one after the other. */
  async #change(dialogue: Dialogue): Promise<void> {
    await Promise.all([...this.#topics].map(([name, topic]) => this.#set(dialogue, name, topic)));
  }

  async #set(dialogue: Dialogue, name: string, topic: Topic): Promise<void> {
    // Only what is there can be deleted.
    const isDeleted = topic.acknowledged !== undefined && this.#random.chance(50);
    const value = isDeleted ? undefined : ++this.#number;
    topic.open.add(value);
    await dialogue.publish(name, String(value ?? ''), true);
    topic.acknowledged = value;
    topic.open.clear();
  }

  /** What a client sees that was never there before. */
  async #look(life: Life): Promise<void> {
    const seen = new Map<string, number>();
    const marker = this.#topic('marker');
    let isMarked = false;
    const packet = connectPacket(`${this.name}-look-${++this.#looks}`);
    const dialogue = await Dialogue.open(life, packet, (topic, payload) => {
      if (topic === marker) isMarked = true;
      else seen.set(topic, Number(payload));
    });
    await dialogue.subscribe(this.#topic('+'));
    await dialogue.publish(marker, 'x');
    const isComplete = () =>
      isMarked && [...this.#topics].every(([name, topic]) => !isCertain(topic) || seen.has(name));
    for (let waited = 0; waited < patienceMs && !isComplete(); waited++) {
      if (life.over) return;
      await Promise.race([pause(1), dialogue.until(life.ended)]);
    }
    for (const [name, topic] of this.#topics) this.#compare(name, topic, seen.get(name));
    await dialogue.connection.end();
  }

  #compare(name: string, { acknowledged, open }: Topic, seen: number | undefined): void {
    const isRight = seen === acknowledged || open.has(seen);
    // Numbers grow: what is smaller is an old message, and so is what was deleted.
    const isOld = seen !== undefined && (acknowledged === undefined || seen < acknowledged);
    this.#report.check(isRight, isOld ? 'resurrected' : 'retained', () => {
      return `${name} holds ${seen}, acknowledged was ${acknowledged}, then sent ${[...open]}`;
    });
  }

  #topic(name: string): string {
    return `retained/${this.name}/${name}`;
  }
}

function isCertain({ acknowledged, open }: Topic): boolean {
  return acknowledged !== undefined && !open.has(undefined);
}

function connectPacket(clientId: string): ConnectPacket {
  return {
    type: PacketType.connect,
    protocolVersion: 5,
    cleanStart: true,
    keepAlive: 0,
    clientId,
    properties: noProperties,
  };
}
