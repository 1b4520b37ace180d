/** Topics remembered for one client and action: about 20 KB at most, topic names aside. */
const maxTopics = 256;
/** Longer topics, in UTF-16 units, are judged anew each time: a client must not fill memory with them. */
const maxTopicLength = 512;

/** Remembers the verdicts on the topics that a client meets again and again. */
export class TopicVerdicts<Verdict> {
  readonly #judge: (topic: string) => Verdict;
  readonly #known = new Map<string, Verdict>();
  // Most clients meet one topic many times in a row.
  #lastTopic: string | undefined;
  #lastVerdict: Verdict | undefined;

  constructor(judge: (topic: string) => Verdict) {
    this.#judge = judge;
  }

  /** Allocates nothing for a topic that is known: runs once per delivery. */
  of(topic: string): Verdict {
    if (topic === this.#lastTopic) return this.#lastVerdict as Verdict;
    const verdict = this.#known.get(topic);
    return verdict === undefined ? this.#learn(topic) : this.#last(topic, verdict);
  }

  #learn(topic: string): Verdict {
    const verdict = this.#judge(topic);
    if (topic.length > maxTopicLength) return verdict;
    // All at once: keeping an order of use would cost every hit.
    if (this.#known.size >= maxTopics) this.#known.clear();
    this.#known.set(topic, verdict);
    return this.#last(topic, verdict);
  }

  #last(topic: string, verdict: Verdict): Verdict {
    this.#lastTopic = topic;
    this.#lastVerdict = verdict;
    return verdict;
  }
}
