import { setTimeout as pause } from 'node:timers/promises';
import { Random } from '../differential/random.ts';
import type { Actor } from './actors/actor.ts';
import { Churner } from './actors/churner.ts';
import { Publisher } from './actors/publisher.ts';
import { Retainer } from './actors/retainer.ts';
import { Subscriber } from './actors/subscriber.ts';
import { WillOwner } from './actors/will-owner.ts';
import { WillWatcher } from './actors/will-watcher.ts';
import { Life } from './life.ts';
import { type Fault, Report, type Verdict } from './report.ts';
import { type ServerOptions, ServerUnderTest } from './server-under-test.ts';
import { SlowLink } from './slow-link.ts';
import { WillLedger } from './will-ledger.ts';

export interface TrialOptions extends ServerOptions {
  readonly seed: number;
  /** How often the server dies; with a recorder, how often the power is cut as well. */
  readonly kills: number;
  /** Half of the connections take their time and break now and then. */
  readonly isSlow: boolean;
  /** Whether the data of a trial with violations is left for whoever wants to look. */
  readonly keepsData: boolean;
  /** What the trial is to find: it ends when it has. */
  readonly until?: Fault;
}

const deadlineMs = 30_000;
const longestLoadMs = 2_000;
const longestUnheardMs = 200;
const mostAcknowledgements = 40;

/** Clients of many kinds, and a server that dies under their load and is started again. */
export class Trial {
  readonly #options: TrialOptions;
  readonly #random: Random;
  readonly #report: Report = new Report();
  readonly #wills: WillLedger = new WillLedger();
  readonly #publishers: readonly Publisher[];
  readonly #steady: readonly Subscriber[];
  readonly #late: Subscriber;
  readonly #receivers: readonly (Subscriber | WillWatcher)[];
  readonly #others: readonly Actor[];
  readonly #server: ServerUnderTest;
  readonly #found: Promise<void>;
  #isFound = false;
  #link: SlowLink | undefined;

  private constructor(server: ServerUnderTest, options: TrialOptions) {
    this.#server = server;
    this.#options = options;
    this.#random = new Random(options.seed);
    const report = this.#report;
    this.#found = options.until === undefined ? new Promise(() => {}) : report.first(options.until);
    void this.#found.then(() => {
      this.#isFound = true;
    });
    const random = this.#random;
    const wills = this.#wills;
    const group = (member: number) => ({ name: 'group', member });
    this.#publishers = [
      new Publisher(5, 1, report),
      new Publisher(4, 1, report),
      new Publisher(5, 2, report),
      new Publisher(4, 2, report),
    ];
    this.#steady = [
      new Subscriber('steady', 5, report, random),
      new Subscriber('steady', 4, report, random),
    ];
    this.#late = new Subscriber('absent', 4, report, random);
    this.#receivers = [
      ...this.#steady,
      this.#late,
      new Subscriber('absent', 5, report, random),
      new Subscriber('flapping', 5, report, random),
      new Subscriber('flapping', 4, report, random),
      new Subscriber('takeover', 5, report, random),
      new Subscriber('flapping', 5, report, random, group(1)),
      new Subscriber('steady', 4, report, random, group(2)),
      new WillWatcher(5, wills, report),
      new WillWatcher(4, wills, report),
    ];
    this.#others = [
      new Churner(5, report, random),
      new Churner(4, report, random),
      new Retainer('retainer', report, random),
      new WillOwner('owner-1', 5, wills, random),
      new WillOwner('owner-2', 5, wills, random),
      new WillOwner('owner-3', 4, wills, random),
    ];
  }

  /** Kills the server as often as it is told, and compares what was promised with what was kept. */
  static async run(options: TrialOptions): Promise<Verdict> {
    const server = await ServerUnderTest.create(options);
    const trial = new Trial(server, options);
    try {
      await trial.#run();
    } finally {
      await server.kill();
      await trial.#link?.close();
    }
    const verdict = trial.#report.verdict();
    const where = `seed ${options.seed}, data kept in ${server.directoryName}`;
    if (verdict.examples.length === 0 || !options.keepsData) await server.remove();
    else return { ...verdict, examples: [where, ...verdict.examples] };
    return verdict;
  }

  async #run(): Promise<void> {
    const { isSlow, kills } = this.#options;
    try {
      if (isSlow) this.#link = await SlowLink.to(this.#server.port, this.#random);
      // A server may die before there is anything to lose. The power stays on: LevelDB does not sync the first
      // MANIFEST of a database that it creates.
      if (this.#random.chance(50)) await this.#dieStarting();
      await this.#liveAndDie(true);
      while (this.#deaths < kills && !this.#isFound) {
        if (this.#random.chance(20)) await this.#dieStarting();
        else await this.#liveAndDie(false);
      }
      if (!this.#isFound) await this.#lastLife();
    } catch (error) {
      this.#report.broken(error instanceof Stuck ? 'stuck' : 'refused', String(error));
    }
    this.#wills.check(this.#report);
  }

  async #liveAndDie(isFirst: boolean): Promise<void> {
    const { life, living } = await this.#begin(false, isFirst);
    if (this.#random.chance(5)) this.#late.call();
    await Promise.race([this.#fatefulMoment(), living, this.#found]);
    await this.#end(life, living);
  }

  /** Dies before it serves, or very soon after. */
  async #dieStarting(): Promise<void> {
    await this.#server.startFor(this.#random);
    this.#died();
  }

  /** All that is promised has to be kept here. */
  async #lastLife(): Promise<void> {
    const { life, living } = await this.#begin(true, false);
    const everybody = async () => {
      const others = Promise.all(this.#others.map((actor) => actor.satisfied()));
      await Promise.all(this.#publishers.map((publisher) => publisher.satisfied()));
      await Promise.all(this.#receivers.map((receiver) => receiver.satisfied()));
      await others;
    };
    await Promise.race([inTime('what was promised', everybody()), living, this.#found]);
    life.end();
    await this.#server.kill();
    await inTime('end', living);
  }

  async #begin(
    isLast: boolean,
    isFirst: boolean,
  ): Promise<{ life: Life; living: Promise<unknown> }> {
    await this.#server.start();
    if (this.#link !== undefined) this.#link.isReliable = isFirst || isLast;
    const life = new Life(this.#server.port, this.#link, this.#random, isLast);
    const receiving = this.#receivers.map((actor) => actor.live(life));
    if (isFirst) {
      // From here on everything that is acknowledged is promised to all of them.
      const subscribed = Promise.all(this.#receivers.map((receiver) => receiver.subscribed()));
      await inTime('subscriptions', subscribed);
      if (this.#link !== undefined) this.#link.isReliable = false;
    }
    const others = [...this.#publishers, ...this.#others];
    const living = Promise.all([...receiving, ...others.map((actor) => actor.live(life))]);
    living.catch(() => {});
    return { life, living };
  }

  async #end(life: Life, living: Promise<unknown>): Promise<void> {
    life.end();
    await this.#server.kill();
    this.#died();
    await inTime('end of all connections', living);
  }

  #died(): void {
    this.#report.cycles++;
    if (this.#options.recorder === undefined) return;
    // Without a power cut, what was not synced is still in the memory of the system: for the next one to take.
    if (this.#random.chance(15)) return;
    this.#server.cutPower(this.#random);
    this.#report.powerCuts++;
  }

  get #deaths(): number {
    const { cycles, powerCuts } = this.#report;
    return this.#options.recorder === undefined ? cycles : powerCuts;
  }

  /** Settles when the server is to die. */
  async #fatefulMoment(): Promise<void> {
    const kind = this.#random.below(10);
    if (kind === 0) await pause(this.#random.below(20));
    else if (kind <= 2) await this.#everythingUnheard();
    else {
      const publisher = this.#random.pick(this.#publishers);
      const count = 1 + this.#random.below(mostAcknowledgements);
      await Promise.race([publisher.acknowledged(count), pause(longestLoadMs)]);
    }
  }

  /** All that was sent has been delivered, and no publisher has heard of it. */
  async #everythingUnheard(): Promise<void> {
    await pause(this.#random.below(40));
    for (const publisher of this.#publishers) publisher.goDeaf();
    const { deliveries } = this.#report;
    const isDelivered = () => this.#steady.every((one) => deliveries.hasPublished(one.account));
    for (let waited = 0; waited < longestUnheardMs && !isDelivered(); waited++) await pause(1);
  }
}

class Stuck extends Error {}

async function inTime(what: string, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Stuck(`no ${what} in ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
