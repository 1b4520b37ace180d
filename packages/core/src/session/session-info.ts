import type { SessionInfo } from '@sluice/plugin';
import type { Session } from './session.ts';
import { noTraffic } from './session-counters.ts';

/** A session as plug-ins and applications see it, at this moment. */
export function describeSession(session: Session): SessionInfo {
  const { clientId, identity, sink, client, disconnectedAt, expiryInterval } = session;
  return {
    clientId,
    identity,
    client: sink === undefined ? undefined : client,
    disconnectedAt,
    expiryInterval,
    subscriptions: session.subscriptions.size,
    queuedMessages: session.outbox.size,
    inflightMessages: session.outbox.inflight,
    traffic: session.hasCounters ? session.counters.describe() : noTraffic,
  };
}
