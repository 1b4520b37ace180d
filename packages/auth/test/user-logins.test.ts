import { ReasonCode } from '@sluice/packet';
import type { AuthenticateEvent } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import { AttemptGuard } from '../src/attempts/attempt-guard.ts';
import { AttemptLimits } from '../src/attempts/attempt-limits.ts';
import { type HashingOptions, PasswordCheck } from '../src/passwords/password-check.ts';
import { UserLogins } from '../src/users/user-logins.ts';
import type { Users } from '../src/users/users.ts';
import { cheapHash, FakeBroker, loadUsers, loginOf } from './fakes.ts';

const options: HashingOptions = { maxParallelHashes: 2, maxQueuedHashes: 3 };

const users = await loadUsers({
  users: [
    { name: 'anna', password: cheapHash('right'), roles: ['operator'] },
    { name: 'ben', password: cheapHash('other', 2048) },
  ],
});
const nobody = await loadUsers({ users: [] });

type Matches = ConstructorParameters<typeof PasswordCheck>[1];

function loginsOf(known: Users, changes: Partial<HashingOptions> = {}, matches?: Matches) {
  const broker = new FakeBroker();
  const clock = { now: 0 };
  const check = new PasswordCheck({ ...options, ...changes }, matches, () => clock.now);
  check.use(known.passwords);
  let current = known;
  const limits = new AttemptLimits({
    maxFailuresPerAddress: 50,
    maxFailuresPerUser: 10,
    windowSeconds: 300,
  });
  const guard = new AttemptGuard(limits, broker.services.limited);
  const logins = new UserLogins(() => current, check, guard);
  const replace = (others: Users) => {
    current = others;
    check.use(others.passwords);
  };
  return { logins, broker, guard, replace, clock };
}

/** Logins whose hash computations are counted, and end when the test says so. */
function withManualHashing(changes: Partial<HashingOptions> = {}) {
  const running: ((matched: boolean) => void)[] = [];
  const costs: number[] = [];
  const passwords: Uint8Array[] = [];
  const made = loginsOf(users, changes, (password, hash) => {
    passwords.push(password);
    costs.push(hash.cost.N);
    return new Promise((resolve) => running.push(resolve));
  });
  return { ...made, running, costs, passwords };
}

/** A login from an address. */
function from(address: string, event: AuthenticateEvent): AuthenticateEvent {
  return { ...event, connection: { ...event.connection, remoteAddress: address } };
}

const deniedWith = (reasonCode: ReasonCode) => ({ allowed: false, reasonCode });
const bad = deniedWith(ReasonCode.badUserNameOrPassword);
const tooMany = deniedWith(ReasonCode.quotaExceeded);

describe('a login', () => {
  const { logins } = loginsOf(users);

  it('with the right password is allowed, under the name of the user and with the roles', async () => {
    expect(await logins.authenticate(loginOf('anna', 'right'))).toEqual({
      allowed: true,
      grant: { identity: 'anna', attributes: { login: 'password', roles: ['operator'] } },
    });
  });

  it('without a user name is none of its business', () => {
    expect(logins.authenticate(loginOf())).toBeUndefined();
    expect(logins.authenticate(loginOf(undefined, 'right'))).toBeUndefined();
  });

  it.each([
    ['a wrong password', loginOf('anna', 'wrong')],
    ['an empty password', loginOf('anna', '')],
    ['the password of another user', loginOf('ben', 'right')],
    ['no password', loginOf('anna')],
    ['an unknown user', loginOf('carl', 'right')],
    ['a user in other letters', loginOf('Anna', 'right')],
    ['an empty user name', loginOf('', 'right')],
    ['a name that objects have', loginOf('__proto__', 'right')],
    ['another of these', loginOf('constructor', 'right')],
    ['the longest name', loginOf('u'.repeat(65_535), 'right')],
  ])('with %s is refused', async (_, event) => {
    expect(await logins.authenticate(event)).toMatchObject(bad);
  });

  it('is refused where there is no user at all', async () => {
    const empty = loginsOf(nobody, {}, () => Promise.resolve(true));
    expect(await empty.logins.authenticate(loginOf('anna', 'right'))).toMatchObject(bad);
  });

  it('of an unknown user is refused even if the decoy matched', async () => {
    const matching = loginsOf(users, {}, () => Promise.resolve(true));
    expect(await matching.logins.authenticate(loginOf('carl', 'x'))).toMatchObject(bad);
  });

  it('fails when hashing fails, so that the broker refuses', async () => {
    const failing = loginsOf(users, {}, () => Promise.reject(new Error('no memory')));
    await expect(failing.logins.authenticate(loginOf('anna', 'right'))).rejects.toThrow(
      'no memory',
    );
  });

  it('is refused when the user was removed while it was under way', async () => {
    const { logins: watched, running, replace } = withManualHashing();
    const verdict = watched.authenticate(loginOf('anna', 'right'));
    replace(nobody);
    running[0]?.(true);
    expect(await verdict).toMatchObject(bad);
  });
});

describe('unknown users', () => {
  it('cost one computation, as known ones do', () => {
    const { logins, costs } = withManualHashing();
    void logins.authenticate(loginOf('anna', 'wrong'));
    expect(costs).toHaveLength(1);
    void logins.authenticate(loginOf('carl', 'wrong'));
    expect(costs).toHaveLength(2);
  });

  it('cost what some known user costs, and one name always the same', () => {
    const { logins, costs } = withManualHashing({ maxParallelHashes: 64 });
    for (let n = 0; n < 60; n++) void logins.authenticate(loginOf(`nobody-${n % 30}`, 'x'));
    expect(new Set(costs)).toEqual(new Set([1024, 2048]));
    expect(costs.slice(30)).toEqual(costs.slice(0, 30));
  });

  it('are refused after as many failures as known ones', async () => {
    const { logins } = loginsOf(users, {}, () => Promise.resolve(false));
    const failures = async (name: string) => {
      for (let count = 0; ; count++) {
        const verdict = await logins.authenticate(loginOf(name, 'wrong'));
        if (verdict?.allowed === false && verdict.reasonCode === ReasonCode.quotaExceeded)
          return count;
      }
    };
    expect(await failures('anna')).toBe(10);
    expect(await failures('nobody')).toBe(10);
  });
});

describe('many logins at once', () => {
  it('are hashed in parallel up to the bound, wait up to the bound, and are refused beyond', async () => {
    const { logins, running } = withManualHashing();
    const login = () => logins.authenticate(loginOf('anna', 'right'));
    const verdicts = [login(), login(), login(), login(), login()];
    expect(running).toHaveLength(2);

    expect(await login()).toMatchObject(deniedWith(ReasonCode.serverBusy));
    expect(await logins.authenticate(loginOf('carl', 'x'))).toMatchObject(
      deniedWith(ReasonCode.serverBusy),
    );

    for (let done = 0; done < 5; done++) {
      await expect.poll(() => running.length).toBeGreaterThan(done);
      expect(running.length).toBeLessThanOrEqual(done + 2);
      running[done]?.(true);
      await verdicts[done];
    }
    expect(await Promise.all(verdicts)).toHaveLength(5);
    expect(running).toHaveLength(5);
  });

  it('wait 4 seconds at most: those whose turn comes later are refused unhashed', async () => {
    const { logins, running, clock } = withManualHashing({ maxParallelHashes: 1 });
    const verdicts = [1, 2, 3].map(() => logins.authenticate(loginOf('anna', 'right')));
    clock.now = 4_000;
    running[0]?.(true);
    await expect.poll(() => running.length).toBe(2);
    clock.now = 4_001;
    running[1]?.(true);
    expect(await Promise.all(verdicts)).toMatchObject([
      { allowed: true },
      { allowed: true },
      deniedWith(ReasonCode.serverBusy),
    ]);
    expect(running).toHaveLength(2);
  });

  it('never wait where the queue may hold nothing', async () => {
    const { logins, running } = withManualHashing({ maxQueuedHashes: 0 });
    const login = () => logins.authenticate(loginOf('anna', 'right'));
    const verdicts = [login(), login()];
    expect(await login()).toMatchObject(deniedWith(ReasonCode.serverBusy));
    for (const end of running) end(true);
    await Promise.all(verdicts);
    expect(login()).toBeInstanceOf(Promise);
  });
});

describe('wrong passwords', () => {
  it('are refused without hashing once there were too many, and told and counted', async () => {
    let hashed = 0;
    const { logins, broker, guard } = loginsOf(users, {}, () => {
      hashed += 1;
      return Promise.resolve(false);
    });
    for (let n = 0; n < 10; n++) {
      expect(await logins.authenticate(loginOf('anna', 'wrong'))).toMatchObject(bad);
    }
    const refused = loginOf('anna', 'right');
    expect(await logins.authenticate(refused)).toMatchObject(tooMany);
    expect(hashed).toBe(10);
    expect(broker.limits).toEqual([
      {
        limit: 'maxFailuresPerUser',
        action: 'refused',
        connection: refused.connection,
        clientId: 'client-1',
      },
    ]);
    expect([guard.failedLogins, guard.refusedLogins]).toEqual([10, 1]);
    expect(await logins.authenticate(loginOf('ben', 'wrong'))).toMatchObject(bad);
  });

  it('that wait together are not all tried', async () => {
    let hashed = 0;
    const { logins } = loginsOf(users, { maxParallelHashes: 1, maxQueuedHashes: 100 }, () => {
      hashed += 1;
      return Promise.resolve(false);
    });
    const attempts = Array.from({ length: 30 }, () => logins.authenticate(loginOf('anna', 'x')));
    const verdicts = await Promise.all(attempts);
    expect(hashed).toBe(10);
    expect(verdicts.filter((verdict) => verdict && !verdict.allowed)).toHaveLength(30);
    expect(verdicts.slice(10)).toEqual(
      verdicts.slice(10).map(() => expect.objectContaining(tooMany)),
    );
  });

  it('of strangers do not lock out who logged in from the same address, or elsewhere', async () => {
    const { logins } = loginsOf(users);
    const right = loginOf('anna', 'right');
    expect(await logins.authenticate(from('10.0.0.1', right))).toMatchObject({ allowed: true });
    for (let n = 0; n < 10; n++) {
      await logins.authenticate(from('10.0.0.2', loginOf('anna', 'wrong')));
    }
    expect(await logins.authenticate(from('10.0.0.2', right))).toMatchObject(tooMany);
    expect(await logins.authenticate(from('10.0.0.1', right))).toMatchObject({ allowed: true });
  });

  it('do not add up where one login is right', async () => {
    const { logins } = loginsOf(users);
    await logins.authenticate(loginOf('anna', 'right'));
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 9; n++) await logins.authenticate(loginOf('anna', 'wrong'));
      expect(await logins.authenticate(loginOf('anna', 'right'))).toMatchObject({ allowed: true });
    }
  });
});

it('keeps its own copy of a password while it waits, and wipes it after', async () => {
  const { logins, running, passwords } = withManualHashing();
  const event = loginOf('anna', 'right');
  const verdict = logins.authenticate(event);
  event.password?.fill(0x2a);
  expect(String(passwords[0])).toBe('right');
  running[0]?.(true);
  await verdict;
  expect(passwords[0]?.every((byte) => byte === 0)).toBe(true);
});
