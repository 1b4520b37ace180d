import { ReasonCode } from '@sluice/packet';
import type { PluginContext } from '@sluice/plugin';
import type { Clients } from './clients.ts';
import type { AedesBroker, Callback, FromAedesOptions } from './handlers.ts';
import type { ListenedEvents } from './listeners.ts';
import type { LiveClient } from './live-client.ts';
import { type Outcome, outcomeOf } from './outcome.ts';

/** What handlers and listeners play on: the hooks of the broker, its clients, and who listens. */
export class Stage {
  readonly context: PluginContext;
  readonly clients: Clients;
  /** Handlers have it as `this`. */
  readonly broker: AedesBroker;
  readonly #listeners: Partial<ListenedEvents>;

  constructor(
    context: PluginContext,
    clients: Clients,
    broker: AedesBroker,
    { on = {} }: FromAedesOptions,
  ) {
    this.context = context;
    this.clients = clients;
    this.broker = broker;
    this.#listeners = on;
  }

  /**
   * Calls a handler: see `outcomeOf`. One that decides about a client may close it in place of calling back, as in Aedes:
   * that is a refusal, and no failure of the handler, which would be suspended after some of them.
   */
  ask<Value>(
    client: LiveClient | null,
    call: (callback: Callback<Value>) => unknown,
  ): Outcome<Value> | Promise<Outcome<Value>> {
    return outcomeOf<Value>((callback) => {
      const waiting = client?.wait(callback);
      return call((error, value) => {
        waiting?.();
        callback(error, value);
      });
    }, this.context.reportError);
  }

  listensTo(name: keyof ListenedEvents): boolean {
    return this.#listeners[name] !== undefined;
  }

  emit<Name extends keyof ListenedEvents>(
    name: Name,
    ...event: Parameters<ListenedEvents[Name]>
  ): void {
    const listener = this.#listeners[name] as ((...event: unknown[]) => unknown) | undefined;
    try {
      const returned = listener?.apply(this.broker, event);
      // Nobody else waits for it: it would end the process.
      if (returned instanceof Promise) returned.catch(this.context.reportError);
    } catch (error) {
      this.context.reportError(error as Error);
    }
  }

  /** Ends the connection of a client for an error that a handler called back with, as Aedes does. */
  fail(client: LiveClient | null, error: Error): void {
    if (client === null) return;
    this.emit('clientError', client, error);
    if (client.listenerCount('error') > 0) client.emit('error', error);
    client.end(ReasonCode.notAuthorized);
  }
}
