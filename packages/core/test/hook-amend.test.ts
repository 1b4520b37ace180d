import { type ConnackEvent, drop } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import { aTable, client, disconnectEvent } from './support/hooks.ts';

const event: ConnackEvent = { client, sessionPresent: true, properties: { receiveMaximum: 5 } };

function connack(...hooks: unknown[]) {
  const { table, errors } = aTable();
  for (const [index, hook] of hooks.entries()) {
    table.add(`p${index}`, 'connack', hook as () => undefined);
  }
  return { result: table.runners().connack?.(event), errors };
}

describe('connack', () => {
  it('is what the hooks make of it, one after the other', () => {
    const { result } = connack(
      () => ({ reasonString: 'a' }),
      () => undefined,
      ({ properties }: ConnackEvent) => ({ reasonString: `${properties.reasonString}b` }),
    );
    expect(result).toEqual({ ...event, properties: { receiveMaximum: 5, reasonString: 'ab' } });
  });

  it.each([
    ['throws', () => JSON.parse('{')],
    ['answers a promise', async () => ({ reasonString: 'late' })],
    ['drops', () => drop()],
    ['answers rubbish', () => 'hello'],
    ['answers nothing that can be', () => null],
    ['changes what it must not', () => ({ receiveMaximum: 6 })],
  ])('is left as it was by a hook that %s, which is reported', (_, hook) => {
    const { result, errors } = connack(() => ({ reasonString: 'a' }), hook);
    expect(result).toEqual({ ...event, properties: { receiveMaximum: 5, reasonString: 'a' } });
    expect(errors).toMatchObject([{ code: 'SLUICE_HOOK_FAILED' }]);
  });
});

describe('disconnect', () => {
  it('is left as it was by a hook that fails', () => {
    const { table, errors } = aTable();
    table.add('a', 'disconnect', () => ({ serverReference: 'other' }));
    table.add('b', 'disconnect', () => drop() as never);
    expect(table.runners().disconnect?.(disconnectEvent)).toEqual({
      ...disconnectEvent,
      serverReference: 'other',
    });
    expect(errors).toHaveLength(1);
  });
});
