import type { ReasonCode } from '@sluice/packet';
import type { Session } from '../session/session.ts';
import type { Registry } from './registry.ts';

/** Ends a session, with its connection if it has one. */
export function evictSession(
  registry: Registry,
  session: Session,
  reasonCode: ReasonCode,
  message: string,
): void {
  const { sink } = session;
  if (sink !== undefined) {
    // Detached first: it is not the end of the connection that ends the session.
    session.detach();
    sink.close(reasonCode, message);
  }
  registry.end(session, 'administrative');
}
