import { type DeliveryEvent, DropReason, isDrop } from '@sluice/plugin';
import type { HookRunners } from '../hooks/hooks.ts';

/** What hooks make of a message that is about to leave, or why it does not. */
export function permit(
  event: DeliveryEvent,
  { authorizeDeliver, deliver }: Pick<HookRunners, 'authorizeDeliver' | 'deliver'>,
): DeliveryEvent | DropReason {
  if (authorizeDeliver?.(event).allowed === false) return DropReason.notAuthorized;
  if (deliver === undefined) return event;
  const changed = deliver(event);
  return isDrop(changed) ? DropReason.hook : changed;
}
