import { allow, type Message } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { Gate } from '../support/gate.ts';
import { publishPacket, text } from '../support/packets.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

// What was read is overwritten in these tests as soon as its memory could be used again.
describe('keepsMessages', () => {
  test('a hook may keep messages', async () => {
    const kept: Message[] = [];
    const keeper = aPlugin(({ hook }) => hook('publish', ({ message }) => void kept.push(message)));
    const world = await startTestBroker({ plugins: [keeper] });
    const client = await world.connect('c');
    client.send(publishPacket('a', 'first'), publishPacket('a', 'second'));
    await world.settle();
    expect(kept.map(({ payload }) => text(payload))).toEqual(['first', 'second']);
  });

  test('one that says it keeps none leaves the memory to what is read next', async () => {
    const kept: Message[] = [];
    const careless = aPlugin(({ hook }) =>
      hook('publish', ({ message }) => void kept.push(message), { keepsMessages: false }),
    );
    const world = await startTestBroker({ plugins: [careless] });
    const client = await world.connect('c');
    client.send(publishPacket('a', 'first'));
    await world.settle();
    expect(kept.map(({ payload }) => text(payload))).not.toEqual(['first']);
  });

  test.each(['publish', 'authorizePublish'] as const)(
    'a message that %s takes its time for stays as it came',
    async (name) => {
      const gate = new Gate();
      const plugin = aPlugin(({ hook }) => {
        const options = { keepsMessages: false };
        // Made of bytes that lie where the message was read.
        hook('publish', ({ message: { payload } }) => ({ payload: payload.subarray(1) }), options);
        if (name === 'publish') hook('publish', () => gate.wait(), options);
        else hook('authorizePublish', () => gate.wait().then(() => allow()), options);
      });
      const world = await startTestBroker({ plugins: [plugin] });
      const [publisher, subscriber] = [await world.connect('p'), await world.connect('s')];
      await subscriber.subscribe('#');
      publisher.send(publishPacket('a', '-waits'));
      await world.settle();
      const other = await world.connect('o');
      other.send(publishPacket('$none', 'x'.repeat(1_000)));
      await world.settle();
      gate.open();
      expect(await subscriber.payloads()).toEqual(['waits']);
    },
  );
});
