import type { PublishPacket } from '@sluice/packet';
import type { Client } from '../client.ts';
import { CaseFailure } from '../failures.ts';
import type { Trial } from '../trial.ts';

/** A message, and the member of a share group that got it. */
export interface Delivery {
  readonly member: Client;
  readonly message: PublishPacket;
}

/** The next message that any of the members gets; undefined when none comes in time. */
export async function nextDelivery(
  members: readonly Client[],
  withinMs: number,
): Promise<Delivery | undefined> {
  const deadline = performance.now() + withinMs;
  do {
    for (const member of members) {
      const message = await member.receive(10);
      if (message === undefined) continue;
      if (message.type !== 3) throw new CaseFailure('another packet than a message came');
      return { member, message };
    }
  } while (performance.now() < deadline);
  return undefined;
}

/** So many messages, acknowledged as they come; fails when there are fewer or more. */
export async function deliveries(
  t: Trial,
  members: readonly Client[],
  count: number,
): Promise<readonly Delivery[]> {
  const all: Delivery[] = [];
  for (;;) {
    const next = await nextDelivery(members, all.length < count ? t.patienceMs : 300);
    if (next === undefined) break;
    all.push(next);
    await next.member.acknowledge(next.message);
  }
  if (all.length !== count) throw new CaseFailure(`${all.length} messages came, not ${count}`);
  return all;
}
