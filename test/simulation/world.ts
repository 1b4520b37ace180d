import { type Broker, createBroker } from '@sluice/core';
import { createMatcher } from '@sluice/matcher';
import type { Matcher } from '@sluice/plugin';
import { Application } from './application.ts';
import { Client } from './client.ts';
import { Dice, seedOf } from './dice.ts';
import { diskWorldOf } from './disk-world.ts';
import { DurableState } from './durable-state.ts';
import { History } from './history.ts';
import type { ClientNumber, HookFate, Plan } from './plan.ts';
import { SimulatedPlugin } from './plugin.ts';
import { Ledger, type Publication } from './publication.ts';
import { SimulatedPersistence } from './simulated-persistence.ts';
import { Timeline } from './timeline.ts';
import { VirtualEnvironment } from './virtual-environment.ts';
import type { Wire } from './wire.ts';

/** One life of the broker, from its start to its end or death. */
interface Life {
  readonly broker: Broker;
  readonly environment: VirtualEnvironment;
  readonly persistence: SimulatedPersistence;
  readonly matchers: readonly Matcher<unknown>[];
  /** All that were ever handed to it, by number. */
  readonly wires: Map<number, Wire>;
}

const immediate = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
const tick = (): Promise<void> => new Promise((resolve) => void process.nextTick(resolve));

/** More than the ticks that a stream puts one after the other, from a write to its end and its close. */
const ticksPerRound = 6;

/** Every promise is settled between two ticks; a turn of the real event loop would cost several times as much. */
async function drain(): Promise<void> {
  for (let count = 0; count < ticksPerRound; count++) await tick();
}

/** Everything of a history: the broker, its disk, its clients, and the time that passes for all of them. */
export class World {
  readonly plan: Plan;
  readonly timeline = new Timeline();
  readonly history: History;
  readonly ledger = new Ledger();
  readonly clients: readonly Client[];
  readonly application = new Application(this);
  readonly plugin = new SimulatedPlugin(this);
  readonly state = new DurableState((text) => this.history.violate('contract', text));
  /** For what belongs to nobody in particular. */
  readonly dice: Dice;
  /** Milliseconds by which the wall clock was set, and by how much altogether. */
  jumpedMs = 0;
  jumpsMs = 0;
  readonly disk: { fails: boolean; stalledUntil: number; readonly isSynchronous: boolean };
  /** When a queue could not be read: its client is sent away. */
  readFailedAt: number = -Infinity;
  /** Messages that nobody of a share group had room for. */
  readonly unplaced: Set<number> = new Set();
  /** When a message last had no place in a queue. */
  crowdedAt: number = -Infinity;
  /** The application ends a connection. */
  isKicking = false;
  /** A broker that closes refuses what is asked of it. */
  isClosing = false;
  /** How often the broker died. */
  deaths = 0;
  /** The broker said that it cannot commit, and not yet that it can again. */
  isOutage = false;
  #life: Life | undefined;
  /** Acknowledged without a promise: a crash may still take them. */
  #undurable: Publication[] = [];
  #boots: number[] = [];
  #wires = 0;
  #isTouched = false;
  /** The last moment at which nothing was on its way to the disk. */
  #durableAt = 0;
  /** When a client last got something that was not an answer to PINGREQ. */
  #trafficAt = 0;

  constructor(plan: Plan, write: ((line: string) => void) | undefined) {
    this.plan = plan;
    this.history = new History(this.timeline, write);
    this.dice = new Dice(seedOf(plan.seed, 3));
    this.disk = { fails: false, stalledUntil: 0, isSynchronous: plan.hasSynchronousDisk };
    this.clients = plan.clients.map((client, number) => new Client(this, number, client));
  }

  get now(): number {
    return this.timeline.now;
  }

  get broker(): Broker | undefined {
    return this.#life?.broker;
  }

  get isUp(): boolean {
    return this.#life !== undefined && !this.isClosing;
  }

  get life(): Life | undefined {
    return this.#life;
  }

  /** Whether nothing is on its way to the disk. */
  get isDiskIdle(): boolean {
    return this.#life?.persistence.isIdle ?? true;
  }

  /** How long nothing was sent to a client. */
  get quietMs(): number {
    return this.now - this.#trafficAt;
  }

  noteTraffic(): void {
    this.#trafficAt = this.now;
  }

  /** The acknowledgement of a message left that did not wait for the disk: it counts once that is idle. */
  acceptLater(publication: Publication): void {
    this.history.reach('acknowledged before it is durable');
    this.#undurable.push(publication);
  }

  isDenied(client: ClientNumber, topic: string): boolean {
    return this.plan.denials.some((denial) => denial.client === client && denial.topic === topic);
  }

  /** How often the broker died or was restarted since then. */
  bootsSince(moment: number): number {
    return this.#boots.filter((at) => at >= moment).length;
  }

  nextWire(): number {
    return ++this.#wires;
  }

  /** Something reached the broker: streams and promises go on before the next moment. */
  touch(): void {
    this.#isTouched = true;
  }

  open(wire: Wire, hook?: HookFate): void {
    const { number, stream } = wire;
    this.#life?.wires.set(number, wire);
    this.touch();
    this.#life?.broker.handle(stream, { listener: hook ?? '', remotePort: number });
  }

  kick(clientName: string): void {
    this.touch();
    this.isKicking = true;
    this.#life?.broker.disconnect(clientName);
    this.isKicking = false;
  }

  /** Starts the broker over what the disk holds. */
  async boot(): Promise<void> {
    const { plan } = this;
    const boot = this.#boots.length;
    const environment = new VirtualEnvironment(this.timeline, this, plan, boot);
    const persistence = new SimulatedPersistence(
      this.state,
      diskWorldOf(this),
      new Dice(seedOf(plan.seed, 4, boot)),
    );
    const matchers: Matcher<unknown>[] = [];
    const provider = {
      name: 'world',
      setup: (context: Parameters<ReturnType<SimulatedPlugin['plugin']>['setup']>[0]) => {
        context.provide('persistence', persistence);
        context.provide('matcher', <Value>() => {
          const matcher = createMatcher<Value>();
          matchers.push(matcher as Matcher<unknown>);
          return matcher;
        });
      },
    };
    const plugins = [provider, this.plugin.plugin()];
    const broker = await createBroker({
      plugins,
      environment,
      limits: plan.limits,
      slowReceiver: plan.slowReceiver,
      queueOverflow: plan.queueOverflow,
    });
    const wires = new Map<number, Wire>();
    broker.on('disconnected', ({ client }) => {
      const { remotePort = 0 } = client.connection;
      wires.get(remotePort)?.released();
    });
    broker.on('error', (error) => this.#onError(broker, error));
    broker.on('recovered', () => {
      if (this.#life?.broker === broker) this.isOutage = false;
    });
    this.isOutage = false;
    this.isClosing = false;
    this.application.begin();
    this.#life = { broker, environment, persistence, matchers, wires };
    this.history.trace(() => `--- the broker is up, for the ${boot + 1}. time`);
    if (boot > 0) for (const client of this.clients) client.rebooted(this.#durableAt);
    this.#boots.push(this.now);
    this.touch();
    await this.settle();
  }

  /** Everything in memory is gone. */
  async crash(): Promise<void> {
    const life = this.#life;
    if (life === undefined) return;
    this.history.trace(() => '--- the broker dies');
    this.history.reach('crash');
    life.persistence.die();
    life.environment.die();
    this.deaths++;
    this.#life = undefined;
    this.#undurable = [];
    for (const wire of life.wires.values()) wire.die();
    await immediate();
  }

  /** The broker is closed in order; everything on its way gets to its end. */
  async close(): Promise<void> {
    const life = this.#life;
    if (life === undefined || this.isClosing) return;
    this.history.trace(() => '--- the broker closes');
    this.isClosing = true;
    let isClosed = false;
    const closing = life.broker.close({ graceMs: 1_000 }).then(() => {
      isClosed = true;
    });
    this.touch();
    const until = this.now + 30_000;
    while (!isClosed && this.now < until && this.#life === life) await this.step();
    if (this.#life !== life) return;
    if (!isClosed) {
      this.history.violate('liveness', 'the broker does not close');
      return;
    }
    await closing;
    if (!life.persistence.isClosed) this.history.violate('close', 'the persistence is open');
    if (life.environment.timers > 0) this.history.violate('leak', 'timers after close');
    this.#life = undefined;
    life.environment.die();
    for (const wire of life.wires.values()) wire.die();
    this.#isDurable();
  }

  /** Nothing is on its way to the disk. */
  #isDurable(): void {
    const { now } = this;
    this.#durableAt = now;
    for (const publication of this.#undurable) {
      publication.acceptedAt = Math.min(publication.acceptedAt, now);
    }
    if (this.#undurable.length > 0) this.#undurable = [];
  }

  /** Lets the next thing happen, and what follows from it at once. */
  async step(): Promise<void> {
    const { timeline } = this;
    if (this.#isTouched || this.#life?.environment.hasDeferred === true) {
      await this.settle();
      return;
    }
    timeline.step();
    // More than one socket is read in a turn.
    while (timeline.next <= timeline.now && this.dice.chance(60)) timeline.step();
    await this.settle();
  }

  /** Streams, promises and the ends of turns, until nothing is left of them. */
  async settle(): Promise<void> {
    for (
      let rounds = 0;
      this.#isTouched || this.#life?.environment.hasDeferred === true;
      rounds++
    ) {
      if (rounds > 10_000) throw new Error('a turn goes on for ever');
      this.#isTouched = false;
      await drain();
      const environment = this.#life?.environment;
      if (environment?.hasDeferred !== true) continue;
      environment.endTurn();
      this.#isTouched = true;
    }
    if (this.#life !== undefined && this.isDiskIdle) this.#isDurable();
  }

  #onError(broker: Broker, error: Error): void {
    if (this.#life?.broker !== broker) return;
    const { code } = error as { code?: string };
    this.history.trace(() => `broker: ${code} ${error.message}`);
    if (code?.startsWith('SLUICE_HOOK') === true && this.plan.hasHooks) return;
    if (code === 'SLUICE_PERSISTENCE_FAILED') this.isOutage = true;
    if (code?.startsWith('SLUICE_PERSISTENCE') === true) return;
    if (error.message === 'the disk cannot be read') return;
    this.history.violate('error', `${code} ${error.message} ${error.stack}`);
  }
}
