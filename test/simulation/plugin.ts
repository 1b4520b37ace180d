import { allow, deny, type Plugin, type PluginContext, type Verdict } from '@sluice/plugin';
import type { HookFate } from './plan.ts';
import { readPayload } from './publication.ts';
import type { World } from './world.ts';

/** A plug-in that decides as the plan says: at once, late, never, with an error, and sometimes no. */
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

  plugin(): Plugin {
    return { name: 'simulated', setup: (context) => this.#setUp(context) };
  }

  #setUp(context: PluginContext): void {
    const { plan } = this.#world;
    if (!plan.hasHooks) return;
    context.hook('authenticate', ({ connection }) => this.#decide(connection.listener ?? ''));
    context.hook('authorizePublish', ({ message }) =>
      this.#decide(readPayload(message.payload).hook),
    );
    context.hook('authorizeSubscribe', ({ client, subscription }) =>
      this.#decide(this.#rules.get(`${client.clientId} ${subscription.filter}`) ?? ''),
    );
    context.hook('authorizeDeliver', ({ client, message }) => {
      const number = Number(client.clientId.split('-')[1]);
      return this.#world.isDenied(number, message.topic) ? deny() : allow();
    });
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
    return new Promise((resolve, reject) => {
      world.timeline.after(world.dice.between(1, 400), () => {
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
