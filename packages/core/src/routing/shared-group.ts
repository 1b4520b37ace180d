import type { Qos } from '@sluice/packet';
import { DropReason } from '@sluice/plugin';
import type { Context } from '../context/context.ts';
import type { RoutedMessage } from '../messages/routed-message.ts';
import { Readiness, type Receiver, type SharingReceiver } from '../session/receiver.ts';
import type { Subscription } from '../session/subscription.ts';

/**
 * The sessions that share one `$share/name/filter` (section 4.8.2). To the router it is one receiver; each
 * message goes to one member, which takes its turn among those that can take it best.
 */
export class SharedGroup implements Receiver {
  readonly clientId: string = '';
  /** `$share/name/filter`. */
  readonly sharedFilter: string;
  readonly #context: Context;
  readonly #members: Subscription[] = [];
  #turn = 0;

  constructor(sharedFilter: string, context: Context) {
    this.sharedFilter = sharedFilter;
    this.#context = context;
  }

  get isEmpty(): boolean {
    return this.#members.length === 0;
  }

  add(member: Subscription): void {
    this.#members.push(member);
  }

  remove(member: Subscription): void {
    const index = this.#members.indexOf(member);
    if (index >= 0) this.#members.splice(index, 1);
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
    return chosen ?? this.#next(message, tooLittle);
  }

  /** The next member in turn of those that are readiest, and readier than that. */
  #next(message: RoutedMessage, tooLittle: Readiness): Subscription | undefined {
    const count = this.#members.length;
    let best: Subscription | undefined;
    let bestReadiness = tooLittle;
    for (let step = 0; step < count && bestReadiness < Readiness.ready; step++) {
      const member = this.#members[(this.#turn + step) % count] as Subscription;
      const readiness = readinessOf(member, message);
      if (readiness <= bestReadiness) continue;
      best = member;
      bestReadiness = readiness;
    }
    if (best !== undefined) this.#turn = (this.#members.indexOf(best) + 1) % count;
    return best;
  }

  #ask(message: RoutedMessage): Subscription | undefined {
    const able = this.#members.filter((member) => readinessOf(member, message) > Readiness.full);
    const members = able.map((member) => {
      const receiver = member.receiver as SharingReceiver;
      const readiness = readinessOf(member, message);
      return {
        clientId: receiver.clientId,
        ready: readiness === Readiness.ready,
        connected: readiness >= Readiness.busy,
        unacknowledged: receiver.unacknowledged,
      };
    });
    const event = { sharedFilter: this.sharedFilter, message, members };
    const clientId = this.#context.hooks.selectShared?.(event);
    return able.find((member) => member.receiver.clientId === clientId);
  }
}

function readinessOf(member: Subscription, message: RoutedMessage): Readiness {
  const qos = Math.min(message.qos, member.qos) as Qos;
  return (member.receiver as SharingReceiver).readiness(message, qos);
}
