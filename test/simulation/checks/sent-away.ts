import type { DisconnectPacket } from '@sluice/packet';
import type { World } from '../world.ts';

/** Reason codes with which the broker may send away a client that does nothing wrong. */
const innocentCodes: ReadonlySet<number> = new Set([
  0x8b, // server shutting down
  0x8d, // keep alive timeout: it fell silent
  0x8e, // session taken over
  0x97, // quota exceeded: it does not read
  0x98, // administrative action
]);

const unspecifiedError = 0x80;
/** From a read that failed to the DISCONNECT that it leads to. */
const readToleranceMs = 100;

/** The broker has written DISCONNECT to a client that keeps the rules. */
export function checkSentAway(world: World, name: string, { reasonCode }: DisconnectPacket): void {
  if (innocentCodes.has(reasonCode)) return;
  const isRead = world.now - world.readFailedAt < readToleranceMs;
  if (reasonCode === unspecifiedError && isRead) return;
  const code = `0x${reasonCode.toString(16)}`;
  world.history.violate('sent away', `${name} is disconnected with ${code}`);
}
