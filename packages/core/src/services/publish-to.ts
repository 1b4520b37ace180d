import { DropReason, isDrop, type OutgoingMessage } from '@sluice/plugin';
import { whenCommitted } from '../commits/when-committed.ts';
import type { Parts } from '../connection/parts.ts';
import { RoutedMessage } from '../messages/routed-message.ts';
import { readOutgoing } from './outgoing-message.ts';
import type { Serving } from './serving.ts';

/** Sends a message to one session, past subscriptions; false when there is none or it did not take it. */
export async function publishTo(
  { context, registry, publishing }: Parts,
  serving: Serving,
  clientId: string,
  outgoing: OutgoingMessage,
): Promise<boolean> {
  serving.checkStore();
  const { publishGuard } = context;
  const message = readOutgoing(outgoing, publishing);
  publishGuard.made(message);
  const event = await context.hooks.publish?.({ client: undefined, message });
  serving.checkStore();
  if (event !== undefined && isDrop(event)) {
    context.dropped(message, clientId, DropReason.hook);
    return false;
  }
  const session = registry.get(clientId);
  if (session === undefined) return false;
  const { commits } = context;
  const added = commits.added;
  const sent = RoutedMessage.of(event?.message ?? message);
  commits.cut();
  const before = publishGuard.enterRouting(sent);
  try {
    if (!session.deliver(sent, sent.qos, sent.retain, undefined)) return false;
  } finally {
    publishGuard.leave(before);
  }
  if (commits.added !== added && sent.durability !== 'none') await whenCommitted(commits);
  return true;
}
