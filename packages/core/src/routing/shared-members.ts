import type { Qos } from '@sluice/packet';
import type { RoutedMessage } from '../messages/routed-message.ts';
import { type PresenceWatcher, Readiness, type SharingReceiver } from '../session/receiver.ts';
import type { Subscription } from '../session/subscription.ts';

/** How many are looked at for one message: what it costs must not depend on how many join a group. */
const maxLooks = 100;

/** Members that take turns. */
class TakingTurns {
  readonly all: GroupMember[] = [];
  #turn = 0;

  add(member: GroupMember): void {
    member.place = this.all.length;
    this.all.push(member);
  }

  remove(member: GroupMember): void {
    const last = this.all.pop() as GroupMember;
    if (last === member) return;
    this.all[member.place] = last;
    last.place = member.place;
  }

  /** The next one that is as ready as one of these can be, or the readiest of those that are looked at; readier than `tooLittle`. */
  next(message: RoutedMessage, readiest: Readiness, tooLittle: Readiness): GroupMember | undefined {
    const count = this.all.length;
    const looks = Math.min(count, maxLooks);
    let best: GroupMember | undefined;
    let bestReadiness = tooLittle;
    for (let step = 0; step < looks && bestReadiness < readiest; step++) {
      const member = this.all[(this.#turn + step) % count];
      // A hook that was asked about one may have ended others.
      if (member === undefined) continue;
      const readiness = member.readiness(message);
      if (readiness <= bestReadiness) continue;
      best = member;
      bestReadiness = readiness;
    }
    this.#turn = best === undefined ? this.#turn + looks : best.place + 1;
    return best;
  }
}

/** A session in a share group: among those that are connected, or those that are away. */
export class GroupMember implements PresenceWatcher {
  readonly subscription: Subscription;
  /** In the list that it is in. */
  place = 0;
  readonly #present: TakingTurns;
  readonly #away: TakingTurns;
  #list: TakingTurns;

  constructor(subscription: Subscription, present: TakingTurns, away: TakingTurns) {
    this.subscription = subscription;
    this.#present = present;
    this.#away = away;
    this.#list = this.receiver.isPresent ? present : away;
    this.#list.add(this);
    this.receiver.watchPresence(this);
  }

  get receiver(): SharingReceiver {
    return this.subscription.receiver as SharingReceiver;
  }

  /** How well it can take a message. */
  readiness(message: RoutedMessage): Readiness {
    const qos = Math.min(message.qos, this.subscription.qos) as Qos;
    return this.receiver.readiness(message, qos);
  }

  presenceChanged(isPresent: boolean): void {
    const list = isPresent ? this.#present : this.#away;
    if (list === this.#list) return;
    this.#list.remove(this);
    list.add(this);
    this.#list = list;
  }

  end(): void {
    this.receiver.unwatchPresence(this);
    this.#list.remove(this);
  }
}

/** The members of a share group. */
export class SharedMembers {
  readonly #bySubscription: Map<Subscription, GroupMember> = new Map();
  readonly #present = new TakingTurns();
  readonly #away = new TakingTurns();

  get size(): number {
    return this.#bySubscription.size;
  }

  /** All of them, those that are connected first. */
  all(): readonly GroupMember[] {
    return [...this.#present.all, ...this.#away.all];
  }

  add(subscription: Subscription): void {
    const member = new GroupMember(subscription, this.#present, this.#away);
    this.#bySubscription.set(subscription, member);
  }

  remove(subscription: Subscription): void {
    this.#bySubscription.get(subscription)?.end();
    this.#bySubscription.delete(subscription);
  }

  /** Whose turn it is, of those who can take the message best, and better than `tooLittle`. */
  next(message: RoutedMessage, tooLittle: Readiness): GroupMember | undefined {
    const present = this.#present.next(message, Readiness.ready, tooLittle);
    if (present === undefined) return this.#away.next(message, Readiness.offline, tooLittle);
    if (present.readiness(message) !== Readiness.full) return present;
    return this.#away.next(message, Readiness.offline, Readiness.full) ?? present;
  }
}
