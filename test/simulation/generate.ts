import type { ProtocolVersion, Qos } from '@sluice/packet';
import { OverflowAction } from '@sluice/plugin';
import { Dice, seedOf } from './dice.ts';
import {
  application,
  type ClientPlan,
  type ClientStep,
  cutKinds,
  type HookFate,
  hookFates,
  lowerDurabilities,
  type MessagePlan,
  type Plan,
  rogueKinds,
  type Step,
  type SubscriptionPlan,
  type WorldStep,
} from './plan.ts';

/** Topics of one message each; those of a share group match no plain filter. */
export const topics: readonly string[] = ['a', 'a/b', 'b', 'b/c'];
const sharedTopics: readonly string[] = ['job/1', 'job/2'];
const filters: readonly string[] = [...topics, 'a/#', '+', '+/b', 'b/+'];

/** The plan of a seed: a few clients, some hundred steps, and whatever may go wrong meanwhile. */
export function generatePlan(seed: number): Plan {
  return new Generator(seed).plan();
}

class Generator {
  readonly #seed: number;
  readonly #dice: Dice;
  readonly #hasHooks: boolean;
  readonly #hasDiskFaults: boolean;
  readonly #clients: readonly ClientPlan[];
  #at = 0;

  constructor(seed: number) {
    const dice = new Dice(seedOf(seed, 1));
    this.#seed = seed;
    this.#dice = dice;
    this.#hasHooks = dice.chance(40);
    this.#hasDiskFaults = dice.chance(40);
    this.#clients = Array.from({ length: dice.between(3, 5) }, (_, number) => this.#client(number));
  }

  plan(): Plan {
    const dice = this.#dice;
    const steps: Step[] = this.#beginning();
    const count = dice.between(40, 100);
    while (steps.length < count) {
      this.#at += dice.chance(60) ? dice.below(20) : dice.below(700);
      const step = this.#step(steps.length);
      steps.push(step);
      if (dice.chance(50)) steps.push(...this.#sequel(step, steps.length));
    }
    const { queueOverflow, ...fullQueues } = this.#overflow();
    return {
      seed: this.#seed,
      endsAt: this.#at + 500,
      slowReceiver: new Dice(seedOf(this.#seed, 11)).pick(['drop', 'pause']),
      queueOverflow,
      limits: {
        receiveMaximum: dice.pick([2, 5, 20]),
        maxInflightMessages: dice.pick([1, 3, 8, 50]),
        windowMessages: dice.pick([1, 2, 5, 256]),
        maxPacketsPerTurn: dice.pick([1, 3, 64]),
        maxDiskReads: dice.pick([1, 2]),
        // Not diced, so that the histories of all seeds stay what they were.
        maxReceiversPerTurn: this.#seed % 2 === 0 ? 1 : 1_000,
        maxBytesPerTurn: this.#seed % 3 === 0 ? 1_024 : 262_144,
        hookTimeoutMs: 800,
        connectTimeoutMs: 3_000,
        stalledTimeoutMs: 5_000,
        maxPacketBytes: 100_000,
        maxPendingCommitBytes: 65_536,
        ...fullQueues,
      },
      hasSynchronousDisk: dice.chance(10),
      hasHooks: this.#hasHooks,
      clients: this.#clients,
      denials: this.#hasHooks
        ? [{ client: dice.below(this.#clients.length), topic: dice.pick(topics) }]
        : [],
      rewrites: this.#rewrites(),
      steps,
    };
  }

  /** Dice of their own, so that the histories of other seeds stay what they were. */
  #overflow(): Pick<Plan, 'queueOverflow'> & { readonly maxQueuedMessages?: number } {
    const dice = new Dice(seedOf(this.#seed, 12));
    return {
      queueOverflow: dice.pick(Object.values(OverflowAction)),
      ...(dice.chance(25) && { maxQueuedMessages: dice.pick([1, 3, 10]) }),
    };
  }

  #rewrites(): Plan['rewrites'] {
    const dice = this.#dice;
    if (!this.#hasHooks) return {};
    return {
      ...(dice.chance(40) && { topic: dice.pick(topics) }),
      ...(dice.chance(40) && { client: dice.below(this.#clients.length) }),
    };
  }

  #client(number: number): ClientPlan {
    const dice = this.#dice;
    const version: ProtocolVersion = dice.pick([3, 4, 4, 5, 5, 5]);
    const isFive = version === 5;
    const expirySeconds = dice.pick(isFive ? [0, 2, 1_000, 1_000, 0xffff_ffff] : [0, 1_000, 1_000]);
    return {
      version,
      expirySeconds,
      keepAliveSeconds: dice.pick([0, 0, 2, 10]),
      receiveMaximum: isFive && dice.chance(60) ? dice.pick([1, 2, 5]) : undefined,
      maximumPacketSize: isFive && dice.chance(15) ? 120 : undefined,
      topicAliasMaximum: isFive && dice.chance(50) ? dice.pick([1, 3]) : 0,
      ackDelayMs: dice.pick([0, 0, 30, 300]),
      returnsWithinMs: dice.pick([20, 500, 4_000]),
      group: dice.chance(35) ? 'g' : undefined,
      will: dice.chance(35)
        ? {
            topic: dice.pick(topics),
            qos: dice.pick([0, 1, 2, 2]),
            retain: dice.chance(20),
            delaySeconds: isFive && number % 2 === 0 ? dice.pick([0, 1, 3]) : 0,
            hook: this.#hasHooks && dice.chance(40) ? 'late' : undefined,
          }
        : undefined,
    };
  }

  /** Most clients subscribe at once, so that something happens. */
  #beginning(): Step[] {
    return this.#clients.flatMap((_, client) => {
      if (this.#dice.chance(25)) return [];
      return [{ at: this.#at++, id: client, client, ...this.#subscribe(client) }];
    });
  }

  #step(id: number): Step {
    const dice = this.#dice;
    const at = this.#at;
    if (dice.chance(10)) return { at, id, ...this.#worldStep() };
    const client = dice.chance(6) ? application : dice.below(this.#clients.length);
    return { at, id, client, ...this.#clientStep(client) };
  }

  /** What makes a step dangerous, soon after it, and the death of the broker over that. */
  #sequel(step: Step, id: number): Step[] {
    switch (step.do) {
      case 'publish':
        return this.#clearAgain(step.messages, id);
      case 'start clean':
        return this.#startCleanAgain(step.client, id);
      case 'cut': {
        const { delaySeconds = 0 } = this.#clients[step.client]?.will ?? {};
        if (delaySeconds === 0 || step.kind === 'half-open') return [];
        // Most of the delay is over: that of a will that counts anew ends much later.
        this.#at += delaySeconds * 500;
        return [this.#crash(id, delaySeconds * 500)];
      }
      default:
        return [];
    }
  }

  /** Another client clears what is being cleared. */
  #clearAgain(published: readonly MessagePlan[], id: number): Step[] {
    const dice = this.#dice;
    const messages = published.filter(({ isClear }) => isClear);
    if (messages.length === 0) return [];
    const client = dice.below(this.#clients.length);
    const stall: Step = { at: this.#at, id, do: 'stall the disk', forMs: 100 };
    this.#at += dice.below(30);
    const again: Step = { at: this.#at, id: id + 1, client, do: 'publish', messages };
    return [stall, again, this.#crash(id + 2, 60)];
  }

  /** The connection that ended the session is gone before anybody was told. */
  #startCleanAgain(client: number, id: number): Step[] {
    const stall: Step = { at: this.#at, id, do: 'stall the disk', forMs: 300 };
    this.#at += this.#dice.below(60);
    const again: Step = { at: this.#at, id: id + 1, client, do: 'take over', hook: undefined };
    return [stall, again, this.#crash(id + 2, 60)];
  }

  #crash(id: number, withinMs: number): Step {
    this.#at += this.#dice.below(withinMs);
    return { at: this.#at, id, do: 'crash', downMs: 10 };
  }

  #clientStep(client: number): ClientStep {
    const dice = this.#dice;
    const choice = client === application ? 0 : dice.below(100);
    if (choice < 66) {
      const messages = Array.from({ length: dice.between(1, 3) }, () => this.#message(client));
      return { do: 'publish', messages };
    }
    if (choice < 74) return this.#subscribe(client);
    if (choice < 78) return { do: 'unsubscribe', filters: [this.#filter(client)] };
    if (choice < 86) return { do: 'cut', kind: dice.pick(cutKinds) };
    if (choice < 89) {
      return { do: 'leave', awayMs: dice.pick([100, 1_000, 6_000]), keepsWill: dice.chance(20) };
    }
    if (choice < 91) return { do: 'take over', hook: this.#fate(20) };
    if (choice < 93) return { do: 'start clean' };
    const forMs = dice.pick([100, 1_000, 4_000]);
    if (choice < 96) return { do: 'hold acknowledgements', forMs };
    if (choice < 98) return { do: 'stop reading', forMs };
    return choice < 99 ? { do: 'fall silent', forMs: 8_000 } : { do: 'be kicked' };
  }

  #worldStep(): WorldStep {
    const dice = this.#dice;
    const downMs = dice.pick([10, 500, 3_000]);
    const choice = dice.below(100);
    if (choice < 40) return { do: 'crash', downMs };
    if (choice < 47) return { do: 'restart', downMs };
    if (choice < 52) return { do: 'jump', byMs: dice.pick([-60_000, -500, 500, 5_000]) };
    if (choice < 64) return { do: 'stall the disk', forMs: dice.pick([300, 2_000]) };
    if (choice < 78 && this.#hasDiskFaults) {
      return { do: 'fail the disk', forMs: dice.pick([10, 300, 3_000]) };
    }
    if (choice < 92) {
      return { do: 'rogue', kind: dice.pick(rogueKinds), version: dice.pick([3, 4, 5]) };
    }
    return { do: 'listen', filter: dice.pick([...filters, '#']), forMs: dice.pick([500, 5_000]) };
  }

  #subscribe(client: number): ClientStep {
    const dice = this.#dice;
    const isFive = this.#clients[client]?.version === 5;
    const subscriptions = Array.from({ length: dice.chance(70) ? 1 : 2 }, (): SubscriptionPlan => {
      const filter = this.#filter(client);
      return {
        filter,
        qos: dice.pick([0, 1, 1, 2, 2, 2]),
        noLocal: isFive && !filter.startsWith('$share/') && dice.chance(15),
        retainAsPublished: isFive && dice.chance(20),
        retainHandling: isFive ? dice.pick([0, 0, 1, 2]) : 0,
      };
    });
    const identifier = isFive && dice.chance(30) ? dice.between(1, 3) : undefined;
    return { do: 'subscribe', subscriptions, identifier, hook: this.#fate(20) };
  }

  #filter(client: number): string {
    const { group } = this.#clients[client] ?? {};
    if (group !== undefined && this.#dice.chance(60)) return `$share/${group}/job/+`;
    return this.#dice.pick(filters);
  }

  #message(client: number): MessagePlan {
    const dice = this.#dice;
    const retain = dice.chance(20);
    const qos: Qos = dice.pick([0, 1, 1, 2, 2]);
    return {
      topic: dice.pick(dice.chance(15) && !retain ? sharedTopics : topics),
      qos,
      retain,
      isClear: retain && dice.chance(25),
      expirySeconds: dice.chance(10) && !retain ? dice.pick([1, 5_000]) : undefined,
      padding: dice.chance(2) ? dice.pick([200, 30_000]) : 0,
      hook: client === application ? undefined : this.#fate(15),
      durability: this.#hasHooks && dice.chance(10) ? dice.pick(lowerDurabilities) : undefined,
      usesAlias: dice.chance(30),
    };
  }

  #fate(percent: number): HookFate | undefined {
    if (!this.#hasHooks || !this.#dice.chance(percent)) return undefined;
    return this.#dice.pick(hookFates);
  }
}
