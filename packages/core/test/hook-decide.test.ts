import { ReasonCode } from '@sluice/packet';
import { type AuthenticateGrant, allow, deny, redirect, type Verdict } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import {
  aTable,
  authenticateEvent,
  client,
  connection,
  deliveryEvent,
  subscribeEvent,
} from './support/hooks.ts';

const failed = deny(ReasonCode.implementationSpecificError);
const [subscription] = subscribeEvent.subscriptions;
const authorizeEvent = { client, subscription: subscription as NonNullable<typeof subscription> };

type Hook = () => Verdict<AuthenticateGrant> | undefined;

function authenticateWith(...hooks: unknown[]) {
  const world = aTable();
  for (const [index, hook] of hooks.entries()) {
    world.table.add(`p${index}`, 'authenticate', hook as Hook);
  }
  return { ...world, result: world.table.runners().authenticate?.(authenticateEvent) };
}

/** The same hooks, synchronous and not, alone and beside others without an opinion. */
const ways: [string, (hook: Hook) => unknown[]][] = [
  ['alone', (hook) => [hook]],
  ['alone, later', (hook) => [async () => hook()]],
  ['among others', (hook) => [() => {}, hook, () => {}]],
  ['among others, later', (hook) => [async () => {}, async () => hook(), () => {}]],
];

describe.each(ways)('a decision, %s', (way, hooksFor) => {
  const decide = async (hook: unknown) => {
    const { result, errors } = authenticateWith(...hooksFor(hook as Hook));
    if (!way.includes('later')) expect(result).not.toHaveProperty('then');
    return { verdict: await result, errors };
  };

  it('is a denial when nobody has an opinion', async () => {
    expect(await decide(() => undefined)).toEqual({ verdict: deny(), errors: [] });
  });

  it('is what the hook says', async () => {
    expect((await decide(() => allow())).verdict).toEqual(allow());
    const grant = { identity: 'me', attributes: { role: 'admin' } };
    expect((await decide(() => allow(grant))).verdict).toEqual(allow(grant));
    const banned = deny(ReasonCode.banned, 'not you');
    expect((await decide(() => banned)).verdict).toEqual(banned);
    const elsewhere = { ...redirect('other:1883'), userProperties: [['a', 'b']] };
    expect((await decide(() => elsewhere)).verdict).toEqual(elsewhere);
  });

  it('is a denial when the hook throws', async () => {
    const cause = new Error('oops');
    const { verdict, errors } = await decide(() => {
      throw cause;
    });
    expect(verdict).toEqual(failed);
    expect(errors).toMatchObject([{ code: 'SLUICE_HOOK_FAILED', cause }]);
    expect(errors[0]?.message).toMatch(/^The hook authenticate of plug-in p\d failed: oops$/);
  });

  it.each([
    true,
    false,
    null,
    0,
    'allow',
    {},
    [],
    { allowed: 'yes' },
    { allowed: 1 },
    { allowed: false },
    { allowed: false, reasonCode: 0 },
    { allowed: false, reasonCode: 0xff },
    { allowed: false, reasonCode: '135' },
    { allowed: false, reasonCode: 0x87, reasonString: 1 },
    { allowed: true, grant: 'me' },
    { allowed: true, grant: { identity: 1 } },
    { allowed: true, grant: { attributes: null } },
    { allowed: true, grant: { identty: 'me' } },
    { allowed: true, grant: ['me'] },
    { allowed: false, reasonCode: 0x9c, serverReference: 5 },
    { allowed: false, reasonCode: 0x87, userProperties: [['a']] },
    { allowed: false, reasonCode: 0x87, userProperties: 'a=b' },
    { reasonCode: 0x87 },
  ])('is a denial when the hook answers %j', async (rubbish) => {
    const { verdict, errors } = await decide(() => rubbish);
    expect(verdict).toEqual(failed);
    expect(errors).toMatchObject([
      { code: 'SLUICE_HOOK_FAILED', cause: { code: 'SLUICE_HOOK_ANSWER' } },
    ]);
  });
});

describe('several decisions', () => {
  it('end with the first denial', () => {
    let asked = 0;
    const { result } = authenticateWith(
      () => allow(),
      () => deny(ReasonCode.banned),
      () => {
        asked++;
        return deny(ReasonCode.serverBusy);
      },
    );
    expect(result).toEqual(deny(ReasonCode.banned));
    expect(asked).toBe(0);
  });

  it('end with the first denial also when it comes later', async () => {
    let asked = 0;
    const { result } = authenticateWith(
      async () => deny(ReasonCode.banned),
      () => void asked++,
    );
    expect(await result).toEqual(deny(ReasonCode.banned));
    expect(asked).toBe(0);
  });

  it('are asked one after the other', async () => {
    const order: string[] = [];
    const { result } = authenticateWith(
      async () => {
        order.push('a');
        await Promise.resolve();
        order.push('b');
        return allow();
      },
      () => void order.push('c'),
    );
    expect(await result).toEqual(allow());
    expect(order).toEqual(['a', 'b', 'c']);
  });

  it('put identities together, the first one first', async () => {
    const { result } = authenticateWith(
      () => allow(),
      () => allow({ attributes: { first: true } }),
      async () => allow({ identity: 'second', attributes: { second: true } }),
      () => allow({ identity: 'third' }),
    );
    expect(await result).toEqual(allow({ identity: 'second', attributes: { first: true } }));
  });

  it('grant the lowest QoS', () => {
    const { table, errors } = aTable();
    table.add('a', 'authorizeSubscribe', () => allow({ maximumQos: 2 }));
    table.add('b', 'authorizeSubscribe', () => allow({ maximumQos: 1 }));
    table.add('c', 'authorizeSubscribe', () => allow({}));
    table.add('d', 'authorizeSubscribe', () => allow());
    const ask = table.runners().authorizeSubscribe;
    expect(ask?.(authorizeEvent)).toEqual(allow({ maximumQos: 1 }));
    table.add('e', 'authorizeSubscribe', () => allow({ maximumQos: 3 as 2 }));
    expect(table.runners().authorizeSubscribe?.(authorizeEvent)).toEqual(failed);
    expect(errors).toHaveLength(1);
  });

  it('allow a connection that nobody has an opinion of', () => {
    const { table } = aTable();
    table.add('a', 'connection', () => undefined);
    expect(table.runners().connection?.({ connection })).toEqual(allow());
    table.add('b', 'connection', () => undefined);
    expect(table.runners().connection?.({ connection })).toEqual(allow());
  });

  it('do not pass on a grant where there is nothing to grant', () => {
    const { table } = aTable();
    table.add('a', 'authorizeDeliver', () => allow({ identity: 'me' } as never));
    expect(table.runners().authorizeDeliver?.(deliveryEvent)).toEqual(allow());
  });
});

describe.each([1, 2])('authorizeDeliver with %i hooks', (hooks) => {
  const decide = (hook: unknown) => {
    const { table, errors } = aTable();
    if (hooks === 2) table.add('other', 'authorizeDeliver', () => undefined);
    table.add('p', 'authorizeDeliver', hook as () => Verdict);
    return { verdict: table.runners().authorizeDeliver?.(deliveryEvent), errors };
  };

  it('is what the hook says, or a denial', () => {
    expect(decide(() => allow()).verdict).toEqual(allow());
    expect(decide(() => deny(ReasonCode.banned)).verdict).toEqual(deny(ReasonCode.banned));
    expect(decide(() => undefined)).toEqual({ verdict: deny(), errors: [] });
  });

  it('is a denial when the hook throws, or answers a promise', async () => {
    expect(decide(() => JSON.parse('{')).verdict).toEqual(failed);
    const { verdict, errors } = decide(async () => {
      throw new Error('nobody waits for this');
    });
    expect(verdict).toEqual(failed);
    expect(errors).toMatchObject([{ code: 'SLUICE_HOOK_FAILED' }]);
    expect(errors[0]?.message).toMatch(/it returned a promise, but has to answer at once$/);
  });
});
