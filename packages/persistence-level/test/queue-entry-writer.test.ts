import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteReader } from '../src/records/byte-reader.ts';
import { queueKey } from '../src/records/keys.ts';
import { QueueEntryWriter } from '../src/records/queue-entry-writer.ts';
import { readQueueEntry, type WrittenQueueEntry } from '../src/records/records.ts';

// Few values of each field, so that many entries are like the one before, or differ in one field only.
const identifiers = [[], [], [1], [1, 300]] as const;
const entry: fc.Arbitrary<WrittenQueueEntry> = fc.record(
  {
    message: fc.constantFrom(0, 7, 70_000),
    qos: fc.constantFrom(1 as const, 2 as const),
    retain: fc.boolean(),
    released: fc.boolean(),
    subscriptionIdentifiers: fc.constantFrom(...identifiers),
    sharedFilter: fc.constantFrom('$share/a/b', '$share/a/c'),
  },
  { requiredKeys: ['message', 'qos', 'retain', 'subscriptionIdentifiers'] },
);

test('entries of a row are each what they would be alone', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(3), entry)), (entries) => {
      const writer = new QueueEntryWriter();
      for (const [session, sequence, written] of entries) {
        const value = writer.write(session, sequence, written);
        expect(writer.key.equals(queueKey(session, sequence))).toBe(true);
        const read = readQueueEntry(new ByteReader().open(writer.key, value));
        expect(read).toEqual({ released: false, ...written });
      }
    }),
  );
});
