import type { PublishPacket } from '@sluice/packet';
import { type Epoch, type Interest, matches, mayWant } from '../epoch.ts';
import type { ClientPlan } from '../plan.ts';
import { type Publication, readPayload } from '../publication.ts';
import type { World } from '../world.ts';
import { checkCrowdedOut } from './full-queues.ts';

/** Who gets a message, as far as the checks look at it. */
export interface Addressee {
  readonly name: string;
  readonly number: number;
  readonly plan: ClientPlan;
  readonly epoch: Epoch;
}

/** How much later than its expiry a message may leave: time between a decision and its bytes. */
const expiryToleranceMs = 1_100;

/** The broker has written a PUBLISH: may this client have it, and in this form? */
export function checkLeft(
  world: World,
  addressee: Addressee,
  packet: PublishPacket,
  topic: string,
): void {
  const publication = publicationOf(world, addressee, packet);
  if (publication === undefined) return;
  const { name, epoch } = addressee;
  const { history } = world;
  const { id } = publication;
  if (topic !== publication.topic) {
    history.violate('topic', `${name} gets ${id} of ${publication.topic} on ${topic}`);
  }
  if (!publication.isAllowed) {
    history.violate('fail closed', `${name} gets ${id}, which a hook had refused`);
  }
  if (world.isDenied(addressee.number, publication.topic)) {
    history.violate('authorizeDeliver', `${name} gets ${id} of ${topic}, which it may not read`);
  }
  const wanted = wantedBy(epoch, publication, packet);
  if (wanted.length === 0) {
    history.violate('not subscribed', `${name} gets ${id} of ${topic}, retain ${packet.retain}`);
    return;
  }
  const highest = Math.max(...wanted.map(({ granted }) => granted));
  if (packet.qos > Math.min(publication.qos, highest)) {
    history.violate('QoS', `${name} gets ${id} with ${packet.qos}, more than ${highest}`);
  }
  checkIdentifiers(world, addressee, packet, wanted);
  checkExpiry(world, addressee, packet, publication);
  if (packet.qos > 0) checkCrowdedOut(world, addressee, publication);
}

/** The client takes a message that it has not got before, as far as it can know. */
export function take(world: World, addressee: Addressee, packet: PublishPacket): void {
  const publication = publicationOf(world, addressee, packet);
  if (publication === undefined) return;
  const { epoch, name } = addressee;
  const { history } = world;
  const receipt = epoch.receipt(publication);
  if (packet.retain) {
    receipt.retained++;
    history.reach('retained message delivered');
  }
  const isFirst = receipt.counts[0] + receipt.counts[1] + receipt.counts[2] === 0;
  // A repetition that says so.
  if (packet.qos === 1 && packet.dup && !isFirst) return;
  receipt.counts[packet.qos]++;
  checkCount(world, addressee, publication, packet);
  if (!isFirst || packet.retain || publication.isWill) return;
  const isShared = epoch.interests.some(
    (interest) => interest.isShared && mayWant(interest, publication),
  );
  if (isShared || mayHaveMissed(world, epoch, publication, packet)) return;
  const stream = `${publication.publisher} ${publication.topic} ${publication.qos} ${packet.qos}`;
  const last = epoch.last.get(stream) ?? 0;
  if (last > publication.id) {
    history.violate('order', `${name} gets ${publication.id} after ${last} (${stream})`);
  }
  epoch.last.set(stream, publication.id);
}

/**
 * What was sent again may come late to one who missed it the first time: not there, dropped, or expired. So may what
 * a full queue gave up, when the broker died before that was on disk.
 */
function mayHaveMissed(
  world: World,
  { interests, crowdedOut }: Epoch,
  publication: Publication,
  { qos }: PublishPacket,
): boolean {
  if (publication.sends === 1) {
    return crowdedOut.has(publication.id) && world.bootsSince(publication.sentAt) > 0;
  }
  if (qos === 0 || publication.expirySeconds !== undefined) return true;
  if (crowdedOut.has(publication.id)) return true;
  return !interests.some(
    (interest) =>
      interest.sureFrom < publication.sentAt && matches(interest.topicFilter, publication.topic),
  );
}

function publicationOf(
  { history, ledger, plugin }: World,
  { name, number }: Addressee,
  { payload }: PublishPacket,
): Publication | undefined {
  const { id } = readPayload(payload);
  // An empty payload, or one of a rogue.
  if (id === 0) return undefined;
  const publication = ledger.find(id);
  const expected = publication && plugin.payloadFor(number, publication);
  if (expected === undefined || Buffer.compare(expected, payload) !== 0) {
    history.violate('payload', `${name} gets something else than was published as ${id}`);
    return undefined;
  }
  return publication;
}

/** The interests that a delivery may be for: of a live message, or of a retained one that a SUBSCRIBE asked for. */
function wantedBy(
  { interests }: Epoch,
  publication: Publication,
  { retain }: PublishPacket,
): readonly Interest[] {
  const live = interests.filter(
    (interest) =>
      mayWant(interest, publication) &&
      !(interest.noLocal && publication.publisher === interest.clientId),
  );
  if (!retain) return live;
  if (!publication.retain) return [];
  const keepsRetain = live.some(({ retainAsPublished }) => retainAsPublished);
  const replayed = interests.filter(
    ({ isShared, retainHandling, topicFilter }) =>
      !isShared && retainHandling < 2 && matches(topicFilter, publication.topic),
  );
  return keepsRetain ? [...live, ...replayed] : replayed;
}

/** How often a message may come depends on how it was published and how it is delivered. */
function checkCount(
  world: World,
  { name, epoch }: Addressee,
  publication: Publication,
  packet: PublishPacket,
): void {
  const { counts } = epoch.receipt(publication);
  const count = counts[packet.qos];
  let most = 1;
  if (publication.retain) most += epoch.interests.length;
  if (publication.mayRepeat) return;
  // Sent again by its publisher, or routed again after a crash, as a message of its own.
  if (publication.qos === 1) most += publication.sends - 1 + world.bootsSince(publication.sentAt);
  // Published again after a crash that its record survived: only at QoS 2 it waits for the end of that.
  else if (publication.isWill && publication.qos === 0)
    most += world.bootsSince(publication.sentAt);
  // At QoS 0 it leaves once it is durable, at QoS 1 before.
  else if (publication.qos === 2 && packet.qos === 1) most += world.bootsSince(publication.sentAt);
  if (count <= most) return;
  const text = `${name} gets ${publication.id} (QoS ${publication.qos}) ${count} times with QoS ${packet.qos}`;
  world.history.violate('repeated', text);
}

function checkIdentifiers(
  world: World,
  { name }: Addressee,
  { properties }: PublishPacket,
  wanted: readonly Interest[],
): void {
  for (const identifier of properties.subscriptionIdentifiers ?? []) {
    if (wanted.some((interest) => interest.identifier === identifier)) continue;
    world.history.violate('subscription identifier', `${name} gets ${identifier}, not its own`);
  }
}

function checkExpiry(
  world: World,
  { name }: Addressee,
  { properties, dup }: PublishPacket,
  { id, expirySeconds, sentAt, routedBy }: Publication,
): void {
  if (expirySeconds === undefined) return;
  const { now, history, jumpsMs } = world;
  const left = properties.messageExpiryInterval;
  const latestMs = Math.min(routedBy, now) + expirySeconds * 1_000 + expiryToleranceMs + jumpsMs;
  if (now > latestMs && !dup) {
    history.violate('expired', `${name} gets ${id} ${now - latestMs} ms after its time`);
  }
  if (left === undefined) return;
  const leastMs = expirySeconds * 1_000 - (now - sentAt) - expiryToleranceMs - jumpsMs;
  const passedMs = now - Math.min(routedBy, now);
  const mostMs = Math.max(0, expirySeconds * 1_000 - passedMs + expiryToleranceMs + jumpsMs);
  if (left * 1_000 < leastMs || left * 1_000 > mostMs) {
    history.violate('expiry left', `${name} gets ${id} with ${left} s of ${expirySeconds} left`);
  }
}
