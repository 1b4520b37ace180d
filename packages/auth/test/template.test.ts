import { topicMatches } from '@sluice/packet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesTopic } from '../src/pattern.ts';
import { fillForAllow, fillForDeny, parseTemplate, type Template } from '../src/template.ts';

function parse(text: string): Template {
  return parseTemplate(text, (problem) => new Error(problem));
}

function allowed(text: string, c: string, u = 'anna'): string | undefined {
  return fillForAllow(parse(text), { c, u })?.join('/');
}

function denied(text: string, c: string, u = 'anna'): string {
  return fillForDeny(parse(text), { c, u }).join('/');
}

describe('parseTemplate', () => {
  it.each([
    ['a/b#', 'topic filter'],
    ['a/#/b', 'topic filter'],
    ['a\0', 'topic filter'],
    ['$share/g/a', '\\$share'],
    ['a/%x', '%%'],
    ['a/100%', '%%'],
    ['a/%', '%%'],
    ['a/%C', '%%'],
    ['a/%u-%c', 'two placeholders'],
    ['$%c/a', 'begins with \\$'],
    ['$SYS%c', 'begins with \\$'],
  ])('refuses %j', (text, problem) => {
    expect(() => parse(text)).toThrow(new RegExp(problem));
  });

  it('reads %% as a percent sign, from left to right', () => {
    expect(allowed('a/%%', 'x')).toBe('a/%');
    expect(allowed('a/%%c', 'x')).toBe('a/%c');
    expect(allowed('a/%%%c', 'x')).toBe('a/%x');
    expect(parse('a/%%u').namesUser).toBe(false);
  });

  it('shares one pattern among all clients where there is no placeholder', () => {
    const template = parse('a/+/#');
    expect(fillForAllow(template, { c: '1', u: '' })).toBe(
      fillForDeny(template, { c: '2', u: '' }),
    );
  });
});

describe('a value in an allowed pattern', () => {
  it('takes the place of its placeholder, once', () => {
    expect(allowed('%c/x/dev-%u!', 'one', 'anna')).toBe('one/x/dev-anna!');
    expect(allowed('a/%c', '%u')).toBe('a/%u');
    expect(allowed('a/%c', '..')).toBe('a/..');
    expect(allowed('a/%c', '__proto__')).toBe('a/__proto__');
    expect(allowed('a/%c', '$SYS')).toBe('a/$SYS');
  });

  it.each(['', '+', '#', 'a+b', 'a/#', '/', 'a\0b', `${'/'.repeat(65_535)}`])(
    'matches nothing when it is %j',
    (value) => {
      expect(allowed('a/%c', value)).toBeUndefined();
      expect(allowed('a/dev-%c/#', value)).toBeUndefined();
      expect(allowed('%u', 'fine', value)).toBeUndefined();
    },
  );

  it('never begins a topic with $', () => {
    expect(allowed('%c/#', '$SYS')).toBeUndefined();
    expect(allowed('%c/#', '$share')).toBeUndefined();
  });
});

describe('a value in a denied pattern', () => {
  it('denies more, not less, with wildcards and separators', () => {
    expect(denied('a/%c/x', 'one')).toBe('a/one/x');
    expect(denied('a/%c/x', '+')).toBe('a/+/x');
    expect(denied('a/%c/x', '#')).toBe('a/#');
    expect(denied('a/%c/x', '#/b')).toBe('a/#');
    expect(denied('a/%c/x', 'b/c')).toBe('a/b/#');
    expect(denied('a/dev-%c/x', 'b/c')).toBe('a/dev-b/#');
    expect(denied('%c/x', '$SYS/y')).toBe('$SYS/#');
  });

  it('stays small with the longest value', () => {
    expect(fillForDeny(parse('a/%c/x'), { c: '/'.repeat(65_535), u: '' })).toEqual(['a', '', '#']);
  });

  it('denies every topic that has the value written out, whatever the value', () => {
    const value = fc.string({ unit: fc.constantFrom('a', '$', '/', '+', '#', '%', 'u') });
    const text = fc.constantFrom('%c', '%c/x', 'a/%c', 'a/%c/+', 'a/x-%c-y/#', '%u/%c/x');
    fc.assert(
      fc.property(text, value, value, (template, c, u) => {
        const pattern = fillForDeny(parse(template), { c, u });
        const written = template.replace(/%[cu]/g, (name) => (name === '%c' ? c : u));
        const topic = written.replace(/\/#$/, '/z').replace(/\/\+$/, '/z');
        fc.pre(topic !== '' && !/[+#]/.test(topic));
        expect(matchesTopic(pattern, topic), pattern.join('/')).toBe(true);
        expect(topicMatches(pattern.join('/'), topic)).toBe(true);
      }),
      { numRuns: 500, seed: 3 },
    );
  });
});
