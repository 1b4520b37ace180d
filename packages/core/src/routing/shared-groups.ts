import type { Context } from '../context/context.ts';
import type { RoutedMessage } from '../messages/routed-message.ts';
import { Subscription } from '../session/subscription.ts';
import { SharedGroup } from './shared-group.ts';

/** Share groups by their whole filter: the same name with another filter is another group. */
export class SharedGroups {
  readonly #context: Context;
  readonly #groups: Map<string, { group: SharedGroup; subscription: Subscription }> = new Map();

  constructor(context: Context) {
    this.#context = context;
  }

  /** Adds a member. Returns the subscription of a group that is new: that is what topics are matched with. */
  add(member: Subscription): Subscription | undefined {
    const filter = member.filter;
    const known = this.#groups.get(filter);
    if (known !== undefined) {
      known.group.add(member);
      return undefined;
    }
    const group = new SharedGroup(filter, this.#context);
    group.add(member);
    const { topicFilter } = member;
    const options = {
      requested: filter,
      filter: topicFilter,
      qos: 2,
      noLocal: false,
      retainAsPublished: true,
      retainHandling: 2,
      subscriptionIdentifier: 0,
    } as const;
    const subscription = new Subscription(group, options, topicFilter);
    this.#groups.set(filter, { group, subscription });
    return subscription;
  }

  /** Removes a member. Returns the subscription of a group that nobody is in any more. */
  remove(member: Subscription): Subscription | undefined {
    const known = this.#groups.get(member.filter);
    if (known === undefined) return undefined;
    known.group.remove(member);
    if (!known.group.isEmpty) return undefined;
    this.#groups.delete(member.filter);
    return known.subscription;
  }

  /** Gives a message to another member of the group, and counts it if nobody takes it; false when there is no group. */
  offer(sharedFilter: string, message: RoutedMessage): boolean {
    const known = this.#groups.get(sharedFilter);
    known?.group.redeliver(message);
    return known !== undefined;
  }
}
