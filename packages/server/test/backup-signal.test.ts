import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sluice, started } from './command.ts';
import { freePort } from './ports.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-signal-'));
});

afterAll(() => rmSync(directory, { recursive: true }));

// Each of these starts a process.
describe.skipIf(process.platform === 'win32')('SIGUSR2', () => {
  it('makes a running server write a backup, once and again', async () => {
    const config = join(directory, 'sluice.json');
    const persistence = { path: 'data', backupPath: 'backups' };
    writeFileSync(config, JSON.stringify({ persistence }));
    const server = await started(['--config', config, `--port=${await freePort()}`, '--ws-port=0']);
    for (const count of [1, 2]) {
      server.signal('SIGUSR2');
      while (server.log.filter(({ msg }) => /^backup written/.test(String(msg))).length < count) {
        await server.nextLog();
      }
    }
    expect((await server.stop()).code).toBe(0);
    const names = readdirSync(join(directory, 'backups'));
    expect(names).toHaveLength(2);
    const path = join(directory, 'backups', names[0] ?? '');
    expect(server.log.map(({ msg }) => msg)).toEqual(
      expect.arrayContaining(['backup started', `backup written to ${path}`]),
    );
    expect(await sluice(['store', 'check', '--path', path])).toMatchObject({ code: 0 });
  });

  it('does not end a server that keeps everything in memory', async () => {
    const server = await started(['--memory', `--port=${await freePort()}`, '--ws-port=0']);
    server.signal('SIGUSR2');
    await server.logged('backup failed');
    expect((await server.stop()).code).toBe(0);
    expect(JSON.stringify(server.log)).toContain('SLUICE_NO_STORE');
  });
});
