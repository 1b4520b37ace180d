import { describe, expect, it } from 'vitest';
import { auth } from '../src/auth.ts';
import type { AuthOptions } from '../src/options.ts';

describe('auth', () => {
  it.each([
    ['nothing', undefined, 'options must be an object'],
    ['neither users nor rules', { anonymous: true }, 'none of options.users, options.rules'],
    ['an unknown option', { users: 'a', userFile: 'b' }, 'unknown key "userFile"'],
    [
      'users of another type',
      { users: 7 },
      'options.users must be the path of a file, or an object',
    ],
    ['an empty path', { rules: '' }, 'options.rules must be the path of a file, or an object'],
    ['null', { rules: null }, 'options.rules is null'],
    [
      'null for a boolean',
      { certificate: { required: null } },
      'options.certificate.required is null; give it a value, or remove it',
    ],
    [
      'a text for a boolean',
      { users: 'a', anonymous: 'no' },
      'options.anonymous must be true, false or an object',
    ],
    [
      'no hashing',
      { users: 'a', maxParallelHashes: 0 },
      'options.maxParallelHashes must be a whole number from 1 to 64',
    ],
    ['a fraction', { users: 'a', maxParallelHashes: 1.5 }, 'options.maxParallelHashes'],
    [
      'no bound',
      { users: 'a', maxQueuedHashes: Number.POSITIVE_INFINITY },
      'options.maxQueuedHashes',
    ],
    [
      'two authenticators',
      { users: 'a', externalIdentities: true },
      'options.externalIdentities goes without',
    ],
  ])('refuses %s at once', (_, options, problem) => {
    let thrown: unknown;
    try {
      auth(options as AuthOptions);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ name: 'BrokerError', code: 'SLUICE_AUTH_OPTIONS' });
    expect(String(thrown)).toContain(problem);
  });

  it('takes undefined for an option that is left out', () => {
    expect(auth({ users: 'a', rules: undefined, maxQueuedHashes: undefined }).name).toBe('auth');
  });
});
