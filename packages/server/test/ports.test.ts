import { expect, it, vi } from 'vitest';

it('gives a port to one process of the tests only, and not twice in a row', async () => {
  const ports: number[] = [];
  for (let i = 0; i < 3; i++) {
    vi.resetModules(); // another process, as far as ports are concerned
    const { freePort, freePorts } = await import('./ports.ts');
    ports.push(...(await freePorts(30)), await freePort());
  }
  expect(new Set(ports).size).toBe(3 * 31);
  expect(Math.min(...ports)).toBeGreaterThan(12_000);
  expect(Math.max(...ports)).toBeLessThan(30_000);
});
