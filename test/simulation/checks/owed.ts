import type { Client } from '../client.ts';
import { surelyWants } from '../epoch.ts';
import type { Publication } from '../publication.ts';
import { WillFate } from '../will-watch.ts';
import type { World } from '../world.ts';

/** Room that the head of a PUBLISH takes at most, beside topic and payload. */
const headBytes = 70;

/** At the end: everything that was acknowledged has arrived at every session that surely wanted it. */
export function checkOwed(world: World): void {
  for (const publication of world.ledger.publications) {
    if (!isPromised(publication)) continue;
    for (const client of world.clients) checkOwedTo(world, client, publication);
  }
}

/** At the end: wills that are due were published, those that were taken back were not. */
export function checkWills(world: World): void {
  for (const { name, wills } of world.clients) {
    for (const will of wills) {
      will.concluded();
      const { publication, fate } = will;
      if (fate === WillFate.due) {
        world.history.reach('will due');
        if (publication.qos === 0) continue;
        for (const client of world.clients) checkOwedTo(world, client, publication);
      } else if (fate === WillFate.discarded) {
        world.history.reach('will taken back');
        if (!wasReceived(world, publication)) continue;
        world.history.violate(
          'will',
          `${publication.id} of ${name} is published, but was taken back`,
        );
      }
    }
  }
}

function isPromised({ qos, isAccepted, isClear, isWill, isAllowed }: Publication): boolean {
  return qos > 0 && isAccepted && !isClear && !isWill && isAllowed;
}

function checkOwedTo(world: World, client: Client, publication: Publication): void {
  const { epoch, name, number, plan } = client;
  if (epoch.receipts.has(publication.id) || epoch.crowdedOut.has(publication.id)) return;
  const wanting = epoch.interests.find(
    (interest) =>
      !interest.isShared &&
      interest.granted > 0 &&
      !(interest.noLocal && publication.publisher === name) &&
      surelyWants(interest, publication),
  );
  if (wanting === undefined) return;
  if (world.isDenied(number, publication.topic) || isExpired(world, publication)) return;
  const bytes = headBytes + publication.topic.length + publication.payload.length;
  if (bytes > (plan.maximumPacketSize ?? Infinity)) return;
  const rule = publication.isWill ? 'will' : 'lost';
  const text = `${name} never got ${publication.id} (${publication.topic}, QoS ${publication.qos})`;
  world.history.violate(rule, `${text}, wanted by ${wanting.filter}`);
}

function isExpired(world: World, { expirySeconds, sentAt }: Publication): boolean {
  if (expirySeconds === undefined) return false;
  return world.now - sentAt + world.jumpsMs > expirySeconds * 1_000;
}

function wasReceived(world: World, { id }: Publication): boolean {
  return world.clients.some(({ epochs }) => epochs.some(({ receipts }) => receipts.has(id)));
}
