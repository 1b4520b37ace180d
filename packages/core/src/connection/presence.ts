import type { ConnectedEvent, DisconnectedEvent } from '@sluice/plugin';
import type { HookRunners } from '../hooks/hooks.ts';
import type { ConnectionEvents } from './parts.ts';

/** Tells that a client is there, and that it is gone: everybody the one before anybody the other. */
export class Presence {
  readonly #hooks: HookRunners;
  readonly #events: ConnectionEvents;
  #isTelling = false;
  #gone: DisconnectedEvent | undefined;

  constructor(hooks: HookRunners, events: ConnectionEvents) {
    this.#hooks = hooks;
    this.#events = events;
  }

  connected(event: ConnectedEvent): void {
    this.#isTelling = true;
    this.#hooks.connected?.(event);
    this.#events.connected(event);
    this.#isTelling = false;
    if (this.#gone !== undefined) this.disconnected(this.#gone);
  }

  disconnected(event: DisconnectedEvent): void {
    if (this.#isTelling) {
      // One of those who were told has ended it.
      this.#gone = event;
      return;
    }
    this.#hooks.disconnected?.(event);
    this.#events.disconnected(event);
  }
}
