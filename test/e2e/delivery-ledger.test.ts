import { expect, test } from 'vitest';
import { DeliveryLedger } from '../support/delivery-ledger.ts';

/** The verdict on five messages, of which the publisher saw those from 0 to 2 acknowledged. */
function verdict(qos: 1 | 2, delivered: readonly number[]): string[] {
  const ledger = new DeliveryLedger();
  ledger.addStream('p', qos);
  ledger.addSubscriber('s');
  for (const number of [0, 1, 2, 3, 4]) ledger.published('p', number);
  for (const number of [0, 1, 2]) ledger.acknowledged('p', number);
  for (const number of delivered) ledger.delivered('s', 'p', number);
  return ledger.violations();
}

test.each([
  [1, [0, 1, 2]],
  [1, [0, 1, 2, 3, 4]],
  [1, [0, 1, 0, 1, 2]],
  [1, [0, 1, 2, 4]],
  [2, [0, 1, 2, 4]],
] as const)('QoS %d: %j keeps what was promised', (qos, delivered) => {
  expect(verdict(qos, delivered)).toEqual([]);
});

test.each([
  [1, [0, 2], '1 lost, the first is 1'],
  [1, [], '3 lost, the first is 0'],
  [1, [0, 2, 1], '1 reordered, the first is 1'],
  [1, [0, 1, 2, 5], '1 invented, the first is 5'],
  [2, [0, 1, 2, 1], '1 doubled, the first is 1'],
  [2, [0, 1, 3, 2], '1 reordered, the first is 2'],
] as const)('QoS %d: %j breaks it: %s', (qos, delivered, problem) => {
  expect(verdict(qos, delivered)).toEqual([`s of p: ${problem}`]);
});

test('a broken promise that no delivery shows is a violation', () => {
  const ledger = new DeliveryLedger();
  ledger.broken('the session is gone');
  expect(ledger.violations()).toEqual(['the session is gone']);
});
