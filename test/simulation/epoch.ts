import { parseSharedFilter, type Qos, topicMatches } from '@sluice/packet';
import type { SubscriptionPlan } from './plan.ts';
import type { Publication } from './publication.ts';

/** One SUBSCRIBE to one filter: from when to when it may count, and from when to when it surely does. */
export interface Interest extends SubscriptionPlan {
  /** The filter that topics are matched with. */
  readonly topicFilter: string;
  readonly isShared: boolean;
  readonly identifier: number | undefined;
  readonly clientId: string;
  readonly from: number;
  sureFrom: number;
  sureTo: number;
  to: number;
  granted: Qos;
}

/** How often a client took a message, by the QoS it came with; repetitions that it could tell are not counted. */
export interface Receipt {
  readonly counts: [number, number, number];
  retained: number;
}

/** One session of a client, from its beginning to its end: what it asked for and what it got. */
export class Epoch {
  readonly number: number;
  readonly clientId: string;
  readonly beganAt: number;
  /** When it was over for sure; Infinity while it goes on. */
  endedAt: number = Infinity;
  readonly interests: Interest[] = [];
  readonly receipts: Map<number, Receipt> = new Map();
  /** Messages that had no place in its queue, as the broker says. */
  readonly crowdedOut: Set<number> = new Set();
  /** Publisher, topic and QoS to the number of the last message of these that came for the first time. */
  readonly last: Map<string, number> = new Map();

  constructor(number: number, clientId: string, beganAt: number) {
    this.number = number;
    this.clientId = clientId;
    this.beganAt = beganAt;
  }

  /** SUBSCRIBE is sent. Until it is answered, the filter may be as before or as wanted. */
  subscribing(plan: SubscriptionPlan, identifier: number | undefined, now: number): Interest {
    const shared = parseSharedFilter(plan.filter);
    const interest: Interest = {
      ...plan,
      topicFilter: shared === undefined ? plan.filter : shared.filter,
      isShared: shared !== undefined,
      identifier,
      clientId: this.clientId,
      from: now,
      sureFrom: Infinity,
      sureTo: Infinity,
      to: Infinity,
      granted: plan.qos,
    };
    this.#unsure(plan.filter, now);
    this.interests.push(interest);
    return interest;
  }

  /** SUBACK left. */
  subscribed(interest: Interest, code: number, now: number): void {
    if (code >= 0x80) {
      interest.to = now;
      return;
    }
    for (const other of this.interests) {
      if (other === interest) break;
      if (other.filter === interest.filter) other.to = Math.min(other.to, now);
    }
    interest.granted = code as Qos;
    // Something else may have been asked for meanwhile.
    if (interest.sureTo === Infinity) interest.sureFrom = now;
  }

  /** UNSUBSCRIBE is sent. */
  unsubscribing(filter: string, now: number): readonly Interest[] {
    this.#unsure(filter, now);
    return this.interests.filter((interest) => interest.filter === filter);
  }

  /** Nobody knows any more whether this session goes on. */
  doubt(): void {
    for (const interest of this.interests) interest.sureFrom = Infinity;
  }

  receipt(publication: Publication): Receipt {
    let receipt = this.receipts.get(publication.id);
    if (receipt === undefined) {
      receipt = { counts: [0, 0, 0], retained: 0 };
      this.receipts.set(publication.id, receipt);
    }
    return receipt;
  }

  #unsure(filter: string, now: number): void {
    for (const interest of this.interests) {
      if (interest.filter === filter) interest.sureTo = Math.min(interest.sureTo, now);
    }
  }
}

/** Whether an interest may have been there when the publication was routed. */
export function mayWant(interest: Interest, publication: Publication): boolean {
  return (
    // What one member of a share group leaves behind goes to another, who may have come later.
    (interest.isShared || interest.from <= publication.routedBy) &&
    publication.sentAt <= interest.to &&
    matches(interest.topicFilter, publication.topic)
  );
}

/** Whether an interest surely was there all the while in which the publication may have been routed. */
export function surelyWants(interest: Interest, publication: Publication): boolean {
  return (
    interest.sureFrom < publication.sentAt &&
    (publication.acceptedAt < interest.sureTo || interest.sureTo === Infinity) &&
    matches(interest.topicFilter, publication.topic)
  );
}

const known = new Map<string, boolean>();

/** There are few topics and filters, and they are compared very often. */
export function matches(filter: string, topic: string): boolean {
  const key = `${filter} ${topic}`;
  let answer = known.get(key);
  if (answer === undefined) {
    answer = topicMatches(filter, topic);
    known.set(key, answer);
  }
  return answer;
}
