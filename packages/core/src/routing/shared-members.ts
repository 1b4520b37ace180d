import type { Qos } from '@sluice/packet';
import type { RoutedMessage } from '../messages/routed-message.ts';
import { type PresenceWatcher, Readiness, type SharingReceiver } from '../session/receiver.ts';
import type { Subscription } from '../session/subscription.ts';

/** How many that have room are looked at for one message: what it costs must not depend on how many join a group. */
const maxLooks = 100;

/** Members that take turns. Those who had no room when they were last looked at stand behind the others. */
class TakingTurns {
  readonly all: GroupMember[] = [];
  /** So many of them, the first ones, are not known to have no room. */
  #able = 0;
  #turn = 0;
  #turnOfOthers = 0;

  add(member: GroupMember): void {
    member.place = this.all.length;
    this.all.push(member);
    this.#exchange(member, this.#able++);
  }

  remove(member: GroupMember): void {
    this.#setAside(member);
    this.#exchange(member, this.all.length - 1);
    this.all.pop();
  }

  /** The next one that is as ready as one of these can be, or the readiest of those that are looked at; readier than `tooLittle`. */
  next(message: RoutedMessage, readiest: Readiness, tooLittle: Readiness): GroupMember | undefined {
    const first = this.#nextAble(message, readiest, tooLittle);
    const others = this.all.length - this.#able;
    if (others === 0) return first.member;
    // Who has room again is found sooner or later, whoever else can take messages.
    const isFound = first.readiness >= readiest;
    const looks = Math.min(others, isFound ? 1 : Math.max(1, maxLooks - first.looks));
    const other = this.#nextOther(message, looks, readiest, first.readiness);
    return isFound ? first.member : (other ?? first.member);
  }

  /** Each one without room is set aside: all together cost one look each, and not one for each message. */
  #nextAble(message: RoutedMessage, readiest: Readiness, tooLittle: Readiness): Found {
    const count = this.#able;
    const found: Found = { member: undefined, readiness: tooLittle, looks: 0 };
    const without: GroupMember[] = [];
    let step = 0;
    for (; step < count && found.looks < maxLooks && found.readiness < readiest; step++) {
      const member = this.all[(this.#turn + step) % count];
      // A hook that was asked about one may have ended others.
      if (member === undefined) continue;
      const readiness = member.readiness(message);
      if (readiness > Readiness.full) found.looks++;
      else without.push(member);
      if (readiness <= found.readiness) continue;
      found.member = member;
      found.readiness = readiness;
    }
    const { member } = found;
    this.#turn = member === undefined ? this.#turn + step : member.place + 1;
    for (const one of without) this.#setAside(one);
    return found;
  }

  #nextOther(
    message: RoutedMessage,
    looks: number,
    readiest: Readiness,
    tooLittle: Readiness,
  ): GroupMember | undefined {
    const from = this.#able;
    const count = this.all.length - from;
    let best: GroupMember | undefined;
    let bestReadiness = tooLittle;
    const withRoom: GroupMember[] = [];
    for (let step = 0; step < looks; step++) {
      const member = this.all[from + ((this.#turnOfOthers + step) % count)];
      if (member === undefined) continue;
      const readiness = member.readiness(message);
      if (readiness > Readiness.full) withRoom.push(member);
      if (readiness <= bestReadiness) continue;
      best = member;
      bestReadiness = readiness;
      if (readiness >= readiest) break;
    }
    this.#turnOfOthers = best === undefined ? this.#turnOfOthers + looks : best.place - from + 1;
    for (const one of withRoom) this.#takeBack(one);
    return best;
  }

  #setAside(member: GroupMember): void {
    if (this.#has(member) && member.place < this.#able) this.#exchange(member, --this.#able);
  }

  #takeBack(member: GroupMember): void {
    if (this.#has(member) && member.place >= this.#able) this.#exchange(member, this.#able++);
  }

  #has(member: GroupMember): boolean {
    return this.all[member.place] === member;
  }

  #exchange(member: GroupMember, place: number): void {
    const other = this.all[place] as GroupMember;
    this.all[member.place] = other;
    other.place = member.place;
    this.all[place] = member;
    member.place = place;
  }
}

interface Found {
  member: GroupMember | undefined;
  readiness: Readiness;
  /** At members that have room. */
  looks: number;
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
