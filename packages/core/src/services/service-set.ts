import type { DisconnectOptions, LimitedEvent, OutgoingMessage } from '@sluice/plugin';
import type { Parts } from '../connection/parts.ts';
import { disconnectClient } from './disconnect-client.ts';
import { publishTo } from './publish-to.ts';
import { Reauthorization } from './reauthorization.ts';
import { RetainedAccess } from './retained-access.ts';
import { Serving } from './serving.ts';
import { SessionAccess } from './session-access.ts';
import { SubscriptionAccess } from './subscription-access.ts';

/** What a broker does for plug-ins and for the application, beside publishing and subscribing. */
export class ServiceSet {
  readonly sessions: SessionAccess;
  readonly subscriptions: SubscriptionAccess;
  readonly retained: RetainedAccess;
  readonly #parts: Parts;
  readonly #serving: Serving;
  readonly #reauthorization: Reauthorization;

  constructor(parts: Parts) {
    const serving = new Serving(parts.context.commits);
    this.#parts = parts;
    this.#serving = serving;
    this.sessions = new SessionAccess(parts, serving);
    this.subscriptions = new SubscriptionAccess(parts, serving);
    this.retained = new RetainedAccess(parts, serving);
    this.#reauthorization = new Reauthorization(parts, serving);
  }

  publishTo(clientId: string, message: OutgoingMessage): Promise<boolean> {
    this.#parts.context.publishGuard.check();
    return publishTo(this.#parts, this.#serving, clientId, message);
  }

  disconnect(clientId: string, options: DisconnectOptions | undefined): boolean {
    return disconnectClient(this.#parts.registry, clientId, options);
  }

  reauthorize(clientId: string | undefined): Promise<void> {
    return this.#reauthorization.run(clientId);
  }

  limited(event: LimitedEvent): void {
    this.#parts.context.scopes.hooksOn(event.connection).limited?.(event);
  }

  /** From now on everything is refused. */
  close(): void {
    this.#serving.close();
  }
}
