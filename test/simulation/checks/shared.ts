import { type Epoch, type Interest, mayWant, surelyWants } from '../epoch.ts';
import type { Publication } from '../publication.ts';
import type { World } from '../world.ts';

interface Member {
  readonly epoch: Epoch;
  readonly interest: Interest;
}

/** At the end: each message of a share group went to one member, and one that could not be missed to somebody. */
export function checkShared(world: World): void {
  const members = world.clients.flatMap(({ epochs }) =>
    epochs.flatMap((epoch) =>
      epoch.interests.filter(({ isShared }) => isShared).map((interest) => ({ epoch, interest })),
    ),
  );
  if (members.length === 0) return;
  for (const publication of world.ledger.publications) {
    const able = members.filter(({ interest }) => mayWant(interest, publication));
    if (able.length > 0 && publication.qos > 0) checkOne(world, publication, able);
  }
}

function checkOne(world: World, publication: Publication, able: readonly Member[]): void {
  const { id, qos, mayRepeat, sentAt } = publication;
  const epochs = new Set(able.map(({ epoch }) => epoch));
  const counts = [0, 0, 0];
  for (const epoch of epochs) {
    const receipt = epoch.receipts.get(id);
    for (const level of [0, 1, 2])
      counts[level] = (counts[level] ?? 0) + (receipt?.counts[level] ?? 0);
  }
  const total = (counts[0] ?? 0) + (counts[1] ?? 0) + (counts[2] ?? 0);
  if (total > 0) world.history.reach('shared message delivered');
  if (qos === 2 && !mayRepeat) {
    const isFixed = [...epochs].every(({ endedAt }) => endedAt === Infinity);
    const isCalm = world.bootsSince(sentAt) === 0 && isFixed;
    if ((counts[2] ?? 0) > 1 || (isCalm && total > 1)) {
      world.history.violate('shared', `${id} went to ${total} members`);
    }
  }
  const isSafe = able.every(
    ({ epoch, interest }) => epoch.endedAt === Infinity && interest.qos > 0 && interest.granted > 0,
  );
  if (total > 0 || !isSafe || !publication.isAccepted || !publication.isAllowed) return;
  if (world.unplaced.has(id) || [...epochs].some(({ crowdedOut }) => crowdedOut.has(id))) return;
  if (publication.expirySeconds !== undefined || publication.payload.length > 50) return;
  const waiting = able.find(
    ({ interest }) => interest.sureTo === Infinity && surelyWants(interest, publication),
  );
  if (waiting === undefined) return;
  world.history.violate('shared', `${id} was acknowledged and went to nobody`);
}
