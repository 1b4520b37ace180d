import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NameCharacters } from '../src/name-characters.ts';

const pageCharacters = 2 ** 16;
const pageBytes = pageCharacters * 2;

/** Names by number, with the places that they have. */
class Stored {
  readonly characters = new NameCharacters((id, place) => this.places.set(id, place));
  readonly places = new Map<number, number>();
  readonly names = new Map<number, string>();

  add(id: number, name: string): void {
    this.names.set(id, name);
    this.places.set(id, this.characters.store(id, name, 0, name.length));
  }

  release(id: number): void {
    this.characters.release(this.places.get(id) as number);
    this.places.delete(id);
    this.names.delete(id);
  }

  expectAll(): void {
    for (const [id, name] of this.names) expect(this.#holds(id, name)).toBe(true);
  }

  expectNot(id: number, name: string): void {
    expect(this.#holds(id, name)).toBe(false);
  }

  #holds(id: number, name: string): boolean {
    return this.characters.equals(this.places.get(id) as number, name, 0, name.length);
  }
}

describe('NameCharacters', () => {
  it('keeps each name, whatever is stored and released around it', () => {
    const length = fc.constantFrom(0, 1, 7, 100, 9_000, 40_000, pageCharacters, 200_000);
    const change = fc.tuple(length, fc.nat(5));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const stored = new Stored();
        for (const [index, [size, kept]] of changes.entries()) {
          const id = index + 1;
          stored.add(id, String.fromCharCode(97 + (id % 26)).repeat(size));
          if (id > kept && stored.names.has(id - kept)) stored.release(id - kept);
          stored.expectAll();
        }
      }),
      { seed: 1, numRuns: 50 },
    );
  });

  it('tells names of one length, and of another, apart', () => {
    const stored = new Stored();
    stored.add(1, 'hall');
    for (const other of ['hal', 'halls', 'Hall', '', `hall${'x'.repeat(pageCharacters)}`]) {
      stored.expectNot(1, other);
    }
  });

  it('needs at most twice the room of what is left, however much was released in between', () => {
    const stored = new Stored();
    let next = 1;
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 20_000; i++) stored.add(next++, `name-${next}`);
      // One in ten stays.
      for (const id of [...stored.names.keys()]) if (id % 10 !== 0) stored.release(id);
    }
    stored.expectAll();
    expect(stored.names.size).toBe(20_000);
    const used = [...stored.names.values()].reduce((sum, { length }) => sum + 4 + length, 0) * 2;
    expect(stored.characters.bytes).toBeLessThan(used * 2 + 6 * pageBytes);
  });

  it('gives a page back when none of its names is left', () => {
    const stored = new Stored();
    for (let id = 1; id <= 100; id++) stored.add(id, 'x'.repeat(30_000));
    expect(stored.characters.bytes).toBeGreaterThan(40 * pageBytes);
    for (let id = 1; id <= 100; id++) stored.release(id);
    expect(stored.characters.bytes).toBe(pageBytes);
  });
});
