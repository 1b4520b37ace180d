import { type ConformanceCase, defineCase } from '../case.ts';
import type { StatementId, Trial } from '../trial.ts';
import { collect, textsOf } from './deliveries.ts';

const moments = 'at SUBSCRIBE, again, after UNSUBSCRIBE, at resumption, at SUBSCRIBE after it';

/** Fails unless the retained message comes that often: for each of the moments above. */
async function expectTimes(
  t: Trial,
  id: StatementId,
  retainHandling: 0 | 1 | 2,
  expected: readonly number[],
): Promise<void> {
  const [atFirst = 0, again = 0, anew = 0, atResumption = 0, resumedAgain = 0] = expected;
  const topic = t.topic();
  const publisher = await t.connect();
  await publisher.publish(topic, 'x', { qos: 1, retain: true });
  const clientId = t.clientId('kept');
  const subscription = { filter: topic, qos: 1, retainHandling } as const;
  const client = await t.connect({ clientId, keep: true });
  await client.subscribe(subscription);
  const times = [(await collect(client, atFirst)).length];
  await client.subscribe(subscription);
  times.push((await collect(client, again)).length);
  await client.unsubscribe(topic);
  await client.subscribe(subscription);
  times.push((await collect(client, anew)).length);
  await client.disconnect();
  const resumed = await t.connect({ clientId, keep: true });
  times.push((await collect(resumed, atResumption)).length);
  await resumed.subscribe(subscription);
  times.push((await collect(resumed, resumedAgain)).length);
  t.check(id, times.join() === expected.join(), `came ${times.join(', ')} times: ${moments}`);
}

/** Retain Handling and Retain As Published of 5.0, and what 3.x does in their place: section 3.3.1.3. */
export const retainOptionsCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'retain-handling-0-sends-at-every-subscribe',
    ids: { v5: ['MQTT-3.3.1-9'], v311: ['MQTT-3.3.1-6'] },
    versions: [3, 4, 5],
    needs: ['retain'],
    run: (t) => expectTimes(t, { v5: 'MQTT-3.3.1-9', v311: 'MQTT-3.3.1-6' }, 0, [1, 1, 1, 0, 1]),
  }),

  defineCase({
    name: 'retain-handling-1-sends-for-new-subscriptions',
    ids: { v5: ['MQTT-3.3.1-10'] },
    versions: [5],
    needs: ['retain'],
    run: (t) => expectTimes(t, 'MQTT-3.3.1-10', 1, [1, 0, 1, 0, 0]),
  }),

  defineCase({
    name: 'retain-handling-2-sends-never',
    ids: { v5: ['MQTT-3.3.1-11'] },
    versions: [5],
    needs: ['retain'],
    run: (t) => expectTimes(t, 'MQTT-3.3.1-11', 2, [0, 0, 0, 0, 0]),
  }),

  defineCase({
    name: 'live-messages-are-not-marked-as-retained',
    ids: { v5: ['MQTT-3.3.1-12'], v311: ['MQTT-3.3.1-9'] },
    versions: [3, 4, 5],
    needs: ['retain'],
    async run(t) {
      const topic = t.topic();
      const subscriber = await t.connect();
      await subscriber.subscribe({ filter: topic, qos: 2 });
      const publisher = await t.connect();
      for (const qos of t.qosFrom(0)) {
        await publisher.publish(topic, 'x', { qos, retain: true });
        await subscriber.expectMessage({ qos, retain: false });
      }
    },
  }),

  defineCase({
    name: 'retain-as-published-keeps-the-mark',
    ids: { v5: ['MQTT-3.3.1-13'] },
    versions: [5],
    needs: ['retain'],
    async run(t) {
      const topic = t.topic();
      const subscriber = await t.connect();
      await subscriber.subscribe({ filter: topic, qos: 2, retainAsPublished: true });
      const publisher = await t.connect();
      for (const retain of [true, false]) {
        for (const qos of t.qosFrom(0)) {
          await publisher.publish(topic, 'x', { qos, retain });
          await subscriber.expectMessage({ qos, retain });
        }
      }
      await publisher.publish(topic, '', { qos: 1, retain: true });
      await subscriber.expectMessage({ payload: '', retain: true });
    },
  }),

  defineCase({
    name: 'retained-message-is-marked-whatever-retain-as-published-says',
    ids: { v5: ['MQTT-3.3.1-9'] },
    versions: [5],
    needs: ['retain'],
    run: (t) =>
      t.each({ on: true, off: false }, async (retainAsPublished, name) => {
        const topic = t.topic(name);
        const publisher = await t.connect();
        await publisher.publish(topic, 'x', { qos: 1, retain: true });
        const subscriber = await t.connect();
        await subscriber.subscribe({ filter: topic, qos: 1, retainAsPublished });
        await subscriber.expectMessage({ payload: 'x', retain: true });
      }),
  }),

  defineCase({
    name: 'mark-of-a-message-waits-with-it',
    ids: { v5: ['MQTT-3.3.1-12', 'MQTT-3.3.1-13'] },
    versions: [5],
    needs: ['retain'],
    async run(t) {
      const clientId = t.clientId('kept');
      const absentee = await t.connect({ clientId, keep: true });
      const kept = { filter: t.topic('kept'), qos: 1, retainAsPublished: true } as const;
      const cleared = { filter: t.topic('cleared'), qos: 1 } as const;
      await absentee.subscribe(kept, cleared);
      await absentee.disconnect();
      const publisher = await t.connect();
      await publisher.publish(kept.filter, 'kept', { qos: 1, retain: true });
      await publisher.publish(cleared.filter, 'cleared', { qos: 1, retain: true });
      const back = await t.connect({ clientId, keep: true });
      const kinds = await collect(back, 2);
      const marked = textsOf(kinds.filter(({ retain }) => retain)).join();
      t.check(
        'MQTT-3.3.1-13',
        marked.includes('kept'),
        'RETAIN as published was lost in the queue',
      );
      t.check('MQTT-3.3.1-12', !marked.includes('cleared'), 'RETAIN was not cleared in the queue');
    },
  }),
];
