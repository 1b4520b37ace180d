import { isValidTopicFilter, parseSharedFilter, type Qos } from '@sluice/packet';
import { type Clauses, clausesFor, type Decision, decide } from './clauses.ts';
import { coversFilter, matchesTopic } from './pattern.ts';
import type { Rule, Sharing } from './rule.ts';
import type { Subject } from './subject.ts';
import { TopicVerdicts } from './topic-verdicts.ts';

/** What one client may do. A denial beats every permission; what no rule allows is denied. */
export class Access {
  readonly #publish: Clauses;
  readonly #subscribe: Clauses;
  readonly #receive: Clauses;
  readonly #publishVerdicts: TopicVerdicts<number>;
  readonly #receiveVerdicts: TopicVerdicts<boolean>;

  /** Of rules that apply to the subject. */
  constructor(rules: readonly Rule[], subject: Subject) {
    this.#publish = clausesFor('publish', rules, subject);
    this.#subscribe = clausesFor('subscribe', rules, subject);
    this.#receive = clausesFor('receive', rules, subject);
    this.#publishVerdicts = new TopicVerdicts(
      (topic) => this.#levelOf(topic, false) | (this.#levelOf(topic, true) << 2),
    );
    this.#receiveVerdicts = new TopicVerdicts((topic) => this.decideReceive(topic).allowed);
  }

  mayPublish(topic: string, qos: Qos, retain: boolean): boolean {
    const levels = this.#publishVerdicts.of(topic);
    return (retain ? levels >> 2 : levels & 3) > qos;
  }

  mayReceive(topic: string): boolean {
    return this.#receiveVerdicts.of(topic);
  }

  /** The highest QoS that a subscription is granted; undefined when it is denied. */
  grantedQos(filter: string): Qos | undefined {
    const { allowed, clause } = this.decideSubscribe(filter);
    return allowed ? clause?.rule.maxQos : undefined;
  }

  decidePublish(topic: string, qos: Qos, retain: boolean): Decision {
    const decision = decide(this.#publish, ({ pattern, rule }) => {
      const isAbout = rule.retain === undefined || rule.retain === retain;
      return isAbout && matchesTopic(pattern, topic);
    });
    const maxQos = decision.clause?.rule.maxQos ?? 2;
    return decision.allowed && qos > maxQos ? { ...decision, allowed: false } : decision;
  }

  /**
   * Whether one pattern allows all that the filter can match, and none denies all of it. Where a denial
   * meets only a part, `mayReceive` withholds that part. A shared subscription is judged by its filter.
   */
  decideSubscribe(requested: string): Decision {
    if (!isValidTopicFilter(requested)) return { allowed: false, clause: undefined };
    const shared = parseSharedFilter(requested);
    const levels = (shared?.filter ?? requested).split('/');
    return decide(
      this.#subscribe,
      ({ pattern, rule }) =>
        isAboutGroup(rule.share, shared?.shareName) && coversFilter(pattern, levels),
    );
  }

  decideReceive(topic: string): Decision {
    return decide(this.#receive, ({ pattern }) => matchesTopic(pattern, topic));
  }

  /** One more than the highest QoS to publish with; 0 where it is denied. */
  #levelOf(topic: string, retain: boolean): number {
    const { allowed, clause } = this.decidePublish(topic, 0, retain);
    return allowed ? (clause?.rule.maxQos ?? 2) + 1 : 0;
  }
}

/** Whether a rule is about a subscription of this group; undefined for one that is not shared. */
function isAboutGroup(share: Sharing, group: string | undefined): boolean {
  if (share === undefined) return true;
  if (typeof share === 'boolean') return share === (group !== undefined);
  return group !== undefined && share.has(group);
}
