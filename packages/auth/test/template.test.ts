import { topicMatches } from '@sluice/packet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesTopic } from '../src/rules/pattern.ts';
import { fillForAllow, fillForDeny, parseTemplate, type Template } from '../src/rules/template.ts';
import { subjectFor } from './fakes.ts';

function parse(text: string): Template {
  return parseTemplate(text, (problem) => new Error(problem));
}

function allowed(text: string, c: string, u = 'anna'): string | undefined {
  return fillForAllow(parse(text), subjectFor(c, u))?.join('/');
}

function denied(text: string, c: string, u = 'anna'): string {
  return fillForDeny(parse(text), subjectFor(c, u)).join('/');
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
    ['a/%{}', '%%'],
    ['a/%{x', '%%'],
    ['a/%{x/y}', '%%'],
    ['a/%{x}%{y}', 'two placeholders'],
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
    expect(fillForAllow(template, subjectFor('1', ''))).toBe(
      fillForDeny(template, subjectFor('2', '')),
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

  it('is that of an attribute, which may lie in objects', () => {
    const attributes = {
      tenant: 'acme',
      line: 7,
      isTest: true,
      site: { name: 'north', floors: [1, 2] },
      'a.b': 'dotted',
      odd: 'x/y',
      huge: 1e21,
      nothing: null,
    };
    const filled = (text: string) =>
      fillForAllow(parse(text), subjectFor('c', 'anna', [], attributes))?.join('/');
    expect(filled('t/%{tenant}/%{line}/%{isTest}')).toBe('t/acme/7/true');
    expect(filled('s/%{site.name}/x')).toBe('s/north/x');
    expect(filled('s/%{a.b}')).toBe('s/dotted');
    for (const name of [
      'odd',
      'huge',
      'nothing',
      'site',
      'site.floors',
      'site.x',
      'x',
      '__proto__',
    ]) {
      expect(filled(`s/%{${name}}`), name).toBeUndefined();
    }
    expect(parse('s/%{tenant}').namesUser).toBe(true);
  });

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

  it('denies whatever could stand there when the attribute is missing or no text', () => {
    const subject = subjectFor('c', 'anna', [], { list: ['a'], odd: 'x/y' });
    const filled = (text: string) => fillForDeny(parse(text), subject).join('/');
    expect(filled('t/dev-%{tenant}/x')).toBe('t/+/x');
    expect(filled('t/%{list}/#')).toBe('t/+/#');
    expect(filled('t/%{odd}/z')).toBe('t/x/#');
  });

  it('stays small with the longest value', () => {
    expect(fillForDeny(parse('a/%c/x'), subjectFor('/'.repeat(65_535)))).toEqual(['a', '', '#']);
  });

  it('denies every topic that has the value written out, whatever the value', () => {
    const value = fc.string({ unit: fc.constantFrom('a', '$', '/', '+', '#', '%', 'u') });
    const text = fc.constantFrom('%c', '%c/x', 'a/%c', 'a/%c/+', 'a/x-%c-y/#', '%u/%c/x');
    fc.assert(
      fc.property(text, value, value, (template, c, u) => {
        const pattern = fillForDeny(parse(template), subjectFor(c, u));
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
