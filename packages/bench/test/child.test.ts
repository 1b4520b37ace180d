import { describe, expect, it } from 'vitest';
import { Child, freePort, outputOf } from '../src/child.ts';

const node = (script: string) => ({ program: process.execPath, arguments: ['-e', script] });

describe('Child', () => {
  it('says why a broker ended before it listened', async () => {
    const child = new Child(node('console.error("first"); throw new Error("port in use")'));
    await expect(child.listens(await freePort(), 10_000)).rejects.toThrow(
      'The broker ended: Error: port in use',
    );
    expect(child.hasExited).toBe(true);
  });

  it('ends a program that does not end when it is asked to', async () => {
    const port = await freePort();
    const child = new Child(
      node(
        `process.on("SIGTERM", () => {}); require("node:net").createServer().listen(${port}, "127.0.0.1")`,
      ),
    );
    await child.listens(port, 10_000);
    await child.stop(10);
    expect(child.hasExited).toBe(true);
  });

  it('ends a program by the signal that it is told', async () => {
    const port = await freePort();
    const child = new Child(
      node(
        `process.on("SIGTERM", () => {}); require("node:net").createServer().listen(${port}, "127.0.0.1")`,
      ),
    );
    await child.listens(port, 10_000);
    await child.stop(60_000, 'SIGKILL');
    expect(child.hasExited).toBe(true);
  });

  it('fails when there is no such program', async () => {
    expect(() => new Child({ program: '/no/such/program', arguments: [] })).toThrow(
      '/no/such/program could not be started.',
    );
  });
});

describe('outputOf', () => {
  it('takes what was written, and the last complaint', async () => {
    const script = 'console.log("{}"); console.error("a\\nb"); process.exitCode = 1';
    expect(await outputOf(node(script), 10_000)).toEqual({ result: '{}\n', complaint: 'b' });
  });

  it('gives up on a program that does not end', async () => {
    expect(await outputOf(node('setInterval(() => {}, 1000)'), 10)).toBeUndefined();
  });
});
