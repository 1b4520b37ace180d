import { ReasonCode } from '@sluice/packet';
import { allow, deny } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { answerOf } from '../support/asking.ts';
import { Gate } from '../support/gate.ts';
import { publishPacket, text } from '../support/packets.ts';
import { filtersOf, Rules, reauthorize } from '../support/rules.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

describe('while rules take their time', () => {
  test('the answer of an earlier question does not count', async () => {
    const rules = new Rules();
    const gate = new Gate();
    const world = await startTestBroker({ plugins: [rules.plugin()] });
    await (await world.connect('c')).subscribe('a');
    rules.wait = gate.wait;
    rules.denied.add('c a');
    const first = world.broker.reauthorize();
    await world.settle();
    // The rules change again before the first question is answered.
    rules.denied.clear();
    const second = world.broker.reauthorize('c');
    await world.settle();
    for (let answers = 0; answers < 4; answers++) {
      gate.open();
      await world.settle();
    }
    await Promise.all([first, second]);
    expect(filtersOf(world, 'c')).toEqual(['a 2']);
  });

  test('a SUBSCRIBE that was allowed by the rules of before is asked about again', async () => {
    const rules = new Rules();
    const gate = new Gate();
    rules.wait = gate.wait;
    const world = await startTestBroker({ plugins: [rules.plugin()] });
    const client = await world.connect('c');
    const suback = client.subscribe('a').catch(() => {});
    await world.settle();
    rules.denied.add('c a');
    await reauthorize(world, 'c');
    gate.open();
    await world.settle();
    gate.open();
    await suback;
    expect((await client.receive('suback')).reasonCodes).toEqual([ReasonCode.notAuthorized]);
    expect(filtersOf(world, 'c')).toEqual([]);
  });

  test('a PUBLISH that was allowed by the rules of before is asked about again', async () => {
    let isAllowed = true;
    const gate = new Gate();
    const world = await startTestBroker({
      plugins: [
        aPlugin(({ hook }) => {
          hook('authorizePublish', () => {
            const verdict = isAllowed ? allow() : deny();
            return gate.wait().then(() => verdict);
          });
        }),
      ],
    });
    const watcher = await world.connect('watcher');
    await watcher.subscribe('a');
    const client = await world.connect('c');
    for (const expected of [ReasonCode.success, ReasonCode.notAuthorized]) {
      client.send(publishPacket('a', `${expected}`, { qos: 1, packetId: 7 }));
      await world.settle();
      isAllowed = expected === ReasonCode.success;
      await reauthorize(world);
      gate.open();
      await world.settle();
      gate.open();
      expect((await client.receive('puback')).reasonCode).toBe(expected);
    }
    expect(await watcher.payloads()).toEqual(['0']);
  });

  test('a rule for another client does not make it ask again', async () => {
    const rules = new Rules();
    const gate = new Gate();
    rules.wait = gate.wait;
    const world = await startTestBroker({ plugins: [rules.plugin()] });
    const client = await world.connect('c');
    client.subscribe('a').catch(() => {});
    await world.settle();
    await reauthorize(world, 'd');
    gate.open();
    expect((await client.receive('suback')).reasonCodes).toEqual([2]);
    expect(rules.asked).toEqual(['c a']);
  });

  test('what the client does meanwhile is kept', async () => {
    const rules = new Rules();
    const gate = new Gate();
    const world = await startTestBroker({ plugins: [rules.plugin()] });
    const client = await world.connect('c');
    for (const filter of ['a', 'b']) await client.subscribe(filter);
    rules.wait = gate.wait;
    rules.denied.add('c a').add('c b');
    const done = world.broker.reauthorize();
    await world.settle();
    rules.wait = undefined;
    rules.denied.clear();
    await client.unsubscribe('a');
    await client.subscribe('a');
    gate.open();
    await world.settle();
    await answerOf(world, done);
    expect(filtersOf(world, 'c')).toEqual(['b 2', 'a 2']);
  });

  test('a subscription that is replaced meanwhile goes by what was said of the new one', async () => {
    const rules = new Rules();
    const gate = new Gate();
    const world = await startTestBroker({ plugins: [rules.plugin()] });
    const client = await world.connect('c');
    await client.subscribe('a', { qos: 2 });
    rules.wait = gate.wait;
    rules.maximumQos.set('c a', 0);
    const done = world.broker.reauthorize();
    await world.settle();
    rules.wait = undefined;
    rules.maximumQos.clear();
    await client.subscribe('a', { qos: 1 });
    gate.open();
    await answerOf(world, done);
    expect(filtersOf(world, 'c')).toEqual(['a 1']);
  });

  test('a slow client does not hold up the others', async () => {
    const rules = new Rules();
    const gate = new Gate();
    const world = await startTestBroker({ plugins: [rules.plugin()] });
    for (const clientId of ['1', '2', '3']) await (await world.connect(clientId)).subscribe('a');
    let isFirst = true;
    rules.wait = () => {
      if (!isFirst) return Promise.resolve();
      isFirst = false;
      return gate.wait();
    };
    for (const clientId of ['1', '2', '3']) rules.denied.add(`${clientId} a`);
    const done = world.broker.reauthorize();
    await world.settle();
    expect(rules.unsubscribed).toEqual(['2 a', '3 a']);
    gate.open();
    await answerOf(world, done);
    expect(rules.unsubscribed).toEqual(['2 a', '3 a', '1 a']);
  });

  test('what was said of a client before it authenticated again does not count', async () => {
    const gate = new Gate();
    let allowed = 'admin';
    let isSlow = false;
    const world = await startTestBroker({
      plugins: [
        aPlugin(({ hook }) => {
          hook('exchange', ({ data }) => allow({ attributes: { role: text(data) } }));
          hook('authorizeSubscribe', ({ client: { attributes } }) => {
            const verdict = (attributes as { role?: string }).role === allowed ? allow() : deny();
            return isSlow ? gate.wait().then(() => verdict) : verdict;
          });
        }),
      ],
    });
    const as = (role: string) => ({
      authenticationMethod: 'm',
      authenticationData: Buffer.from(role),
    });
    const client = await world.connect('c', { properties: as('admin') });
    await client.subscribe('a');
    allowed = 'root';
    isSlow = true;
    const done = world.broker.reauthorize();
    await world.settle();
    client.send({ type: 15, reasonCode: 0x19, properties: as('root') });
    await client.receive('auth');
    for (let answers = 0; answers < 3; answers++) {
      gate.open();
      await world.settle();
    }
    await done;
    expect(filtersOf(world, 'c')).toEqual(['a 2']);
  });

  test('a client that leaves is left alone', async () => {
    const rules = new Rules();
    const gate = new Gate();
    const world = await startTestBroker({ plugins: [rules.plugin()] });
    const client = await world.connect('c', durable);
    await client.subscribe('a');
    rules.wait = gate.wait;
    rules.denied.add('c a');
    const done = world.broker.reauthorize();
    await world.settle();
    await client.drop();
    gate.open();
    await answerOf(world, done);
    expect(filtersOf(world, 'c')).toEqual(['a 2']);
  });
});
