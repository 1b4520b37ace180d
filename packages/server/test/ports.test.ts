import { expect, it } from 'vitest';
import { PortBlock } from './ports.ts';

it('gives a port to one process of the tests only, and not twice in a row', async () => {
  const ports: number[] = [];
  for (const process of [new PortBlock(), new PortBlock(), new PortBlock()])
    ports.push(...(await process.take(30)), ...(await process.take(1)));
  expect(new Set(ports).size).toBe(3 * 31);
  expect(Math.min(...ports)).toBeGreaterThan(12_000);
  expect(Math.max(...ports)).toBeLessThan(30_000);
});
