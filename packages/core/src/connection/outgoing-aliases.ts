/** How a topic goes out: with which alias, and whether the topic name has to come with it. */
export interface OutgoingAlias {
  readonly alias: number;
  /** The client does not know the alias yet, or knows it for another topic. */
  readonly isNew: boolean;
}

interface Assigned {
  readonly alias: number;
  readonly topic: string;
  /** A packet with both went out. */
  isKnown: boolean;
  /** Bytes that the alias saves at each use, added up and halved now and then. */
  saved: number;
}

// An alias costs three bytes of properties; shorter topics are cheaper by name.
const cheaperByName = 4;
const candidates = 64;
const halveAfterUses = 1_024;

/**
 * Topic aliases of the PUBLISH packets that go to one client (section 3.3.2.3.4). They are given by what they
 * save, length times uses: a long topic that comes often takes the alias of one that does not.
 */
export class OutgoingAliases {
  readonly #maximum: number;
  readonly #byTopic: Map<string, Assigned> = new Map();
  /** What topics without an alias would have saved; bounded, so that it forgets the ones that come rarely. */
  readonly #waiting: Map<string, number> = new Map();
  #uses = 0;

  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  /** The alias for a packet that is about to be written; undefined when the topic goes by its name. */
  use(topic: string): OutgoingAlias | undefined {
    if (topic.length < cheaperByName) return undefined;
    if (++this.#uses > halveAfterUses) this.#age();
    let assigned = this.#byTopic.get(topic);
    if (assigned === undefined) {
      const alias = this.#free(topic);
      if (alias === undefined) return undefined;
      assigned = { alias, topic, isKnown: false, saved: 0 };
      this.#byTopic.set(topic, assigned);
    }
    assigned.saved += topic.length;
    return { alias: assigned.alias, isNew: !assigned.isKnown };
  }

  /** A packet with the topic and its alias was written. */
  sent(topic: string): void {
    const assigned = this.#byTopic.get(topic);
    if (assigned !== undefined) assigned.isKnown = true;
  }

  /** An alias nobody has, or that of the topic that saves least, once another one has shown that it saves more. */
  #free(topic: string): number | undefined {
    if (this.#byTopic.size < this.#maximum) return this.#byTopic.size + 1;
    const before = this.#waiting.get(topic) ?? 0;
    const saved = before + topic.length;
    this.#waiting.delete(topic);
    // Only a topic that came before is worth looking for a place.
    const least = before === 0 ? undefined : this.#least();
    if (least !== undefined && saved > 2 * least.saved) {
      this.#byTopic.delete(least.topic);
      return least.alias;
    }
    this.#waiting.set(topic, saved);
    if (this.#waiting.size > candidates) {
      const oldest = this.#waiting.keys().next();
      if (oldest.done !== true) this.#waiting.delete(oldest.value);
    }
    return undefined;
  }

  #least(): Assigned | undefined {
    let least: Assigned | undefined;
    for (const assigned of this.#byTopic.values()) {
      if (least === undefined || assigned.saved < least.saved) least = assigned;
    }
    return least;
  }

  #age(): void {
    this.#uses = 0;
    for (const assigned of this.#byTopic.values()) assigned.saved /= 2;
    for (const [topic, saved] of this.#waiting) this.#waiting.set(topic, saved / 2);
  }
}
