import type { SubscriptionRequest } from '@sluice/packet';

/** Which subscriptions of one SUBSCRIBE a handler allowed: a packet may have a filter twice, with other options. */
export class Decisions {
  /** Of requests that are alike in the order of the packet. */
  readonly #allowed: Map<string, boolean[]> = new Map();

  add(request: SubscriptionRequest, isAllowed: boolean): void {
    const key = keyOf(request);
    const others = this.#allowed.get(key);
    if (others === undefined) this.#allowed.set(key, [isAllowed]);
    else others.push(isAllowed);
  }

  /** The next decision about such a request, which is over with that; undefined when there is none. */
  take(request: SubscriptionRequest): boolean | undefined {
    return this.#allowed.get(keyOf(request))?.shift();
  }

  clear(): void {
    this.#allowed.clear();
  }
}

function keyOf(request: SubscriptionRequest): string {
  const { filter, qos, noLocal, retainAsPublished, retainHandling } = request;
  return `${qos} ${noLocal} ${retainAsPublished} ${retainHandling} ${filter}`;
}
