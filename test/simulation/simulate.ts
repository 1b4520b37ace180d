import { OverflowAction } from '@sluice/plugin';
import { checkLeaks } from './checks/leaks.ts';
import { checkOwed, checkWills } from './checks/owed.ts';
import { checkRetained } from './checks/retained.ts';
import { checkShared } from './checks/shared.ts';
import { perform } from './client-steps.ts';
import { Dice, seedOf } from './dice.ts';
import { generatePlan } from './generate.ts';
import { application, type Plan, type Step } from './plan.ts';
import { Rogue } from './rogue.ts';
import { World } from './world.ts';

/** What a history came to. */
export interface Outcome {
  readonly seed: number;
  /** Rules that were broken; the first one is what counts. */
  readonly violations: readonly string[];
  /** The same for the same plan, on every machine. */
  readonly hash: string;
  readonly reached: ReadonlyMap<string, number>;
  readonly boots: number;
  readonly virtualMs: number;
}

/** Virtual time in which everything has to come to an end once the faults are over. */
const patienceMs = 60_000;
/** Longer than any will is delayed, and than a stream that is being closed may take. */
const quietMs = 3_500;

/** Plays the history of a seed. */
export function simulate(seed: number, write?: (line: string) => void): Promise<Outcome> {
  return play(generatePlan(seed), write);
}

/** Plays a plan, whole or shrunk, up to the first rule that is broken. */
export async function play(plan: Plan, write?: (line: string) => void): Promise<Outcome> {
  const player = new Player(plan, write);
  await player.run();
  const { history, now } = player.world;
  const { violations, hash, reached } = history;
  return {
    seed: plan.seed,
    violations,
    hash,
    reached,
    boots: player.world.bootsSince(0),
    virtualMs: now,
  };
}

class Player {
  readonly world: World;
  readonly #plan: Plan;
  #bootAt = 0;
  #repairAt = Infinity;
  /** It does not come to rest, and need not. */
  #isEndless = false;

  constructor(plan: Plan, write: ((line: string) => void) | undefined) {
    this.#plan = plan;
    this.world = new World(plan, write);
  }

  async run(): Promise<void> {
    const phases = [
      () => this.#live(),
      () => this.#calmDown(),
      () => this.#checkEverything(),
      () => this.#retire(),
    ];
    for (const phase of phases) {
      if (this.#hasFailed || this.#isEndless) break;
      await phase();
    }
    // Nothing of it may go on while the next one is played.
    await this.world.crash();
  }

  get #hasFailed(): boolean {
    return this.world.history.violations.length > 0;
  }

  /** The steps of the plan, each at its time. */
  async #live(): Promise<void> {
    for (const client of this.world.clients)
      this.world.timeline.after(client.number, () => client.connect());
    for (const step of this.#plan.steps) {
      await this.#passTo(step.at);
      if (this.#hasFailed) return;
      this.world.history.trace(
        () => `[${step.id}] ${JSON.stringify({ ...step, at: undefined, id: undefined })}`,
      );
      await this.#do(step);
    }
    await this.#passTo(this.#plan.endsAt);
  }

  async #passTo(at: number): Promise<void> {
    const { world } = this;
    const { timeline } = world;
    await world.settle();
    for (;;) {
      const bootAt = world.life === undefined ? this.#bootAt : Infinity;
      const next = Math.min(timeline.next, bootAt, this.#repairAt);
      if (next > at || this.#hasFailed) break;
      if (next === this.#repairAt) {
        world.disk.fails = false;
        this.#repairAt = Infinity;
      } else if (next === bootAt) {
        timeline.passTo(bootAt);
        await world.boot();
      } else {
        await world.step();
      }
    }
    await world.settle();
    timeline.passTo(at);
  }

  async #do(step: Step): Promise<void> {
    const { world } = this;
    const { broker, history } = world;
    if (step.client !== undefined) {
      const client = world.clients[step.client];
      if (client !== undefined) perform(world, client, step);
      else if (step.client === application && step.do === 'publish') {
        if (world.isUp && broker !== undefined) world.application.publish(broker, step.messages);
      }
      return;
    }
    switch (step.do) {
      case 'crash':
        if (world.life === undefined) break;
        if (world.clients.some(({ receiver }) => receiver.holdsQos2))
          history.reach('crash between PUBREC and PUBREL');
        await world.crash();
        this.#bootAt = world.now + step.downMs;
        break;
      case 'restart':
        if (world.life === undefined) break;
        history.reach('restart');
        this.#repair();
        await world.close();
        this.#bootAt = world.now + step.downMs;
        break;
      case 'jump':
        history.reach('clock jump');
        world.jumpedMs += step.byMs;
        world.jumpsMs += Math.abs(step.byMs);
        break;
      case 'stall the disk':
        history.reach('disk stalled');
        world.disk.stalledUntil = world.now + step.forMs;
        break;
      case 'fail the disk':
        world.disk.fails = true;
        this.#repairAt = world.now + step.forMs;
        break;
      case 'rogue':
        if (world.isUp)
          new Rogue(
            world,
            step.id,
            step.version,
            new Dice(seedOf(this.#plan.seed, 5, step.id)),
          ).act(step.kind);
        break;
      case 'listen':
        if (world.isUp && broker !== undefined)
          world.application.listen(broker, step.filter, step.forMs);
        break;
      default:
        step satisfies never;
    }
  }

  #repair(): void {
    this.world.disk.fails = false;
    this.world.disk.stalledUntil = 0;
    this.#repairAt = Infinity;
  }

  /** No fault any more: everybody comes back and everything gets to its end. */
  async #calmDown(): Promise<void> {
    const { world } = this;
    world.history.trace(() => '--- no more faults');
    this.#repair();
    if (world.life === undefined) {
      world.timeline.passTo(this.#bootAt);
      await world.boot();
    }
    for (const wire of world.life?.wires.values() ?? []) if (!wire.isOpen) wire.reset();
    for (const client of world.clients) client.calm();
    // A clock that was set back puts off what was stored with a time.
    const until = world.now + patienceMs + world.jumpsMs;
    const least = world.now + quietMs + world.jumpsMs;
    while (world.now < until && !this.#hasFailed) {
      await this.#passTo(world.now + 100);
      if (world.now > least && this.#isQuiet()) return;
    }
    if (this.#hasFailed) return;
    if (
      this.#plan.queueOverflow === OverflowAction.disconnect &&
      world.now - world.crowdedAt < quietMs
    ) {
      // It publishes to itself, again whenever it comes back, and is sent away for that.
      world.history.reach('client that has no room for itself');
      this.#isEndless = true;
      return;
    }
    for (const { name, isSettled, isConnected, sender, subscriber } of world.clients) {
      if (isSettled) continue;
      const text = `connected ${isConnected}, ${sender.pending} unacknowledged, ${subscriber.pending} unanswered`;
      world.history.violate('liveness', `${name}: ${text}`);
    }
    const {
      isDiskIdle,
      application: { pending },
      quietMs: quiet,
    } = world;
    const text = `disk idle ${isDiskIdle}, ${pending} promises of the application, quiet for ${quiet} ms`;
    world.history.violate('liveness', `the broker does not come to rest: ${text}`);
  }

  #isQuiet(): boolean {
    const {
      clients,
      isDiskIdle,
      quietMs: quiet,
      application: { pending },
    } = this.world;
    return (
      quiet > 1_000 && isDiskIdle && pending === 0 && clients.every(({ isSettled }) => isSettled)
    );
  }

  async #checkEverything(): Promise<void> {
    const { world } = this;
    checkOwed(world);
    checkWills(world);
    checkShared(world);
    await checkRetained(world);
  }

  /** Every session ends, everything retained is cleared: nothing may be left. */
  async #retire(): Promise<void> {
    const { world } = this;
    const { broker } = world;
    if (broker === undefined) return;
    for (const client of world.clients) client.retire();
    await this.#passTo(world.now + 8_000);
    const topics = new Set(
      world.ledger.publications.filter(({ retain }) => retain).map(({ topic }) => topic),
    );
    for (const topic of topics) void broker.publish({ topic, payload: '', retain: true });
    world.touch();
    await this.#passTo(world.now + 3_000);
    checkLeaks(world);
    await world.close();
  }
}
