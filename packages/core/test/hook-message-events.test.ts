import type { MessageChanges } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import { applyDeliver, applyMessage } from '../src/hooks/hook-message-events.ts';
import { client, deliveryEvent } from './support/hooks.ts';
import { aMessage } from './support/messages.ts';

const refusal = expect.objectContaining({ code: 'SLUICE_HOOK_ANSWER' });

describe('applyMessage', () => {
  it('keeps the rest of the event', () => {
    const event = { client, message: aMessage(), more: 1 };
    expect(applyMessage(event, { qos: 0 })).toEqual({
      client,
      message: aMessage({ qos: 0 }),
      more: 1,
    });
  });
});

describe('applyDeliver', () => {
  it('changes RETAIN as the receiver sees it, and leaves the message the same object', () => {
    const changed = applyDeliver(deliveryEvent, { retain: true });
    expect(changed).toEqual({ ...deliveryEvent, retain: true });
    expect(changed.message).toBe(deliveryEvent.message);
  });

  it('changes the message for this receiver', () => {
    const changed = applyDeliver(deliveryEvent, { topic: 'x', retain: true });
    expect(changed.message).toEqual({ ...deliveryEvent.message, topic: 'x' });
    expect([changed.retain, changed.qos, deliveryEvent.message.topic]).toEqual([true, 1, 'a/b']);
  });

  it.each([{ qos: 0 }, { retain: 'yes' }, { topic: '#' }, { client }, []])(
    'refuses %j',
    (changes) => {
      expect(() => applyDeliver(deliveryEvent, changes as MessageChanges)).toThrow(refusal);
    },
  );
});
