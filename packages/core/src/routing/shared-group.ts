import type { Qos } from '@sluice/packet';
import { DropReason, type SharedMember } from '@sluice/plugin';
import type { Context } from '../context/context.ts';
import type { RoutedMessage } from '../messages/routed-message.ts';
import { Readiness, type Receiver } from '../session/receiver.ts';
import type { Subscription } from '../session/subscription.ts';
import { SharedMembers } from './shared-members.ts';

/**
 * The sessions that share one `$share/name/filter` (section 4.8.2). To the router it is one receiver; each
 * message goes to one member, which takes its turn among those that can take it best.
 */
export class SharedGroup implements Receiver {
  readonly clientId: string = '';
  /** `$share/name/filter`. */
  readonly sharedFilter: string;
  readonly #context: Context;
  readonly #members = new SharedMembers();

  constructor(sharedFilter: string, context: Context) {
    this.sharedFilter = sharedFilter;
    this.#context = context;
  }

  get isEmpty(): boolean {
    return this.#members.size === 0;
  }

  add(member: Subscription): void {
    this.#members.add(member);
  }

  remove(member: Subscription): void {
    this.#members.remove(member);
  }

  deliver(message: RoutedMessage, _qos: Qos, retain: boolean): boolean {
    return this.#give(message, retain, this.#choose(message, Readiness.none));
  }

  /** As `deliver`, for a message that another member had: what waits for one whose queue is full comes before it. */
  redeliver(message: RoutedMessage): boolean {
    return this.#give(message, message.retain, this.#choose(message, Readiness.full));
  }

  #give(message: RoutedMessage, retain: boolean, member: Subscription | undefined): boolean {
    if (member === undefined) {
      this.#context.dropped(message, undefined, DropReason.offline);
      return false;
    }
    const { receiver, subscriptionIdentifier, retainAsPublished } = member;
    // [MQTT-4.8.2-3] [MQTT-4.8.2-4]
    const identifiers = subscriptionIdentifier === 0 ? undefined : [subscriptionIdentifier];
    const qos = Math.min(message.qos, member.qos) as Qos;
    const kept = retain && retainAsPublished;
    return receiver.deliver(message, qos, kept, identifiers, this.sharedFilter);
  }

  #choose(message: RoutedMessage, tooLittle: Readiness): Subscription | undefined {
    const select = this.#context.hooks.selectShared;
    const chosen = select === undefined ? undefined : this.#ask(message);
    return chosen ?? this.#members.next(message, tooLittle)?.subscription;
  }

  #ask(message: RoutedMessage): Subscription | undefined {
    const able: Subscription[] = [];
    const members: SharedMember[] = [];
    for (const member of this.#members.all()) {
      const readiness = member.readiness(message);
      if (readiness <= Readiness.full) continue;
      able.push(member.subscription);
      members.push({
        clientId: member.receiver.clientId,
        ready: readiness === Readiness.ready,
        connected: readiness >= Readiness.busy,
        unacknowledged: member.receiver.unacknowledged,
      });
    }
    const event = { sharedFilter: this.sharedFilter, message, members };
    const clientId = this.#context.hooks.selectShared?.(event);
    return able.find(({ receiver }) => receiver.clientId === clientId);
  }
}
