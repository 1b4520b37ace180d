import { ReasonCode } from '@sluice/packet';
import { type Drop, drop, type MessageChanges, type MessageEvent } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import { aTable, client, deliveryEvent } from './support/hooks.ts';
import { aMessage } from './support/messages.ts';

type Hook = (event: MessageEvent) => MessageChanges | Drop | undefined;

const failed = drop(ReasonCode.implementationSpecificError);
const event: MessageEvent = { client, message: aMessage({ topic: 'a' }) };

function publishWith(...hooks: unknown[]) {
  const world = aTable();
  for (const [index, hook] of hooks.entries()) {
    world.table.add(`p${index}`, 'publish', hook as Hook);
  }
  return { ...world, result: world.table.runners().publish?.(event) };
}

const ways: [string, (hook: Hook) => unknown[]][] = [
  ['alone', (hook) => [hook]],
  ['alone, later', (hook) => [async (value: MessageEvent) => hook(value)]],
  ['among others', (hook) => [() => {}, hook, () => {}]],
  ['among others, later', (hook) => [async () => {}, async (value: MessageEvent) => hook(value)]],
];

describe.each(ways)('a transform, %s', (way, hooksFor) => {
  const transform = async (hook: unknown) => {
    const { result, errors } = publishWith(...hooksFor(hook as Hook));
    if (!way.includes('later')) expect(result).not.toHaveProperty('then');
    return { result: await result, errors };
  };

  it('leaves the event as it is when the hook says nothing', async () => {
    const { result, errors } = await transform(() => undefined);
    expect(result).toBe(event);
    expect(errors).toEqual([]);
  });

  it('gives the event with what was changed', async () => {
    const { result } = await transform(() => ({ topic: 'b' }));
    expect(result).toEqual({ client, message: aMessage({ topic: 'b' }) });
    expect(event.message.topic).toBe('a');
  });

  it('gives a drop as it is', async () => {
    const dropped = drop(ReasonCode.quotaExceeded, 'enough');
    expect((await transform(() => dropped)).result).toBe(dropped);
    const hidden = drop(ReasonCode.success);
    expect((await transform(() => hidden)).result).toBe(hidden);
  });

  it('drops when the hook throws', async () => {
    const cause = new Error('oops');
    const { result, errors } = await transform(() => {
      throw cause;
    });
    expect(result).toEqual(failed);
    expect(errors).toMatchObject([{ code: 'SLUICE_HOOK_FAILED', cause }]);
  });

  it.each([
    null,
    true,
    'b',
    7,
    [],
    { topik: 'b' },
    { topic: '#' },
    { dropped: false },
    { dropped: true },
    { dropped: true, reasonCode: 0x7f },
    { dropped: true, reasonCode: 0x87, reasonString: {} },
    { dropped: true, reasonCode: 0x87, reasonString: 'null \0' },
  ])('drops when the hook answers %j', async (rubbish) => {
    const { result, errors } = await transform(() => rubbish);
    expect(result).toEqual(failed);
    expect(errors).toMatchObject([
      { code: 'SLUICE_HOOK_FAILED', cause: { code: 'SLUICE_HOOK_ANSWER' } },
    ]);
  });

  it('drops without a reason string that is too long to be sent', async () => {
    const fits = drop(ReasonCode.banned, 'x'.repeat(65_535));
    expect((await transform(() => fits)).result).toBe(fits);
    const { result, errors } = await transform(() => drop(ReasonCode.banned, 'x'.repeat(65_536)));
    expect(result).toEqual(failed);
    expect(errors).toHaveLength(1);
  });
});

describe('several transforms', () => {
  it('see what the one before made of it', async () => {
    const add =
      (text: string): Hook =>
      ({ message }) => ({ topic: message.topic + text });
    const expected = { client, message: aMessage({ topic: 'abcd' }) };
    expect(publishWith(add('b'), add('c'), add('d')).result).toEqual(expected);
    const later = publishWith(add('b'), async (value: MessageEvent) => add('c')(value), add('d'));
    expect(await later.result).toEqual(expected);
  });

  it('end with a drop', async () => {
    let called = 0;
    const count = (): void => void called++;
    expect(publishWith(() => drop(), count).result).toEqual(drop());
    expect(await publishWith(async () => drop(), count).result).toEqual(drop());
    expect(called).toBe(0);
  });

  it('drop when one misses its deadline', async () => {
    const { result, environment, errors } = publishWith(() => new Promise(() => {}));
    environment.advance(5_000);
    expect(await result).toEqual(failed);
    expect(errors).toMatchObject([{ code: 'SLUICE_HOOK_TIMEOUT' }]);
  });
});

describe.each([1, 2])('deliver with %i hooks', (hooks) => {
  const deliver = (hook: unknown) => {
    const { table, errors } = aTable();
    if (hooks === 2) table.add('other', 'deliver', () => undefined);
    table.add('p', 'deliver', hook as () => Drop);
    return { result: table.runners().deliver?.(deliveryEvent), errors };
  };

  it('changes, drops, or leaves alone', () => {
    expect(deliver(() => undefined).result).toBe(deliveryEvent);
    expect(deliver(() => drop()).result).toEqual(drop());
    expect(deliver(() => ({ topic: 'x' })).result).toEqual({
      ...deliveryEvent,
      message: { ...deliveryEvent.message, topic: 'x' },
    });
  });

  it('drops when the hook throws, or answers a promise', () => {
    expect(deliver(() => JSON.parse('{')).result).toEqual(failed);
    const { result, errors } = deliver(async () => ({ topic: 'x' }));
    expect(result).toEqual(failed);
    expect(errors).toMatchObject([{ code: 'SLUICE_HOOK_FAILED' }]);
  });
});
