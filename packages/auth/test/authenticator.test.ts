import { ReasonCode } from '@sluice/packet';
import { describe, expect, it } from 'vitest';
import { Authenticator, type AuthenticatorOptions } from '../src/authenticator.ts';
import { type PasswordHash, parsePasswordHash } from '../src/password.ts';
import { cheapHash, loginOf } from './fakes.ts';

const options: AuthenticatorOptions = {
  allowAnonymous: false,
  maxParallelHashes: 2,
  maxQueuedHashes: 3,
};

const users = usersOf({ anna: cheapHash('right'), ben: cheapHash('other', 2048) });

function usersOf(hashes: Record<string, string>): Map<string, PasswordHash> {
  const entries = Object.entries(hashes);
  return new Map(entries.map(([name, hash]) => [name, parsePasswordHash(hash) as PasswordHash]));
}

/** An authenticator whose hash computations are counted, and end when the test says so. */
function withManualHashing(changes: Partial<AuthenticatorOptions> = {}) {
  const running: ((matched: boolean) => void)[] = [];
  const costs: number[] = [];
  const passwords: Uint8Array[] = [];
  const authenticator = new Authenticator(users, { ...options, ...changes }, (password, hash) => {
    passwords.push(password);
    costs.push(hash.cost.N);
    return new Promise((resolve) => running.push(resolve));
  });
  return { authenticator, running, costs, passwords };
}

const deniedWith = (reasonCode: ReasonCode) => ({ allowed: false, reasonCode });
const bad = deniedWith(ReasonCode.badUserNameOrPassword);

describe('a login', () => {
  const authenticator = new Authenticator(users, options);

  it('with the right password is allowed, under the name of the user', async () => {
    const verdict = await authenticator.authenticate(loginOf('anna', 'right'));
    expect(verdict).toEqual({ allowed: true, grant: { identity: 'anna' } });
  });

  it.each([
    ['a wrong password', loginOf('anna', 'wrong')],
    ['an empty password', loginOf('anna', '')],
    ['the password of another user', loginOf('ben', 'right')],
    ['no password', loginOf('anna')],
    ['an unknown user', loginOf('carl', 'right')],
    ['a user in other letters', loginOf('Anna', 'right')],
    ['an empty user name', loginOf('', 'right')],
    ['neither', loginOf()],
    ['a name that objects have', loginOf('__proto__', 'right')],
    ['another of these', loginOf('constructor', 'right')],
    ['the longest name', loginOf('u'.repeat(65_535), 'right')],
  ])('with %s is refused', async (_, event) => {
    expect(await authenticator.authenticate(event)).toMatchObject(bad);
  });

  it('without a user name is anonymous where that is allowed, and a wrong one is not', async () => {
    const open = new Authenticator(users, { ...options, allowAnonymous: true });
    expect(open.authenticate(loginOf())).toEqual({ allowed: true, grant: { identity: '' } });
    expect(await open.authenticate(loginOf('', ''))).toMatchObject(bad);
    expect(await open.authenticate(loginOf('carl', 'x'))).toMatchObject(bad);
    expect(await open.authenticate(loginOf('anna'))).toMatchObject(bad);
  });

  it('is refused where there is no user at all', async () => {
    const empty = new Authenticator(new Map(), options, () => Promise.resolve(true));
    expect(await empty.authenticate(loginOf('anna', 'right'))).toMatchObject(bad);
  });

  it('of an unknown user is refused even if the decoy matched', async () => {
    const matching = new Authenticator(users, options, () => Promise.resolve(true));
    expect(await matching.authenticate(loginOf('carl', 'x'))).toMatchObject(bad);
  });

  it('fails when hashing fails, so that the broker refuses', async () => {
    const failing = new Authenticator(users, options, () => Promise.reject(new Error('no memory')));
    await expect(failing.authenticate(loginOf('anna', 'right'))).rejects.toThrow('no memory');
  });
});

describe('unknown users', () => {
  it('cost one computation, as known ones do', () => {
    const { authenticator, costs } = withManualHashing();
    void authenticator.authenticate(loginOf('anna', 'wrong'));
    expect(costs).toHaveLength(1);
    void authenticator.authenticate(loginOf('carl', 'wrong'));
    expect(costs).toHaveLength(2);
  });

  it('cost what some known user costs, and one name always the same', () => {
    const { authenticator, costs } = withManualHashing({ maxParallelHashes: 64 });
    for (let n = 0; n < 60; n++) void authenticator.authenticate(loginOf(`nobody-${n % 30}`, 'x'));
    expect(new Set(costs)).toEqual(new Set([1024, 2048]));
    expect(costs.slice(30)).toEqual(costs.slice(0, 30));
  });
});

describe('many logins at once', () => {
  it('are hashed in parallel up to the bound, wait up to the bound, and are refused beyond', async () => {
    const { authenticator, running } = withManualHashing();
    const login = () => authenticator.authenticate(loginOf('anna', 'right'));
    const verdicts = [login(), login(), login(), login(), login()];
    expect(running).toHaveLength(2);

    expect(await login()).toMatchObject(deniedWith(ReasonCode.serverBusy));
    expect(await authenticator.authenticate(loginOf('carl', 'x'))).toMatchObject(
      deniedWith(ReasonCode.serverBusy),
    );

    for (let done = 0; done < 5; done++) {
      expect(running.length).toBeLessThanOrEqual(done + 2);
      running[done]?.(true);
      await verdicts[done];
    }
    expect(await Promise.all(verdicts)).toHaveLength(5);
    expect(running).toHaveLength(5);
  });

  it('never wait where the queue may hold nothing', async () => {
    const { authenticator, running } = withManualHashing({ maxQueuedHashes: 0 });
    const login = () => authenticator.authenticate(loginOf('anna', 'right'));
    const verdicts = [login(), login()];
    expect(await login()).toMatchObject(deniedWith(ReasonCode.serverBusy));
    for (const end of running) end(true);
    await Promise.all(verdicts);
    expect(login()).toBeInstanceOf(Promise);
  });

  it('do not make anonymous clients wait', () => {
    const { authenticator } = withManualHashing({ allowAnonymous: true, maxQueuedHashes: 0 });
    for (let n = 0; n < 3; n++) void authenticator.authenticate(loginOf('anna', 'right'));
    expect(authenticator.authenticate(loginOf())).toMatchObject({ allowed: true });
  });
});

it('keeps its own copy of a password while it waits, and wipes it after', async () => {
  const { authenticator, running, passwords } = withManualHashing();
  const event = loginOf('anna', 'right');
  const verdict = authenticator.authenticate(event);
  event.password?.fill(0x2a);
  expect(String(passwords[0])).toBe('right');
  running[0]?.(true);
  await verdict;
  expect(passwords[0]?.every((byte) => byte === 0)).toBe(true);
});
