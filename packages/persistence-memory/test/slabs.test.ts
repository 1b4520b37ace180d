import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Slabs } from '../src/slabs.ts';

describe('Slabs', () => {
  it('keep what is written to each record', () => {
    const step = fc.record({ size: fc.integer({ min: 2, max: 1_024 }), free: fc.nat(200) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 50, maxLength: 400 }), (steps) => {
        const slabs = new Slabs();
        const records: { handle: number; size: number; mark: number }[] = [];
        for (const [mark, { size, free }] of steps.entries()) {
          const [gone] = records.splice(free, 1);
          if (gone !== undefined) slabs.free(gone.handle);
          const handle = slabs.allocate(size);
          const start = slabs.start(handle);
          slabs.page(handle).fill(mark & 0xff, start, start + size);
          records.push({ handle, size, mark });
        }
        for (const { handle, size, mark } of records) {
          const start = slabs.start(handle);
          const bytes = slabs.page(handle).subarray(start, start + size);
          expect(bytes.length).toBe(size);
          expect(bytes.every((byte) => byte === (mark & 0xff))).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('use the room of a freed record again', () => {
    const slabs = new Slabs();
    const handles = Array.from({ length: 1_000 }, () => slabs.allocate(100));
    const { bytes } = slabs;
    for (const handle of handles.slice(0, 500)) slabs.free(handle);
    const again = Array.from({ length: 500 }, () => slabs.allocate(100));
    expect(slabs.bytes).toBeLessThanOrEqual(bytes);
    expect(new Set([...again, ...handles.slice(500)]).size).toBe(1_000);
  });

  it('give a page back when nothing is left in it', () => {
    const slabs = new Slabs();
    const handles = Array.from({ length: 1_000 }, () => slabs.allocate(100));
    for (const handle of handles) slabs.free(handle);
    expect(slabs.bytes).toBe(0);
    const handle = slabs.allocate(8);
    slabs.page(handle).fill(1, slabs.start(handle), slabs.start(handle) + 8);
    expect(slabs.bytes).toBeLessThan(100_000);
  });
});
