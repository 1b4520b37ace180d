import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { createBroker } from '@sluice/core';
import { LevelPersistence, level } from '@sluice/persistence-level';
import type { Message, Operation } from '@sluice/plugin';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Progress } from '../src/commands/store-progress.ts';
import { startServer } from '../src/server.ts';
import { type Outcome, sluice } from './command.ts';

let directory: string;
let data: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-store-'));
  data = join(directory, 'data');
});

afterEach(() => rmSync(directory, { recursive: true }));

function message(number: number): Message {
  return {
    number,
    topic: `t/${number}`,
    payload: Buffer.from('payload'),
    qos: 1,
    retain: false,
    properties: {},
    publisherId: '',
    receivedAt: 0,
    expiresAt: Number.POSITIVE_INFINITY,
  };
}

/** A session with an odd name and two messages in its queue; a message that is in no queue, if it is to be damaged. */
async function makeStore(isDamaged = false): Promise<void> {
  const clientId = 'meter\u001b[2J';
  const store = new LevelPersistence({ path: data, durability: 'write' });
  await store.open();
  const entry = { session: 1, qos: 1, retain: false, subscriptionIdentifiers: [] } as const;
  const record = {
    session: 1,
    clientId,
    identity: '',
    expiryInterval: 9,
    disconnectedAt: 0,
    sentBefore: 0,
  };
  const operations: Operation[] = [
    { type: 'saveSession', record },
    { type: 'store', message: message(1) },
    { type: 'store', message: message(2) },
    { type: 'enqueue', ...entry, sequence: 0, message: 1 },
    { type: 'enqueue', ...entry, sequence: 1, message: 2 },
    { type: 'retain', message: { ...message(3), topic: 'kept', retain: true } },
  ];
  await store.commit(operations);
  // Its message was never stored.
  if (isDamaged) await store.commit([{ type: 'enqueue', ...entry, sequence: 2, message: 3 }]);
  await store.close();
}

const onStore = (action: string, ...rest: string[]): Promise<Outcome> =>
  sluice(['store', action, '--path', data, ...rest]);

function failure(code: string, sentence: RegExp): object {
  return {
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(new RegExp(`^sluice: ${code}: ${sentence.source}[^\n]*\n$`)),
  };
}

describe('sluice store check', () => {
  it('counts a healthy store, and ends with 0', async () => {
    await makeStore();
    const { code, stdout, stderr } = await onStore('check');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')).toEqual([
      `store          ${data}`,
      'sessions       1',
      'queued         2',
      'messages       2',
      'retained       1',
      'result         healthy',
      '',
    ]);
  });

  it('names problems, and ends with 1', async () => {
    await makeStore(true);
    const { code, stdout } = await onStore('check');
    expect(code).toBe(1);
    expect(stdout).toContain('problem        1 in a queue without their message\n');
    expect(stdout).toContain('  queue session 1, sequence 2: its message 3 is missing');
    expect(stdout).toContain('result         not healthy\n');
  });

  it('says what a broker would be told', async () => {
    await makeStore();
    writeFileSync(join(data, 'epoch'), 'nonsense');
    const { code, stdout } = await onStore('check');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^refused +SLUICE_LEVEL_CORRUPT: .*epoch file is damaged/m);
  });

  it('prints JSON', async () => {
    await makeStore(true);
    const { code, stdout } = await onStore('check', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      path: data,
      healthy: false,
      records: { session: 1, queue: 3 },
      problems: [{ problem: 'missingMessage', count: 1 }],
    });
  });
});

describe('sluice store repair', () => {
  it('has nothing to do on a healthy store', async () => {
    await makeStore();
    expect(await onStore('repair')).toEqual({
      code: 0,
      stdout: `store          ${data}\nresult         healthy: nothing to do\n`,
      stderr: '',
    });
  });

  it('says what it did, and leaves a healthy store', async () => {
    await makeStore(true);
    const { code, stdout } = await onStore('repair');
    expect(code).toBe(0);
    expect(stdout).toContain('repaired       1 entries of queues were dropped');
    expect(stdout).toContain('queued         2\n');
    expect(await onStore('check')).toMatchObject({ code: 0 });
  });

  it('accepts a store that is refused', async () => {
    await makeStore();
    writeFileSync(join(data, 'epoch'), 'nonsense');
    expect((await onStore('repair')).stdout).toContain('accepted       as it is now\n');
    await (await createBroker({ plugins: [level({ path: data })] })).close();
  });
});

describe('sluice store backup', () => {
  it('writes a store of its own', async () => {
    await makeStore();
    const to = join(directory, 'copy');
    const { code, stdout } = await onStore('backup', '--to', to);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^backup +${to}\nrecords +\\d+\nbytes +\\d+\n$`));
    expect(await sluice(['store', 'check', '--path', to])).toMatchObject({ code: 0 });
  });

  it('refuses a directory that is not empty', async () => {
    await makeStore();
    expect(await onStore('backup', '--to', directory)).toEqual(
      failure('SLUICE_LEVEL_BACKUP_TARGET', /A backup cannot be written to .*is not empty/),
    );
  });
});

describe('sluice store stats', () => {
  it('counts, and names the longest queues without what a terminal would obey', async () => {
    await makeStore();
    const { code, stdout } = await onStore('stats');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^messages +2 +\d+$/m);
    expect(stdout).toMatch(/^all files +[\d,]+$/m);
    expect(stdout).toMatch(/^queue +2 {2}meter\\u001b\[2J$/m);
  });

  it('prints JSON', async () => {
    await makeStore();
    expect(JSON.parse((await onStore('stats', '--json')).stdout)).toMatchObject({
      records: { queue: 2, retained: 1 },
      largestQueues: [{ clientId: 'meter\u001b[2J', messages: 2 }],
    });
  });
});

describe('sluice store finds the store', () => {
  it('that the configuration file names, relative to that file', async () => {
    await makeStore();
    const config = join(directory, 'sluice.json');
    writeFileSync(config, JSON.stringify({ persistence: { path: 'data' } }));
    const { stdout } = await sluice(['store', 'check', '--config', config]);
    expect(stdout).toContain(data);
  });

  it('that --path names, before the one of the file', async () => {
    await makeStore();
    const config = join(directory, 'sluice.json');
    writeFileSync(config, JSON.stringify({ persistence: 'memory' }));
    expect(await onStore('check', '--config', config)).toMatchObject({ code: 0 });
    expect(await sluice(['store', 'check', '--config', config])).toEqual(
      failure('SLUICE_NO_STORE', /Everything is kept in memory/),
    );
  });
});

describe('sluice store cannot run, says why in one sentence, and ends with 2:', () => {
  it.each<[readonly string[], string, RegExp]>([
    [[], 'SLUICE_USAGE', /sluice store needs one of check, repair, backup, stats/],
    [['mend'], 'SLUICE_USAGE', /sluice store needs one of/],
    [['check', '--pth', 'x'], 'SLUICE_USAGE', /Unknown flag --pth/],
    [['check', '--path', ''], 'SLUICE_USAGE', /--path needs a value/],
    [['check', '--to', 'x'], 'SLUICE_USAGE', /sluice store check takes no --to/],
    [['backup'], 'SLUICE_USAGE', /sluice store backup needs --to/],
    [['check', 'more'], 'SLUICE_USAGE', /Unexpected argument "more"/],
    [['check', '--config', '/nowhere/c'], 'SLUICE_CONFIG_FILE', /The configuration file/],
    [['stats', '--path', '/nowhere'], 'SLUICE_LEVEL_MISSING', /There is no store at \/nowhere/],
  ])('%j', async (args, code, sentence) => {
    expect(await sluice(['store', ...args])).toEqual(failure(code, sentence));
  });

  it.each(['check', 'repair', 'stats', 'backup'])('%s while a broker runs', async (action) => {
    const broker = await createBroker({ plugins: [level({ path: data })] });
    const to = action === 'backup' ? ['--to', join(directory, 'copy')] : [];
    expect(await onStore(action, ...to)).toEqual(
      failure('SLUICE_LEVEL_LOCKED', /The store at .* is in use.*stop it first/),
    );
    await broker.close();
    expect(existsSync(join(directory, 'copy'))).toBe(false);
  });
});

it('sluice store has help, for its actions too', async () => {
  for (const args of [['--help'], ['check', '-h']]) {
    const { code, stdout } = await sluice(['store', ...args]);
    expect(code).toBe(0);
    for (const word of ['check', 'repair', 'backup', 'stats', '--path', '--to', '--json']) {
      expect(stdout).toContain(word);
    }
  }
});

describe('progress', () => {
  function shown(isTTY: boolean, times: readonly number[]): string {
    const errors = Object.assign(new PassThrough(), { isTTY });
    let now = 0;
    const progress = new Progress(errors, () => now);
    for (const time of times) {
      now = time;
      progress.show('queue', time * 10);
    }
    progress.end();
    errors.end();
    let text = '';
    // Node 26 gives one chunk for each `read`.
    for (let chunk = errors.read(); chunk !== null; chunk = errors.read()) text += String(chunk);
    return text;
  }

  it('is one line on a terminal, gone in the end', () => {
    expect(shown(true, [50, 100, 150, 250])).toBe(
      '\r\u001b[Kqueue: 1,000 records\r\u001b[Kqueue: 2,500 records\r\u001b[K',
    );
  });

  it('is a line every five seconds elsewhere', () => {
    expect(shown(false, [50, 4_999, 5_000, 7_000, 10_000])).toBe(
      'queue: 50,000 records\nqueue: 100,000 records\n',
    );
  });

  it('is nothing for what is done at once', () => {
    expect(shown(true, [50])).toBe('');
  });
});

describe('the backup of a running server', () => {
  it('goes beside the store, named after the time', async () => {
    const listeners = [{ type: 'unix', path: join(directory, 'sock') }] as const;
    const server = await startServer({ listeners, persistence: { path: data } });
    const { path } = await server.backup();
    await server.backup(join(directory, 'chosen'));
    await server.close();
    expect(path).toMatch(/data-backup-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z$/);
    expect(readdirSync(directory)).toContain('chosen');
    expect(await sluice(['store', 'check', '--path', path])).toMatchObject({ code: 0 });
  });

  it('goes into a directory of the configuration, and into one of its own there', async () => {
    const listeners = [{ type: 'unix', path: join(directory, 'sock') }] as const;
    const backupPath = join(directory, 'backups');
    const server = await startServer({ listeners, persistence: { path: data, backupPath } });
    await server.backup();
    await server.backup();
    await server.close();
    const names = readdirSync(backupPath);
    expect(names).toHaveLength(2);
    expect(readFileSync(join(backupPath, names[0] ?? '', 'epoch'), 'utf8')).toMatch(
      /^sluice-epoch/,
    );
  });

  it('cannot lie within the store, or come from memory', async () => {
    const listeners = [{ type: 'unix', path: join(directory, 'sock') }] as const;
    const backupPath = join(data, 'backups');
    await expect(
      startServer({ listeners, persistence: { path: data, backupPath } }),
    ).rejects.toMatchObject({ code: 'SLUICE_CONFIG_CONFLICT' });
    const server = await startServer({ listeners, persistence: 'memory' });
    await expect(server.backup()).rejects.toMatchObject({ code: 'SLUICE_NO_STORE' });
    await server.close();
  });
});
