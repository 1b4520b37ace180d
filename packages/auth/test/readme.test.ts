import { readFile } from 'node:fs/promises';
import type { Proceed } from '@sluice/plugin';
import { expect, it } from 'vitest';
import { auth } from '../src/auth.ts';
import type { RulesFile } from '../src/rules/rules-file.ts';
import type { UsersFile } from '../src/users/users-file.ts';
import { clientOf, deliveryOf, loginOf, plugIn, stepOf } from './fakes.ts';
import { ScramClient } from './scram-client.ts';

it('the files of the README load, and decide as it says', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const blocks = Array.from(readme.matchAll(/^```json\n(.*?)^```/gms), ([, json]) =>
    JSON.parse(json ?? ''),
  );
  expect(blocks).toHaveLength(2);
  const [users, rules] = blocks as [UsersFile, RulesFile];
  const { authenticate, exchange, authorizeSubscribe, authorizeDeliver, authorizePublish } =
    await plugIn(auth({ users, rules }));
  const login = loginOf('anna', 'correct horse');
  expect(await authenticate?.(login)).toMatchObject({ allowed: true });
  const scram = new ScramClient('anna', 'correct horse');
  const challenge = exchange?.(stepOf(scram.first())) as Proceed;
  const proof = stepOf(scram.final(challenge.data));
  expect(exchange?.(proof)).toMatchObject({ allowed: true });

  const anna = clientOf('phone', 'anna');

  const subscription = {
    filter: 'home/#',
    qos: 0,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 0,
  } as const;
  expect(authorizeSubscribe?.({ client: anna, subscription })).toMatchObject({ allowed: true });
  expect(authorizeDeliver?.(deliveryOf(anna, 'home/hall/lamp'))).toMatchObject({ allowed: true });
  expect(authorizeDeliver?.(deliveryOf(anna, 'home/hall/lock'))).toMatchObject({ allowed: false });

  const state = deliveryOf(clientOf('plc-1', 'plc'), 'home/plc-1/state');
  expect(authorizePublish?.({ ...state, isWill: false })).toMatchObject({ allowed: true });
  expect(authorizePublish?.({ ...state, client: anna, isWill: false })).toMatchObject({
    allowed: false,
  });
});
