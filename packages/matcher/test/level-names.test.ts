import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LevelNames } from '../src/level-names.ts';

const find = (names: LevelNames, name: string) => names.find(name, 0, name.length);
const acquire = (names: LevelNames, name: string) => names.acquire(name, 0, name.length);

describe('LevelNames', () => {
  it('knows a name as part of any text', () => {
    const names = new LevelNames();
    const id = names.acquire('sport/tennis/1', 6, 12);
    expect(find(names, 'tennis')).toBe(id);
    expect(names.find('/tennis', 1, 7)).toBe(id);
    for (const other of ['', 'tenni', 'tenniS', 'ennis', 'tenniss']) {
      expect(find(names, other)).toBe(0);
    }
  });

  it('tells names with wide characters apart', () => {
    const names = new LevelNames();
    const samples = ['', 'é', 'e\u0301', '温', '🌡', '\ud83c', '\0', 'a\0', '\u0161', 'a'];
    const ids = samples.map((name) => acquire(names, name));
    expect(new Set(ids).size).toBe(samples.length);
    expect(samples.map((name) => find(names, name))).toEqual(ids);
  });

  it('forgets a name that was released as often as it was acquired', () => {
    const names = new LevelNames();
    const id = acquire(names, 'a');
    expect(acquire(names, 'a')).toBe(id);
    names.release(id);
    expect(find(names, 'a')).toBe(id);
    names.release(id);
    expect(find(names, 'a')).toBe(0);
    expect(names.size).toBe(0);
  });

  it('keeps what a Map would keep, whatever is acquired and released', () => {
    const slots = fc.constantFrom(1, 16, 64);
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '温'), maxLength: 6 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(name, fc.boolean()), { maxLength: 300 }),
        slots,
        (changes, max) => {
          const names = new LevelNames(max);
          const model = new Map<string, { readonly id: number; references: number }>();
          for (const [each, isNeeded] of changes) {
            const known = model.get(each);
            expect(find(names, each)).toBe(known?.id ?? 0);
            if (isNeeded) {
              const id = acquire(names, each);
              expect(id).toBeGreaterThan(0);
              if (known === undefined) model.set(each, { id, references: 1 });
              else known.references++;
            } else if (known !== undefined) {
              names.release(known.id);
              if (--known.references === 0) model.delete(each);
            }
            expect(names.size).toBe(model.size);
          }
          for (const [each, { id }] of model) expect(find(names, each)).toBe(id);
          const ids = [...model.values()].map(({ id }) => id);
          expect(new Set(ids).size).toBe(ids.length);
        },
      ),
      { seed: 1 },
    );
  });

  it('needs no more room for many names one after the other than for a few', () => {
    const names = new LevelNames();
    acquire(names, 'first');
    const lasting = Array.from({ length: 20 }, (_, i) => `lasting-${i}`);
    // Between two that stay lies one that goes, so that those that stay have to move.
    const ids = lasting.map((name) => {
      const passing = acquire(names, `passing-${name}`);
      const id = acquire(names, name);
      names.release(passing);
      return id;
    });
    for (let i = 0; i < 2_000; i++) {
      names.release(acquire(names, `passing-${i}`));
      expect(lasting.map((name) => find(names, name))).toEqual(ids);
    }
    const more = Array.from({ length: 20 }, (_, i) => `more-${i}`);
    ids.push(...more.map((name) => acquire(names, name)));
    expect([...lasting, ...more].map((name) => find(names, name))).toEqual(ids);
    expect(new Set(ids).size).toBe(40);
    expect(names.bytes).toBeLessThan(4_096);
  });

  it('finds each of many names while its tables are divided', () => {
    const names = new LevelNames(64);
    const all = Array.from({ length: 4_000 }, (_, i) => `name-${i}`);
    const ids = all.map((name) => {
      const id = acquire(names, name);
      expect(find(names, name)).toBe(id);
      return id;
    });
    expect(all.map((name) => find(names, name))).toEqual(ids);
    expect(names.tables).toBeGreaterThan(4_000 / 64);
    for (let i = 0; i < all.length; i += 2) names.release(ids[i] as number);
    expect(all.map((name) => find(names, name))).toEqual(ids.map((id, i) => (i % 2 ? id : 0)));
  });
});
