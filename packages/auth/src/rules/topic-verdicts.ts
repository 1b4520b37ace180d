/** Topics remembered for one client and action: about 20 KB at most, topic names aside. */
const maxTopics = 256;
/** Longer topics, in UTF-16 units, are judged anew each time: a client must not fill memory with them. */
const maxTopicLength = 512;

/** Remembers the verdicts on the topics that a client meets again and again. */
export class TopicVerdicts<Verdict> {
  readonly #judge: (topic: string) => Verdict;
  readonly #known = new Map<string, Verdict>();

  constructor(judge: (topic: string) => Verdict) {
    this.#judge = judge;
  }

  /** Allocates nothing for a topic that is known: runs once per delivery. */
  of(topic: string): Verdict {
    const known = this.#known.get(topic);
    return known === undefined ? this.#learn(topic) : known;
  }

  #learn(topic: string): Verdict {
    const verdict = this.#judge(topic);
    if (topic.length > maxTopicLength) return verdict;
    // All at once: keeping an order of use would cost every hit.
    if (this.#known.size >= maxTopics) this.#known.clear();
    this.#known.set(topic, verdict);
    return verdict;
  }
}
