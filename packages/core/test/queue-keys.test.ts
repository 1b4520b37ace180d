import { expect, test } from 'vitest';
import { QueueKeys } from '../src/outbox/queue-keys.ts';

const body = { number: 7, bytes: 10, durability: 'fsync' } as const;

test('a key ends with its message', () => {
  const keys = new QueueKeys();
  keys.set('k', 1, body);
  expect(keys.get('k')).toEqual({ sequence: 1, ...body });
  keys.delete(1);
  expect(keys.get('k')).toBeUndefined();
});

test('a key stays with its newest message, whatever becomes of older ones', () => {
  const keys = new QueueKeys();
  keys.set('k', 1, body);
  keys.set('k', 2, body);
  keys.delete(1);
  expect(keys.get('k')?.sequence).toBe(2);
  keys.delete(2);
  expect(keys.get('k')).toBeUndefined();
});
