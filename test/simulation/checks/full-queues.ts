import { type DroppedEvent, DropReason, OverflowAction } from '@sluice/plugin';
import type { Epoch } from '../epoch.ts';
import { type Publication, readPayload } from '../publication.ts';
import type { World } from '../world.ts';

/** By how much a queue that was full may be shorter when it is told that a message of it was dropped. */
const missing: { readonly [Action in OverflowAction]: number } = {
  [OverflowAction.dropNewest]: 0,
  [OverflowAction.disconnect]: 0,
  // It has made room already.
  [OverflowAction.dropOldest]: 1,
  // For as many as there were of the topic.
  [OverflowAction.keepNewestPerTopic]: Infinity,
};

/** The broker says that it dropped a message: one that had no place in a queue is not owed any more. */
export function noteDrop(world: World, { clientId, message, reason }: DroppedEvent): void {
  const { id } = readPayload(message.payload);
  if (clientId === undefined && reason === DropReason.offline) noteUnplaced(world, id);
  if (clientId === undefined || reason !== DropReason.queueFull) return;
  world.history.reach(`queue full: ${world.plan.queueOverflow}`);
  world.crowdedAt = world.now;
  // A broker that closes tells nothing of its sessions.
  if (world.isUp) checkFull(world, clientId, id);
  const epoch = world.clients.find(({ name }) => name === clientId)?.epoch;
  const publication = world.ledger.find(id);
  if (epoch === undefined || publication === undefined) return;
  if (isSingle(world, publication) && wasTaken(epoch, publication)) {
    const text = `${id} for ${clientId} is dropped, but had arrived`;
    world.history.violate('queue full', text);
  }
  epoch.crowdedOut.add(id);
}

function checkFull(world: World, clientId: string, id: number): void {
  const { broker, plan, history } = world;
  const { maxQueuedMessages = Infinity, windowMessages = 0, maxInflightMessages = 0 } = plan.limits;
  const session = broker?.sessions.get(clientId);
  const waiting = session === undefined ? 0 : session.queuedMessages - session.inflightMessages;
  const least = maxQueuedMessages - missing[plan.queueOverflow];
  // What lies on disk is read to make room, and a window of what is to have it is let in until then, in each life of the
  // broker that ends before it was read. What was in flight on a connection that is lost waits again.
  const letIn = windowMessages * world.bootsSince(0);
  const most = maxQueuedMessages + letIn + maxInflightMessages;
  if (waiting >= least && waiting <= most) return;
  const text = `${id} for ${clientId} is dropped, where ${waiting} of ${maxQueuedMessages} wait`;
  history.violate('queue full', text);
}

/** A message leaves for a client: one that was dropped for it may not, but for what is a copy of its own. */
export function checkCrowdedOut(
  world: World,
  { name, epoch }: { readonly name: string; readonly epoch: Epoch },
  publication: Publication,
): void {
  if (!epoch.crowdedOut.has(publication.id) || !isSingle(world, publication)) return;
  world.history.violate('queue full', `${name} gets ${publication.id}, which was dropped for it`);
}

/** Nobody of a share group could take it. */
function noteUnplaced(world: World, id: number): void {
  if (!world.isUp) return;
  const { maxQueuedMessages = Infinity } = world.plan.limits;
  const isFull = world.clients.some(({ name }) => {
    const queued = world.broker?.sessions.get(name)?.queuedMessages ?? 0;
    return queued >= maxQueuedMessages;
  });
  if (!isFull) return;
  world.history.reach('every member of a share group is full');
  world.unplaced.add(id);
}

/** Whether there is one copy of it for each receiver, and the broker forgot nothing of that. */
function isSingle(
  world: World,
  { id, retain, isWill, mayRepeat, sends, sentAt }: Publication,
): boolean {
  const isShared = world.clients.some(({ epochs }) =>
    epochs.some(
      ({ interests, receipts }) => receipts.has(id) && interests.some((one) => one.isShared),
    ),
  );
  if (retain || isWill || mayRepeat || isShared) return false;
  return sends === 1 && world.bootsSince(sentAt) === 0;
}

function wasTaken({ receipts }: Epoch, { id }: Publication): boolean {
  const [, once = 0, twice = 0] = receipts.get(id)?.counts ?? [];
  return once + twice > 0;
}
