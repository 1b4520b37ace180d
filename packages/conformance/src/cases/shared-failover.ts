import { Buffer } from 'node:buffer';
import type { PublishPacket } from '@sluice/packet';
import { type ConformanceCase, defineCase } from '../case.ts';
import type { Client } from '../client.ts';
import { acknowledgement } from '../compose.ts';
import { CaseFailure } from '../failures.ts';
import type { Trial } from '../trial.ts';
import { nextDelivery } from './shared-members.ts';

// Said in the text of section 4.8.2, in a sentence without a number.
const unnumbered = { v5: [] };

/** Two members of a share group, whose sessions live on, and a message in flight to one of them. */
interface InFlight {
  /** Has the message and did not acknowledge it. */
  readonly holder: Client;
  readonly other: Client;
  readonly message: PublishPacket;
}

async function inFlight(t: Trial, qos: 1 | 2): Promise<InFlight> {
  const members = [
    await t.connect({ clientId: t.clientId('a'), keep: true }),
    await t.connect({ clientId: t.clientId('b'), keep: true }),
  ] as const;
  const filter = `$share/${t.clientId('g')}/${t.topic()}`;
  for (const member of members) await member.subscribe({ filter, qos });
  const publisher = await t.connect();
  await publisher.publish(t.topic(), 'x', { qos });
  const delivery = await nextDelivery(members, t.patienceMs);
  if (delivery === undefined) throw new CaseFailure('no member of the group got the message');
  const { member: holder, message } = delivery;
  return { holder, other: holder === members[0] ? members[1] : members[0], message };
}

/** A connection that starts clean ends the session that was there. */
async function endSession(t: Trial, { clientId }: Client): Promise<void> {
  const last = await t.connect({ clientId, clean: true });
  await last.disconnect();
}

/** What happens to messages when a member of a share group goes (section 4.8.2). */
export const failoverCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'share-group-finishes-qos-2-with-its-member',
    ids: { v5: ['MQTT-4.8.2-4'] },
    versions: [5],
    needs: ['shared', 'qos2'],
    async run(t) {
      const { holder, other, message } = await inFlight(t, 2);
      holder.drop();
      t.check(
        'MQTT-4.8.2-4',
        (await other.receive(400)) === undefined,
        'another member got a message whose delivery had begun',
      );
      const again = await t.connect({ clientId: holder.clientId, keep: true });
      const { packetId } = message;
      await again.expect('publish', { payload: 'x', packetId, dup: true, qos: 2 });
      again.send(acknowledgement('pubrec', packetId));
      await again.expect('pubrel', { packetId });
      again.send(acknowledgement('pubcomp', packetId));
      await again.ping();
      await other.expectNothing();
    },
  }),
  defineCase({
    name: 'share-group-finishes-released-qos-2-with-its-member',
    ids: { v5: ['MQTT-4.8.2-4'] },
    versions: [5],
    needs: ['shared', 'qos2'],
    async run(t) {
      const { holder, other, message } = await inFlight(t, 2);
      const { packetId } = message;
      holder.send(acknowledgement('pubrec', packetId));
      await holder.expect('pubrel', { packetId });
      holder.drop();
      const again = await t.connect({ clientId: holder.clientId, keep: true });
      await again.expect('pubrel', { packetId });
      again.send(acknowledgement('pubcomp', packetId));
      await again.ping();
      await other.expectNothing();
    },
  }),
  defineCase({
    name: 'share-group-gives-qos-2-in-flight-to-nobody-else',
    ids: { v5: ['MQTT-4.8.2-5'] },
    versions: [5],
    needs: ['shared', 'qos2'],
    async run(t) {
      const { holder, other } = await inFlight(t, 2);
      holder.drop();
      await endSession(t, holder);
      t.check(
        'MQTT-4.8.2-5',
        (await other.receive(700)) === undefined,
        'another member got a message of QoS 2 whose delivery had begun',
      );
    },
  }),
  defineCase({
    name: 'share-group-gives-qos-1-in-flight-to-another-member',
    ids: unnumbered,
    versions: [5],
    needs: ['shared'],
    async run(t) {
      const { holder, other } = await inFlight(t, 1);
      holder.drop();
      await endSession(t, holder);
      const got = await other.receive();
      // The standard says that it should, not that it must.
      if (got === undefined) return t.excuse('the broker gives what was in flight to nobody else');
      if (got.type !== 3) throw new CaseFailure('another packet than the message came');
      t.check({}, Buffer.from(got.payload).toString() === 'x' && got.qos === 1, 'it has changed');
      await other.acknowledge(got);
      await other.expectNothing();
    },
  }),
  defineCase({
    name: 'share-group-gives-what-was-never-sent-to-another-member',
    ids: { v5: ['MQTT-4.8.2-5'] },
    versions: [5],
    needs: ['shared', 'qos2'],
    async run(t) {
      const filter = `$share/${t.clientId('g')}/${t.topic()}`;
      const holder = await t.connect({
        clientId: t.clientId('a'),
        properties: { receiveMaximum: 1, sessionExpiryInterval: 60 },
      });
      await holder.subscribe({ filter, qos: 2 });
      const publisher = await t.connect();
      for (const payload of ['begun', 'waits', 'waits']) {
        await publisher.publish(t.topic(), payload, { qos: 2 });
      }
      await holder.expect('publish', { payload: 'begun' });
      const other = await t.connect();
      await other.subscribe({ filter, qos: 2 });
      holder.drop();
      await endSession(t, holder);
      const first = await other.receive();
      if (first === undefined) return t.excuse('the broker gives what waited to nobody else');
      if (first.type !== 3) throw new CaseFailure('another packet than the message came');
      await other.acknowledge(first);
      const second = await other.expectMessage({ payload: 'waits' });
      const isLate = [first, second].some(({ payload }) => Buffer.from(payload).includes('begun'));
      t.check('MQTT-4.8.2-5', !isLate, 'another member got what was begun');
      await other.expectNothing();
    },
  }),
  defineCase({
    name: 'share-group-keeps-qos-1-in-flight-for-its-member-or-gives-it-away',
    ids: { v5: ['MQTT-4.4.0-1'] },
    versions: [5],
    needs: ['shared'],
    async run(t) {
      const { holder, other } = await inFlight(t, 1);
      holder.drop();
      const given = await other.receive(400);
      if (given?.type === 3) await other.acknowledge(given);
      const again = await t.connect({ clientId: holder.clientId, keep: true });
      const kept = await again.receive(given === undefined ? t.patienceMs : 400);
      t.check({}, (given ?? kept)?.type === 3, 'the message is lost');
      if (kept?.type === 3) {
        t.check('MQTT-4.4.0-1', kept.dup, 'a message that was sent again has DUP 0');
        await again.acknowledge(kept);
      }
    },
  }),
  defineCase({
    name: 'share-group-prefers-members-that-are-there',
    ids: unnumbered,
    versions: [5],
    needs: ['shared'],
    async run(t) {
      const gone = await t.connect();
      const stays = await t.connect();
      const filter = `$share/${t.clientId('g')}/${t.topic()}`;
      for (const member of [gone, stays]) await member.subscribe({ filter, qos: 1 });
      // Its session ends with its connection: nothing is kept for it.
      await gone.disconnect();
      const publisher = await t.connect();
      for (const payload of ['1', '2', '3', '4']) {
        await publisher.publish(t.topic(), payload, { qos: 1 });
        await stays.expectMessage({ payload });
      }
    },
  }),
];
