import {
  BrokerError,
  type BrokerServices,
  type BrokerStats,
  type DisconnectOptions,
  type LimitedEvent,
  type OutgoingMessage,
  type PublishOptions,
  type RetainedService,
  type SessionService,
  type SubscriptionService,
} from '@sluice/plugin';
import type { PublishGuard } from '../hooks/publish-guard.ts';

/** The broker as plug-ins hold it from their setup on: refuses with SLUICE_NOT_STARTED until there is one. */
export class LateBroker implements BrokerServices {
  readonly #guard: PublishGuard;
  #broker: BrokerServices | undefined;

  constructor(guard: PublishGuard) {
    this.#guard = guard;
  }

  /** From now on it is this one. */
  started(broker: BrokerServices): void {
    this.#broker = broker;
  }

  get sessions(): SessionService {
    return this.#running.sessions;
  }

  get subscriptions(): SubscriptionService {
    return this.#running.subscriptions;
  }

  get retained(): RetainedService {
    return this.#running.retained;
  }

  get stats(): BrokerStats {
    return this.#running.stats;
  }

  /** Throws a BrokerError SLUICE_PUBLISH_LOOP at once, so that a hook fails that does not wait for the promise. */
  publish(message: OutgoingMessage, options?: PublishOptions): Promise<void> {
    return this.#guard.paced(async () => this.#running.publish(message, options));
  }

  /** Throws as `publish` does. */
  publishTo(clientId: string, message: OutgoingMessage): Promise<boolean> {
    return this.#guard.paced(async () => this.#running.publishTo(clientId, message));
  }

  disconnect(clientId: string, options?: DisconnectOptions): boolean {
    return this.#running.disconnect(clientId, options);
  }

  async reauthorize(clientId?: string): Promise<void> {
    await this.#running.reauthorize(clientId);
  }

  limited(event: LimitedEvent): void {
    this.#running.limited(event);
  }

  get #running(): BrokerServices {
    if (this.#broker !== undefined) return this.#broker;
    throw new BrokerError(
      'SLUICE_NOT_STARTED',
      'The broker is not ready during setup: use the hook start, or a later one.',
    );
  }
}
