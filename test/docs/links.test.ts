import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, it } from 'vitest';
import { pages, readmes, root, textOnly } from './pages.ts';

/** The anchors that a page's headings get. */
function anchorsOf(text: string): Set<string> {
  const headings = Array.from(
    textOnly(text).matchAll(/^#+ (.+)$/gm),
    ([, heading]) => heading ?? '',
  );
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

const all = [...pages, ...readmes];

const anchors = new Map(all.map(({ path, text }) => [path, anchorsOf(text)]));

it.each(all)('every link of $path leads somewhere', ({ path, text }) => {
  const links = Array.from(textOnly(text).matchAll(/\]\(([^)\s]+)\)/g), ([, link]) => link ?? '');
  const broken = links
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : normalize(join(dirname(path), file));
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && anchors.get(target)?.has(anchor) === false;
    });
  expect(broken).toEqual([]);
});

it.each(all)('every JSON block of $path can be parsed', ({ blocks }) => {
  for (const { language, code } of blocks) {
    if (language === 'json') expect(() => JSON.parse(code)).not.toThrow();
  }
});

it.each(readdirSync(join(root, 'packages')))('packages/%s says what it is', (directory) => {
  const { name } = JSON.parse(
    readFileSync(join(root, 'packages', directory, 'package.json'), 'utf8'),
  );
  const readme = readmes.find(({ path }) => path === `packages/${directory}/README.md`);
  expect(readme?.text).toMatch(new RegExp(`^# ${name}\n\n\\S`));
});
