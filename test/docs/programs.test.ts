import { beforeAll, describe, expect, it } from 'vitest';
import { pages } from './pages.ts';
import { notRun, programs } from './programs.ts';
import { clear, compile, missing, run, write } from './workshop.ts';

let complaints: string;

beforeAll(async () => {
  await clear();
  for (const program of programs) await write(program);
  complaints = await compile();
});

describe('the programs of the documentation', () => {
  it('are there', () => {
    expect(programs.length).toBeGreaterThan(20);
  });

  it('stand in blocks that are found: at the beginning of a line', () => {
    for (const { text } of pages) expect(text).not.toMatch(/^[ \t]+```/m);
  });

  it('have the types that they claim', () => {
    expect(complaints).toBe('');
  });

  it.concurrent.each(programs)('$name runs, and prints what it says', async (program) => {
    const { stdout, stderr, exitCode } = await run(program);
    expect({ stderr, stdout: exitCode ? stdout : '' }).toEqual({ stderr: '', stdout: '' });
    expect(missing(program, stdout)).toEqual([]);
    expect(exitCode ?? 0).toBe(0);
  });

  it('are left out only for a reason', () => {
    for (const { marker } of notRun) expect(marker?.value.length).toBeGreaterThan(20);
  });
});
