import {
  type AuthorizeSubscribeEvent,
  type AuthorizeSubscribeGrant,
  allow,
  deny,
  type Hooks,
  type Plugin,
  type PluginContext,
  type PolicyChangedEvent,
  type Verdict,
} from '@sluice/plugin';
import { answerOf } from './asking.ts';
import { aPlugin, type TestBroker } from './test-broker.ts';

/** Rules that a test changes at will, and what was asked of them. */
export class Rules {
  readonly denied: Set<string> = new Set();
  readonly maximumQos: Map<string, 0 | 1> = new Map();
  readonly asked: string[] = [];
  readonly changed: PolicyChangedEvent[] = [];
  readonly unsubscribed: string[] = [];
  /** Called before the answer, which waits for it. */
  wait: (() => Promise<void>) | undefined;
  failure: Error | undefined;

  plugin(more: (context: PluginContext) => void = () => {}): Plugin {
    return aPlugin((context) => {
      const ask: Hooks['authorizeSubscribe'] = (event) => this.#ask(event);
      context.hook('authorizeSubscribe', ask);
      context.hook('policyChanged', (event) => void this.changed.push(event));
      context.hook('unsubscribed', ({ client, filter }) => {
        this.unsubscribed.push(`${client.clientId} ${filter}`);
      });
      more(context);
    }, 'rules');
  }

  #ask(
    event: AuthorizeSubscribeEvent,
  ): Verdict<AuthorizeSubscribeGrant> | Promise<Verdict<AuthorizeSubscribeGrant>> {
    const { client, subscription } = event;
    const what = `${client.clientId} ${subscription.filter}`;
    this.asked.push(what);
    if (this.failure !== undefined) throw this.failure;
    // What the rules say now, however late the answer.
    const verdict = this.#verdict(what);
    return this.wait === undefined ? verdict : this.wait().then(() => verdict);
  }

  #verdict(what: string): Verdict<AuthorizeSubscribeGrant> {
    if (this.denied.has(what)) return deny();
    const maximumQos = this.maximumQos.get(what);
    return maximumQos === undefined ? allow() : allow({ maximumQos });
  }
}

/** Lets the broker ask the rules again, of one client or of all. */
export function reauthorize(world: TestBroker, clientId?: string): Promise<void> {
  return answerOf(world, world.broker.reauthorize(clientId));
}

/** What a client is subscribed to: filters with their QoS. */
export function filtersOf(world: TestBroker, clientId: string): string[] {
  return world.broker.subscriptions.of(clientId).map(({ filter, qos }) => `${filter} ${qos}`);
}
