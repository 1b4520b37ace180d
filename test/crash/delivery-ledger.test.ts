import { expect, test } from 'vitest';
import { DeliveryLedger, type WrongDeliveries } from './delivery-ledger.ts';

/** The verdict on five messages, of which the publisher saw those from 0 to 2 acknowledged. */
function faults(qos: 1 | 2, delivered: readonly number[], isGroup = false): WrongDeliveries[] {
  const ledger = new DeliveryLedger();
  ledger.addStream('p', qos);
  ledger.addSubscriber('s', isGroup);
  for (const number of [0, 1, 2, 3, 4]) ledger.published('p', number);
  for (const number of [0, 1, 2]) ledger.acknowledged('p', number);
  for (const number of delivered) ledger.delivered('s', 'p', number);
  return ledger.faults();
}

test.each([
  [1, [0, 1, 2]],
  [1, [0, 1, 2, 3, 4]],
  [1, [0, 1, 0, 1, 2]],
  [1, [0, 1, 2, 4]],
  [2, [0, 1, 2, 4]],
] as const)('QoS %d: %j keeps what was promised', (qos, delivered) => {
  expect(faults(qos, delivered)).toEqual([]);
});

test.each([
  [1, [0, 2], 'lost', [1]],
  [1, [], 'lost', [0, 1, 2]],
  [1, [0, 2, 1], 'reordered', [1]],
  [1, [0, 1, 2, 5], 'invented', [5]],
  [2, [0, 1, 2, 1], 'doubled', [1]],
  [2, [0, 1, 3, 2], 'reordered', [2]],
] as const)('QoS %d: %j breaks it: %s %j', (qos, delivered, fault, numbers) => {
  expect(faults(qos, delivered)).toEqual([{ fault, subscriber: 's', stream: 'p', numbers }]);
});

test('members of a group get each message once, in any order', () => {
  expect(faults(2, [2, 0, 1], true)).toEqual([]);
  expect(faults(2, [2, 0, 1, 0], true)).toMatchObject([{ fault: 'doubled', numbers: [0] }]);
  expect(faults(2, [2, 0], true)).toMatchObject([{ fault: 'lost', numbers: [1] }]);
});

test('a subscriber has all that was acknowledged before it has all that was sent', () => {
  const ledger = new DeliveryLedger();
  ledger.addStream('p', 1);
  ledger.addSubscriber('s');
  for (const number of [0, 1, 2]) ledger.published('p', number);
  ledger.acknowledged('p', 1);
  expect(ledger.hasAcknowledged('s')).toBe(false);
  ledger.delivered('s', 'p', 1);
  expect(ledger.hasAcknowledged('s')).toBe(true);
  expect(ledger.hasPublished('s')).toBe(false);
  for (const number of [0, 2]) ledger.delivered('s', 'p', number);
  expect(ledger.hasPublished('s')).toBe(true);
});
