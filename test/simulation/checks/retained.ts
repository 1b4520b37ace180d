import { type Publication, readPayload } from '../publication.ts';
import type { World } from '../world.ts';

/** At the end: what is retained is the last acknowledged message of each topic or one that was sent later. */
export async function checkRetained(world: World): Promise<void> {
  const { broker } = world;
  if (broker === undefined) return;
  const found = new Map<string, number>();
  const subscription = broker.subscribe('#', ({ topic, payload, retain }) => {
    if (!retain) return;
    if (found.has(topic))
      world.history.violate('retained', `two messages are retained on ${topic}`);
    found.set(topic, readPayload(payload).id);
  });
  world.touch();
  await world.settle();
  subscription.close();
  const topics = new Set([...found.keys(), ...world.ledger.publications.map(({ topic }) => topic)]);
  for (const topic of topics) checkTopic(world, topic, found.get(topic));
}

function checkTopic(world: World, topic: string, id: number | undefined): void {
  const attempts = world.ledger.publications.filter(
    (one) => one.retain && one.topic === topic && one.isAllowed && one.sentAt < Infinity,
  );
  const accepted = attempts.filter(({ isAccepted }) => isAccepted);
  const isCurrent = (one: Publication): boolean =>
    !accepted.some(({ sentAt }) => sentAt > one.routedBy);
  if (id === undefined) {
    const mayBeNothing =
      accepted.length === 0 || attempts.some((one) => one.isClear && isCurrent(one));
    if (mayBeNothing) return;
    const last = accepted.at(-1)?.id;
    world.history.violate(
      'retained',
      `nothing is retained on ${topic}, but ${last} or a later one should be`,
    );
    return;
  }
  const kept = world.ledger.find(id);
  if (kept === undefined || !attempts.includes(kept)) {
    world.history.violate('retained', `${id} is retained on ${topic}`);
  } else if (!isCurrent(kept)) {
    world.history.violate(
      'retained',
      `${id} is retained on ${topic}, but a later one was acknowledged`,
    );
  }
}
