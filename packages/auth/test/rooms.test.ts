import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

/** The folders, from the ground up: a file imports from its own folder and from lower floors only. */
const floors = [
  ['text', 'attributes', 'documents'],
  ['attempts', 'passwords', 'scram', 'tokens', 'certificates', 'rules'],
  ['users'],
  ['.'],
];

const source = fileURLToPath(new URL('../src', import.meta.url));
const floorOf = (room: string) => floors.findIndex((rooms) => rooms.includes(room));

it('imports between the folders go one way', () => {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' });
  const wrong = files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const text = readFileSync(`${source}/${file}`, 'utf8');
      const imports = Array.from(text.matchAll(/from '(\.\.?\/[^']+)'/g), ([, path = '']) => path);
      return imports.map((path) => ({ file, room: dirname(file), path }));
    })
    .filter(({ room, path }) => {
      const other = path.startsWith('../') ? (path.split('/')[1] ?? '') : dirname(path).slice(2);
      const isOwn = path.startsWith('./') && !path.slice(2).includes('/');
      return !isOwn && !(floorOf(other) >= 0 && floorOf(other) < floorOf(room));
    });
  expect(wrong).toEqual([]);
  expect(files.length).toBeGreaterThan(30);
});
