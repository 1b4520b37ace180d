import { describe, expect, it } from 'vitest';
import { type Member, Members } from '../src/base/members.ts';

interface Named extends Member {
  readonly name: string;
}

const named = (name: string): Named => ({ name, place: -1 });

describe('members', () => {
  it('has who came and did not leave, whatever the order of leaving', () => {
    const members = new Members<Named>();
    const [a, b, c, d] = [named('a'), named('b'), named('c'), named('d')];
    for (const one of [a, b, c, d]) members.add(one);
    expect(members.delete(b)).toBe(true);
    expect(members.delete(d)).toBe(true);
    expect([...members].map(({ name }) => name).toSorted()).toEqual(['a', 'c']);
    members.add(b);
    expect(members.delete(a)).toBe(true);
    expect(members.delete(c)).toBe(true);
    expect([...members]).toEqual([b]);
    expect(members.size).toBe(1);
  });

  it('deletes nobody for one who is not there', () => {
    const members = new Members<Named>();
    const [a, b] = [named('a'), named('b')];
    members.add(a);
    expect(members.delete(b)).toBe(false);
    members.delete(a);
    members.add(b);
    expect(members.delete(a)).toBe(false);
    expect([...members]).toEqual([b]);
  });

  it('meets all who stay while others leave', () => {
    const members = new Members<Named>();
    const all = ['a', 'b', 'c', 'd', 'e'].map(named);
    for (const one of all) members.add(one);
    const met = new Set<string>();
    for (const { name } of members) {
      met.add(name);
      if (name === 'd') for (const one of all) if (one.name < 'c') members.delete(one);
    }
    expect([...met]).toEqual(expect.arrayContaining(['c', 'd', 'e']));
  });
});
