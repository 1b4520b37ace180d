import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { auth } from '../src/auth.ts';
import type { RulesFile } from '../src/rules-file.ts';
import type { UsersFile } from '../src/users-file.ts';
import { clientOf, deliveryOf, plugIn } from './fakes.ts';

it('the files of the README load, and decide as it says', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const blocks = Array.from(readme.matchAll(/^```json\n(.*?)^```/gms), ([, json]) =>
    JSON.parse(json ?? ''),
  );
  expect(blocks).toHaveLength(2);
  const [users, rules] = blocks as [UsersFile, RulesFile];
  const { authorizeSubscribe, authorizeDeliver, authorizePublish } = await plugIn(
    auth({ users, rules }),
  );
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
