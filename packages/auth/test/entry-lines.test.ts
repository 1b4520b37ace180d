import { expect, it } from 'vitest';
import { linesOfEntries } from '../src/documents/entry-lines.ts';

it('tells the line of each entry, whatever lies in it', () => {
  const text = [
    '{ "note": "rules: [", "other": [ { "rules": [1, 2] } ],',
    '  "rules" : [',
    '    { "topic": "a,b]", "who": { "user": ["x", "y"] } },',
    '',
    '    { "topic":',
    '        ["c\\"[", "d\\\\"] }, 7,',
    '    [1,',
    '     2]',
    '    ,',
    '    null',
    '  ], "end": [3] }',
  ].join('\n');
  JSON.parse(text);
  expect(linesOfEntries(text, 'rules')).toEqual([3, 5, 6, 7, 10]);
});

it.each([
  ['{"rules":[]}', []],
  ['{"a":1}', []],
  ['[]', []],
  ['{\r\n"rules": [\r\n1,\r\n2]}', [3, 4]],
  ['{"rules":[1],\n"rules":[\n2]}', [3]],
  ['{"\\u0072ules":[1]}', [1]],
])('of %j', (text, lines) => {
  expect(linesOfEntries(text, 'rules')).toEqual(lines);
});

it('is done with a long text at once', () => {
  const text = `{"rules":["${'a\\n'.repeat(200_000)}",\n${'[1],'.repeat(100_000)}2]}`;
  const lines = linesOfEntries(text, 'rules');
  expect(lines).toHaveLength(100_002);
  expect(lines.at(-1)).toBe(2);
});
