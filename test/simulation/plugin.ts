import { allow, deny, type Plugin, type PluginContext, type Verdict } from '@sluice/plugin';
import { noteDrop } from './checks/full-queues.ts';
import type { ClientNumber, HookFate } from './plan.ts';
import { type Publication, readPayload } from './publication.ts';
import type { World } from './world.ts';

// So that memory of reads is used again, which in histories shows who needed it for longer.
const keepsNone = { keepsMessages: false };
const publishedSuffix = Buffer.from(';+');
const deliveredSuffix = Buffer.from(';@');

function withSuffix(payload: Uint8Array, suffix: Uint8Array): Uint8Array {
  return Buffer.concat([payload, suffix]);
}

function numberOf(clientId: string): ClientNumber {
  return Number(clientId.split('-')[1]);
}

/** A plug-in that decides as the plan says: at once, late, never, with an error, and sometimes no. It changes messages as well. */
export class SimulatedPlugin {
  readonly #world: World;
  /** What is decided about a client's next subscription to a filter. */
  readonly #rules: Map<string, HookFate> = new Map();

  constructor(world: World) {
    this.#world = world;
  }

  /** Says what to decide about the subscription of a client. */
  rule(clientName: string, filter: string, hook: HookFate | undefined): void {
    const key = `${clientName} ${filter}`;
    if (hook === undefined) this.#rules.delete(key);
    else this.#rules.set(key, hook);
  }

  /**
   * The client connects again, and is asked about its subscriptions: if nobody could be asked about them, it would never
   * come back.
   */
  forgiveFailures(clientName: string): void {
    for (const [key, fate] of this.#rules) {
      const passes = fate === 'throw' || fate === 'reject' || fate === 'never';
      if (passes && key.startsWith(`${clientName} `)) this.#rules.delete(key);
    }
  }

  plugin(): Plugin {
    return { name: 'simulated', setup: (context) => this.#setUp(context) };
  }

  #setUp(context: PluginContext): void {
    const { plan } = this.#world;
    context.hook('dropped', (event) => noteDrop(this.#world, event), keepsNone);
    if (!plan.hasHooks) return;
    // It fails where the plan says so, not because it is broken.
    const patience = { maxFailures: Infinity };
    context.hook(
      'authenticate',
      ({ connection }) => this.#decide(connection.listener ?? ''),
      patience,
    );
    context.hook(
      'authorizePublish',
      ({ message }) => this.#decide(readPayload(message.payload).hook),
      { ...patience, ...keepsNone },
    );
    context.hook(
      'authorizeSubscribe',
      ({ client, subscription }) =>
        this.#decide(this.#rules.get(`${client.clientId} ${subscription.filter}`) ?? ''),
      patience,
    );
    // Without an opinion, so that queues are as they would be without them.
    context.hook('enqueue', () => undefined, keepsNone);
    context.hook('acknowledged', () => undefined, keepsNone);
    const isDenied = (clientId: string, topic: string) =>
      this.#world.isDenied(numberOf(clientId), topic);
    context.hook(
      'authorizeDeliver',
      ({ client, message }) => (isDenied(client.clientId, message.topic) ? deny() : allow()),
      keepsNone,
    );
    this.#setUpChanges(context);
  }

  /** Changes messages, as the plan says: when they are published, and once more for one receiver. */
  #setUpChanges(context: PluginContext): void {
    const { rewrites } = this.#world.plan;
    context.hook(
      'publish',
      ({ message: { topic, payload } }) => {
        const { durability } = readPayload(payload);
        const isLower = durability === 'none' || durability === 'write';
        if (payload.length === 0 || (!isLower && topic !== rewrites.topic)) return;
        return {
          ...(isLower && { durability }),
          ...(topic === rewrites.topic && { payload: withSuffix(payload, publishedSuffix) }),
        };
      },
      keepsNone,
    );
    context.hook(
      'deliver',
      ({ client, message: { payload } }) => {
        if (payload.length === 0 || numberOf(client.clientId) !== rewrites.client) return;
        return { payload: withSuffix(payload, deliveredSuffix) };
      },
      keepsNone,
    );
  }

  /** What a client gets of a message that the application or a client has published, or left as its will. */
  payloadFor(client: ClientNumber, { topic, payload, isWill }: Publication): Uint8Array {
    const { rewrites, hasHooks } = this.#world.plan;
    if (!hasHooks || payload.length === 0) return payload;
    let changed = payload;
    if (!isWill && topic === rewrites.topic) changed = withSuffix(changed, publishedSuffix);
    if (client === rewrites.client) changed = withSuffix(changed, deliveredSuffix);
    return changed;
  }

  #decide(fate: string): Verdict<never> | Promise<Verdict<never>> {
    if (fate === '') return allow();
    this.#world.history.reach(`hook: ${fate}`);
    switch (fate) {
      case 'deny':
        return deny();
      case 'throw':
        throw new Error('the hook throws');
      case 'late':
        return this.#later(() => allow());
      case 'reject':
        return this.#later(() => {
          throw new Error('the hook rejects');
        });
      case 'never':
        return new Promise(() => {});
      default:
        return allow();
    }
  }

  /** Within the deadline. */
  #later(answer: () => Verdict<never>): Promise<Verdict<never>> {
    const world = this.#world;
    const { deaths } = world;
    return new Promise((resolve, reject) => {
      world.timeline.after(world.dice.between(1, 400), () => {
        // Whoever asked is not there any more.
        if (world.deaths !== deaths) return;
        world.touch();
        try {
          resolve(answer());
        } catch (error) {
          reject(error);
        }
      });
    });
  }
}
