import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Killable, KillTrial } from '../support/kill-trial.ts';
import { LineProcess } from '../support/line-process.ts';
import { freePorts, fromSource, ServerProcess } from '../support/server-process.ts';

describe('kill -9 of the server under load', () => {
  let server: ServerProcess;

  beforeAll(async () => {
    server = await ServerProcess.create();
  });

  afterAll(() => server.remove());

  test('loses, doubles and reorders nothing that was acknowledged', async () => {
    const trial = new KillTrial({
      start: () => server.start(),
      kill: async () => void (await server.end('SIGKILL')),
      port: server.port('tcp'),
    });
    await trial.begin();
    await trial.kill(50);
    await trial.kill(1);
    await trial.killUnheard();
    await trial.kill(333);
    // The server dies again while this one goes through what has come since the start.
    await trial.callLate();
    await trial.kill(20);
    expect(await trial.verdict()).toEqual([]);
  }, 180_000);
});

describe('the same trial of a server that', () => {
  let directory: string;
  let child: LineProcess | undefined;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-faulty-'));
  });

  afterEach(async () => {
    await child?.end('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  async function faulty(fault: string): Promise<Killable> {
    const [port = 0] = await freePorts(1);
    const args = ['test/support/faulty-server.ts', String(port), directory, fault];
    return {
      start: async () => {
        child = new LineProcess(process.execPath, [...fromSource, ...args]);
        await child.line(/ready/);
      },
      kill: async () => void (await child?.end('SIGKILL')),
      port,
    };
  }

  test('acknowledges before it stores is found out', async () => {
    const trial = new KillTrial(await faulty('early-answer'));
    await trial.begin();
    await trial.kill(100);
    const lost = /absent of publisher-[45]-qos-[12]: .* lost/;
    expect(await trial.verdict()).toContainEqual(expect.stringMatching(lost));
  }, 180_000);

  test('forgets identifiers of QoS 2 is found out', async () => {
    const trial = new KillTrial(await faulty('forgetful'));
    await trial.begin();
    await trial.killUnheard();
    const doubled = /present-[45] of publisher-[45]-qos-2: .* doubled/;
    expect(await trial.verdict()).toContainEqual(expect.stringMatching(doubled));
  }, 180_000);
});
