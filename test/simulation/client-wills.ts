import type { ClientPlan } from './plan.ts';
import { WillWatch } from './will-watch.ts';
import type { World } from './world.ts';

/** The wills that a client has left, one for each CONNECT. */
export class ClientWills {
  readonly all: WillWatch[] = [];
  readonly #world: World;
  readonly #name: string;
  readonly #plan: ClientPlan;

  constructor(world: World, name: string, plan: ClientPlan) {
    this.#world = world;
    this.#name = name;
    this.#plan = plan;
  }

  /** For the next CONNECT; undefined when the client leaves none. */
  make(): WillWatch | undefined {
    const { will, expirySeconds } = this.#plan;
    if (will === undefined) return undefined;
    const publication = this.#world.ledger.add({ publisher: this.#name, isWill: true, ...will });
    publication.sends = 1;
    const watch = new WillWatch(publication, will, expirySeconds);
    this.all.push(watch);
    return watch;
  }

  /** The client sends another CONNECT. */
  contested(): void {
    for (const will of this.all) will.contested(this.#world.now);
  }

  /** CONNACK left to the CONNECT of one of them: that decides about the others. */
  resumed(current: WillWatch | undefined, isSameSession: boolean): void {
    current?.accepted();
    for (const will of this.all) {
      if (will !== current) will.resumed(this.#world.now, isSameSession);
    }
  }

  /** The broker was dead until now. What happened before `durableAt` is surely stored. */
  rebooted(durableAt: number): void {
    const { now, jumpsMs } = this.#world;
    for (const will of this.all) will.rebooted(now, durableAt, jumpsMs);
  }
}
