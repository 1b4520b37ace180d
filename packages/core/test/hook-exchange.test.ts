import { ReasonCode } from '@sluice/packet';
import { allow, deny, type ExchangeEvent, proceed } from '@sluice/plugin';
import { expect, test } from 'vitest';
import { aTable, connection } from './support/hooks.ts';

const event: ExchangeEvent = {
  connection,
  clientId: 'c',
  method: 'M',
  data: undefined,
  client: undefined,
};

async function ask(...hooks: unknown[]) {
  const { table, errors } = aTable();
  for (const [index, hook] of hooks.entries()) {
    table.add(`p${index}`, 'exchange', hook as () => undefined);
  }
  return { step: await table.runners().exchange?.(event), errors };
}

test('costs nothing where nobody registered it', () => {
  expect(aTable().table.runners().exchange).toBeUndefined();
});

test.each([
  ['proceeds', proceed(Buffer.from('x'))],
  ['allows', allow({ identity: 'anna', data: Buffer.from('y') })],
  ['denies', deny(ReasonCode.notAuthorized, 'no')],
])('the first hook with an opinion decides alone: one that %s', async (_, answer) => {
  const second = (): never => {
    throw new Error('nobody should ask');
  };
  expect(
    (
      await ask(
        () => {},
        () => answer,
        second,
      )
    ).step,
  ).toEqual(answer);
  expect(
    (
      await ask(
        async () => {},
        async () => answer,
        second,
      )
    ).step,
  ).toEqual(answer);
});

test('a method that nobody knows is refused as such', async () => {
  const { step } = await ask(
    () => {},
    async () => {},
  );
  expect(step).toMatchObject({ allowed: false, reasonCode: ReasonCode.badAuthenticationMethod });
});

test.each([
  ['throws', () => Promise.reject(new Error('broken'))],
  ['sends data that are no bytes', () => ({ proceed: true, data: 'text' })],
  ['grants data that are no bytes', () => allow({ data: 7 } as never)],
  ['answers rubbish', () => 'yes'],
])('a hook that %s denies, and is reported', async (_, hook) => {
  const { step, errors } = await ask(hook);
  expect(step).toMatchObject({
    allowed: false,
    reasonCode: ReasonCode.implementationSpecificError,
  });
  expect(errors).toHaveLength(1);
});
