import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readAclArguments } from '../../packages/server/src/commands/acl-arguments.ts';
import { readFlags } from '../../packages/server/src/settings.ts';
import { pages, root } from './pages.ts';

interface Line {
  readonly place: string;
  readonly words: readonly string[];
}

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};

const lines: readonly Line[] = pages
  .flatMap(({ blocks }) => blocks)
  .filter(({ language, marker }) => language === 'sh' && marker?.kind !== 'not run')
  .flatMap(({ page, line, code }) =>
    code.split('\n').map((text, index) => ({ place: `${page}:${line + 1 + index}`, text })),
  )
  .flatMap(({ place, text }) =>
    commandsOf(text).map((command) => ({ place, words: command.split(/\s+/) })),
  );

/** The commands of a line of shell: between pipes and `&&`, without what follows `#`. */
function commandsOf(text: string): string[] {
  const plain = text.replace(/(?:^|\s)#.*$/, '').replaceAll(/'[^']*'/g, "'quoted'");
  return plain
    .split(/\||&&/)
    .map((command) => command.trim())
    .filter((command) => command !== '');
}

/** The arguments of `sluice`, however it is called; undefined for another command. */
function sluiceArguments(words: readonly string[]): readonly string[] | undefined {
  const [first, second] = words;
  if (first === 'sluice') return words.slice(1);
  if (first === 'node' && second === 'packages/server/dist/cli.js') return words.slice(2);
  if (first === 'npm' && second === 'start') {
    return ['start', ...words.slice(words[2] === '--' ? 3 : 2)];
  }
  return undefined;
}

/** Throws where the command line would be refused. */
function check([command = '', ...rest]: readonly string[]): void {
  if (command === 'start' || command === 'check') readFlags(rest);
  else if (command === 'acl') readAclArguments(rest, {});
  else if (command === 'passwd') expect(rest).toHaveLength(2);
  else expect(['--help', '--version']).toContain(command);
}

describe('the commands of the documentation', () => {
  const ours = lines.filter(({ words }) => sluiceArguments(words) !== undefined);

  it('are there', () => {
    expect(ours.length).toBeGreaterThan(3);
  });

  it.each(ours)('$place: sluice takes its arguments', ({ words }) => {
    check(sluiceArguments(words) as readonly string[]);
  });

  const scriptLines = lines.filter(({ words }) => words[0] === 'npm');

  it.each(scriptLines)('$place: npm has the script', ({ words: [, verb = '', name] }) => {
    const script = verb === 'run' ? name : verb;
    expect(Object.keys(scripts)).toContain(script);
  });
});
